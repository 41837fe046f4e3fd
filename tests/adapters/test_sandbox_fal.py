"""A job of the stand-in for fal.ai's queue lives as the service's do, by a clock that tests move."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from sandbox.fal import FalStandIn
from sandbox.fal.models import MODELS
from tests.adapters.queue_server import MP4
from tests.adapters.sandbox_fal import FalCaller
from tests.adapters.sandbox_material import clip, look, picture
from tests.clock import ManualClock
from tests.fork_server import start_renderer


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    """A clip to answer, where what it shows is not the point."""
    path = tmp_path / "ready.mp4"
    path.write_bytes(MP4)
    return path


@pytest.mark.asyncio
async def test_a_job_waits_works_completes_and_expires(session: aiohttp.ClientSession, ready: Path) -> None:
    clock = ManualClock()
    async with FalStandIn(clock=clock, clip=ready, wait_seconds=10.0, work_seconds=20.0) as standin:
        caller = FalCaller(standin, session)
        job = await caller.taken()
        assert (job["status"], job["queue_position"]) == ("IN_QUEUE", 0)
        for passing, code, word in ((9.9, 202, "IN_QUEUE"), (0.2, 202, "IN_PROGRESS"), (20.0, 200, "COMPLETED")):
            await clock.advance(passing)
            status, said = await caller.status(job)
            assert (status, said["status"], said["request_id"]) == (code, word, job["request_id"])
            if word != "COMPLETED":
                assert await caller.result(job) == (400, {"detail": "Request is still in progress"})
        status, result = await caller.result(job)
        assert (status, result["video"]["content_type"]) == (200, "video/mp4")
        async with session.get(result["video"]["url"]) as file:
            assert await file.read() == MP4
        await clock.advance(3600)
        assert await caller.status(job) == (404, {"status": "NOT_FOUND"})
        assert await caller.result(job) == (404, {"status": "NOT_FOUND"})
        await clock.advance(7 * 24 * 3600)
        async with session.get(result["video"]["url"]) as file:
            assert file.status == 403


@pytest.mark.asyncio
async def test_a_large_result_is_kept_for_minutes_only(session: aiohttp.ClientSession, ready: Path) -> None:
    clock = ManualClock()
    async with FalStandIn(clock=clock, clip=ready) as standin:
        caller = FalCaller(standin, session)
        address = await caller.upload(clip(seconds=0.4), "video/mp4")
        asked = {"prompt": "x", "video_url": address, "sync_mode": True}
        job = await caller.taken(asked, endpoint="decart/lucy-restyle")
        _, result = await caller.result(job)
        assert result["video"]["url"].startswith("data:video/mp4;base64,")
        await clock.advance(359)
        assert (await caller.result(job))[0] == 200
        await clock.advance(1)
        assert (await caller.result(job))[0] == 404


@pytest.mark.asyncio
async def test_few_jobs_run_at_once_and_the_others_have_their_places(
    session: aiohttp.ClientSession, ready: Path
) -> None:
    clock = ManualClock()
    async with FalStandIn(clock=clock, clip=ready, work_seconds=10.0, at_once=2) as standin:
        caller = FalCaller(standin, session)
        jobs = [await caller.taken() for _ in range(5)]
        assert [job["queue_position"] for job in jobs] == [0, 0, 0, 1, 2]

        async def told() -> list[Any]:
            answers = [(await caller.status(job))[1] for job in jobs]
            return [said.get("queue_position", said["status"]) for said in answers]

        assert await told() == ["IN_PROGRESS", "IN_PROGRESS", 0, 1, 2]
        assert (await caller.cancel(jobs[2]))[0] == 200
        assert await told() == ["IN_PROGRESS", "IN_PROGRESS", "COMPLETED", 0, 1]
        await clock.advance(10)
        assert await told() == ["COMPLETED", "COMPLETED", "COMPLETED", "IN_PROGRESS", "IN_PROGRESS"]


@pytest.mark.asyncio
async def test_cancelling_is_told_apart_and_in_the_queue_it_costs_nothing(
    session: aiohttp.ClientSession, ready: Path
) -> None:
    clock = ManualClock()
    async with FalStandIn(clock=clock, clip=ready, work_seconds=10.0, at_once=1) as standin:
        caller = FalCaller(standin, session)
        first, second, third = [await caller.taken() for _ in range(3)]
        assert await caller.cancel(second) == (200, {"status": "OK"})
        assert standin.charged_dollars == 0
        _, said = await caller.status(second)
        assert (said["status"], said["error_type"]) == ("COMPLETED", "client_cancelled")
        assert (await caller.result(second))[0] == 499
        assert await caller.cancel(first) == (202, {"status": "CANCELLATION_REQUESTED"})
        assert standin.charged_dollars > 0
        assert await caller.cancel(first) == (400, {"status": "ALREADY_COMPLETED"})
        third["cancel_url"] = third["cancel_url"].replace(third["request_id"], "unknown")
        assert await caller.cancel(third) == (404, {"status": "NOT_FOUND"})


@pytest.mark.asyncio
async def test_a_job_that_does_not_begin_in_time_is_ended(session: aiohttp.ClientSession, ready: Path) -> None:
    clock = ManualClock()
    async with FalStandIn(clock=clock, clip=ready, work_seconds=100.0, at_once=1) as standin:
        caller = FalCaller(standin, session)
        await caller.taken()
        late = await caller.taken(headers={"X-Fal-Request-Timeout": "30"})
        await clock.advance(29)
        assert (await caller.status(late))[1]["status"] == "IN_QUEUE"
        await clock.advance(1)
        assert (await caller.status(late))[1]["error_type"] == "request_timeout"
        async with session.get(late["response_url"], headers=caller.headers) as answer:
            assert (answer.status, answer.headers["X-Fal-Request-Timeout-Type"]) == (504, "user")


@pytest.mark.asyncio
async def test_a_queue_that_is_too_long_for_the_caller_takes_no_job(
    session: aiohttp.ClientSession, ready: Path
) -> None:
    async with FalStandIn(clock=ManualClock(), clip=ready, work_seconds=10.0, at_once=1) as standin:
        caller = FalCaller(standin, session)
        for _ in range(3):
            await caller.taken()
        short, long = [f"fal-ai/veo3.1/lite?fal_max_queue_length={length}" for length in (1, 2)]
        assert (await caller.submit(endpoint=short))[0] == 429
        assert (await caller.submit(endpoint=long))[0] == 200


@pytest.mark.asyncio
async def test_the_stream_tells_each_status_and_ends(session: aiohttp.ClientSession, ready: Path) -> None:
    async with FalStandIn(clock=ManualClock(auto=True), clip=ready, wait_seconds=1.0, work_seconds=1.0) as standin:
        caller = FalCaller(standin, session)
        job = await caller.taken()
        async with session.get(f"{job['status_url']}/stream?logs=1", headers=caller.headers) as stream:
            words = (await stream.text()).split("\n\n")[:-1]
        told = [word.partition('"status": "')[2].partition('"')[0] for word in words]
        assert list(dict.fromkeys(told)) == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]


@pytest.mark.asyncio
async def test_the_key_is_needed_and_apps_that_are_not_there_are_told(
    session: aiohttp.ClientSession, ready: Path
) -> None:
    async with FalStandIn(clip=ready) as standin:
        caller = FalCaller(standin, session)
        assert (await caller.submit(endpoint="fal-ai/veo9/lite"))[0] == 404
        late = await caller.taken(endpoint="fal-ai/veo3.1/no/such/path")
        assert (await caller.status(late))[1]["status"] == "COMPLETED"
        assert await caller.result(late) == (404, {"detail": "Path /no/such/path not found"})
        caller.headers = {"Authorization": "Key wrong:key"}
        assert (await caller.submit())[0] == 401
        assert [call.status for call in standin.submits] == [404, 200, 401]


@pytest.mark.asyncio
@pytest.mark.parametrize("endpoint", MODELS)
async def test_every_model_makes_a_clip_of_its_least_input(endpoint: str, session: aiohttp.ClientSession) -> None:
    model = MODELS[endpoint]
    async with FalStandIn(preview_width=64, clip_seconds=2, start_worker=start_renderer) as standin:
        caller = FalCaller(standin, session)
        asked = {"prompt": "snow"}
        for name, field in model.fields.items():
            if field.kind.startswith("address of") and (field.required or name in model.files):
                is_video = field.kind == "address of a video"
                content = clip(seconds=3.2) if is_video else picture(480, 320)
                asked[name] = await caller.upload(content, "video/mp4" if is_video else "image/png")
        job = await caller.taken(asked, endpoint=endpoint)
        await standin.drawn(job["request_id"])
        _, result = await caller.result(job)
        async with session.get(result["video"]["url"]) as file:
            seen = look(await file.read())
        assert seen.codec == "h264"
        assert seen.seconds >= 1.9
        assert standin.charged_dollars > 0
