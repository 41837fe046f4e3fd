"""Files as members attach them, made when a test asks: nothing here is read by name.

`pictures` and `clips` draw them, `seen` looks at what became of a clip; `cases` are the files of the table in
docs/inputs.md, each with what is expected of it.
"""

from __future__ import annotations

from tests.corpus.clips import (
    FLASH_AT,
    FLASH_SECONDS,
    TONE_HZ,
    TONE_LEVEL,
    TURNED,
    Paint,
    changing_size,
    clip,
    corners_and_flash,
    flashing_noise,
    noise,
    referring,
    sound_only,
    still,
    with_matrix,
    without_length,
)
from tests.corpus.pictures import (
    CORNERS,
    UPRIGHT,
    animation,
    corner_names,
    cut,
    endless_gif,
    oriented,
    picture,
    playlist,
    png_bomb,
    png_chunk,
    saved,
)
from tests.corpus.seen import (
    Seen,
    differ,
)

__all__ = [
    "CORNERS",
    "FLASH_AT",
    "FLASH_SECONDS",
    "TONE_HZ",
    "TONE_LEVEL",
    "TURNED",
    "UPRIGHT",
    "Paint",
    "Seen",
    "animation",
    "changing_size",
    "clip",
    "corner_names",
    "corners_and_flash",
    "cut",
    "differ",
    "endless_gif",
    "flashing_noise",
    "noise",
    "oriented",
    "picture",
    "playlist",
    "png_bomb",
    "png_chunk",
    "referring",
    "saved",
    "sound_only",
    "still",
    "with_matrix",
    "without_length",
]
