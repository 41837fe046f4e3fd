"""MP4's boxes, which its headers are made of: read by their places, without a library, never the pictures themselves.

A box is its size in four bytes, its kind in four more, and a body, which may be boxes again. What is read here is not
trusted: every count, size and depth has a bound.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

OUTER_MAX = 10_000
"""How many outermost boxes are read, each by one call of the system. A minute in fragments of one picture has 7,200."""
_INNER_MAX = 64
"""How many boxes one box may hold where every one of them is looked at."""
INDEX_BYTES = 1024**2
"""How much of an index is read: ten minutes of sixty pictures a second, with sound, have half of it."""
_HEAD = 8
_LONG_HEAD = 16


class Box(NamedTuple):
    """A box by its kind, its place in the file and its size, which counts its own `head` too. All in bytes."""

    kind: bytes
    at: int
    size: int
    head: int = _HEAD


class UnsureBoxes(Exception):
    """The boxes are broken, or say something that not every player understands in the same way."""


def outer_boxes(path: Path, most: int = OUTER_MAX) -> list[Box]:
    """The outermost boxes as they call themselves, at most so many; stops at what is none, and may end after the file.

    A file that ends in the middle of a box's head ends with what came before it.
    """
    file = os.open(path, os.O_RDONLY)
    try:
        return list(_outer(file, os.fstat(file).st_size, most))
    finally:
        os.close(file)


def _outer(file: int, end: int, most: int) -> Iterator[Box]:
    at = 0
    for _ in range(most):
        if at >= end:  # as far as a size may point, no place in a file may be asked for
            return
        box = _box(os.pread(file, _LONG_HEAD, at), at, end)
        if box is None:
            return
        yield box
        at += box.size


def _box(head: bytes, at: int, end: int) -> Box | None:
    if len(head) < _HEAD:
        return None
    size, length = int.from_bytes(head[:4], "big"), _HEAD
    if size == 1 and len(head) >= _LONG_HEAD:
        size, length = int.from_bytes(head[8:16], "big"), _LONG_HEAD
    elif size == 0:  # to the end of the file
        size = end - at
    return Box(head[4:8], at, size, length) if size >= length else None


def body_of(path: Path, box: Box, most: int = INDEX_BYTES) -> memoryview:
    """What a box of the file holds. Raises `UnsureBoxes` where that is more than so many bytes."""
    if box.size > most:
        raise UnsureBoxes("a box is too long")
    file = os.open(path, os.O_RDONLY)
    try:
        return memoryview(os.pread(file, box.size - box.head, box.at + box.head))
    finally:
        os.close(file)


def inner_boxes(body: memoryview, start: int = 0) -> dict[bytes, list[memoryview]]:
    """The bodies of the boxes in a box, by their kinds. Raises `UnsureBoxes` unless they fill it, a few of them."""
    found: dict[bytes, list[memoryview]] = {}
    for _ in range(_INNER_MAX):
        if start == len(body):
            return found
        box = _box(bytes(body[start : start + _LONG_HEAD]), start, len(body))
        if box is None or box.at + box.size > len(body) or not any(body[start : start + 4]):
            break
        found.setdefault(box.kind, []).append(body[start + box.head : start + box.size])
        start += box.size
    raise UnsureBoxes("a box is not made of boxes")


def only(boxes: dict[bytes, list[memoryview]], *path: bytes) -> memoryview:
    """The body of the one box of that kind; a `path` of kinds leads into its boxes. Raises `UnsureBoxes`."""
    kind, *rest = path
    if len(boxes.get(kind, ())) != 1:
        raise UnsureBoxes(f"not one box {kind!r}")
    return only(inner_boxes(boxes[kind][0]), *rest) if rest else boxes[kind][0]


def faststart_of(path: Path) -> bool:
    """Whether the MP4's index comes before its pictures, and is whole: one in fragments shows no length, nor seeks."""
    for box in outer_boxes(path):
        if box.kind == b"mdat":
            return False
        if box.kind == b"moov":
            try:
                return b"mvex" not in inner_boxes(body_of(path, box))
            except UnsureBoxes:
                return False
    return False
