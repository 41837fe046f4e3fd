"""What an MP4's boxes say of it, against what the library says that decodes it; what no file can do to the reader."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.media import MediaEncoder
from bot.media.boxes import INDEX_BYTES, OUTER_MAX, faststart_of, outer_boxes
from bot.media.encode import probe
from bot.media.guard import Guard
from bot.media.playable import playable
from bot.media.tracks import ANY_TEXT
from bot.media.workers import Workers
from bot.rules.media import Probe
from tests import corpus

Make = Callable[[Path], Path]

pytestmark = pytest.mark.xdist_group("playable")  # its clips are made once

USUAL = {"preset": "medium", "bf": "3"}
FULL_RANGE = {"color_range": 2}
READ_MOST = INDEX_BYTES + 32 * 16 + 256


def clip(**options: Any) -> Make:
    given: dict[str, Any] = {"size": (96, 54), "seconds": 1.0} | options
    return lambda path: corpus.clip(path, **given)


def turned(turn: int | str) -> Make:
    return lambda path: corpus.with_matrix(corpus.clip(path, size=(96, 54), seconds=0.5), turn)


def with_long_size(path: Path) -> Path:
    """The empty box before the pictures becomes the first half of their head: a size of 64 bits."""
    data = bytearray(corpus.clip(path, seconds=0.5).read_bytes())
    at = data.index(b"mdat") - 4
    assert data[at - 4 : at] == b"free"
    data[at - 8 : at + 8] = struct.pack(">I4sQ", 1, b"mdat", len(data) - at + 8)
    path.write_bytes(data)
    return path


def changed(find: bytes, to: bytes, make: Make | None = None) -> Make:
    """The clip with the first of these bytes replaced."""

    def made(path: Path) -> Path:
        data = (make or clip(seconds=0.5))(path).read_bytes()
        assert find in data
        path.write_bytes(data.replace(find, to, 1))
        return path

    return made


def with_more(more: bytes) -> Make:
    def made(path: Path) -> Path:
        path.write_bytes(clip(seconds=0.5)(path).read_bytes() + more)
        return path

    return made


def cut(share: float) -> Make:
    return lambda path: corpus.cut(clip()(path.with_suffix(".whole")), path, share)


def two_pictures(path: Path) -> Path:
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        streams: list[Any] = [out.add_stream("libx264", rate=25) for _ in range(2)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 96, 54, "yuv420p"
        for stream in streams:
            for _ in range(5):
                out.mux(stream.encode(av.VideoFrame(96, 54, "yuv420p")))
            out.mux(stream.encode(None))
    return path


FIT: dict[str, Make] = {
    "as encoders write it": clip(options=USUAL, seconds=2.0),
    "without reordered pictures": clip(),
    "Baseline": clip(options={"profile": "baseline", "preset": "ultrafast"}),
    "Main": clip(options=USUAL | {"profile": "main"}),
    "without sound": clip(sound=None, options=USUAL),
    "with sound in mono": clip(channels=1, sound_rate=44_100),
    "with sound all around": clip(channels=6),
    "29.97 pictures a second": clip(rate=Fraction(30_000, 1001), options=USUAL),
    "upright, of a size that is no multiple of 16": clip(size=(270, 480), options=USUAL),
    "full range": clip(tags=FULL_RANGE, pixels="yuvj420p"),
    "one picture": clip(seconds=0.04, sound=None),
    "uneven times": clip(times=[0, 0.1, 0.15, 0.4, 0.5], sound=None),
    "turned by 90": turned(90),
    "turned by 180": turned(180),
    "turned by 270": turned(270),
    "a size of 64 bits": with_long_size,
    "something harmless behind": with_more(b"\0\0\0\x0cfree1234"),
}
UNFIT: dict[str, Make] = {
    "the index last": clip(faststart=False),
    "in fragments": clip(movflags="+frag_keyframe+empty_moov"),
    "cut off": cut(0.9),
    "cut off in the index": cut(0.05),
    "HEVC": clip(codec="libx265"),
    "AV1": clip(codec="libsvtav1"),
    "VP9": clip(codec="libvpx-vp9"),
    "MPEG-4": clip(codec="mpeg4"),
    "10 bits": clip(pixels="yuv420p10le"),
    "4:2:2": clip(pixels="yuv422p"),
    "4:4:4": clip(pixels="yuv444p"),
    "lossless": clip(options={"qp": "0", "preset": "ultrafast"}, pixels="yuv444p"),
    "interlaced": clip(options=USUAL | {"flags": "+ildct+ilme"}, size=(96, 64)),
    "sound of MP3": clip(sound="libmp3lame"),
    "sound of Opus": clip(sound="libopus"),
    "QuickTime": clip(form="mov"),
    "Matroska": clip(form="matroska"),
    "mirrored": turned("mirrored"),
    "pixels that are not square": clip(stretch=Fraction(4, 3)),
    "begins later": clip(start=2.0, options=USUAL),
    "sound alone": corpus.sound_only,
    "two pictures": two_pictures,
    "an unknown box": with_more(b"\0\0\0\x0cwhat1234"),
    "less than a box behind": with_more(b"\0\0\0"),
    "pictures to the end of the file": changed(b"mdat", b"moof"),
    "a track that is off": changed(b"tkhd\0\0\0\x03", b"tkhd\0\0\0\0"),
    "another file": changed(b"url \0\0\0\x01", b"url \0\0\0\0"),
    "a codec without a box": changed(b"avcC", b"what"),
    "no times": changed(b"stts", b"what"),
    "no file type": changed(b"ftyp", b"free"),
    "nothing": lambda path: (path.write_bytes(b""), path)[1],
    "zeros": lambda path: (path.write_bytes(bytes(4096)), path)[1],
    "text": lambda path: (path.write_bytes(b"no video at all"), path)[1],
}


@pytest.mark.parametrize("name", FIT)
def test_what_is_fit_is_what_the_library_says_it_is(tmp_path: Path, name: str) -> None:
    path = FIT[name](tmp_path / "clip.mp4")
    found = playable(path)
    assert found is not None
    told = Probe(**probe(path))
    assert found.seconds == pytest.approx(told.seconds, abs=0.002)
    assert found.fps == pytest.approx(told.fps, rel=0.001)
    assert (found.video, found.pixels) in {("h264", "yuv420p"), ("h264", "yuvj420p")}
    same = {"seconds": None, "fps": None}
    assert Probe(**vars_of(found) | same) == Probe(**vars_of(told) | same)


@pytest.mark.parametrize("name", UNFIT)
def test_anything_else_is_left_to_a_guarded_process(tmp_path: Path, name: str) -> None:
    assert playable(UNFIT[name](tmp_path / "clip.mp4")) is None


def vars_of(one: Probe) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Probe.__slots__}


@pytest.mark.asyncio
async def test_a_fit_result_starts_no_process_and_any_other_does(tmp_path: Path) -> None:
    workers, to = Workers(), tmp_path / "to.mp4"
    encoder = MediaEncoder(Guard(workers))
    fit, unfit = clip()(tmp_path / "fit.mp4"), clip(faststart=False)(tmp_path / "unfit.mp4")
    try:
        assert (await encoder.faststart(fit, to))[0] == fit
        assert (await encoder.probe(fit)).seconds == 1.0
        assert workers.template_pid is None
        assert (await encoder.faststart(unfit, to))[0] == to
        assert workers.template_pid is not None
    finally:
        await workers.close()


@contextmanager
def reads() -> Iterator[list[int]]:
    """How many bytes each call has read, while the block lasts."""
    sizes: list[int] = []

    def counted(file: int, count: int, at: int) -> bytes:
        found = really(file, count, at)
        sizes.append(len(found))
        return found

    really = os.pread
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bot.media.boxes.os.pread", counted)
        yield sizes


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("real")
    makes = (clip(options=USUAL), clip(sound=None), turned(90), clip(tags=FULL_RANGE, pixels="yuvj420p"))
    return [make(folder / f"{number}.mp4").read_bytes() for number, make in enumerate(makes)]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench") / "some.mp4"


def read_within_bounds(path: Path, data: bytes) -> Probe | None:
    path.write_bytes(data)
    with reads() as sizes:
        found = playable(path)
        assert sum(sizes) <= READ_MOST
        assert len(sizes) <= 32 + 2
        faststart_of(path)
    return found


@given(data=st.data())
def test_no_change_to_a_real_file_breaks_the_reader_or_has_it_call_something_else_fit(
    real: list[bytes], bench: Path, data: st.DataObject
) -> None:
    changing = bytearray(data.draw(st.sampled_from(real)))
    index = changing.index(b"mdat")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, index))
        piece = data.draw(st.binary(min_size=1, max_size=8) | st.sampled_from([b"\0\0\0\0", b"\xff\xff\xff\xff"]))
        changing[at : at + len(piece)] = piece
    end = data.draw(st.sampled_from([len(changing), len(changing) // 2, index]))
    found = read_within_bounds(bench, bytes(changing[:end]))
    if found is not None:
        assert (found.size_bytes, found.video, found.faststart) == (end, "h264", True)
        assert 0 < found.width <= 8192
        assert 0 < found.height <= 8192
        with av.open(str(bench), format="mp4", **ANY_TEXT) as source:
            [stream] = source.streams.video
            assert stream.codec_context.name == "h264"
            assert {stream.width, stream.height} == {found.width, found.height}


KINDS = (b"ftyp", b"moov", b"mdat", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"free", b"mvhd", b"\0\0\0\0")


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


SOME_BOXES = st.recursive(
    st.binary(max_size=24),
    lambda inner: st.lists(st.tuples(st.sampled_from(KINDS), inner), max_size=4).map(
        lambda parts: b"".join(box(kind, body) for kind, body in parts)
    ),
    max_leaves=30,
)


@given(data=SOME_BOXES)
def test_boxes_in_any_order_and_depth_are_no_video_and_break_nothing(bench: Path, data: bytes) -> None:
    assert read_within_bounds(bench, data) is None


def nested(kind: bytes, depth: int) -> bytes:
    return b"".join(struct.pack(">I", (depth - level) * 8) + kind for level in range(depth))


@pytest.mark.parametrize(
    "data",
    [
        box(b"free", b"") * 500_000,
        box(b"ftyp", b"isom") + box(b"moov", box(b"trak", b"") * 100_000) + box(b"mdat", b""),
        box(b"ftyp", b"isom") + nested(b"moov", 50_000) + box(b"mdat", b""),
        box(b"ftyp", b"isom") + struct.pack(">I4sQ", 1, b"moov", 2**63) + box(b"mdat", b""),
        box(b"ftyp", bytes(10**6)) + box(b"moov", b"") + box(b"mdat", b""),
        box(b"ftyp", b"isom") + box(b"moov", bytes(4 * 1024**2)) + box(b"mdat", b""),
        struct.pack(">I4sQ", 1, b"free", 0) * 1000,
    ],
    ids=["many", "many inside", "deep", "endless", "long type", "long index", "of size 0"],
)
def test_boxes_made_to_take_long_are_left_after_a_few_reads(bench: Path, data: bytes) -> None:
    assert read_within_bounds(bench, data) is None
    with reads() as sizes:
        assert len(outer_boxes(bench)) <= OUTER_MAX
        assert len(sizes) <= OUTER_MAX
