"""Whether an MP4 plays everywhere as it is, by its boxes alone: no process is needed to send it on.

What is sure is a `Probe`; anything unusual is None, and a guarded process looks at it instead. "Everywhere" is what
Discord's apps and every browser play: H.264 in 8 bits and 4:2:0, with AAC or no sound, the index before the pictures.
"""

from __future__ import annotations

import struct
import sys
from array import array
from dataclasses import dataclass
from operator import lt, mul
from pathlib import Path

from bot.media.boxes import Box, UnsureBoxes, body_of, inner_boxes, only, outer_boxes
from bot.media.codec_headers import Pictures, check_aac, pictures_of
from bot.rules.bounds import CLIP_MAX_SIDE
from bot.rules.media import Probe

_OUTER_MOST = 32
_TYPE_BYTES = 256
_BESIDE = frozenset({b"free", b"skip", b"wide", b"uuid", b"udta", b"meta"})
"""Boxes that mean nothing to a player."""
_LAX_SECONDS = 0.1
"""By how much a track may be longer than what is shown of it, or than it says itself: about two pictures."""
_ONE = 0x10000
_ONCE = b"\0\0\0\1"
_TURNS = {(_ONE, 0, 0, _ONE): False, (-_ONE, 0, 0, -_ONE): False, (0, _ONE, -_ONE, 0): True, (0, -_ONE, _ONE, 0): True}
"""The four ways to turn a picture, as the matrix says them; True where it lies on its side."""

