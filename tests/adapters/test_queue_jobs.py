"""Whole jobs with the queue client: from the submit to the file, many at once, and in little memory."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tracemalloc
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.http.slots import Slots
from bot.queue import (
    CompletedJob,
    Concurrency,
    FailedJob,
    JobStatusResponse,
    QueueClient,
    QueueDeadlineError,
    QueueError,
    QueueResultError,
    QueueSubmitError,
)
from tests.adapters.queue_bench import VIDEO, client, clock, queue, server
from tests.adapters.queue_server import MP4, Reply, ScriptedServer, job
from tests.clock import ManualClock

__all__ = ["clock", "queue", "server"]

T2V = "lucy-pro-t2v"
MIB = 1024 * 1024


def script(server: ScriptedServer, *statuses: str, **failure: Any) -> None:
    server.on_submit(T2V, job("pending"))
    server.on_status(*[job(status, **(failure if status == "failed" else {})) for status in statuses])
    server.on_result(VIDEO)


@pytest.mark.asyncio
async def test_a_job_is_followed_to_its_file(server: ScriptedServer, queue: QueueClient, tmp_path: Path) -> None:
    script(server, "pending", "processing", "processing", "completed")
    told: list[str] = []
    done = await queue.submit_and_poll(
        T2V, prompt="a cat", path=tmp_path / "a.mp4", on_status_change=lambda news: told.append(news.status)
    )
    assert done == CompletedJob(job_id="job-1", path=tmp_path / "a.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == MP4
    assert told == ["pending", "processing", "completed"]


@pytest.mark.asyncio
async def test_an_async_callback_is_awaited(server: ScriptedServer, queue: QueueClient, tmp_path: Path) -> None:
    script(server, "processing", "completed")
    told: list[str] = []

    async def tell(news: JobStatusResponse) -> None:
        await asyncio.sleep(0)
        told.append(news.status)

    await queue.submit_and_poll(T2V, prompt="x", path=tmp_path / "a.mp4", on_status_change=tell)
    assert told == ["pending", "processing", "completed"]


@pytest.mark.asyncio
async def test_a_failed_job_is_returned_with_the_services_reason(
    server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    script(server, "processing", "failed", detail="too many cats")
    assert await queue.submit_and_poll(T2V, prompt="x", path=tmp_path / "a.mp4") == FailedJob(
        job_id="job-1", error="too many cats"
    )
    script(server, "failed")
    silent = await queue.submit_and_poll(T2V, prompt="x", path=tmp_path / "a.mp4")
    assert isinstance(silent, FailedJob)
    assert silent.error == "the service gave no reason"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.asyncio
async def test_a_job_that_ends_with_its_submit_needs_no_polls(
    server: ScriptedServer, queue: QueueClient, tmp_path: Path, clock: ManualClock
) -> None:
    script(server, "completed")
    server.on_submit(T2V, job("completed"))
    assert isinstance(await queue.submit_and_poll(T2V, prompt="x", path=tmp_path / "a.mp4"), CompletedJob)
    assert server.count("GET", "/v1/jobs/job-1") == 0
    script(server, "failed", error="at once")
    server.on_submit(T2V, job("failed"))
    assert await queue.submit_and_poll(T2V, prompt="x", path=tmp_path / "a.mp4") == FailedJob(
        job_id="job-1", error="at once"
    )
    assert clock.slept == []


@pytest.mark.asyncio
async def test_trouble_on_every_call_does_not_lose_the_job(
    server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    server.on_submit(T2V, Reply(429), job("pending"))
    server.on_status(Reply(500), job("processing"), Reply(429), Reply(body=b"<html>"), job("completed"))
    server.on_result(Reply(502), Reply(json={}), VIDEO)
    assert isinstance(await queue.submit_and_poll(T2V, prompt="x", path=tmp_path / "a.mp4"), CompletedJob)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("statuses", "result"),
    [
        ([job("processing")], VIDEO),
        ([Reply(401)], VIDEO),
        ([Reply(404)], VIDEO),
        ([job("exploded")], VIDEO),
        ([Reply(body=b"null")], VIDEO),
        ([job("completed")], Reply(404)),
        ([job("completed")], Reply(json={})),
        ([job("completed")], Reply(500)),
    ],
)
async def test_every_error_after_the_submit_carries_the_job_id(
    statuses: list[Reply], result: Reply, server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    server.on_submit(T2V, job("pending"))
    server.on_status(*statuses)
    server.on_result(result)
    with pytest.raises(QueueError) as caught:
        await queue.submit_and_poll(T2V, prompt="x", path=tmp_path / "a.mp4")
    assert caught.value.job_id == "job-1"
    assert not isinstance(caught.value, QueueSubmitError)


@pytest.mark.asyncio
async def test_even_what_the_callback_raises_names_the_job(
    server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    script(server, "completed")

    def burst(news: JobStatusResponse) -> None:
        raise KeyError(news.status)

    with pytest.raises(KeyError) as caught:
        await queue.submit_and_poll(T2V, prompt="x", path=tmp_path / "a.mp4", on_status_change=burst)
    assert caught.value.__notes__ == ["job id: job-1"]


@pytest.mark.asyncio
async def test_a_cancelled_wait_names_the_job_that_goes_on_at_the_service(
    server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    script(server, "processing")
    told = asyncio.Event()
    waiting = asyncio.create_task(
        queue.submit_and_poll(T2V, prompt="x", path=tmp_path / "a.mp4", on_status_change=lambda _: told.set())
    )
    await told.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await waiting
    assert caught.value.__notes__ == ["job id: job-1"]


@pytest.mark.asyncio
async def test_the_deadline_and_the_cap_are_handed_on(
    server: ScriptedServer, queue: QueueClient, tmp_path: Path, clock: ManualClock
) -> None:
    script(server, "processing")
    with pytest.raises(QueueDeadlineError):
        await queue.submit_and_poll(T2V, prompt="x", path=tmp_path / "a.mp4", deadline=timedelta(seconds=30))
    assert clock.monotonic() == 30.0
    script(server, "completed")
    with pytest.raises(QueueResultError) as caught:
        await queue.submit_and_poll(T2V, prompt="x", path=tmp_path / "a.mp4", max_bytes=5)
    assert caught.value.too_large


@pytest.mark.asyncio
async def test_the_same_options_serve_twice(server: ScriptedServer, queue: QueueClient, tmp_path: Path) -> None:
    told: list[str] = []
    options: dict[str, Any] = {"prompt": "x", "on_status_change": lambda news: told.append(news.status)}
    before = dict(options)
    for name in ("a", "b"):
        script(server, "completed")
        await queue.submit_and_poll(T2V, path=tmp_path / name, **options)
    assert options == before
    assert told == ["pending", "completed"] * 2


@pytest.mark.asyncio
async def test_a_hundred_jobs_at_once_keep_apart(tmp_path: Path, clock: ManualClock) -> None:
    numbers = iter(range(1000))

    async def take(request: web.Request) -> web.StreamResponse:
        return await job("pending", f"job-{next(numbers)}")(request)

    async with ScriptedServer() as server, client(server.url, clock) as queue:
        server.on_submit(T2V, take)
        for n in range(100):
            job_id = f"job-{n}"
            server.on_status(job("processing", job_id), job("completed", job_id), job_id=job_id)
            server.on_result(Reply(body=MP4 + str(n).encode()), job_id=job_id)
        jobs = [queue.submit_and_poll(T2V, prompt="x", path=tmp_path / f"{n}.mp4") for n in range(100)]
        done = await asyncio.gather(*jobs)
    assert {d.job_id for d in done} == {f"job-{n}" for n in range(100)}
    for one in done:
        assert isinstance(one, CompletedJob)
        assert one.path is not None
        assert one.path.read_bytes() == MP4 + one.job_id.removeprefix("job-").encode()


@pytest.mark.asyncio
async def test_polls_do_not_wait_behind_uploads_and_downloads(tmp_path: Path, clock: ManualClock) -> None:
    held = asyncio.Event()
    started = asyncio.Semaphore(0)

    async def hold(request: web.Request) -> web.StreamResponse:
        started.release()
        await held.wait()
        return await (VIDEO if request.method == "GET" else job("pending"))(request)

    async with (
        ScriptedServer() as server,
        client(server.url, clock, concurrency=Concurrency(asks=1, uploads=1, downloads=1)) as queue,
    ):
        server.on_submit(T2V, hold)
        server.on_result(hold)
        server.on_status(job("processing"))
        transfers = [asyncio.create_task(queue.submit(T2V, prompt="x")) for _ in range(5)]
        fetches = [asyncio.create_task(queue.result("job-1", tmp_path / f"{n}.mp4")) for n in range(5)]
        await started.acquire()
        await started.acquire()
        assert (await queue.status("job-1")).status == "processing"
        assert len(server.requests) == 3
        held.set()
        await asyncio.gather(*transfers, *fetches)


class CountingThreads(ThreadPoolExecutor):
    """An executor that counts what it is given to do."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def submit(self, *args: Any, **kwargs: Any) -> Future[Any]:
        self.asked += 1
        return super().submit(*args, **kwargs)


