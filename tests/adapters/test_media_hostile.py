"""Files that are made to be dear: none costs ten seconds of a processor, and refusals have their sentence."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from bot.errors import FileStill, FileTooCostly, FileUnsupported, InputRejected, PictureTooLarge
from bot.media import Normaliser
from bot.media.budget import frame_seconds
from bot.media.guard import ChildTooSlow, Guard
from bot.media.service import PICTURE_BOUNDS
from bot.media.walls import Bounds
from bot.rules.catalog import Kind
from tests import corpus
from tests.corpus import hostile_clips as hostile
from tests.corpus.hostile_clips import MILLION
from tests.jobs import CATALOG
from tests.media_workers import shared_workers

pytestmark = pytest.mark.programs

MODEL = CATALOG.get("lucy-pro-v2v")
FRAMES = 2_900
MIB = 1024 * 1024


def gif_of_nothing(path: Path, side: int = 4000, frames: int = FRAMES) -> Path:
    """Frames of one pixel, each of which has to be drawn on the whole canvas: 70 KB."""
    head = b"GIF89a" + struct.pack("<HHBBB", side, side, 0x80, 0, 0) + bytes(3) + b"\xff" * 3
    frame = (
        b"\x21\xf9\x04\x00\x02\x00\x00\x00" + b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    )
    path.write_bytes(head + frame * frames + b";")
    return path


def gif_that_hides_frames(path: Path, frames: int = 600) -> Path:
    """Frames that whoever follows the blocks by the standard takes for a comment; Pillow reads on behind an extension
    that is empty, and comes to them."""
    gif_of_nothing(path, frames=1)
    head = path.read_bytes()[:-1]
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    blocks = (bytes([15 * len(frame)]) + frame * 15) * (frames // 15)
    path.write_bytes(head + b"\x21\xf9\x00" + b"\x21\xfe" + b"\x20" + b"\x01" * 31 + b"\x00" + blocks + b"\x00;")
    return path


def webp_of_nothing(path: Path, side: int = 4000, frames: int = FRAMES) -> Path:
    """The same as WebP."""
    one = io.BytesIO()
    Image.new("RGB", (2, 2)).save(one, "WEBP", lossless=True)
    pixels = one.getvalue()[12:]
    canvas = (side - 1).to_bytes(3, "little") * 2
    frame = bytes(6) + (1).to_bytes(3, "little") * 2 + (20).to_bytes(3, "little") + b"\x00" + pixels
    chunks = chunk(b"VP8X", b"\x02\x00\x00\x00" + canvas) + chunk(b"ANIM", bytes(6)) + chunk(b"ANMF", frame) * frames
    path.write_bytes(chunk(b"RIFF", b"WEBP" + chunks))
    return path


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def png(path: Path, size: tuple[int, int], *chunks: tuple[bytes, bytes]) -> Path:
    head = (b"IHDR", struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0))
    pixels = (b"IDAT", zlib.compress(bytes(min(size[0] * 3 + 1, 1000) * min(size[1], 1000)), 1))
    parts = [
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in (head, *chunks, pixels, (b"IEND", b""))
    ]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


def swollen(bytes_inside: int) -> bytes:
    """So many zeros, deflated: the same block again and again."""
    squeeze, count = zlib.compressobj(9), bytes_inside // MIB
    first, again = (squeeze.compress(bytes(MIB)) + squeeze.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    last = zlib.compressobj(wbits=-15).flush()
    return first + again * (count - 1) + last + struct.pack(">I", (count * MIB % 65_521) << 16 | 1)


def said_to_be(path: Path, form: str, at: int, content: bytes) -> Path:
    """A small picture of that form whose header lies about its size."""
    made = io.BytesIO()
    Image.new("RGB", (16, 16)).save(made, form)
    data = bytearray(made.getvalue())
    if form in {"JPEG", "AVIF"}:
        at = data.index(b"\xff\xc0" if form == "JPEG" else b"ispe") + at
    data[at : at + len(content)] = content
    path.write_bytes(bytes(data))
    return path


def many_pages(path: Path, pages: int = 400_000) -> Path:
    """A TIFF of so many pages without a picture, which have to be counted to know whether it moves."""
    page = struct.pack("<HHHII", 1, 256, 3, 1, 16)
    data = bytearray(b"II*\x00" + struct.pack("<I", 8))
    for _ in range(pages):
        data += page + struct.pack("<I", len(data) + len(page) + 4)
    path.write_bytes(bytes(data))
    return path


def swollen_tiff(path: Path) -> Path:
    Image.new("L", (20_000, 10_000)).save(path, "TIFF", compression="tiff_deflate")
    return path


def many_scans(path: Path, scans: int = 4000) -> Path:
    """A progressive JPEG that goes over all of its pixels again and again."""
    made = io.BytesIO()
    Image.new("L", (6000, 6000), 128).save(made, "JPEG", progressive=True)
    data = made.getvalue()
    last = data.rindex(b"\xff\xda")
    path.write_bytes(data[:last] + data[last:-2] * scans + b"\xff\xd9")
    return path


def moving_png(path: Path, frames: int = MILLION) -> Path:
    """An animated PNG of so many frames, of which only the first can be read."""
    turn = (b"fcTL", struct.pack(">IIIIIHHBB", 0, 16, 16, 0, 0, 1, 100, 0, 0))
    png(path, (16, 16), (b"acTL", struct.pack(">II", frames, 0)), turn)
    whole = path.read_bytes()
    frame = corpus.png_chunk(*turn) + corpus.png_chunk(b"fdAT", bytes(4) + zlib.compress(bytes(49 * 16)))
    path.write_bytes(whole[:-12] + frame * frames + whole[-12:])
    return path


ENDED = "JPEG of many scans"
"""What can't be known beforehand, and is ended when its time is up."""
PICTURES: dict[str, tuple[Callable[[Path], Path], type[InputRejected] | None]] = {
    "PNG of 65535": (lambda path: png(path, (65_535, 65_535)), PictureTooLarge),
    "GIF of 65535": (lambda path: gif_of_nothing(path, 65_535, 1), PictureTooLarge),
    "JPEG of 65535": (lambda path: said_to_be(path, "JPEG", 5, b"\xff\xff\xff\xff"), PictureTooLarge),
    "BMP of 65535": (lambda path: said_to_be(path, "BMP", 18, struct.pack("<II", 65_535, 65_535)), PictureTooLarge),
    "WebP of 65535": (lambda path: webp_of_nothing(path, 65_535, 1), None),
    "AVIF of 65535": (lambda path: said_to_be(path, "AVIF", 8, struct.pack(">II", 65_535, 65_535)), None),
    "PNG that swells": (corpus.png_bomb, None),
    "PNG with a swollen profile": (
        lambda path: png(path, (16, 16), (b"iCCP", b"icc\0\0" + swollen(400 * MIB))),
        None,
    ),
    "PNG with swollen text": (lambda path: png(path, (16, 16), (b"zTXt", b"t\0\0" + swollen(400 * MIB))), None),
    "TIFF that swells": (swollen_tiff, PictureTooLarge),
    "TIFF of many pages": (many_pages, None),
    "PNG of a million frames": (moving_png, None),
    "GIF of a million frames": (lambda path: gif_of_nothing(path, 16, MILLION), None),
    "WebP of a million frames": (lambda path: webp_of_nothing(path, 16, MILLION), None),
    ENDED: (many_scans, FileTooCostly),
}
CLIPS: dict[str, tuple[Callable[[Path], Path], type[InputRejected] | None]] = {
    "GIF of 2,900 frames": (gif_of_nothing, FileTooCostly),
    "GIF of frames that are hidden": (gif_that_hides_frames, FileTooCostly),
    "WebP of 2,900 frames": (webp_of_nothing, FileTooCostly),
    "GIF of 65535": (lambda path: gif_of_nothing(path, 65_535, 2), PictureTooLarge),
    "GIF of a million frames": (lambda path: gif_of_nothing(path, 16, MILLION), None),
    "WebP of a million frames": (lambda path: webp_of_nothing(path, 16, MILLION), None),
    "MP4 of a million pictures in a second": (
        lambda path: hostile.mp4(path, pictures=MILLION, scale=MILLION, an_entry_each=True),
        FileTooCostly,
    ),
    "MP4 of a million pictures in eleven hours": (lambda path: hostile.mp4(path, pictures=MILLION), None),
    "MP4 of 1 KB that announces 80 million": (
        lambda path: hostile.mp4(path, pictures=80 * MILLION, in_one_piece=True),
        FileTooCostly,
    ),
    "MP4 that announces them in a deflated index": (
        lambda path: hostile.mp4(path, pictures=80 * MILLION, in_one_piece=True, deflated=True),
        FileTooCostly,
    ),
    "MP4 that announces them in a box with a long head": (
        lambda path: hostile.mp4(path, pictures=80 * MILLION, in_one_piece=True, long_head=True),
        FileTooCostly,
    ),
    "MP4 that announces them in a fragment": (hostile.fragments, FileTooCostly),
    "MP4 that is shown two thousand times": (
        lambda path: hostile.mp4(path, pictures=100_000, edits=2000),
        FileTooCostly,
    ),
    "MP4 of 900 tracks": (lambda path: hostile.mp4(path, pictures=25, tracks=900), FileTooCostly),
    "MP4 of empty boxes": (hostile.many_boxes, FileTooCostly),
    "MP4 of a thousand-millionth of a second": (
        lambda path: hostile.mp4(path, pictures=25, scale=1_000_000_000),
        FileStill,
    ),
    "MP4 of a century": (lambda path: hostile.mp4(path, pictures=2, scale=1, tick=0x7FFFFFFF), None),
    "MP4 that is said to be of 65535": (lambda path: hostile.mp4(path, pictures=25, said_side=65_535), None),
    "Matroska of a million pictures in a second": (hostile.mkv_of_a_million, FileTooCostly),
    "Matroska with a sound after years": (hostile.sound_after_years, None),
    "a playlist": (corpus.playlist, FileUnsupported),
}
"""What makes it, and the refusal; None: it may be used, too, but not for long."""
HOSTILE = [(Kind.IMAGE, name, *how) for name, how in PICTURES.items()]
HOSTILE += [(Kind.VIDEO, name, *how) for name, how in CLIPS.items()]


