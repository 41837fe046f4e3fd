"""The named places, shapes and easings that a motion path may be made of: plain geometry, in fractions of the frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

Place = tuple[float, float]
"""(x, y) from the left and from the top."""

_NEAR, _MIDDLE, _FAR = 0.1, 0.5, 0.9
PLACES: Mapping[tuple[str, ...], Place] = {
    **{("top", side): (x, _NEAR) for side, x in (("left", _NEAR), ("right", _FAR))},
    **{("bottom", side): (x, _FAR) for side, x in (("left", _NEAR), ("right", _FAR))},
    ("left",): (_NEAR, _MIDDLE),
    ("right",): (_FAR, _MIDDLE),
    ("top",): (_MIDDLE, _NEAR),
    ("bottom",): (_MIDDLE, _FAR),
    ("centre",): (_MIDDLE, _MIDDLE),
    ("center",): (_MIDDLE, _MIDDLE),
    ("middle",): (_MIDDLE, _MIDDLE),
}
"""Places by their words. They keep a tenth of the frame free, so that what moves stays in the picture."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A path by name. `corners` are in a box from -1 to 1; `round` keeps circles round whatever the frame's sides.

    A closed shape ends where it began. `turns` says that clockwise and counter-clockwise mean something for it.
    """

    corners: tuple[Place, ...]
    round: bool = False
    turns: bool = False

    def across(self, width: int, height: int) -> tuple[Place, ...]:
        """The corners in pixels of a frame."""
        shorter = min(width, height)
        half_x, half_y = (0.35 * shorter, 0.35 * shorter) if self.round else (0.4 * width, 0.4 * height)
        return tuple((width / 2 + x * half_x, height / 2 + y * half_y) for x, y in self.corners)


def _drawn(curve: Callable[[float], Place], steps: int = 240) -> tuple[Place, ...]:
    """A curve over 0..1 as short straight pieces: 240 are under 5 px each in a frame of 1280x704."""
    return tuple(curve(step / steps) for step in range(steps + 1))


def _circle(t: float) -> Place:
    return math.sin(math.tau * t), -math.cos(math.tau * t)


def _figure_eight(t: float) -> Place:
    return math.sin(math.tau * t), 0.9 * math.sin(2 * math.tau * t)


def _wave(t: float) -> Place:
    return 2 * t - 1, -0.6 * math.sin(2 * math.tau * t)


def _arc(t: float) -> Place:
    return -math.cos(math.pi * t), 0.6 - 1.2 * math.sin(math.pi * t)


def _spiral_in(t: float) -> Place:
    x, y = _circle(3 * t)
    return x * (1 - t), y * (1 - t)


_SPIRAL = _drawn(_spiral_in)
_LINE_ACROSS: tuple[Place, ...] = ((-1, 0), (1, 0))
_LINE_DOWN: tuple[Place, ...] = ((0, -1), (0, 1))
_ZIGZAG: tuple[Place, ...] = tuple((-1 + step / 3, 0.6 if step % 2 == 0 else -0.6) for step in range(7))
_FALLING: tuple[Place, ...] = ((-1, -1), (1, 1))

CIRCLE = Shape(_drawn(_circle), round=True, turns=True)
_EIGHT = Shape(_drawn(_figure_eight), turns=True)
_SQUARE = Shape(((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)), round=True, turns=True)
_TRIANGLE = Shape(((0, -1), (0.87, 0.5), (-0.87, 0.5), (0, -1)), round=True, turns=True)
_INWARD = Shape(_SPIRAL, round=True, turns=True)
_OUTWARD = Shape(_SPIRAL[::-1], round=True, turns=True)

SHAPES: Mapping[tuple[str, ...], Shape] = {
    ("circle",): CIRCLE,
    ("figure", "eight"): _EIGHT,
    ("figure", "8"): _EIGHT,
    ("eight",): _EIGHT,
    ("infinity",): _EIGHT,
    ("square",): _SQUARE,
    ("triangle",): _TRIANGLE,
    ("zigzag",): Shape(_ZIGZAG),
    ("zig", "zag"): Shape(_ZIGZAG),
    ("wave",): Shape(_drawn(_wave)),
    ("arc",): Shape(_drawn(_arc)),
    ("spiral", "in"): _INWARD,
    ("spiral", "out"): _OUTWARD,
    ("spiral",): _INWARD,
    ("zoom", "in"): _INWARD,
    ("zoom", "out"): _OUTWARD,
    ("diagonal", "up"): Shape(((-1, 1), (1, -1))),
    ("diagonal", "down"): Shape(_FALLING),
    ("diagonal",): Shape(_FALLING),
    ("up",): Shape(_LINE_DOWN[::-1]),
    ("upwards",): Shape(_LINE_DOWN[::-1]),
    ("down",): Shape(_LINE_DOWN),
    ("downwards",): Shape(_LINE_DOWN),
}
"""Shapes by their words. Where several fit, the longest is meant."""

ALONE: Mapping[tuple[str, ...], Shape] = {("left",): Shape(_LINE_ACROSS[::-1]), ("right",): Shape(_LINE_ACROSS)}
"""Places that mean a direction where no other place follows."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A path that is offered while somebody types: its words, and what they do."""

    name: str
    note: str


