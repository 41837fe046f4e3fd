"""Videos that are made to be dear, written by hand: what costs a reader much costs their maker a few bytes."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

from PIL import Image

MILLION = 1_000_000
_MATRIX = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + kind + body


def full(kind: bytes, *parts: bytes, flags: int = 0) -> bytes:
    """A box with a version and flags."""
    return box(kind, struct.pack(">I", flags), *parts)


def words(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}I", *numbers)


def jpeg(side: int = 16) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (side, side), (200, 30, 30)).save(made, "JPEG")
    return made.getvalue()


def mp4(
    path: Path,
    *,
    pictures: int,
    in_one_piece: bool = False,
    scale: int = 25,
    tick: int = 1,
    an_entry_each: bool = False,
    edits: int = 0,
    tracks: int = 1,
    side: int = 16,
    said_side: int | None = None,
    deflated: bool = False,
    long_head: bool = False,
) -> Path:
    """A QuickTime file whose index says that one JPEG is shown again and again, for `tick` / `scale` seconds each.

    `in_one_piece`: so many pictures that lie one behind the other, as nobody checks, in an index of a kilobyte.
    `long_head`: the box that counts them has a size of eight bytes.
    """
    data = jpeg(side)
    head = box(b"ftyp", b"qt  \0\0\0\0qt  ")
    places = words(1, len(head) + 8) if in_one_piece else words(pictures) + words(len(head) + 8) * pictures
    times = words(pictures) + words(1, tick) * pictures if an_entry_each else words(1, pictures, tick)
    sizes = full(b"stsz", words(1 if in_one_piece else len(data), pictures))
    table = box(
        b"stbl",
        full(b"stsd", words(1), _entry(said_side or side)),
        full(b"stts", times),
        full(b"stsc", words(1, 1, pictures if in_one_piece else 1, 1)),
        _long(sizes) if long_head else sizes,
        full(b"stco", places),
    )
    length = min(pictures * tick, 0xFFFFFFFF)
    cuts = box(b"edts", full(b"elst", words(edits), words(length, 0, 0x10000) * edits)) if edits else b""
    index = _movie(scale, length, *(_track(number + 1, scale, length, table, cuts) for number in range(tracks)))
    if deflated:
        packed = full(b"cmvd", zlib.compress(index))[:8] + words(len(index)) + zlib.compress(index)
        index = box(b"moov", box(b"cmov", box(b"dcom", b"zlib"), box(b"cmvd", packed[8:])))
    path.write_bytes(head + box(b"mdat", data) + index)
    return path


def fragments(path: Path, pictures: int = 100 * MILLION) -> Path:
    """An MP4 one fragment of which announces so many pictures, without a byte for each."""
    empty = full(b"stts", words(0)) + full(b"stsc", words(0)) + full(b"stsz", words(0, 0)) + full(b"stco", words(0))
    track = _track(1, 25, 0, box(b"stbl", full(b"stsd", words(1), _entry(16)), empty), b"")
    run = box(b"traf", full(b"tfhd", words(1), flags=0x20000), full(b"trun", words(pictures)))
    path.write_bytes(
        box(b"ftyp", b"isom\0\0\0\0isom")
        + _movie(25, 0, track, box(b"mvex", full(b"trex", words(1, 1, 1, len(jpeg()), 0))))
        + box(b"moof", full(b"mfhd", words(1)), run)
        + box(b"mdat", jpeg())
    )
    return path


def many_boxes(path: Path, boxes: int = 5 * MILLION) -> Path:
    """An MP4 of boxes with nothing in them."""
    path.write_bytes(box(b"ftyp", b"isom\0\0\0\0isom") + box(b"free") * boxes)
    return path


def _long(small: bytes) -> bytes:
    """The same box, its size written as those of more than four gigabytes are."""
    return words(1) + small[4:8] + struct.pack(">Q", len(small) + 8) + small[8:]


def _entry(side: int) -> bytes:
    shape = struct.pack(">HHIIIH", side, side, 0x480000, 0x480000, 0, 1)
    return box(b"jpeg", bytes(6), b"\0\1", bytes(16), shape, bytes(32), b"\0\x18\xff\xff")


def _movie(scale: int, length: int, *parts: bytes) -> bytes:
    head = full(b"mvhd", words(0, 0, scale, length), struct.pack(">IH", 0x10000, 0x100), bytes(10), _MATRIX, bytes(28))
    return box(b"moov", head, *parts)


def _track(number: int, scale: int, length: int, table: bytes, edits: bytes) -> bytes:
    head = full(b"tkhd", words(0, 0, number, 0, length), bytes(16), _MATRIX, words(16 << 16, 16 << 16), flags=3)
    own_file = box(b"dinf", full(b"dref", words(1), full(b"url ", flags=1)))
    media = box(
        b"mdia",
        full(b"mdhd", words(0, 0, scale, length, 0)),
        full(b"hdlr", bytes(4), b"vide", bytes(13)),
        box(b"minf", full(b"vmhd", bytes(8), flags=1), own_file, table),
    )
    return box(b"trak", head, edits, media)


def element(number: bytes, body: bytes) -> bytes:
    """One of Matroska's."""
    return number + (len(body) | 1 << 56).to_bytes(8, "big") + body


def mkv(path: Path, *clusters: bytes) -> Path:
    """A Matroska file with pictures (1) and PCM sound (2), in milliseconds."""
    head = element(b"\x1a\x45\xdf\xa3", element(b"\x42\x82", b"matroska"))
    tracks = b"".join(
        element(b"\xae", element(b"\xd7", bytes([kind])) + element(b"\x83", said) + element(b"\x86", codec) + more)
        for kind, said, codec, more in (
            (1, b"\1", b"V_MJPEG", element(b"\xe0", element(b"\xb0", b"\x10") + element(b"\xba", b"\x10"))),
            (2, b"\2", b"A_PCM/INT/LIT", element(b"\xe1", element(b"\xb5", struct.pack(">d", 48_000))
                                                 + element(b"\x9f", b"\1") + element(b"\x62\x64", b"\x10"))),
        )
    )  # fmt: skip
    info = element(b"\x15\x49\xa9\x66", element(b"\x2a\xd7\xb1", MILLION.to_bytes(4, "big")))
    path.write_bytes(
        head + element(b"\x18\x53\x80\x67", info + element(b"\x16\x54\xae\x6b", tracks) + b"".join(clusters))
    )
    return path


def cluster(milliseconds: int, *blocks: bytes) -> bytes:
    return element(b"\x1f\x43\xb6\x75", element(b"\xe7", milliseconds.to_bytes(6, "big")) + b"".join(blocks))


def block(track: int, milliseconds: int, data: bytes) -> bytes:
    return element(b"\xa3", bytes([0x80 | track]) + struct.pack(">hB", milliseconds, 0x80) + data)


def second() -> bytes:
    """A cluster of a second of pictures, and of a little sound."""
    return cluster(0, *(block(1, number * 40, jpeg()) for number in range(25)), block(2, 0, bytes(1920)))


def mkv_of_a_million(path: Path) -> Path:
    """Pictures that can't be read, all within a second."""
    thousand = block(1, 0, b"x") * 1000
    return mkv(path, second(), *(cluster(number, thousand) for number in range(1000)))


def sound_after_years(path: Path) -> Path:
    """A piece of sound at the beginning, and one after years of silence."""
    return mkv(path, second(), cluster(1 << 37, block(2, 0, bytes(1920))))