@pytest.mark.asyncio
@pytest.mark.parametrize(("kind", "name", "make", "refusal"), HOSTILE, ids=[f"{one[0]} {one[1]}" for one in HOSTILE])
async def test_a_hostile_file_takes_no_ten_seconds_of_a_processor_and_no_gigabyte(
    tmp_path: Path, kind: Kind, name: str, make: Callable[[Path], Path], refusal: type[InputRejected] | None
) -> None:
    path = make(tmp_path / "hostile")
    assert PICTURE_BOUNDS.cpu_seconds <= 10
    bounds = Bounds(cpu_seconds=2 if name == ENDED else 10, memory_bytes=1024 * MIB)
    guard = Guard(shared_workers(), bounds=bounds)
    met: type[InputRejected] | None = None
    cause: BaseException | None = None
    try:
        await Normaliser(guard).ready(path, tmp_path / "to", kind=kind, model=MODEL)
    except InputRejected as exc:
        met, cause = type(exc), exc.__cause__
        assert not (tmp_path / "to").exists()
    assert name == ENDED or not isinstance(cause, ChildTooSlow), "it was known what it would take"
    assert met is refusal or (refusal is None and met is not FileTooCostly)


@pytest.mark.parametrize("form", ["GIF", "WEBP"])
def test_the_frames_of_an_animation_are_counted_without_drawing_them(tmp_path: Path, form: str) -> None:
    path = corpus.animation(tmp_path / "moving", form, frames=7, size=(64, 48))
    with Image.open(path) as animation:
        shown = []
        for number in range(getattr(animation, "n_frames", 1)):
            animation.seek(number)
            animation.load()
            shown.append(animation.info["duration"] / 1000)
    assert list(frame_seconds(path, form)) == shown
    assert len(shown) == 7


@pytest.mark.parametrize("cut", [20, 60, 200])
@pytest.mark.parametrize("form", ["GIF", "WEBP"])
def test_an_animation_that_ends_too_early_is_counted_as_far_as_it_goes(tmp_path: Path, form: str, cut: int) -> None:
    path = corpus.animation(tmp_path / "moving", form, frames=7, size=(64, 48))
    path.write_bytes(path.read_bytes()[:cut])
    assert len(list(frame_seconds(path, form))) < 7
