"""A job of the stand-in lives as the service's do, by a clock that tests move; and every call is remembered."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import aiohttp
import pytest
import pytest_asyncio

from sandbox.queue_api import Fault, QueueStandIn
from sandbox.render.clips import Unreadable
from sandbox.render.operations import Operation
from sandbox.render.pool import Worker, start_worker
from sandbox.render.task import Task
from sandbox.render.worker import render
from tests.adapters.sandbox_material import PNG, Caller, clip, look
from tests.clock import ManualClock

READY = clip(seconds=0.4)


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    """A clip to answer, where what it shows is not the point."""
    path = tmp_path / "ready.mp4"
    path.write_bytes(READY)
    return path


@pytest.mark.asyncio
async def test_a_job_waits_works_completes_and_expires(session: aiohttp.ClientSession, ready: Path) -> None:
    clock = ManualClock()
    times = {"pending_seconds": 10.0, "processing_seconds": 20.0, "keep_seconds": 60.0}
    async with QueueStandIn(clock=clock, clip=ready, **times) as standin:  # type: ignore[arg-type]  # all are seconds
        caller = Caller(standin, session)
        job_id = await caller.taken("lucy-pro-t2v", {"prompt": "a cat"})
        for passing, status in ((9.9, "pending"), (0.2, "processing"), (19.8, "processing"), (0.2, "completed")):
            await clock.advance(passing)
            assert await caller.get(job_id) == (200, {"job_id": job_id, "status": status})
            if status != "completed":
                conflict = {"detail": f"Job is not completed (status: {status})"}
                assert await caller.get(f"{job_id}/content") == (409, conflict)
        assert await caller.result(job_id) == READY
        await clock.advance(60)
        assert await caller.get(job_id) == (404, {"detail": "Job not found"})
        assert await caller.get(f"{job_id}/content") == (404, {"detail": "Job not found"})
        job = standin.jobs[job_id]
        assert (job.told, job.downloads) == (["pending", "processing", "processing", "completed"], 1)


@pytest.mark.asyncio
async def test_a_job_over_the_services_limit_times_out(session: aiohttp.ClientSession, ready: Path) -> None:
    clock = ManualClock()
    async with QueueStandIn(clock=clock, clip=ready, processing_seconds=9999) as standin:
        caller = Caller(standin, session)
        job_id = await caller.taken("lucy-pro-t2v", {"prompt": "a cat"})
        await clock.advance(599)
        assert (await caller.get(job_id))[1]["status"] == "processing"
        await clock.advance(1)
        assert (await caller.get(job_id))[1] == {"job_id": job_id, "status": "failed", "error": "The job timed out"}


@pytest.mark.asyncio
async def test_every_call_is_remembered_with_what_it_sent(session: aiohttp.ClientSession, ready: Path) -> None:
    async with QueueStandIn(clip=ready) as standin:
        caller = Caller(standin, session)
        _, said = await caller.submit(
            "lucy-pro-i2v", {"prompt": "run", "seed": "5"}, {"data": PNG}, Idempotency_Key="k1"
        )
        await caller.get(said["job_id"])
        await caller.result(said["job_id"])
        await caller.get("unknown")
        assert [(c.action, c.status) for c in standin.requests] == [
            ("submit", 200), ("status", 200), ("content", 200), ("status", 404),
        ]  # fmt: skip
        (call,) = standin.submits
        assert (call.model, call.job_id, call.idempotency_key) == ("lucy-pro-i2v", said["job_id"], "k1")
        assert (call.path, call.headers["X-API-KEY"]) == ("/v1/jobs/lucy-pro-i2v", standin.api_key)
        assert dict(call.texts) == {"prompt": "run", "seed": "5"}
        part = call.files["data"]
        assert (part.filename, part.content_type, part.path.read_bytes()) == PNG[:1] + PNG[2:] + PNG[1:2]
        assert standin.jobs[said["job_id"]].idempotency_key == "k1"


@pytest.mark.asyncio
async def test_a_repeated_key_makes_a_second_job_unless_keys_are_honoured(
    session: aiohttp.ClientSession, ready: Path
) -> None:
    for honoured, jobs in ((False, 2), (True, 1)):
        async with QueueStandIn(clip=ready, honour_idempotency=honoured) as standin:
            caller = Caller(standin, session)
            for _ in range(2):
                await caller.submit("lucy-pro-t2v", {"prompt": "once"}, Idempotency_Key="k")
            assert (len(standin.jobs), len(standin.submits)) == (jobs, 2)


@pytest.mark.asyncio
async def test_what_was_uploaded_and_rendered_is_gone_after_a_stop(session: aiohttp.ClientSession) -> None:
    async with QueueStandIn(preview_width=64, clip_seconds=2) as standin:
        caller = Caller(standin, session)
        job_id = await caller.taken("lucy-pro-i2v", {"prompt": "run"}, {"data": PNG})
        await caller.result(job_id)
        upload = standin.submits[0].files["data"].path
        assert upload.exists()
    assert not upload.parent.parent.exists()
    with pytest.raises(aiohttp.ClientConnectionError):
        await caller.get(job_id)


@pytest.mark.asyncio
async def test_a_stop_gives_up_what_is_being_rendered(session: aiohttp.ClientSession) -> None:
    standin = await QueueStandIn(preview_width=None, clip_seconds=5).start()
    await Caller(standin, session).taken("lucy-pro-t2v", {"prompt": "never seen"})
    await standin.stop()
    await standin.stop()


@pytest.mark.asyncio
async def test_a_cache_keeps_clips_for_the_next_stand_in(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    for _ in range(2):
        async with QueueStandIn(preview_width=64, clip_seconds=2, cache=tmp_path / "clips") as standin:
            caller = Caller(standin, session)
            data = await caller.result(await caller.taken("lucy-pro-t2v", {"prompt": "kept", "seed": "1"}))
            (kept,) = (tmp_path / "clips").iterdir()
            assert kept.read_bytes() == data


@pytest.mark.asyncio
async def test_a_video_that_breaks_off_is_shown_as_far_as_it_goes(session: aiohttp.ClientSession) -> None:
    async with QueueStandIn(preview_width=160, clip_seconds=3) as standin:
        caller = Caller(standin, session)
        whole = await caller.result(await caller.taken("lucy-pro-t2v", {"prompt": "a long way", "seed": "1"}))
        part = ("part.mp4", whole[: len(whole) * 2 // 3], "video/mp4")
        seen = look(await caller.result(await caller.taken("lucy-clip", {"prompt": "cartoon"}, {"data": part})))
        assert seen.seconds == 3
        assert (seen.frames[-1] == seen.frames[-5]).mean() > 0.9


def test_what_can_not_be_decoded_is_a_reason_to_fail(tmp_path: Path) -> None:
    path = tmp_path / "words.mp4"
    for content in (b"only words", READY[:200]):
        path.write_bytes(content)
        for operation in (Operation.EDIT, Operation.IMAGE):
            task = Task(operation, "lucy", 64, 64, 20, 2.0, 1, prompt="x", files={"data": str(path)})
            with pytest.raises(Unreadable, match="could not be decoded"):
                render(task, tmp_path / "out.mp4")


@pytest.mark.asyncio
async def test_a_worker_that_dies_fails_its_job_and_the_next_gets_a_new_one(session: aiohttp.ClientSession) -> None:
    started: asyncio.Queue[Worker] = asyncio.Queue()

    async def start() -> Worker:
        worker = await start_worker()
        started.put_nowait(worker)
        return worker

    async with QueueStandIn(preview_width=None, clip_seconds=5, workers=1, start_worker=start) as standin:
        caller = Caller(standin, session)
        job_id = await caller.taken("lucy-pro-t2v", {"prompt": "one"})
        (await started.get()).kill()
        assert (await caller.get(job_id))[1]["error"] == "The renderer stopped"
        standin.preview_width = 64
        assert look(await caller.result(await caller.taken("lucy-pro-t2v", {"prompt": "two"}))).seconds == 5


@pytest.mark.asyncio
async def test_times_may_be_drawn_for_each_job(session: aiohttp.ClientSession, ready: Path) -> None:
    def draw(rng: Random) -> float:
        return rng.lognormvariate(3.0, 0.3)

    async with QueueStandIn(clip=ready, processing_seconds=draw, seed=4) as standin:
        caller = Caller(standin, session)
        for _ in range(3):
            await caller.taken("lucy-pro-t2v", {"prompt": "a cat"})
        assert len({job.plan.processing for job in standin.jobs.values()}) == 3


@pytest.mark.asyncio
async def test_faults_times_and_jobs_can_be_steered_over_http(session: aiohttp.ClientSession, ready: Path) -> None:
    async with QueueStandIn(clip=ready) as standin:
        caller, here = Caller(standin, session), f"{standin.url}/_sandbox"
        fault = {"on": "submit", "kind": "code", "code": 429, "retry_after": 2}
        async with session.post(f"{here}/faults", json=fault) as response:
            assert (await response.json())["faults"] == [fault]
        assert (await caller.submit("lucy-pro-t2v", {"prompt": "a cat"}))[0] == 429
        async with session.post(f"{here}/faults", json={"clear": True, "seed": 1, "add": [fault]}) as response:
            assert len((await response.json())["fired"]) == 1
        assert list(standin.faults) == [Fault.model_validate(fault)]
        standin.faults.clear()
        async with session.post(f"{here}/times", json={"processing_seconds": 30}) as response:
            assert response.status == 200
        job_id = await caller.taken("lucy-pro-t2v", {"prompt": "a cat"})
        assert (await caller.get(job_id))[1]["status"] == "processing"
        async with session.get(f"{here}/jobs") as response:
            (listed,) = (await response.json())["jobs"]
        assert (listed["job_id"], listed["told"]) == (job_id, ["processing"])
        for path, wrong in (("faults", {"on": "submit", "kind": "truncate"}), ("faults", []), ("times", {"x": 1})):
            async with session.post(f"{here}/{path}", json=wrong) as response:
                assert response.status == 400
                assert "error" in await response.json()


@pytest.mark.asyncio
async def test_it_runs_alone_and_says_where() -> None:
    root = Path(__file__).resolve().parents[2]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox.queue_api", "--port", "0", cwd=root, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    url, _, key = (await process.stdout.readline()).decode().split()
    async with (
        aiohttp.ClientSession(headers={"X-API-KEY": key}) as session,
        session.get(f"{url}/v1/jobs/x") as response,
    ):
        assert response.status == 404
    process.terminate()
    await process.communicate()
    assert process.returncode == 0
