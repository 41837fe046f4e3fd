"""A file of the table in docs/inputs.md: how it is made, and what is expected of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bot.errors import InputRejected
from bot.rules.catalog import Kind

Make = Callable[[Path], object]
SMALL = (96, 64)
"""The size of most files, in pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A colour that is seen at a place, which is given in shares of width and height."""

    at: tuple[float, float] = (0.5, 0.5)
    colour: tuple[int, int, int]
    apart: int = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What the model gets. `corners`: the four colours of `corpus.CORNERS` are where they belong.

    `seconds` and `sound` (whether there is any) are those of a clip.
    """

    done: tuple[str, ...] = ()
    size: tuple[int, int] = SMALL
    seconds: float | None = None
    sound: bool = False
    corners: bool = True
    spot: Spot | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """The error that says why it is not used, with its facts."""

    error: InputRejected


@dataclass(frozen=True, slots=True)
class Case:
    """`name` says what the file is, in the words of the table; `make` writes it to a path.

    `with_ffmpeg_8`: what is expected instead where the decoders are those of FFmpeg 8, as on Python 3.11.
    """

    name: str
    wanted: Kind
    make: Make
    expected: Taken | Refusal
    with_ffmpeg_8: Taken | None = None


def picture_case(name: str, make: Make, *, refused: InputRejected | None = None, **taken: Any) -> Case:
    """A file that is given where a picture is wanted."""
    return Case(name, Kind.IMAGE, make, Refusal(refused) if refused is not None else Taken(**taken))


def clip_case(name: str, make: Make, *, refused: InputRejected | None = None, **taken: Any) -> Case:
    """A file that is given where a video is wanted; of one second, unless it says otherwise."""
    return Case(name, Kind.VIDEO, make, Refusal(refused) if refused is not None else Taken(**{"seconds": 1.0} | taken))


def written(content: bytes) -> Make:
    """Writes those bytes."""
    return partial(Path.write_bytes, data=content)
