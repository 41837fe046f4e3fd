"""A motion path drawn over its picture, in the child: what a member looks at before anything is made."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from bot.media.framing import cut_to_shape
from bot.media.pictures import flat_picture, opened

Spot = tuple[float, float]

_WIDTH = 960
"""Pixels of the sketch's longer side: as wide as Discord shows a picture on a large screen."""
_FINE = 2
"""The drawing is made this many times as large and reduced, since Pillow draws lines with steps."""
_DIMMED = 0.72
_TICK_SECONDS = 0.25
_ARROW_EVERY = 0.16
"""Of the frame's width: the way between two arrow heads."""
_DARK = (16, 18, 24, 235)
_BEGIN, _END = (46, 204, 113), (231, 76, 60)
_WHITE = (255, 255, 255)


def sketch(
    path: Path, to: Path, *, decoder: str, frame: list[int], points: list[tuple[int, float, float]], fps: int
) -> dict[str, Any]:
    """Write a JPEG of the picture as the model frames it, with the path from its green beginning to its red end.

    `points` are (frame, x, y) in the model's frame. A dot stands for each quarter of a second, so that dots close
    together are a slow piece of the way. Answers {"size", "cropped"}.
    """
    with opened(path, decoder) as picture:
        picture.load()
        flat = flat_picture(picture)
    shaped = cut_to_shape(flat, frame)
    scale = _WIDTH / max(frame)
    size = (round(frame[0] * scale), round(frame[1] * scale))
    process = shaped.resize(size, Image.Resampling.LANCZOS).point(lambda value: value * _DIMMED)
    way = [(number, x * scale * _FINE, y * scale * _FINE) for number, x, y in points]
    drawn = _drawing((size[0] * _FINE, size[1] * _FINE), way, fps).resize(size, Image.Resampling.BOX)
    process.paste(drawn, (0, 0), drawn)
    process.save(to, "JPEG", quality=88)
    return {"size": list(size), "cropped": shaped.size != flat.size}


def _drawing(size: tuple[int, int], way: list[tuple[int, float, float]], fps: int) -> Image.Image:
    layer = Image.new("RGBA", size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    spots = [(x, y) for _, x, y in way]
    thick = max(4, size[0] // 200)
    _line(draw, spots, thick)
    for spot, share in _ticks(way, fps):
        _dot(draw, spot, thick * 0.9, _tint(share))
    for spot, angle in _arrows(spots, size[0] * _ARROW_EVERY):
        _arrow(draw, spot, angle, thick * 3.2)
    _mark(draw, spots[-1], thick * 3.4, _END, filled=False)
    _mark(draw, spots[0], thick * 2.4, _BEGIN, filled=True)
    return layer


def _line(draw: ImageDraw.ImageDraw, spots: list[Spot], thick: int) -> None:
    """Dark below, so that it is seen on every picture, and from green to red above."""
    draw.line(spots, fill=_DARK, width=thick * 2, joint="curve")
    for number, (one, other) in enumerate(pairwise(spots)):
        draw.line((one, other), fill=(*_tint(number / max(1, len(spots) - 2)), 255), width=thick)


def _ticks(way: list[tuple[int, float, float]], fps: int) -> list[tuple[Spot, float]]:
    """(place, share of the whole time) each quarter of a second."""
    begin, end = way[0][0], way[-1][0]
    step = max(1.0, _TICK_SECONDS * fps)
    moments = [begin + step * number for number in range(int((end - begin) / step) + 1)]
    return [(_at(way, moment), (moment - begin) / max(1, end - begin)) for moment in moments]


def _at(way: list[tuple[int, float, float]], moment: float) -> Spot:
    for (before, x0, y0), (after, x1, y1) in pairwise(way):
        if moment <= after:
            share = (moment - before) / (after - before) if after > before else 0.0
            return x0 + (x1 - x0) * share, y0 + (y1 - y0) * share
    return way[-1][1], way[-1][2]


def _arrows(spots: list[Spot], every: float) -> list[tuple[Spot, float]]:
    """(place, direction in radians) of arrow heads along the way, evenly by its length; one at least."""
    length = sum(math.dist(one, other) for one, other in pairwise(spots))
    count = min(40, max(1, round(length / every)))
    due = [length * (number + 0.5) / count for number in range(count)]
    found: list[tuple[Spot, float]] = []
    gone = 0.0
    for one, other in pairwise(spots):
        piece = math.dist(one, other)
        while piece and due and gone + piece >= due[0]:
            share = (due.pop(0) - gone) / piece
            middle = (one[0] + (other[0] - one[0]) * share, one[1] + (other[1] - one[1]) * share)
            found.append((middle, math.atan2(other[1] - one[1], other[0] - one[0])))
        gone += piece
    return found


def _arrow(draw: ImageDraw.ImageDraw, spot: Spot, angle: float, reach: float) -> None:
    def corner(turn: float, away: float) -> Spot:
        return spot[0] + away * math.cos(angle + turn), spot[1] + away * math.sin(angle + turn)

    for colour, size in ((_DARK, reach * 1.35), (_WHITE, reach)):
        draw.polygon([corner(0.0, size), corner(2.5, size), corner(math.pi, size * 0.3), corner(-2.5, size)], colour)


def _dot(draw: ImageDraw.ImageDraw, spot: Spot, reach: float, colour: tuple[int, int, int]) -> None:
    for fill, size in ((_DARK, reach * 1.8), (colour, reach * 1.25), (_WHITE, reach * 0.6)):
        draw.ellipse(_round(spot, size), fill)


def _mark(draw: ImageDraw.ImageDraw, spot: Spot, reach: float, colour: tuple[int, int, int], *, filled: bool) -> None:
    draw.ellipse(_round(spot, reach * 1.25), outline=_DARK, width=round(reach * 0.75))
    draw.ellipse(_round(spot, reach), outline=_WHITE, width=max(2, round(reach * 0.45)))
    draw.ellipse(_round(spot, reach * 0.9), outline=colour, width=max(2, round(reach * 0.3)))
    if filled:
        draw.ellipse(_round(spot, reach * 0.9), fill=colour)


def _round(spot: Spot, reach: float) -> tuple[float, float, float, float]:
    return spot[0] - reach, spot[1] - reach, spot[0] + reach, spot[1] + reach


def _tint(share: float) -> tuple[int, int, int]:
    """From green by way of yellow to red."""
    middle = (241, 196, 15)
    one, other, at = (_BEGIN, middle, share * 2) if share < 0.5 else (middle, _END, share * 2 - 1)
    red, green, blue = (round(a + (b - a) * min(1.0, at)) for a, b in zip(one, other, strict=True))
    return red, green, blue
