"""What the index of an MP4 or QuickTime file announces, counted before FFmpeg makes room for it.

A kilobyte may announce a thousand million pictures, and FFmpeg writes a table of them first. It also reads boxes where
none belong. So do we: every place outside of the pictures is searched for the kinds that announce something.
"""

from __future__ import annotations

import mmap
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from bot.errors import FileTooCostly

ANNOUNCED_MOST = 8_000_000
"""Pictures and pieces of sound of all tracks, times the edits that may repeat them: an hour at 60 a second has 400,000.
Their table takes 24 bytes for each."""
_BOXES_MOST = 200_000
"""Outermost boxes: an hour in fragments of a quarter of a second has 29,000."""
_UNPACKED_BYTES = 16 * 1024**2
"""Of an index that was deflated, as QuickTime once did."""
_SAMPLES, _EDITS = {b"stsz": 8, b"stz2": 8, b"trun": 4}, {b"elst": 4}
"""By the kind of the box: where in its body the count is."""
_LONG = b"\x00\x00\x00\x01"
_PACKED, _PACKED_AT = b"cmvd", 4

Index = mmap.mmap | bytes


def check_announced(path: Path) -> None:
    """Raises `FileTooCostly` where the index announces more than is worth a table."""
    samples = edits = 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for index, begin, end in _searched(data):
            samples += sum(_counts(index, begin, end, _SAMPLES))
            edits += sum(_counts(index, begin, end, _EDITS))
    if samples * max(1, edits) > ANNOUNCED_MOST:
        raise FileTooCostly(found="video")


def _searched(data: mmap.mmap) -> Iterator[tuple[Index, int, int]]:
    """(bytes, begin, end) of all that may belong to an index."""
    for begin, end in _outside_of_pictures(data):
        yield data, begin, end
        for at in _places(data, begin, end, _PACKED):
            unpacker = zlib.decompressobj()
            try:
                unpacked = unpacker.decompress(data[at + _PACKED_AT : min(end, at + _UNPACKED_BYTES)], _UNPACKED_BYTES)
            except zlib.error:
                continue
            if unpacker.unconsumed_tail:
                raise FileTooCostly(found="video")
            yield unpacked, 0, len(unpacked)


def _outside_of_pictures(data: mmap.mmap) -> Iterator[tuple[int, int]]:
    at = 0
    for _ in range(_BOXES_MOST):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        end = min(at + size, len(data)) if size >= 8 else len(data)
        if data[at + 4 : at + 8] != b"mdat":
            yield at, end
        at = end
        if at >= len(data):
            return
    raise FileTooCostly(found="video")


def _counts(index: Index, begin: int, end: int, kinds: Mapping[bytes, int]) -> Iterator[int]:
    for kind, count_at in kinds.items():
        for at in _places(index, begin, end, kind):
            yield int.from_bytes(index[at + count_at : at + count_at + 4], "big")


def _places(index: Index, begin: int, end: int, kind: bytes) -> Iterator[int]:
    """Where the bodies of the boxes of that kind begin."""
    while (begin := index.find(kind, begin, end)) >= 0:
        begin += len(kind)
        is_long = begin >= 8 and index[begin - 8 : begin - 4] == _LONG  # its size follows, in eight bytes
        yield begin + 8 if is_long else begin
