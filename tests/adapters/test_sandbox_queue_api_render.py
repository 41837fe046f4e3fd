"""Every operation of the stand-in gives a clip that plays and that shows what went in."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import aiohttp
import numpy as np
import pytest
import pytest_asyncio

from sandbox.queue_api import QueueStandIn
from tests.adapters.sandbox_material import PNG, Caller, Pixels, Seen, clip, look, picture

pytestmark = pytest.mark.xdist_group("render")  # its stand-in is started once

RED = ("red.png", picture(process=(220, 20, 20), dot=(250, 230, 230)), "image/png")
GREEN = ("green.png", picture(process=(20, 170, 40), dot=(230, 250, 230)), "image/png")
GARMENT = ("shirt.png", picture(200, 200, process=(255, 255, 255), dot=(200, 0, 160)), "image/png")
VIDEO = ("walk.mp4", clip(), "video/mp4")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def caller() -> AsyncIterator[Caller]:
    """One stand-in with tiny clips for all of these tests, so that its workers start once."""
    async with (
        QueueStandIn(preview_width=160, clip_seconds=2.0, workers=1) as standin,
        aiohttp.ClientSession() as session,
    ):
        yield Caller(standin, session)


async def make(caller: Caller, model: str, texts: dict[str, str], files: dict[str, tuple[str, bytes, str]]) -> Seen:
    """The clip that comes of an order, checked for what every clip must be."""
    job_id = await caller.taken(model, {"seed": "7", **texts}, files)
    await caller.standin.drawn(job_id)
    assert await caller.get(job_id) == (200, {"job_id": job_id, "status": "completed"})
    seen = look(await caller.result(job_id))
    assert (seen.codec, seen.pix_fmt, seen.index_first) == ("h264", "yuv420p", True)
    assert 2.0 <= seen.seconds <= 5.0
    assert seen.size[0] % 2 == seen.size[1] % 2 == 0
    return seen


def difference(one: Pixels, other: Pixels) -> float:
    """The mean difference of two frames' values, 0..255."""
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