Children = dict[bytes, list[memoryview]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Track:
    """What both kinds of tracks have. `entry` is the body of its one sample entry, of the kind `codec`."""

    handler: bytes
    head: memoryview
    codec: bytes
    entry: memoryview
    seconds: float
    samples: int
    sample_bytes: int


def playable(path: Path) -> Probe | None:
    """What the file is, where it is sure that it plays everywhere; None where somebody must look. Reads its headers
    alone, at most about a megabyte. `OSError` where it can't be read."""
    try:
        return _probe(path, path.stat().st_size)
    except (UnsureBoxes, struct.error, IndexError):
        return None


def _probe(path: Path, size_bytes: int) -> Probe:
    index, pictures = _laid_out(outer_boxes(path, _OUTER_MOST), path, size_bytes)
    movie = inner_boxes(body_of(path, index))
    if b"mvex" in movie:
        raise UnsureBoxes("in fragments")
    header = only(movie, b"mvhd")
    scale = struct.unpack_from(">I", header, 20 if header[0] else 12)[0]
    tracks = [_track(inner_boxes(body), pictures, scale) for body in movie.get(b"trak", ())]
    if _turned(header[48 if header[0] else 36 :]) or sum(t.sample_bytes for t in tracks) > pictures.size:
        raise UnsureBoxes("more pictures than there is room for")
    by_handler = {track.handler: track for track in tracks}
    if by_handler.keys() not in ({b"vide"}, {b"vide", b"soun"}) or len(by_handler) != len(tracks):
        raise UnsureBoxes("not one picture and one sound")
    if b"soun" in by_handler:
        _check_sound(by_handler[b"soun"])
    video = by_handler[b"vide"]
    shown = _shown(video)
    lies = _turned(video.head[52 if video.head[0] else 40 :])
    return Probe(
        container="mp4",
        size_bytes=size_bytes,
        width=shown.height if lies else shown.width,
        height=shown.width if lies else shown.height,
        seconds=video.seconds,
        fps=video.samples / video.seconds,
        video="h264",
        audio="aac" if b"soun" in by_handler else None,
        pixels="yuvj420p" if shown.full_range else "yuv420p",
        faststart=True,
    )


def _laid_out(boxes: list[Box], path: Path, size_bytes: int) -> tuple[Box, Box]:
    """The index and then the pictures of a file that is whole."""
    if not boxes or boxes[-1].at + boxes[-1].size != size_bytes or len(boxes) == _OUTER_MOST:
        raise UnsureBoxes("not whole")
    matter = [box for box in boxes if box.kind not in _BESIDE]
    if [box.kind for box in matter] != [b"ftyp", b"moov", b"mdat"]:
        raise UnsureBoxes("not a file type, then the index, then the pictures")
    if bytes(body_of(path, matter[0], _TYPE_BYTES)[:4]) == b"qt  ":
        raise UnsureBoxes("QuickTime")
    return matter[1], matter[2]


def _track(children: Children, pictures: Box, movie_scale: int) -> _Track:
    media = inner_boxes(only(children, b"mdia"))
    head, header = only(children, b"tkhd"), only(media, b"mdhd")
    scale, length = struct.unpack_from(">IQ" if header[0] else ">II", header, 20 if header[0] else 12)
    information = inner_boxes(only(media, b"minf"))
    _check_own_file(only(information, b"dinf", b"dref"))
    table = inner_boxes(only(information, b"stbl"))
    described = only(table, b"stsd")
    entries = inner_boxes(described, 8)
    if len(entries) != 1 or bytes(described[4:8]) != _ONCE or not head[3] & 1 or not scale or not movie_scale:
        raise UnsureBoxes("not one codec, or a track that is not shown")
    [(codec, [entry, *others])] = entries.items()
    samples, sample_bytes = _check_places(table, pictures)
    ticks = _ticks(only(table, b"stts"), samples)
    seconds = min(length, ticks) / scale
    if others or abs(length - ticks) / scale > _LAX_SECONDS:
        raise UnsureBoxes("two codecs, or two lengths")
    if b"edts" in children:
        _check_edits(only(children, b"edts", b"elst"), seconds, scale, movie_scale)
    return _Track(
        handler=bytes(only(media, b"hdlr")[8:12]),
        head=head,
        codec=codec,
        entry=entry,
        seconds=seconds,
        samples=samples,
        sample_bytes=sample_bytes,
    )


def _check_own_file(references: memoryview) -> None:
    """Raises `UnsureBoxes` where a track may lie in another file."""
    own = inner_boxes(references, 8).get(b"url ", [])
    if len(own) != 1 or bytes(references[4:8]) != _ONCE or not own[0][3] & 1:
        raise UnsureBoxes("refers to other files")


def _numbers(body: memoryview, start: int, width: int = 4) -> array[int]:
    """The big-endian numbers that a table's body holds from there on."""
    found = array("I" if width == 4 else "Q")
    found.frombytes(bytes(body[start : start + (len(body) - start) // width * width]))
    if sys.byteorder == "little":
        found.byteswap()
    return found


def _counted(body: memoryview, columns: int = 1, width: int = 4) -> array[int]:
    """The numbers of a table that begins with their count."""
    found = _numbers(body, 8, width)
    if len(found) != struct.unpack_from(">I", body, 4)[0] * columns or not found:
        raise UnsureBoxes("a table of another length")
    return found


def _ticks(times: memoryview, samples: int) -> int:
    """How long all samples last, in the track's own units."""
    table = _counted(times, 2)
    if sum(table[::2]) != samples:
        raise UnsureBoxes("not a time for each sample")
    return sum(map(mul, table[::2], table[1::2]))


def _check_places(table: Children, pictures: Box) -> tuple[int, int]:
    """The samples' number, and their bytes. Raises `UnsureBoxes` unless all of them lie inside of `pictures`."""
    size, samples = struct.unpack_from(">II", only(table, b"stsz"), 4)
    sizes = _numbers(only(table, b"stsz"), 12)
    wide = b"co64" in table
    places = _counted(only(table, b"co64" if wide else b"stco"), width=8 if wide else 4)
    runs = _counted(only(table, b"stsc"), 3)
    first, each = runs[::3], runs[1::3]
    behind = [*first[1:], len(places) + 1]
    if first[0] != 1 or not all(map(lt, first, behind)) or set(runs[2::3]) != {1} or 0 in each:
        raise UnsureBoxes("chunks out of order")
    in_chunks = sum((end - begin) * count for begin, end, count in zip(first, behind, each, strict=True))
    if not samples or in_chunks != samples or len(sizes) != (0 if size else samples):
        raise UnsureBoxes("not a place and a size for each sample")
    if b"ctts" in table and sum(_counted(only(table, b"ctts"), 2)[::2]) != samples:
        raise UnsureBoxes("not a place in the order for each sample")
    if b"stss" in table and _counted(only(table, b"stss"))[0] != 1:
        raise UnsureBoxes("begins between two key pictures")
    end = places[-1] + (size * each[-1] if size else sum(sizes[-each[-1] :]))
    inside = pictures.at + pictures.head <= places[0] and end <= pictures.at + pictures.size
    if not inside or not all(map(lt, places, places[1:])):
        raise UnsureBoxes("samples outside of the file")
    return samples, size * samples if size else sum(sizes)


def _check_edits(edits: memoryview, seconds: float, scale: int, movie_scale: int) -> None:
    """Raises `UnsureBoxes` unless the whole track is shown, once, from its beginning. Encoders that reorder pictures
    say so by an edit that leaves out the time of the first."""
    form = ">QqI" if edits[0] else ">IiI"
    length, start, rate = struct.unpack_from(form, edits, 8)
    if len(edits) != 8 + struct.calcsize(form) or rate != _ONE or not 0 <= start <= scale * _LAX_SECONDS * 2:
        raise UnsureBoxes("cut by edits")
    if abs(length / movie_scale - seconds) > _LAX_SECONDS:
        raise UnsureBoxes("shown for another time than it lasts")


def _turned(matrix: memoryview) -> bool:
    """Whether the picture lies on its side."""
    a, b, u, c, d, v, _, _, w = struct.unpack_from(">9i", matrix)
    if (a, b, c, d) not in _TURNS or (u, v, w) != (0, 0, 0x40000000):
        raise UnsureBoxes("mirrored or bent")
    return _TURNS[a, b, c, d]


def _check_sound(track: _Track) -> None:
    """Raises `UnsureBoxes` unless it is AAC."""
    if track.codec != b"mp4a" or bytes(track.entry[8:10]) != b"\0\0":
        raise UnsureBoxes(f"sound of kind {track.codec!r}")
    check_aac(bytes(only(inner_boxes(track.entry, 28), b"esds")[4:]))


def _shown(track: _Track) -> Pictures:
    """The form of the pictures. Raises `UnsureBoxes` where the boxes don't agree on it."""
    if track.codec not in {b"avc1", b"avc3"} or not track.seconds:
        raise UnsureBoxes(f"pictures of kind {track.codec!r}")
    children = inner_boxes(track.entry, 78)
    shown = pictures_of(bytes(only(children, b"avcC")))
    size = struct.unpack_from(">HH", track.entry, 24)
    shape = struct.unpack_from(">II", track.head, len(track.head) - 8)
    ratio = struct.unpack(">II", only(children, b"pasp")) if b"pasp" in children else (1, 1)
    if size != (shown.width, shown.height) or shape != (size[0] * _ONE, size[1] * _ONE):
        raise UnsureBoxes("two sizes")
    if b"clap" in children or ratio[0] != ratio[1] or not 0 < min(size) <= max(size) <= CLIP_MAX_SIDE:
        raise UnsureBoxes("not shown as it is stored")
    if b"colr" in children and _says_full_range(only(children, b"colr")) not in {None, shown.full_range}:
        raise UnsureBoxes("two ranges of brightness")
    return shown


def _says_full_range(colour: memoryview) -> bool | None:
    return bool(colour[10] & 0x80) if bytes(colour[:4]) == b"nclx" else None
