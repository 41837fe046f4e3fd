"""Videos of other screens than ours, through the guarded child: HDR, wide colours, interlaced frames."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from PIL import Image

from bot.media.changes import DEEDS
from bot.media.service import Ready
from bot.rules.catalog import Kind
from tests import corpus
from tests.corpus import FLASH_AT, Seen
from tests.jobs import CATALOG
from tests.media_workers import a_normaliser

MODEL = CATALOG.get("lucy-pro-v2v")
SIZE, TALL = (160, 90), (160, 96)
ORDINARY, PQ, HLG = 14, 16, 18
PAPER_NITS = 203.0
Take = Callable[[Path], Awaitable[Ready]]
Light = NDArray[np.float64]


@pytest.fixture
def take(tmp_path: Path) -> Take:
    async def taken(path: Path) -> Ready:
        ready = await a_normaliser().ready(path, tmp_path / "ready", kind=Kind.VIDEO, model=MODEL)
        assert set(ready.done) <= DEEDS.keys()
        assert list(tmp_path.glob("*.cube")) == []
        return ready

    return taken


def to_xyz(*corners: tuple[float, float]) -> Light:
    """The matrix of a screen with these red, green and blue (x, y) and the white of daylight."""
    columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in corners]).T
    white = np.array([0.3127 / 0.3290, 1.0, (1 - 0.3127 - 0.3290) / 0.3290])
    return np.asarray(columns * np.linalg.solve(columns, white))


HD = to_xyz((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
WIDE = to_xyz((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))


def stored(nits: Light, curve: int) -> Light:
    """Light in nits of BT.2020's primaries as a file holds it, from 0 to 1."""
    if curve == ORDINARY:
        return np.asarray((nits / PAPER_NITS) ** (1 / 2.4))
    if curve == PQ:
        share = (nits / 10_000) ** (2610 / 16384)
        return np.asarray(((3424 / 4096 + 2413 / 128 * share) / (1 + 2392 / 128 * share)) ** (2523 / 32))
    bright = (nits / 1000) @ np.array([0.2627, 0.6780, 0.0593])
    scene = nits / 1000 * np.maximum(bright, 1e-9)[..., None] ** (1 / 1.2 - 1)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    found: Light = np.where(scene <= 1 / 12, np.sqrt(3 * scene), a * np.log(np.maximum(12 * scene - b, 1e-9)) + c)
    return found


