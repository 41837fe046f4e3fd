"""Videos as members attach them, through the guarded child: rates, turns, sizes, sound, and what is refused."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Awaitable, Callable
from fractions import Fraction
from io import BytesIO
from itertools import accumulate, pairwise
from pathlib import Path
from statistics import median_low
from typing import Any

import av
import pytest
from PIL import Image

from bot.errors import (
    FileBroken,
    FileEmpty,
    FileUnsupported,
    InputRejected,
    PictureTooSmall,
    StartPastEnd,
    VideoTooLarge,
)
from bot.media.boxes import faststart_of
from bot.media.budget import CLIP_PICTURES
from bot.media.changes import DEEDS
from bot.media.clips import span_of
from bot.media.look import look_at
from bot.media.service import Ready
from bot.media.tracks import opened_clip, tracks_of
from bot.rules.catalog import Kind, Model
from tests import corpus
from tests.corpus import FLASH_AT, Seen
from tests.jobs import CATALOG
from tests.media_workers import a_normaliser

pytestmark = pytest.mark.programs

MODEL = CATALOG.get("lucy-fast-v2v")  # 1280 by 704, 25 frames a second, a minute
SMALL = MODEL.model_copy(update={"frame": (320, 176)})
BRIEF = MODEL.model_copy(update={"max_input_seconds": 3})
Take = Callable[..., Awaitable[Ready]]


@pytest.fixture
def take(tmp_path: Path) -> Take:
    async def taken(path: Path, model: Model = MODEL) -> Ready:
        ready = await a_normaliser().ready(path, tmp_path / "ready", kind=Kind.VIDEO, model=model)
        assert set(ready.done) <= DEEDS.keys()
        return ready

    return taken


async def refusal(take: Take, path: Path, model: Model = MODEL) -> InputRejected:
    with pytest.raises(InputRejected) as caught:
        await take(path, model)
    return caught.value


def assert_plain(path: Path) -> Seen:
    """What every model takes: H.264 in 4:2:0 with even sides at an even rate, AAC or nothing, its index first."""
    seen = Seen(path)
    assert (seen.codec, seen.pixels) == ("h264", "yuv420p")
    assert seen.size[0] % 2 == seen.size[1] % 2 == 0
    assert set(seen.sounds) <= {"aac"}
    assert faststart_of(path)
    gaps = {round((after - before) * float(seen.rate), 2) for before, after in pairwise(seen.times)}
    assert gaps <= {1.0}
    return seen


@pytest.mark.asyncio
@pytest.mark.parametrize("sound", ["aac", None])
async def test_a_clip_that_is_fine_stays_as_it_is(take: Take, tmp_path: Path, sound: str | None) -> None:
    path = corpus.clip(tmp_path / "cat.exe", sound=sound)
    before = path.read_bytes()
    ready = await take(path)
    assert (ready.path, ready.content_type, ready.suffix, ready.done) == (path, "video/mp4", ".mp4", ())
    assert path.read_bytes() == before
    assert not (tmp_path / "ready").exists()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("facts", "done"),
    [
        ({"faststart": False}, ("rewrapped",)),
        ({"form": "mov"}, ("rewrapped",)),
        ({"form": "matroska"}, ("rewrapped",)),
        ({"form": "matroska", "options": {"preset": "medium", "bf": "3"}}, ("rewrapped",)),
        ({"form": "mov", "sound": "pcm_s16le"}, ("rewrapped", "sound converted")),
        ({"form": "matroska", "sound": "libopus"}, ("rewrapped", "sound converted")),
        ({"sound": "libmp3lame"}, ("rewrapped", "sound converted")),
    ],
)
async def test_good_pictures_are_not_encoded_again_for_their_wrapping(
    take: Take, tmp_path: Path, facts: dict[str, Any], done: tuple[str, ...]
) -> None:
    path = corpus.clip(tmp_path / "clip", **facts)
    ready = await take(path)
    assert ready.done == done
    before, after = Seen(path), assert_plain(ready.path)
    assert [image.tobytes() for image in after.frames] == [image.tobytes() for image in before.frames]
    assert after.tone_at == pytest.approx(FLASH_AT, abs=0.03)
    assert after.loudness == pytest.approx(before.loudness, rel=0.05)


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="the system has no such priorities")
def test_drawing_a_clip_for_the_tests_leaves_their_process_as_urgent_as_it_was(tmp_path: Path) -> None:
    before = os.sched_getscheduler(0)
    corpus.clip(tmp_path / "clip", form="webm", codec="libsvtav1", sound=None, seconds=0.2)
    assert os.sched_getscheduler(0) == before


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "facts",
    [
        {"form": "webm", "codec": "libvpx-vp9", "sound": "libopus"},
        {"form": "webm", "codec": "libvpx", "sound": "libopus", "channels": 1},
        {"form": "webm", "codec": "libsvtav1", "sound": "libopus"},
        {"codec": "libx265", "pixels": "yuv420p10le"},
        {"pixels": "yuv420p10le"},
        {"pixels": "yuv444p"},
        {"pixels": "yuvj420p"},
        {"form": "mov", "codec": "prores_ks", "pixels": "yuv422p10le", "sound": "pcm_s16le", "channels": 1},
        {"form": "mov", "codec": "mjpeg", "pixels": "yuvj420p", "sound": "pcm_s16le"},
        {"form": "mov", "codec": "png", "pixels": "rgb24"},
        {"form": "matroska", "codec": "mpeg4", "sound": "aac", "channels": 6},
        {"form": "matroska", "codec": "mpeg4", "sound": "libmp3lame", "sound_rate": 22_050, "channels": 1},
        {"form": "matroska", "codec": "mpeg4", "sound": "pcm_s16le", "sound_rate": 9_000},
    ],
    ids=lambda facts: "-".join(str(fact) for fact in facts.values()),
)
async def test_other_codecs_become_h264_with_the_sound_in_step(
    take: Take, tmp_path: Path, facts: dict[str, Any]
) -> None:
    path = corpus.clip(tmp_path / "clip", **facts)
    ready = await take(path)
    before, after = Seen(path), assert_plain(ready.path)
    assert "converted" in ready.done
    assert corpus.corner_names(after.frames[3]) == corpus.UPRIGHT
    assert len(after.frames) == len(before.frames) == 50
    assert after.flash_at == pytest.approx(FLASH_AT, abs=0.021)
    assert after.tone_at == pytest.approx(FLASH_AT, abs=0.03)
    assert after.loudness == pytest.approx(before.loudness, rel=0.1)
    assert after.channels == before.channels or before.channels > 2


@pytest.mark.asyncio
@pytest.mark.parametrize(("codec", "sound"), [("mpeg4", "libmp3lame"), ("libx264", "aac"), ("mjpeg", "pcm_s16le")])
async def test_avi_becomes_mp4_with_the_sound_where_it_was(take: Take, tmp_path: Path, codec: str, sound: str) -> None:
    pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    path = corpus.clip(tmp_path / "old", form="avi", codec=codec, pixels=pixels, sound=sound)
    before, after = Seen(path), Seen((await take(path)).path)
    assert (after.codec, after.sounds) == ("h264", ["aac"])
    lag = before.tone_at - before.flash_at  # FFmpeg's AVI begins with an empty frame
    assert after.tone_at - after.flash_at == pytest.approx(lag, abs=0.045)
    assert after.loudness == pytest.approx(before.loudness, rel=0.1)


def uneven(pattern: tuple[float, ...], seconds: float = 2.0) -> list[float]:
    times = [0.0, *accumulate(pattern * 200)]
    return [at for at in times if at < seconds]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("times", "rate"),
    [
        (uneven((0.04, 0.12, 0.04, 0.08)), Fraction(25)),
        (uneven((0.02, 0.02, 0.08)), Fraction(50)),
        (uneven((1 / 30, 1 / 30, 1 / 30, 2 / 30)), Fraction(30)),
        (uneven((1 / 240, 1 / 240, 1 / 100)), Fraction(25)),
        (uneven((0.5, 0.6)), Fraction(25)),
    ],
)
async def test_uneven_rates_become_even_without_moving_anything(
    take: Take, tmp_path: Path, times: list[float], rate: Fraction
) -> None:
    path = corpus.clip(tmp_path / "phone", times=times)
    ready = await take(path)
    before, after = Seen(path), assert_plain(ready.path)
    assert "even rate" in ready.done
    assert after.rate == rate
    assert after.flash_at == pytest.approx(before.flash_at, abs=0.6 / float(rate))
    assert after.tone_at == pytest.approx(FLASH_AT, abs=0.02)
    usual = median_low(b - a for a, b in pairwise(times))
    assert len(after.frames) / float(rate) == pytest.approx(times[-1] + usual, abs=0.06)


@pytest.mark.asyncio
@pytest.mark.parametrize("rate", [Fraction(24), Fraction(30_000, 1001), Fraction(30), Fraction(60), Fraction(15)])
@pytest.mark.parametrize("form", ["mp4", "matroska"])
async def test_even_rates_are_kept_exactly(take: Take, tmp_path: Path, rate: Fraction, form: str) -> None:
    path = corpus.clip(tmp_path / "clip", form=form, codec="mpeg4", rate=rate, seconds=1.5)
    after = assert_plain((await take(path)).path)
    assert after.rate == rate
    assert len(after.frames) == round(1.5 * rate)


@pytest.mark.asyncio
@pytest.mark.parametrize("rate", [Fraction(1), Fraction(120)])
async def test_very_slow_and_very_quick_clips_get_the_models_rate(take: Take, tmp_path: Path, rate: Fraction) -> None:
    after = assert_plain((await take(corpus.clip(tmp_path / "clip", rate=rate, seconds=2))).path)
    assert after.rate == 25
    assert len(after.frames) == 50


@pytest.mark.asyncio
@pytest.mark.parametrize("turn", list(corpus.TURNED))
@pytest.mark.parametrize("form", ["mp4", "mov"])
async def test_a_phones_video_comes_out_upright(take: Take, tmp_path: Path, turn: int | str, form: str) -> None:
    undo = {
        90: Image.Transpose.ROTATE_90,
        180: Image.Transpose.ROTATE_180,
        270: Image.Transpose.ROTATE_270,
        "mirrored": Image.Transpose.FLIP_LEFT_RIGHT,
        "turned and mirrored": Image.Transpose.TRANSPOSE,
    }
    upright = corpus.picture((160, 90))
    stored = upright.transpose(undo[turn]) if turn else upright
    path = corpus.clip(tmp_path / "phone", form=form, size=stored.size, seconds=0.4, sound=None, paint=lambda _: stored)
    ready = await take(corpus.with_matrix(path, turn))
    after = assert_plain(ready.path)
    assert after.size == (160, 90)
    assert corpus.corner_names(after.frames[-1]) == corpus.UPRIGHT
    assert ("turned" in ready.done) == bool(turn)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((640, 360), (312, 176)),
        ((360, 640), (176, 312)),
        ((400, 400), (176, 176)),
        ((161, 91), (160, 90)),
        ((16, 16), (16, 16)),
    ],
)
async def test_sizes_come_within_the_frame_with_even_sides(
    take: Take, tmp_path: Path, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    path = corpus.clip(
        tmp_path / "clip", form="matroska", codec="ffv1", pixels="yuv444p", size=size, seconds=0.2, sound=None
    )
    after = assert_plain((await take(path, SMALL)).path)
    assert after.size == expected
    if min(expected) >= 16:
        assert corpus.corner_names(after.frames[0]) == corpus.UPRIGHT


@pytest.mark.asyncio
@pytest.mark.parametrize(("stretch", "size"), [(Fraction(4, 3), (212, 90)), (Fraction(1, 2), (80, 90))])
async def test_pixels_that_are_not_square_are_made_so(
    take: Take, tmp_path: Path, stretch: Fraction, size: tuple[int, int]
) -> None:
    ready = await take(corpus.clip(tmp_path / "tape", stretch=stretch, seconds=0.2))
    seen = assert_plain(ready.path)
    assert ready.done == ("resized",)
    assert seen.size == size
    assert seen.stretch in {None, 0, 1}


@pytest.mark.asyncio
@pytest.mark.parametrize("sound", ["aac", "libmp3lame"])
async def test_a_clip_that_begins_late_keeps_its_sound_in_step(take: Take, tmp_path: Path, sound: str) -> None:
    path = corpus.clip(tmp_path / "late", codec="mpeg4", sound=sound, start=1.6)
    after = assert_plain((await take(path)).path)
    assert after.flash_at == pytest.approx(FLASH_AT, abs=0.001)
    assert after.tone_at == pytest.approx(FLASH_AT, abs=0.03)
    assert len(after.frames) == 50


@pytest.mark.asyncio
@pytest.mark.parametrize("sound", ["aac", "libopus"])
@pytest.mark.parametrize(("begin", "length"), [(0.5, None), (0.0, 4.0), (0.0, 1.2)])
async def test_sound_that_begins_late_or_ends_elsewhere_stays_in_step(
    take: Take, tmp_path: Path, sound: str, begin: float, length: float | None
) -> None:
    path = corpus.clip(
        tmp_path / "x", form="matroska", codec="mpeg4", sound=sound, sound_start=begin, sound_seconds=length
    )
    after = assert_plain((await take(path)).path)
    assert after.flash_at == pytest.approx(FLASH_AT, abs=0.001)
    assert after.tone_at == pytest.approx(FLASH_AT, abs=0.03)
    assert len(after.frames) == 50


@pytest.mark.asyncio
async def test_a_size_that_changes_on_the_way_is_evened_out(take: Take, tmp_path: Path) -> None:
    path = corpus.changing_size(tmp_path / "call.mkv", [(160, 90), (320, 180)])
    after = assert_plain((await take(path)).path)
    assert {image.size for image in after.frames} == {(160, 90)}
    assert corpus.corner_names(after.frames[0]) == corpus.corner_names(after.frames[-1]) == corpus.UPRIGHT


@pytest.mark.asyncio
async def test_colours_that_are_named_keep_their_names(take: Take, tmp_path: Path) -> None:
    path = corpus.clip(tmp_path / "hd", codec="libx265", seconds=0.3, tags={"colorspace": 1, "color_primaries": 1})
    before, after = Seen(path), assert_plain((await take(path)).path)
    assert after.colorspace == 1
    for place in ((8, 8), (150, 8), (8, 80), (150, 80)):
        was, now = (seen.frames[3].convert("RGB").getpixel(place) for seen in (before, after))
        assert now == pytest.approx(was, abs=6)


@pytest.mark.asyncio
@pytest.mark.parametrize("form", ["GIF", "WEBP"])
async def test_animations_become_clips(take: Take, tmp_path: Path, form: str) -> None:
    path = corpus.animation(tmp_path / "dance", form, frames=20, milliseconds=100)
    ready = await take(path)
    after = assert_plain(ready.path)
    assert (int(after.rate), len(after.frames)) == (25, 50)
    assert corpus.corner_names(after.frames[0]) == corpus.UPRIGHT
    assert after.frames[30].convert("L").getpixel((48, 27)) == pytest.approx(255, abs=40)  # see-through in the middle
    assert ready.done == ("converted",)


@pytest.mark.asyncio
async def test_frames_of_an_animation_last_as_long_as_they_say(take: Take, tmp_path: Path) -> None:
    path = corpus.animation(tmp_path / "slow", frames=3, milliseconds=400)
    seen = assert_plain((await take(path)).path)
    changes = [n for n, (a, b) in enumerate(pairwise(seen.frames), 1) if corpus.differ(a, b)]
    assert changes == [10, 20]
    assert len(seen.frames) == 30


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [(640, 16), (322, 2), (8, 8)])
async def test_a_line_and_a_dot_are_refused_with_what_the_model_would_get(
    take: Take, tmp_path: Path, size: tuple[int, int]
) -> None:
    path = corpus.clip(
        tmp_path / "clip", form="matroska", codec="ffv1", pixels="yuv444p", size=size, seconds=0.2, sound=None
    )
    error = await refusal(take, path, SMALL)
    assert isinstance(error, PictureTooSmall)
    assert (error.facts["width"], error.facts["height"], error.facts["limit"]) == (*size, 16)


@pytest.mark.asyncio
async def test_a_clip_over_the_models_length_is_shortened_to_it(take: Take, tmp_path: Path) -> None:
    ready = await take(corpus.clip(tmp_path / "x", seconds=4), BRIEF)
    after = assert_plain(ready.path)
    assert ready.done == ("shortened",)
    assert len(after.frames) == 75
    assert len(after.sound) / 48_000 == pytest.approx(3, abs=0.05)
    assert ready.seconds == 3
    assert after.flash_at == pytest.approx(FLASH_AT, abs=0.001)
    assert (await take(corpus.clip(tmp_path / "y", seconds=3.4), BRIEF)).done == ()


@pytest.mark.asyncio
@pytest.mark.parametrize(("form", "sound"), [("mp4", "aac"), ("matroska", "libopus"), ("mpegts", "aac")])
async def test_a_clip_is_taken_from_the_second_that_its_member_names(tmp_path: Path, form: str, sound: str) -> None:
    path = corpus.clip(tmp_path / "x", form=form, seconds=3, sound=sound, options={"g": "12", "preset": "ultrafast"})
    ready = await a_normaliser().ready(path, tmp_path / "ready", kind=Kind.VIDEO, model=MODEL, start_seconds=0.7)
    after = assert_plain(ready.path)
    assert "shortened" in ready.done
    assert after.flash_at == pytest.approx(FLASH_AT - 0.7, abs=0.021)
    assert after.tone_at == pytest.approx(FLASH_AT - 0.7, abs=0.03)
    assert len(after.frames) == pytest.approx((3 - 0.7) * 25, abs=1)
    assert ready.seconds == pytest.approx(2.3, abs=0.05)


@pytest.mark.asyncio
async def test_a_clip_can_not_be_taken_from_where_it_has_ended(take: Take, tmp_path: Path) -> None:
    clip = corpus.clip(tmp_path / "x", seconds=1)
    animated = corpus.animation(tmp_path / "y", frames=5)
    for path, last in ((clip, 0.9), (animated, 0.4)):
        with pytest.raises(StartPastEnd) as caught:
            await a_normaliser().ready(path, tmp_path / "to", kind=Kind.VIDEO, model=MODEL, start_seconds=7)
        assert caught.value.facts["start_seconds"] == 7
        assert not (tmp_path / "to").exists()
        with pytest.raises(StartPastEnd):  # a moment is left, and would be paid for
            await a_normaliser().ready(path, tmp_path / "to", kind=Kind.VIDEO, model=MODEL, start_seconds=last)


@pytest.mark.asyncio
async def test_sound_that_outlasts_its_even_pictures_makes_no_clip_longer(take: Take, tmp_path: Path) -> None:
    path = corpus.clip(tmp_path / "x", codec="mpeg4", seconds=1, sound_seconds=5)
    after = assert_plain((await take(path, BRIEF)).path)
    assert len(after.frames) == 25
    assert len(after.sound) / 48_000 == pytest.approx(1, abs=0.05)


@pytest.mark.asyncio
async def test_of_three_hours_of_nothing_the_first_minute_is_taken(take: Take, tmp_path: Path) -> None:
    path = corpus.clip(
        tmp_path / "long", rate=Fraction(1), seconds=10_800, size=(16, 16), sound=None, paint=corpus.still((16, 16))
    )
    ready = await take(path)
    assert ready.seconds == 60
    assert len(assert_plain(ready.path).frames) == 60 * 25


def repeated(path: Path, count: int) -> Path:
    """One picture, over and over, at 25 a second."""
    packed = BytesIO()
    corpus.picture((32, 18)).save(packed, "JPEG")
    with av.open(str(path), "w", format="matroska") as out:
        video: Any = out.add_stream("mjpeg", rate=25)
        video.width, video.height, video.pix_fmt = 32, 18, "yuvj420p"
        for number in range(count):
            packet: Any = av.Packet(packed.getvalue())
            packet.stream, packet.pts, packet.dts, packet.time_base = video, number, number, Fraction(1, 25)
            packet.is_keyframe = True
            out.mux(packet)
    return path


def test_of_a_clip_with_more_pictures_than_may_be_opened_that_many_are_used(tmp_path: Path) -> None:
    path = repeated(tmp_path / "x.mkv", CLIP_PICTURES + 2_000)
    tracks = tracks_of(path, "matroska")
    for begin in (0.0, 70.0):
        with opened_clip(path, "matroska") as source:
            found = look_at(source, tracks, begin=begin, most_seconds=1_800)
        assert found.goes_on
        assert found.seconds - begin == pytest.approx(CLIP_PICTURES / 25, abs=1)
        assert span_of(found.seconds, begin, 1_800).end == found.seconds


@pytest.mark.asyncio
async def test_a_length_that_is_not_announced_is_found_out(take: Take, tmp_path: Path) -> None:
    path = corpus.clip(tmp_path / "live", form="webm", codec="libvpx", sound="libopus", seconds=4)
    ready = await take(corpus.without_length(path), BRIEF)
    assert "shortened" in ready.done
    assert len(assert_plain(ready.path).frames) == 75
    ready = await take(corpus.without_length(corpus.clip(tmp_path / "short", form="webm", codec="libvpx", sound=None)))
    assert ready.done == ("converted",)


@pytest.mark.asyncio
@pytest.mark.parametrize("form", ["GIF", "WEBP"])
async def test_of_animations_of_thousands_of_frames_what_the_model_takes_is_taken(
    take: Take, tmp_path: Path, form: str
) -> None:
    path = corpus.animation(tmp_path / "many", form, frames=1500, milliseconds=50, size=(16, 16))
    ready = await take(path, BRIEF)
    assert ready.done == ("converted", "shortened")
    assert len(assert_plain(ready.path).frames) == 75


@pytest.mark.asyncio
async def test_an_animation_on_a_canvas_of_a_poster_is_refused_with_its_size(take: Take, tmp_path: Path) -> None:
    path = corpus.endless_gif(tmp_path / "x", 500)
    data = bytearray(path.read_bytes())
    data[6:10] = (4001).to_bytes(2, "little") * 2
    path.write_bytes(data)
    error = await refusal(take, path)
    assert error.facts == {"width": 4001, "height": 4001, "limit_pixels": 16_000_000}


@pytest.mark.asyncio
@pytest.mark.parametrize("share", [0.05, 0.5, 0.98])
@pytest.mark.parametrize(
    ("form", "first"), [("mp4", True), ("mp4", False), ("mov", True), ("matroska", True), ("avi", True)]
)
async def test_a_truncated_clip_is_called_broken(
    take: Take, tmp_path: Path, form: str, first: bool, share: float
) -> None:
    whole = corpus.clip(tmp_path / "whole", form=form, faststart=first)
    error = await refusal(take, corpus.cut(whole, tmp_path / "part", share))
    assert isinstance(error, FileBroken)


@pytest.mark.asyncio
@pytest.mark.parametrize("form", ["mp4", "matroska", "avi"])
async def test_pictures_that_are_damaged_inside_never_pass_as_they_are(take: Take, tmp_path: Path, form: str) -> None:
    path = corpus.clip(tmp_path / "x", form=form, sound=None)
    data = bytearray(path.read_bytes())
    middle = len(data) // 3
    data[middle : middle + len(data) // 3] = bytes(len(data) // 3)
    path.write_bytes(data)
    with contextlib.suppress(FileBroken):
        assert_plain((await take(path)).path)


@pytest.mark.asyncio
async def test_sound_without_pictures_is_named(take: Take, tmp_path: Path) -> None:
    error = await refusal(take, corpus.sound_only(tmp_path / "song.mp4"))
    assert isinstance(error, FileUnsupported)
    assert error.facts == {"found": "sound without a picture", "wanted": "video"}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"#EXTM3U\n#EXTINF:5,\nfile:///etc/passwd\n", "playlist"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "text"),
        (b"PK\x03\x04" + bytes(99), "ZIP"),
        (b"<html></html>", "HTML or SVG"),
        (bytes(9999), "nothing but zeros"),
        (b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00" + bytes(99), "sound"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(99), "sound"),
        (b".RMF" + bytes(99), "RealMedia (.rm)"),
        (b"\x06\x0e\x2b\x34" + bytes(99), "MXF"),
        (b"\x00\x00\x00\x01\x67" + bytes(99), "video without a container"),
        (b"\x93" + bytes(99) + b"\x01", "unknown"),
    ],
)
async def test_what_is_no_video_is_named(take: Take, tmp_path: Path, content: bytes, found: str) -> None:
    (tmp_path / "video.mp4").write_bytes(content)
    error = await refusal(take, tmp_path / "video.mp4")
    assert error.facts == {"found": found, "wanted": "video"}


@pytest.mark.asyncio
async def test_a_picture_where_a_video_is_wanted_is_named(take: Take, tmp_path: Path) -> None:
    assert (await refusal(take, corpus.saved(tmp_path / "x.mp4", "PNG"))).facts["found"] == "PNG"
    (tmp_path / "y.mp4").touch()
    assert isinstance(await refusal(take, tmp_path / "y.mp4"), FileEmpty)


@pytest.mark.asyncio
async def test_a_hidden_reference_to_another_file_is_not_followed(take: Take, tmp_path: Path) -> None:
    """A QuickTime file may name another file as the place of its pictures."""
    secret = corpus.clip(tmp_path / "secret.mov", form="mov", sound=None)
    path = corpus.referring(secret, tmp_path / "x.mov")
    assert isinstance(await refusal(take, path), FileBroken)


@pytest.mark.asyncio
async def test_sides_past_any_camera_are_refused_with_their_number(take: Take, tmp_path: Path) -> None:
    path = corpus.clip(
        tmp_path / "wide", codec="mjpeg", form="mov", pixels="yuvj420p", size=(9000, 16), seconds=0.1, sound=None
    )
    error = await refusal(take, path)
    assert isinstance(error, VideoTooLarge)
    assert (error.facts["width"], error.facts["height"]) == (9000, 16)


@pytest.mark.asyncio
@pytest.mark.parametrize(("codec", "pixels"), [("libx265", "yuv420p10le"), ("libx264", "yuv420p")])
async def test_a_camera_of_4k_fits_into_the_childs_memory(take: Take, tmp_path: Path, codec: str, pixels: str) -> None:
    size = (3840, 2160)
    path = corpus.clip(
        tmp_path / "4k", codec=codec, pixels=pixels, size=size, seconds=0.24, sound=None, paint=corpus.still(size)
    )
    after = assert_plain((await take(path)).path)
    assert after.size == (1252, 704)
    assert corpus.corner_names(after.frames[-1]) == corpus.UPRIGHT


@pytest.mark.asyncio
async def test_a_relative_folder_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    corpus.clip(tmp_path / "x", codec="mpeg4", seconds=0.3)
    ready = await a_normaliser().ready(Path("x"), Path("ready"), kind=Kind.VIDEO, model=MODEL)
    assert_plain(ready.path)
