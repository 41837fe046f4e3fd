"""A picture in exactly the shape of a model's frame, in the child: for models that are told places of the frame."""

from __future__ import annotations

from PIL import Image

_UNSEEN = 0.99
"""A share of a side that may be missing without anybody seeing it."""


def overhangs(size: tuple[int, int], frame: list[int]) -> bool:
    """Whether a picture of that size has edges that the frame's shape leaves out."""
    width, height = _inner(size, frame)
    return width < size[0] * _UNSEEN or height < size[1] * _UNSEEN


def cut_to_shape(picture: Image.Image, frame: list[int]) -> Image.Image:
    """The middle of the picture, as much of it as has the frame's shape; itself where it has that shape already."""
    if not overhangs(picture.size, frame):
        return picture
    width, height = _inner(picture.size, frame)
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))


def _inner(size: tuple[int, int], frame: list[int]) -> tuple[int, int]:
    width, height = size
    wide = min(width, max(1, round(height * frame[0] / frame[1])))
    high = min(height, max(1, round(width * frame[1] / frame[0])))
    return wide, high