def wide_clip(path: Path, curve: int, *, codec: str = "libx265", pixels: str = "yuv420p10le") -> Path:
    """The corners as light, paper at 203 nits; in the middle two lamps of 400 and 1000 nits where it is HDR."""
    rgb = np.asarray(corpus.picture(SIZE)).astype(np.float64) / 255
    nits = PAPER_NITS * rgb**2.4
    if curve != ORDINARY:
        nits[36:54, 60:78], nits[36:54, 82:100] = 400.0, 1000.0
    red, green, blue = np.moveaxis(stored(np.maximum(nits @ (np.linalg.inv(WIDE) @ HD).T, 0), curve), -1, 0)
    luma = 0.2627 * red + 0.6780 * green + 0.0593 * blue
    planes = (luma, (blue - luma) / 1.8814, (red - luma) / 1.4746)
    scale, kind = (4, np.uint16) if pixels.endswith("10le") else (1, np.uint8)
    y, u, v = (
        np.round((base + reach * plane[::step, ::step]) * scale).astype(kind)
        for plane, base, reach, step in zip(planes, (16, 128, 128), (219, 224, 224), (1, 2, 2), strict=True)
    )
    packed = np.concatenate([part.reshape(-1) for part in (y, u, v)]).reshape(SIZE[1] * 3 // 2, SIZE[0])
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        quick = {"preset": "ultrafast", "crf": "8"} | ({"x265-params": "log-level=none"} if codec == "libx265" else {})
        video: Any = out.add_stream(codec, rate=25, options=quick)
        video.width, video.height, video.pix_fmt = *SIZE, pixels
        for name, value in (("colorspace", 9), ("color_primaries", 9), ("color_trc", curve)):
            setattr(video.codec_context, name, value)
        for number in range(6):
            frame = VideoFrame.from_ndarray(packed, format=pixels)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    return path


def grey(image: Image.Image, at: tuple[int, int]) -> int:
    seen = image.convert("RGB").getpixel(at)
    assert isinstance(seen, tuple)
    assert max(seen) - min(seen) < 12, f"{seen} is no grey"
    return int(seen[1])


@pytest.mark.asyncio
@pytest.mark.parametrize("curve", [PQ, HLG])
async def test_hdr_is_shown_as_ordinary_video_shows_it(take: Take, tmp_path: Path, curve: int) -> None:
    ready = await take(wide_clip(tmp_path / "hdr", curve))
    assert ready.done == ("converted", "tone mapped")
    seen = Seen(ready.path)
    assert (seen.pixels, seen.colorspace) == ("yuv420p", 1)
    frame = seen.frames[-1]
    assert corpus.corner_names(frame, apart=120) == corpus.UPRIGHT
    assert grey(frame, (80, 20)) == pytest.approx(120, abs=8), "a little darker, to leave room for lamps"
    dim, bright = grey(frame, (68, 45)), grey(frame, (90, 45))
    assert 190 < dim < bright - 15
    assert bright > 245


@pytest.mark.asyncio
async def test_wide_colours_of_ordinary_brightness_stay_as_they_were(take: Take, tmp_path: Path) -> None:
    ready = await take(wide_clip(tmp_path / "wide", ORDINARY))
    frame = Seen(ready.path).frames[-1]
    assert corpus.corner_names(frame, apart=24) == corpus.UPRIGHT
    assert grey(frame, (80, 20)) == pytest.approx(128, abs=4)


@pytest.mark.asyncio
async def test_hdr_in_an_ordinary_codec_is_not_passed_on_as_it_is(take: Take, tmp_path: Path) -> None:
    ready = await take(wide_clip(tmp_path / "hdr", HLG, codec="libx264", pixels="yuv420p"))
    assert ready.done == ("tone mapped",)
    assert corpus.corner_names(Seen(ready.path).frames[-1], apart=120) == corpus.UPRIGHT


def woven(at: float) -> Image.Image:
    """A bar that moves, with the odd lines half a frame later; white for a moment, as the other clips are."""
    if FLASH_AT <= at < FLASH_AT + 0.3:
        return Image.new("RGB", TALL, (255, 255, 255))
    moments = [np.zeros((TALL[1], TALL[0], 3), np.uint8) for _ in range(2)]
    for moment, picture in enumerate(moments):
        begin = round((at + moment * 0.02) * 300) % 120
        picture[:, begin : begin + 30] = 200
    both = moments[0].copy()
    both[1::2] = moments[1][1::2]
    return Image.fromarray(both)


def combing(image: Image.Image) -> float:
    """How much lines differ from both neighbours, on the average."""
    lines = np.asarray(image.convert("L")).astype(int)
    return float(np.abs(2 * lines[1:-1] - lines[:-2] - lines[2:]).mean())


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "facts",
    [
        {"codec": "libx264", "options": {"flags": "+ildct+ilme", "preset": "ultrafast", "x264-params": "tff=1"}},
        {"codec": "mpeg2video", "form": "matroska", "options": {"flags": "+ildct+ilme", "b": "4000000"}},
    ],
    ids=["h264", "mpeg2"],
)
async def test_interlaced_frames_are_made_whole_and_nothing_moves(
    take: Take, tmp_path: Path, facts: dict[str, Any]
) -> None:
    path = corpus.clip(tmp_path / "camcorder", size=TALL, paint=woven, **facts)
    ready = await take(path)
    before, after = Seen(path), Seen(ready.path)
    assert "deinterlaced" in ready.done
    assert combing(before.frames[5]) > 3 * combing(after.frames[5])
    assert len(after.frames) == len(before.frames) == 50
    assert after.flash_at == pytest.approx(FLASH_AT, abs=0.001)
    assert after.tone_at == pytest.approx(FLASH_AT, abs=0.03)
