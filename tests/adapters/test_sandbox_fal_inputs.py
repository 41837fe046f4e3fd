"""What the stand-in for fal.ai's queue takes: each model's own fields, and files by both clients' ways."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from sandbox.fal import FalStandIn
from sandbox.fal.fields import Kind
from sandbox.fal.models import MODELS
from tests.adapters.sandbox_fal import T2V, FalCaller
from tests.adapters.sandbox_material import clip, picture
from tests.clock import ManualClock


@pytest_asyncio.fixture
async def caller(clock: ManualClock) -> AsyncIterator[FalCaller]:
    async with FalStandIn(refuse_early=True, clock=clock) as standin, aiohttp.ClientSession() as session:
        standin.queue.pool = None  # nothing is drawn
        yield FalCaller(standin, session)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def wrong(caller: FalCaller, endpoint: str, asked: dict[str, Any]) -> list[tuple[str, str]]:
    """Where and of which type the problems are."""
    status, said = await caller.submit(asked, endpoint=endpoint)
    return [] if status == 200 else [(problem["loc"][-1], problem["type"]) for problem in said["detail"]]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("endpoint", "asked", "problems"),
    [
        (T2V, {"prompt": "x", "duration": "8s", "aspect_ratio": "9:16", "seed": 2**32 - 1}, []),
        (T2V, {}, [("prompt", "missing")]),
        (T2V, {"prompt": " "}, [("prompt", "sequence_too_short")]),
        (T2V, {"prompt": 7}, [("prompt", "string_type")]),
        (T2V, {"prompt": "x", "duration": 8}, [("duration", "string_type")]),
        (T2V, {"prompt": "x", "duration": "5s"}, [("duration", "one_of")]),
        (T2V, {"prompt": "x", "resolution": "480p"}, [("resolution", "one_of")]),
        (T2V, {"prompt": "x", "generate_audio": "yes"}, [("generate_audio", "bool_type")]),
        (T2V, {"prompt": "x", "aspect": "16:9"}, [("aspect", "extra_forbidden")]),
        (T2V, {"prompt": None, "seed": -1}, [("prompt", "missing"), ("seed", "greater_than_equal")]),
        ("fal-ai/wan/v2.7/text-to-video", {"prompt": "x", "seed": 2**31}, [("seed", "less_than_equal")]),
        ("fal-ai/wan/v2.7/text-to-video", {"prompt": "x", "duration": "5"}, [("duration", "int_type")]),
        ("fal-ai/wan/v2.7/text-to-video", {"prompt": "x" * 5001}, [("prompt", "sequence_too_long")]),
        ("fal-ai/ltx-2.3/text-to-video/fast", {"prompt": "x", "duration": 7}, [("duration", "one_of")]),
        ("fal-ai/ltx-2.3/text-to-video/fast", {"prompt": "x", "seed": 1}, [("seed", "extra_forbidden")]),
        ("fal-ai/veo3.1/lite/image-to-video", {"prompt": "x"}, [("image_url", "missing")]),
        ("fal-ai/veo3.1/lite/image-to-video", {"prompt": "x", "image_url": "cat"}, [("image_url", "url_parsing")]),
        ("fal-ai/veo3.1/lite/image-to-video", {"prompt": "x", "image_url": "https://elsewhere.example/cat.png"},
         [("image_url", "file_download_error")]),
        ("fal-ai/veo3.1/lite/image-to-video", {"prompt": "x", "image_url": "data:image/png;base64,AAAA"},
         [("image_url", "image_load_error")]),
    ],
)  # fmt: skip
async def test_each_models_input_is_checked_field_by_field(
    caller: FalCaller, endpoint: str, asked: dict[str, Any], problems: list[tuple[str, str]]
) -> None:
    assert await wrong(caller, endpoint, asked) == problems


@pytest.mark.asyncio
async def test_what_is_no_object_is_refused(caller: FalCaller) -> None:
    assert (await caller.submit([1]))[0] == 422
    async with caller.session.post(f"{caller.standin.url}/{T2V}", data=b"{", headers=caller.headers) as answer:
        assert answer.status == 422


@pytest.mark.asyncio
async def test_files_are_looked_into(caller: FalCaller) -> None:
    small, text = await caller.upload(picture(200, 200)), await caller.upload(b"not a picture")
    short, long = await caller.upload(clip(seconds=1)), await caller.upload(clip(seconds=12))
    kling, wan = "fal-ai/kling-video/v3/turbo/standard/image-to-video", "fal-ai/wan/v2.7/edit-video"
    assert await wrong(caller, kling, {"prompt": "x", "image_url": small}) == [("image_url", "image_too_small")]
    assert await wrong(caller, kling, {"prompt": "x", "image_url": text}) == [("image_url", "image_load_error")]
    for address, kind in ((short, "too_short"), (long, "too_long")):
        problems = await wrong(caller, wan, {"prompt": "x", "video_url": address})
        assert problems == [("video_url", f"video_duration_{kind}")]
    assert await wrong(caller, wan, {"prompt": "x", "video_url": small}) == [("video_url", "unsupported_video_format")]


@pytest.mark.asyncio
async def test_without_early_refusals_a_wrong_input_is_a_finished_job_with_the_models_answer(caller: FalCaller) -> None:
    caller.standin.queue.refuse_early = False
    job = await caller.taken({"prompt": ""})
    assert (await caller.status(job))[1]["status"] == "COMPLETED"
    status, said = await caller.result(job)
    assert (status, said["detail"][0]["type"]) == (422, "sequence_too_short")
    assert caller.standin.charged_dollars == 0


@pytest.mark.asyncio
async def test_an_upload_that_has_expired_can_not_be_fetched_by_the_model(
    caller: FalCaller, clock: ManualClock
) -> None:
    headers = {"X-Fal-Object-Lifecycle": '{"expiration_duration_seconds": 60}'}
    caller.headers |= headers
    address = await caller.upload(picture())
    asked = {"prompt": "x", "image_url": address}
    assert await wrong(caller, "fal-ai/veo3.1/lite/image-to-video", asked) == []
    await clock.advance(60)
    assert await wrong(caller, "fal-ai/veo3.1/lite/image-to-video", asked) == [("image_url", "file_download_error")]


@pytest.mark.asyncio
async def test_the_storage_wants_the_key_and_its_places_a_signature_and_no_key(caller: FalCaller) -> None:
    url = f"{caller.standin.rest_url}/storage/upload/initiate?storage_type=fal-cdn-v3"
    wanted = {"content_type": "image/png", "file_name": "кот.png"}
    _, place = await caller.call("POST", url, json=wanted)
    for address, headers in (
        (place["upload_url"].partition("?")[0], {}),
        (place["upload_url"], caller.headers),
    ):
        async with caller.session.put(address, data=b"x", headers=headers) as answer:
            assert answer.status == 403
    async with caller.session.put(place["upload_url"], data=b"x") as answer:
        assert answer.status == 200
    assert (await caller.call("POST", url, json={}))[0] == 422
    caller.headers = {}
    assert (await caller.call("POST", url, json=wanted))[0] == 401


@pytest.mark.asyncio
async def test_a_file_in_parts_is_one_when_all_are_there(caller: FalCaller) -> None:
    url = f"{caller.standin.rest_url}/storage/upload/initiate-multipart?storage_type=fal-cdn-v3"
    _, place = await caller.call("POST", url, json={"content_type": "text/plain", "file_name": "a.txt"})
    path, _, query = place["upload_url"].partition("?")
    parts = []
    for number, body in ((1, b"one "), (2, b"two")):
        async with caller.session.put(f"{path}/{number}?{query}", data=body) as answer:
            parts.append(await answer.json())
    async with caller.session.post(f"{path}/complete?{query}", json={"parts": parts[:1]}) as answer:
        assert answer.status == 400
    async with caller.session.post(f"{path}/complete?{query}", json={"parts": parts}) as answer:
        assert answer.status == 200
    async with caller.session.get(place["file_url"]) as answer:
        assert await answer.read() == b"one two"


def test_every_file_field_that_is_drawn_is_one_of_the_model() -> None:
    for endpoint, model in MODELS.items():
        addresses = {name for name, field in model.fields.items() if field.kind in {Kind.IMAGE, Kind.VIDEO}}
        assert model.files.keys() <= addresses, endpoint
