"""PNG and JPEG whose pixels are whole while something round them is not: a comment's checksum, an end marker."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from PIL import Image

PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_PIXELS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"acTL", b"fcTL", b"fdAT"})
"""The chunks of a PNG that make its pixels; their checksums must hold."""
_COLOURS = frozenset({b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"eXIf"})
"""Those that say how the pixels are shown; left out where they are damaged themselves."""
PROFILE_MAX_BYTES = 16 * 1024**2
_END = b"\xff\xd9"
_FILLER = b"\x55" * 4096
"""Bits that mean something to every table of codes."""
_CHECKED_PIXELS = 16_000_000
"""Of progressive JPEGs, which take long to decode: larger ones are taken for whole where all their scans begin."""
_FRAMES, _SCAN = frozenset({0xC0, 0xC1, 0xC2}), 0xDA


def without_damage(path: Path, decoder: str) -> io.BytesIO | None:
    """The same pixels in a file without fault, or None where pixels are missing or it is another format.

    Raises `OSError`, `ValueError` and `struct.error` for what is no such file at all.
    """
    if decoder == "PNG":
        return io.BytesIO(_pixels_of_png(path.read_bytes()))
    if decoder == "JPEG":
        data = path.read_bytes()
        return io.BytesIO(data + _END) if is_complete_jpeg(data) else None
    return None


def _pixels_of_png(data: bytes) -> bytes:
    kept, at = [PNG_SIGNATURE], len(PNG_SIGNATURE)
    while at + 8 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        chunk = data[at : at + size + 12]
        at += size + 12
        if kind == b"IEND":
            break
        if kind in _PIXELS or (kind in _COLOURS and _is_sound(chunk) and _is_small(kind, chunk)):
            kept.append(chunk)
    return b"".join([*kept, b"\x00\x00\x00\x00IEND" + struct.pack(">I", zlib.crc32(b"IEND"))])


def _is_sound(chunk: bytes) -> bool:
    return zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:], "big")


def _is_small(kind: bytes, chunk: bytes) -> bool:
    """Whether a profile is one and not a bomb: the name, a zero, the method, and what is packed."""
    if kind != b"iCCP":
        return True
    packed = chunk[8:-4].partition(b"\x00")[2][1:]
    unpacker = zlib.decompressobj()
    try:
        unpacker.decompress(packed, PROFILE_MAX_BYTES)
    except zlib.error:
        return False
    return unpacker.eof


def is_complete_jpeg(data: bytes) -> bool:
    """Whether all pixels are there: what follows them then changes nothing.

    Decoders fill what is missing without a word, so it is decoded with two different ends.
    """
    pixels = data.removesuffix(_END).rstrip(b"\xff")  # half an end mark would be a mark with what follows
    one, other = (_decoded(pixels + tail + _END) for tail in (b"", _FILLER))
    return one is not None and one == other and _has_all_scans(data)


def _decoded(data: bytes) -> bytes | None:
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as picture:
            picture.load()
            return picture.tobytes()
    except (OSError, SyntaxError):
        return None


def may_be_short(picture: Image.Image, path: Path) -> bool:
    """Whether a loaded JPEG's last pixels are of one colour, as decoders fill what is missing, or it is a progressive
    one, of which the last part only adds detail."""
    width, height = picture.size
    if picture.info.get("progressive"):
        return width * height <= _CHECKED_PIXELS or not _has_all_scans(path.read_bytes())
    corner = picture.crop((max(0, width - 2), max(0, height - 2), width, height))
    return len(corner.getcolors() or ()) == 1


def _has_all_scans(data: bytes) -> bool:
    """Whether the scans of a JPEG hold all bits of all its components' coefficients; a head that can't be read is
    nothing against it, since it was decoded."""
    missing: dict[int, list[int]] = {}
    try:
        for marker, body in _segments(data):
            if marker in _FRAMES:
                missing = {body[6 + 3 * number]: [99] * 64 for number in range(body[5])}
            elif marker == _SCAN:
                count = body[0]
                first, last, bits = body[1 + 2 * count : 4 + 2 * count]
                for number in range(count):
                    missing[body[1 + 2 * number]][first : last + 1] = [bits & 15] * (last + 1 - first)
    except (IndexError, KeyError, ValueError):
        return True
    return not any(any(component) for component in missing.values())


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(marker, content) of what stands between the pixels of a JPEG, up to its end."""
    at = 2
    while (at := data.find(b"\xff", at)) >= 0 and at + 4 <= len(data):
        marker = data[at + 1]
        if marker == _END[1]:
            return
        if marker == 0xFF:
            at += 1
        elif marker == 0x00 or 0xD0 <= marker <= 0xD8:  # a byte of the pixels, or a mark between them
            at += 2
        else:
            size = int.from_bytes(data[at + 2 : at + 4], "big")
            yield marker, data[at + 4 : at + 2 + size]
            at += 2 + size