def mean_colour(frame: Pixels) -> tuple[float, float, float]:
    red, green, blue = frame.reshape(-1, 3).mean(axis=0)
    return float(red), float(green), float(blue)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_prompt_becomes_moving_words_that_its_seed_changes(caller: Caller) -> None:
    seen = await make(caller, "lucy-pro-t2v", {"prompt": "a cat playing piano"}, {})
    assert seen.size == (160, 88)
    assert seen.fps == 25
    assert difference(seen.frames[0], seen.frames[len(seen.frames) // 2]) > 8
    white = (seen.frames[0] > 225).all(axis=2).mean()
    assert 0.01 < white < 0.4
    other = await make(caller, "lucy-pro-t2v", {"prompt": "a cat playing piano", "seed": "8"}, {})
    assert difference(seen.frames[0], other.frames[0]) > 8


@pytest.mark.asyncio(loop_scope="module")
async def test_the_same_order_gives_the_same_clip(caller: Caller) -> None:
    one, two = [await caller.taken("lucy-pro-t2v", {"prompt": "twice", "seed": "1"}) for _ in range(2)]
    assert one != two
    assert await caller.result(one) == await caller.result(two)


@pytest.mark.asyncio(loop_scope="module")
async def test_portrait_is_upright_and_480p_is_smaller(caller: Caller) -> None:
    upright = await make(caller, "lucy-pro-t2v", {"prompt": "a tower", "orientation": "portrait"}, {})
    assert upright.size == (88, 160)
    small = await make(caller, "lucy-pro-t2v", {"prompt": "a tower", "resolution": "480p"}, {})
    assert small.size == (110, 60)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("model", ["lucy-pro-i2v", "lucy-dev-i2v"])
async def test_a_picture_is_moved_over(caller: Caller, model: str) -> None:
    seen = await make(caller, model, {"prompt": "it breathes"}, {"data": PNG})
    red, green, blue = seen.frames[0][4, 4]
    assert (red, green, blue) == pytest.approx((30, 90, 200), abs=25)
    yellow = [int(((frame[..., 0] > 200) & (frame[..., 2] < 110)).sum()) for frame in (seen.frames[0], seen.frames[-1])]
    assert min(yellow) > 0
    assert abs(yellow[0] - yellow[1]) > 0.2 * min(yellow), "the dot should grow or shrink"


@pytest.mark.asyncio(loop_scope="module")
async def test_an_upright_picture_gives_an_upright_clip(caller: Caller) -> None:
    upright = ("tall.png", picture(90, 160), "image/png")
    assert (await make(caller, "lucy-pro-i2v", {"prompt": "up"}, {"data": upright})).size == (88, 160)


@pytest.mark.asyncio(loop_scope="module")
async def test_first_becomes_last(caller: Caller) -> None:
    seen = await make(caller, "lucy-pro-flf2v", {"prompt": "turn"}, {"start": RED, "end": GREEN})
    first, middle, last = (seen.frames[at][4, 4].astype(int) for at in (0, len(seen.frames) // 2, -1))
    assert first[0] > 180 > 60 > first[1]
    assert last[1] > 130 > 60 > last[0]
    assert 60 < middle[0] < 180


@pytest.mark.asyncio(loop_scope="module")
async def test_motion_follows_its_points(caller: Caller) -> None:
    points = [{"frame": 0, "x": 640, "y": 352}, {"frame": 30, "x": 1120, "y": 150}, {"frame": 60, "x": 160, "y": 500}]
    seen = await make(caller, "lucy-motion", {"trajectory": json.dumps(points)}, {"data": PNG})
    assert len(seen.frames) == 61
    for point in points:
        x, y = round(point["x"] / 8), round(point["y"] / 8)
        red, _, blue = (int(value) for value in seen.frames[point["frame"]][y, x])
        assert red > 180 > 120 > blue, f"the yellow piece should be at {point}"
        elsewhere = seen.frames[point["frame"]][8, 8]
        assert int(elsewhere[2]) > int(elsewhere[0])


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("model", "fps", "size"),
    [("lucy-clip", 25, (160, 88)), ("lucy-fast-v2v", 25, (160, 88)), ("lucy-restyle-2", 22, (160, 88)),
     ("lucy-latest", 20, (160, 90)), ("lucy-vton-latest", 20, (160, 92))],
)  # fmt: skip
async def test_a_video_is_changed_and_keeps_its_sound(
    caller: Caller, model: str, fps: int, size: tuple[int, int]
) -> None:
    seen = await make(caller, model, {"prompt": "everything purple"}, {"data": VIDEO})
    assert (seen.fps, seen.size) == (fps, size)
    assert seen.seconds == pytest.approx(2.2, abs=0.06)
    assert seen.loudness == pytest.approx(0.4 / np.sqrt(2), rel=0.15)
    red, green, blue = mean_colour(seen.frames[5][45:60, 65:95])
    assert min(red, blue) > green, "purple, where green went in"
    assert difference(seen.frames[0], seen.frames[20]) > 1, "the square should still move"


@pytest.mark.asyncio(loop_scope="module")
async def test_a_reference_gives_its_colours(caller: Caller) -> None:
    plain = await make(caller, "lucy-restyle-2", {"prompt": "black and white"}, {"data": VIDEO})
    red = await make(caller, "lucy-restyle-2", {}, {"data": VIDEO, "reference_image": RED})
    assert mean_colour(plain.frames[3])[0] == pytest.approx(mean_colour(plain.frames[3])[1], abs=12)
    assert mean_colour(red.frames[3])[0] > mean_colour(red.frames[3])[1] + 60


@pytest.mark.asyncio(loop_scope="module")
async def test_a_garment_lies_over_the_video(caller: Caller) -> None:
    seen = await make(caller, "lucy-2.1-vton", {"prompt": ""}, {"data": VIDEO, "reference_image": GARMENT})
    red, green, blue = (int(value) for value in seen.frames[10][50, 80])
    assert red > 150 > 100 > green
    assert blue > 110
    corner = seen.frames[10][60, 6]
    assert int(corner[1]) > int(corner[0]), "beside the garment the video is as it was"


@pytest.mark.asyncio(loop_scope="module")
async def test_a_short_silent_video_is_held_to_two_seconds(caller: Caller) -> None:
    short = ("short.mp4", clip(seconds=0.5, sound=False), "video/mp4")
    seen = await make(caller, "lucy-clip", {"prompt": "cartoon"}, {"data": short})
    assert (seen.seconds, seen.loudness) == (2.0, 0.0)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_large_result_is_padded_and_still_plays(caller: Caller) -> None:
    job_id = await caller.taken("lucy-pro-t2v", {"prompt": "[big 3] poster", "seed": "7"})
    data = await caller.result(job_id)
    assert len(data) == 3_000_000
    assert look(data).seconds == 2.0


@pytest.mark.asyncio(loop_scope="module")
async def test_a_heavy_result_is_large_in_earnest(caller: Caller) -> None:
    job_id = await caller.taken("lucy-2.1", {"prompt": "[heavy 3]"}, {"data": VIDEO})
    data = await caller.result(job_id)
    assert 2_000_000 < len(data) < 5_000_000
    assert b"free" not in data[-3_000_000:][:4]
