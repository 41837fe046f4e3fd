"""Results made ready for Discord: probed, index first, smaller, with a poster; through the guarded child."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot.errors import ResultInvalid
from bot.media.boxes import faststart_of
from bot.rules.media import Dimensions, Fitted
from tests import corpus
from tests.corpus import FLASH_AT, Seen
from tests.media_workers import an_encoder

pytestmark = pytest.mark.programs


@pytest.mark.asyncio
async def test_a_probe_tells_what_the_bytes_are(tmp_path: Path) -> None:
    path = corpus.clip(tmp_path / "result", size=(320, 180), rate=Fraction(30), seconds=2)
    probe = await an_encoder().probe(path)
    assert (probe.width, probe.height, probe.fps) == (320, 180, 30)
    assert probe.seconds == pytest.approx(2)
    assert (probe.video, probe.audio, probe.pixels, probe.faststart) == ("h264", "aac", "yuv420p", True)
    assert probe.size_bytes == path.stat().st_size


@pytest.mark.asyncio
async def test_a_probe_gives_the_size_as_it_is_shown(tmp_path: Path) -> None:
    path = corpus.with_matrix(corpus.clip(tmp_path / "x", size=(320, 180), seconds=0.2, sound=None), 90)
    probe = await an_encoder().probe(path)
    assert (probe.width, probe.height, probe.audio) == (180, 320, None)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "content", [b"", bytes(5000), b"<html>not found</html>", b"\x00\x00\x00\x18ftypisom" + bytes(90)]
)
async def test_what_is_no_video_is_no_result(tmp_path: Path, content: bytes) -> None:
    path, to = tmp_path / "result", tmp_path / "to"
    path.write_bytes(content)
    for attempt in (
        an_encoder().probe(path),
        an_encoder().faststart(path, to),
        an_encoder().fit(path, to, 10_000),
        an_encoder().poster(path, to),
    ):
        with pytest.raises(ResultInvalid):
            await attempt
    assert not to.exists()


@pytest.mark.asyncio
async def test_an_index_that_comes_first_is_left_alone(tmp_path: Path) -> None:
    path = corpus.clip(tmp_path / "x", size=(320, 180), seconds=0.4)
    assert await an_encoder().faststart(path, tmp_path / "to") == (path, Dimensions(width=320, height=180, seconds=0.4))
    assert not (tmp_path / "to").exists()


@pytest.mark.asyncio
@pytest.mark.parametrize("sound", ["aac", "libopus", "libmp3lame", None])
async def test_an_index_at_the_end_is_moved_and_nothing_else_changes(tmp_path: Path, sound: str | None) -> None:
    path = corpus.clip(tmp_path / "x", faststart=False, sound=sound)
    assert not faststart_of(path)
    to, _ = await an_encoder().faststart(path, tmp_path / "to")
    before, after = Seen(path), Seen(to)
    assert to == tmp_path / "to"
    assert faststart_of(to)
    assert [f.tobytes() for f in before.frames] == [f.tobytes() for f in after.frames]
    assert after.sounds == before.sounds
    assert after.tone_at == pytest.approx(before.tone_at, abs=0.002)


@pytest.mark.asyncio
async def test_a_video_in_fragments_is_made_whole(tmp_path: Path) -> None:
    path = corpus.clip(tmp_path / "x", size=(320, 180), movflags="frag_keyframe+empty_moov", seconds=1.5)
    assert not faststart_of(path)
    to, found = await an_encoder().faststart(path, tmp_path / "to")
    assert (found.width, found.height, round(found.seconds or 0, 1)) == (320, 180, 1.5)
    assert faststart_of(to)
    assert len(Seen(to).frames) == 38


async def fitted(path: Path, to: Path, limit: int) -> Fitted | None:
    found = await an_encoder().fit(path, to, limit)
    assert to.exists() == (found is not None)
    if found is not None:
        assert found.size_bytes == to.stat().st_size <= limit
        assert faststart_of(to)
        assert (found.size_bytes_before, found.path) == (path.stat().st_size, to)
        seen = Seen(to)
        assert (seen.codec, seen.pixels, seen.size) == ("h264", "yuv420p", (found.width, found.height))
    return found


@pytest.mark.asyncio
@pytest.mark.parametrize("share", [0.99, 0.5, 0.17, 0.08])
async def test_noise_comes_under_every_limit(tmp_path: Path, share: float) -> None:
    """As clips of 10.1, 20 and 60 MB do under 10 MB: the worst that an encoder can be given, in small."""
    size = (192, 108)
    quick = {"crf": "20", "preset": "ultrafast"}
    path = corpus.clip(tmp_path / "x", size=size, seconds=1.6, paint=corpus.noise(size), options=quick)
    found = await fitted(path, tmp_path / "to", int(path.stat().st_size * share))
    assert found is not None
    assert not found.audio_dropped
    assert found.seconds == pytest.approx(1.6, abs=0.05)
    assert len(Seen(found.path).frames) == 40


@pytest.mark.asyncio
async def test_tighter_limits_give_smaller_pictures_in_the_same_shape(tmp_path: Path) -> None:
    size = (480, 270)
    path = corpus.clip(tmp_path / "x", size=size, seconds=1, paint=corpus.noise(size), options={"preset": "ultrafast"})
    widths = []
    for limit in (150_000, 20_000, 9_000):
        found = await fitted(path, tmp_path / "to", limit)
        assert found is not None
        widths.append(found.width)
        assert found.width / found.height == pytest.approx(16 / 9, rel=0.03)
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > widths[-1]


@pytest.mark.asyncio
async def test_a_hopeless_limit_gives_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    size = (320, 180)
    path = corpus.clip(tmp_path / "x", size=size, seconds=3, paint=corpus.noise(size))
    for limit in (0, 100, 5_000):
        assert await fitted(path, tmp_path / "to", limit) is None


@pytest.mark.asyncio
async def test_the_sound_stays_in_step_and_is_left_out_only_where_it_must(tmp_path: Path) -> None:
    size = (320, 180)
    path = corpus.clip(tmp_path / "x", size=size, paint=corpus.flashing_noise(size), start=0.8)
    roomy = await fitted(path, tmp_path / "roomy", 300_000)
    tight = await fitted(path, tmp_path / "tight", 24_000)
    assert roomy is not None
    assert tight is not None
    seen = Seen(roomy.path)
    assert seen.flash_at == pytest.approx(FLASH_AT, abs=0.02)
    assert seen.tone_at == pytest.approx(FLASH_AT, abs=0.03)
    assert seen.loudness == pytest.approx(Seen(path).loudness, rel=0.1)
    assert (roomy.audio_dropped, tight.audio_dropped) == (False, True)
    assert Seen(tight.path).sounds == []


def opened(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        picture.load()
        assert picture.format == "JPEG"
        return picture


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [(320, 180), (180, 320)])
async def test_a_poster_shows_the_second_second_as_it_is_shown(tmp_path: Path, size: tuple[int, int]) -> None:
    path = corpus.clip(tmp_path / "x", size=size, seconds=1.6, sound=None)
    picture = opened(await an_encoder().poster(path, tmp_path / "poster"))
    assert picture.size == size
    assert np.asarray(picture).mean() > 230  # the flash at one second


@pytest.mark.asyncio
async def test_a_poster_of_a_large_or_short_or_turned_clip(tmp_path: Path) -> None:
    size = (1920, 1080)
    path = corpus.clip(tmp_path / "x", size=size, seconds=0.08, sound=None, paint=corpus.still(size))
    picture = opened(await an_encoder().poster(path, tmp_path / "poster"))
    assert picture.size == (1280, 720)
    stored = corpus.picture().transpose(Image.Transpose.ROTATE_90)
    path = corpus.clip(tmp_path / "y", size=stored.size, seconds=0.2, sound=None, paint=lambda _: stored)
    picture = opened(await an_encoder().poster(corpus.with_matrix(path, 90), tmp_path / "poster"))
    assert math.prod(picture.size) == 320 * 180
    assert corpus.corner_names(picture) == corpus.UPRIGHT