PRESETS: tuple[Preset, ...] = (
    Preset("left to right", "straight across"),
    Preset("right to left", "straight across, the other way"),
    Preset("top to bottom", "straight down"),
    Preset("bottom to top", "straight up"),
    Preset("top left to bottom right", "from corner to corner; any two places work"),
    Preset("bottom left to top right", "from corner to corner, upwards"),
    Preset("left to top to right", "through three places"),
    Preset("zoom in", "a spiral that closes on the middle, the nearest that a path comes to a zoom"),
    Preset("zoom out", "a spiral that opens from the middle"),
    Preset("circle", "once around, clockwise"),
    Preset("circle counter-clockwise", "once around, the other way"),
    Preset("circle ease in out over 3s", "slow, fast, slow; then still"),
    Preset("circle over 2s loop", "around and around until the clip ends"),
    Preset("figure eight", "a lying eight, once through"),
    Preset("square", "around four corners"),
    Preset("triangle", "around three corners"),
    Preset("zigzag", "up and down in straight lines, left to right"),
    Preset("wave", "up and down in curves, left to right"),
    Preset("arc", "over the top, as a ball is thrown"),
    Preset("left to right bounce", "comes to rest like a dropped ball"),
    Preset("left to right back and forth", "there and back again"),
    Preset("0.2,0.5 > 0.8,0.5", "your own points: fractions, % or pixels of the frame"),
    Preset("0.2,0.5 @0s > 0.5,0.2 @1s > 0.8,0.5 @3s", "your own points, each at its time"),
)


def _bounce(t: float) -> float:
    """The fall of a ball that rises to 1/4, 1/16 and 1/64: parabolas that meet at 4/11, 8/11 and 10/11."""
    for middle, rest in ((0.0, 0.0), (6 / 11, 0.75), (9 / 11, 0.9375), (10.5 / 11, 0.984375)):
        if t < middle + (4 / 11 if middle == 0 else (1 - rest) ** 0.5 * 4 / 11):
            return min(1.0, (11 / 4) ** 2 * (t - middle) ** 2 + rest)
    return 1.0


EASINGS: Mapping[tuple[str, ...], Callable[[float], float]] = {
    ("linear",): lambda t: t,
    ("ease", "in", "out"): lambda t: t * t * (3 - 2 * t),
    ("ease", "in", "and", "out"): lambda t: t * t * (3 - 2 * t),
    ("ease", "in"): lambda t: t * t,
    ("ease", "out"): lambda t: t * (2 - t),
    ("ease",): lambda t: t * t * (3 - 2 * t),
    ("smooth",): lambda t: t * t * (3 - 2 * t),
    ("bounce",): _bounce,
}
"""Easings by their words: the share of the way by the share of the time. All stay within 0 to 1, so no path leaves
the frame."""


def lengths(points: tuple[Place, ...]) -> list[float]:
    """The length of the way from the first point to each point, in the unit of the points."""
    total = 0.0
    way = [total]
    for (x0, y0), (x1, y1) in pairwise(points):
        total += math.hypot(x1 - x0, y1 - y0)
        way.append(total)
    return way
