"""What a member's file may cost to open, decided before it is paid for: numbers of pictures, pixels and packets.

The animations' part reads the blocks of a GIF or WebP without decoding a pixel; for what an MP4 announces see
`bot.media.announced`.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from bot.errors import FileTooCostly

ANIMATION_PIXELS = 400_000_000
"""Drawn for one animation: 190 frames of 1920 by 1080, two thousand of 480 by 270. Ten seconds of a processor."""
_PIXELS_FOR_A_FRAME = 75_000
"""What a frame costs besides its pixels, in pixels."""
CLIP_PIXELS = 40_000_000_000
"""Decoded for one clip: a minute of 4K at 60 frames a second and a quarter more."""
CLIP_PICTURES = 16_000
"""A minute of slow motion at 240 frames a second and some more."""
CLIP_PACKETS = 1_000_000
"""Of all its tracks, until the clip's end is known."""
CLIP_TRACKS = 64
"""Each of them is prepared for, whether or not it is used. Cameras write five, films with all languages forty."""
LIGHT_PIXELS = 500_000_000
"""Decoded and encoded for a clip that waits for no long ones: five seconds of 1920 by 1080 and some more."""
LIGHT_SECONDS = 120.0
"""And no longer, for the sake of its sound."""
LOOK_SECONDS = 8.0
"""Of a processor, to see what a clip is. An hour of ordinary video takes one."""
_PIXELS_A_SECOND = 20_000_000
"""Decoded or encoded at the least by a processor. Ordinary codecs reach five times that and more."""
_SOUND_SECONDS = 0.2
"""Of a processor, for a second of sound at the most."""


def check_clip(*, pictures: int, size: tuple[int, int]) -> None:
    """Raises `FileTooCostly`. Cheap enough to be asked at every packet."""
    width, height = size
    if pictures > CLIP_PICTURES or pictures * width * height > CLIP_PIXELS:
        raise FileTooCostly(found="video")


def allowed_seconds(pixels: int, clip_seconds: float) -> float:
    """How long a processor may take for a clip of that length, by the pixels to decode and encode."""
    return LOOK_SECONDS + pixels / _PIXELS_A_SECOND + clip_seconds * _SOUND_SECONDS


class AnimationBudget:
    """For the frames of one animation, each of which is drawn on the whole canvas."""

    def __init__(self, decoder: str, size: tuple[int, int]) -> None:
        self._decoder = decoder
        self._each = size[0] * size[1] + _PIXELS_FOR_A_FRAME
        self._left = ANIMATION_PIXELS

    def take(self) -> None:
        """One frame. Raises `FileTooCostly` for the first that is too much."""
        self._left -= self._each
        if self._left < 0:
            raise FileTooCostly(found=self._decoder)


def check_animation(path: Path, decoder: str, size: tuple[int, int], *, until: float) -> None:
    """Count the frames that begin before `until` seconds. Raises `FileTooCostly` where they are too much to draw.

    Decoders may see more frames than the blocks show: whoever draws them counts them, too.
    """
    budget, at = AnimationBudget(decoder, size), 0.0
    for seconds in frame_seconds(path, decoder):
        budget.take()
        at += seconds
        if at > until:
            return


def shown_seconds(milliseconds: int) -> float:
    """How long a frame that asks for so many is shown: browsers show those of 10 ms or less for 100 ms."""
    return (milliseconds if milliseconds > 10 else 100) / 1000


def frame_seconds(path: Path, decoder: str) -> Iterator[float]:
    """How long each frame of a GIF or WebP is shown, as far as its blocks can be followed."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield from (_of_gif if decoder == "GIF" else _of_webp)(data)


def _of_gif(data: mmap.mmap) -> Iterator[float]:
    at, milliseconds = 13 + _table_bytes(data, 10), 0
    while at < len(data):
        kind = data[at]
        if kind == 0x3B:  # the end
            return
        if kind == 0x21:  # an extension
            if data[at + 1 : at + 3] == b"\xf9\x04":
                milliseconds = int.from_bytes(data[at + 4 : at + 6], "little") * 10
            at = _after_blocks(data, at + 2)
        elif kind == 0x2C:  # a frame
            yield shown_seconds(milliseconds)
            at = _after_blocks(data, at + 11 + _table_bytes(data, at + 9))
        else:  # what the decoder passes over, too
            at += 1


def _table_bytes(data: mmap.mmap, flags_at: int) -> int:
    """The length of the colour table that the flags announce."""
    flags = data[flags_at] if flags_at < len(data) else 0
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(data: mmap.mmap, at: int) -> int:
    """Behind the empty block that ends a chain of them."""
    while at < len(data) and (length := data[at]):
        at += 1 + length
    return at + 1


def _of_webp(data: mmap.mmap) -> Iterator[float]:
    at = 12
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == b"ANMF":
            yield shown_seconds(int.from_bytes(data[at + 20 : at + 23], "little"))
        at += 8 + length + length % 2