@pytest.mark.asyncio
@pytest.mark.parametrize(("size", "threads"), [(1000, 0), (100_000, 0), (3 * MIB, 5)])
async def test_only_large_files_take_a_thread(
    size: int, threads: int, server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    """Large ones, for each megabyte, and at their beginning and end."""
    counting = CountingThreads()
    asyncio.get_running_loop().set_default_executor(counting)
    video = tmp_path / "in.mp4"
    video.write_bytes(MP4 + bytes(size - len(MP4)))
    server.on_submit("lucy-fast-v2v", job("completed"))
    server.on_result(Reply(body=video.read_bytes(), headers={"Content-Type": "video/mp4"}))
    taken = await queue.submit("lucy-fast-v2v", prompt="x", data=video)
    assert threads <= counting.asked <= 2 * threads
    counting.asked = 0
    done = await queue.result(taken.job_id, tmp_path / "out.mp4")
    assert done.read_bytes() == video.read_bytes()
    assert server.requests[0].size > size
    assert min(threads, 3) <= counting.asked <= 2 * threads


@pytest.mark.asyncio
async def test_many_transfers_share_what_they_hold_in_memory() -> None:
    slots = Slots(32)
    assert slots.piece_bytes == MIB
    async with AsyncExitStack() as stack:
        for _ in range(16):
            await stack.enter_async_context(slots)
        assert slots.piece_bytes == MIB
        for _ in range(16):
            await stack.enter_async_context(slots)
        assert slots.piece_bytes == MIB // 2
    assert slots.piece_bytes == MIB


@pytest.mark.asyncio
async def test_polls_and_results_share_their_connections(
    server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    server.on_status(job("processing"))
    server.on_result(VIDEO)
    for n in range(5):
        await queue.status("job-1")
        await queue.result("job-1", tmp_path / f"{n}.mp4")
    assert len({request.connection for request in server.requests}) == 1


@pytest.mark.asyncio
async def test_a_cancelled_call_leaves_nothing_behind(
    server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    sent = asyncio.Event()

    async def slowly(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "video/mp4"})
        await response.prepare(request)
        await response.write(MP4 + bytes(2 * MIB))  # more than is held before anything is written
        sent.set()
        await asyncio.Event().wait()
        return response

    server.on_result(slowly)
    fetching = asyncio.create_task(queue.result("job-1", tmp_path / "a.mp4"))
    await sent.wait()
    while not list(tmp_path.iterdir()):
        await asyncio.sleep(0)
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    assert list(tmp_path.iterdir()) == []


@pytest.mark.asyncio
async def test_a_large_upload_and_a_large_result_stay_out_of_memory(
    server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    size = 64 * MIB
    video = tmp_path / "in.mp4"
    with video.open("wb") as stream:
        stream.write(MP4)
        stream.truncate(size)

    async def large(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "video/mp4", "Content-Length": str(size)})
        await response.prepare(request)
        await response.write(MP4)
        chunk = bytes(MIB // 4)
        left = size - len(MP4)
        while left:
            await response.write(chunk[:left])
            left -= min(left, len(chunk))
        return response

    server.on_submit("lucy-fast-v2v", job("completed"))
    server.on_result(large)
    tracemalloc.start()
    try:
        done = await queue.submit_and_poll("lucy-fast-v2v", prompt="x", data=video, path=tmp_path / "out.mp4")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(done, CompletedJob)
    assert server.requests[0].size > size
    assert done.path is not None
    assert done.path.stat().st_size == size
    assert peak < 10 * MIB  # both ends of both transfers are in this process


def test_the_client_is_a_library_of_its_own() -> None:
    script = "import sys; from bot.queue import QueueClient; print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    loaded = set(done.stdout.split())
    assert "aiohttp" in loaded
    unwanted = {"discord", "sqlalchemy", "av", "PIL", "structlog", "pydantic_settings", "obstore", "cogs"}
    assert not loaded & unwanted
