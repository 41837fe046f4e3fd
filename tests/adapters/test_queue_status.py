"""Asking and watching, over real sockets: what is an answer, what is waited out, and when it ends."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from aiohttp import web

from bot.queue import (
    QueueClient,
    QueueDeadlineError,
    QueueInputError,
    QueueJobNotFoundError,
    QueueStatusError,
    Retry,
    Timeouts,
)
from bot.rules.catalog import load_catalog
from bot.rules.durations import Durations
from bot.rules.polling import AdaptivePolling, FixedPolling, JobPolling, PollBounds
from tests.adapters.queue_bench import client, clock, queue, server
from tests.adapters.queue_server import Answering, Reply, ScriptedServer, hang_up, job, raw_server, say
from tests.clock import ManualClock

__all__ = ["clock", "queue", "server"]

MINUTE = timedelta(minutes=1)


async def seen(queue: QueueClient, **more: Any) -> list[str]:
    return [news.status.value async for news in queue.watch("job-1", **more)]


@pytest.mark.asyncio
async def test_a_status_is_asked_for_with_the_key(server: ScriptedServer, queue: QueueClient) -> None:
    server.on_status(job("processing"))
    news = await queue.status("job-1")
    assert (news.job_id, news.status, news.reason) == ("job-1", "processing", None)
    assert server.requests[0].headers["X-API-KEY"] == "the-key"
    assert "Authorization" not in server.requests[0].headers


@pytest.mark.asyncio
async def test_a_job_id_is_escaped_in_the_path(server: ScriptedServer, queue: QueueClient) -> None:
    odd = "a b/../c?x=1#y%2e"
    escaped = "/v1/jobs/a%20b%2F..%2Fc%3Fx%3D1%23y%252e"
    server.on("GET", escaped, job("pending", odd))
    assert (await queue.status(odd)).job_id == odd
    assert server.requests[0].raw_path == escaped


@pytest.mark.asyncio
async def test_an_id_that_means_another_folder_is_refused(server: ScriptedServer, queue: QueueClient) -> None:
    with pytest.raises(QueueInputError):
        await queue.status("..")
    assert server.requests == []


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504])
async def test_a_passing_refusal_is_asked_again(status: int, server: ScriptedServer, queue: QueueClient) -> None:
    server.on_status(Reply(status), Reply(status, body=b"<html>"), job("processing"))
    assert (await queue.status("job-1")).status == "processing"
    assert len(server.requests) == 3


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [301, 302, 400, 401, 402, 403, 410, 422])
async def test_a_lasting_refusal_is_an_error_at_once_with_the_job_id(
    status: int, server: ScriptedServer, queue: QueueClient
) -> None:
    server.on_status(Reply(status, json={"error": {"message": "no"}}, headers={"Location": "/elsewhere"}))
    with pytest.raises(QueueStatusError, match="no") as caught:
        await queue.status("job-1")
    assert (caught.value.job_id, caught.value.http_status, caught.value.reason) == ("job-1", status, "no")
    assert len(server.requests) == 1


@pytest.mark.asyncio
async def test_an_expired_job_has_an_error_of_its_own(server: ScriptedServer, queue: QueueClient) -> None:
    server.on_status(Reply(404, json={"detail": "NOT_FOUND"}))
    with pytest.raises(QueueJobNotFoundError) as caught:
        await queue.status("job-1")
    assert (caught.value.job_id, caught.value.reason) == ("job-1", "NOT_FOUND")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "answer",
    [
        Reply(body=b"<html>hello</html>", headers={"Content-Type": "text/html"}),
        Reply(body=b"null"),
        Reply(body=b""),
        Reply(body=b'{"job_id": "job-1", "stat'),
        Reply(body=b"{" + b" " * 200_000 + b"}"),
        job("exploded"),
        job("completed", "job-2"),
        hang_up,
    ],
)
async def test_an_answer_without_sense_ends_in_a_typed_error_after_the_retries(
    answer: Answering, server: ScriptedServer, queue: QueueClient
) -> None:
    server.on_status(answer)
    with pytest.raises(QueueStatusError) as caught:
        await queue.status("job-1")
    assert caught.value.job_id == "job-1"
    assert len(server.requests) == 5


@pytest.mark.asyncio
async def test_a_dropped_connection_costs_one_attempt_not_two(server: ScriptedServer, clock: ManualClock) -> None:
    """aiohttp by itself repeats a GET once after a drop; the budget would then be twice what it says."""
    server.on_status(hang_up)
    async with client(server.url, clock, retry=Retry(attempts=3)) as queue:
        with pytest.raises(QueueStatusError):
            await queue.status("job-1")
    assert len(server.requests) == 3


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "talk",
    [
        say(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"),
        say(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", then_reset=True),
        say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"),
        say(b"\x16\x03\x01 what\r\n\r\n"),
        say(b"", then_reset=True),
    ],
)
async def test_resets_and_truncated_answers_are_asked_again(talk: Any, clock: ManualClock) -> None:
    good = say(b'HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\n{"status":"processing"}')
    async with raw_server(talk, talk, good) as url, client(url, clock) as queue:
        assert (await queue.status("job-1")).status == "processing"


@pytest.mark.asyncio
async def test_retry_after_is_obeyed_while_asking(
    server: ScriptedServer, queue: QueueClient, clock: ManualClock
) -> None:
    server.on_status(Reply(429, headers={"Retry-After": "33"}), job("pending"))
    await queue.status("job-1")
    assert clock.slept == [33.0]


@pytest.mark.asyncio
async def test_a_silent_service_is_left_after_the_idle_time(server: ScriptedServer, clock: ManualClock) -> None:
    async def silent(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    server.on_status(silent, job("pending"))
    async with client(server.url, clock, timeouts=Timeouts(idle=timedelta(seconds=0.05))) as queue:
        assert (await queue.status("job-1")).status == "pending"


@pytest.mark.asyncio
async def test_a_dripping_service_is_left_after_the_total_time(server: ScriptedServer, clock: ManualClock) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.01)

    server.on_status(drip, job("pending"))
    async with client(server.url, clock, timeouts=Timeouts(ask=timedelta(seconds=0.1))) as queue:
        assert (await queue.status("job-1")).status == "pending"


# ---- watching


@pytest.mark.asyncio
async def test_watching_tells_changes_only_and_ends_with_the_job(
    server: ScriptedServer, queue: QueueClient, clock: ManualClock
) -> None:
    server.on_status(*[job(s) for s in ("pending", "pending", "processing", "processing", "pending", "completed")])
    assert await seen(queue) == ["pending", "processing", "pending", "completed"]
    assert len(server.requests) == 6
    assert [wait for wait in clock.slept if wait] == [2.0] * 5


@pytest.mark.asyncio
async def test_what_is_known_already_is_not_told_again(server: ScriptedServer, queue: QueueClient) -> None:
    server.on_status(job("processing"), job("completed"))
    assert await seen(queue, last="processing") == ["completed"]


@pytest.mark.asyncio
async def test_a_failed_job_ends_the_watch_with_its_reason(server: ScriptedServer, queue: QueueClient) -> None:
    server.on_status(job("processing"), job("failed", error={"message": "the GPU caught fire"}))
    news = [news async for news in queue.watch("job-1")]
    assert (news[-1].status, news[-1].reason) == ("failed", "the GPU caught fire")


@pytest.mark.asyncio
async def test_an_outage_is_waited_out_longer_than_one_call_would(
    server: ScriptedServer, queue: QueueClient, clock: ManualClock
) -> None:
    trouble: list[Answering] = [Reply(500), hang_up, Reply(429, headers={"Retry-After": "60"}), Reply(502)] * 3
    server.on_status(job("processing"), *trouble, job("completed"))
    assert await seen(queue, deadline=20 * MINUTE) == ["processing", "completed"]
    assert clock.slept.count(60.0) == 3


@pytest.mark.asyncio
async def test_answers_without_sense_end_a_watch_before_its_deadline(
    server: ScriptedServer, queue: QueueClient, clock: ManualClock
) -> None:
    server.on_status(job("processing"), job("exploded"))
    with pytest.raises(QueueStatusError, match="exploded") as caught:
        await seen(queue)
    assert not isinstance(caught.value, QueueDeadlineError)
    assert clock.monotonic() < 60


@pytest.mark.asyncio
async def test_some_answers_without_sense_between_good_ones_do_no_harm(
    server: ScriptedServer, queue: QueueClient
) -> None:
    bad = Reply(body=b"<html>maintenance</html>")
    server.on_status(bad, bad, bad, job("processing"), bad, bad, bad, bad, job("completed"))
    assert await seen(queue) == ["processing", "completed"]


@pytest.mark.asyncio
async def test_a_job_that_never_ends_is_left_at_the_deadline_with_its_id(
    server: ScriptedServer, queue: QueueClient, clock: ManualClock
) -> None:
    server.on_status(job("processing"))
    with pytest.raises(QueueDeadlineError, match="still processing") as caught:
        await seen(queue, deadline=MINUTE)
    assert caught.value.job_id == "job-1"
    assert clock.monotonic() == 60.0


@pytest.mark.asyncio
async def test_the_deadline_holds_during_an_outage_too(
    server: ScriptedServer, queue: QueueClient, clock: ManualClock
) -> None:
    server.on_status(job("processing"), Reply(503))
    with pytest.raises(QueueDeadlineError) as caught:
        await seen(queue, deadline=MINUTE)
    assert caught.value.job_id == "job-1"
    assert isinstance(caught.value.__cause__, QueueStatusError)
    assert clock.monotonic() == 60.0


@pytest.mark.asyncio
async def test_a_retry_after_beyond_the_deadline_ends_the_watch(
    server: ScriptedServer, queue: QueueClient, clock: ManualClock
) -> None:
    server.on_status(Reply(429, headers={"Retry-After": "3600"}))
    with pytest.raises(QueueDeadlineError):
        await seen(queue, deadline=MINUTE)
    assert clock.monotonic() == 0.0


@pytest.mark.asyncio
async def test_a_deadline_may_be_a_moment_and_one_in_the_past_still_looks_once(
    server: ScriptedServer, queue: QueueClient, clock: ManualClock
) -> None:
    server.on_status(job("completed"))
    assert await seen(queue, deadline=clock.now() - MINUTE) == ["completed"]
    server.on_status(job("processing"))
    with pytest.raises(QueueDeadlineError):
        await seen(queue, deadline=clock.now() - MINUTE)
    with pytest.raises(QueueDeadlineError):
        await seen(queue, deadline=clock.now() + 2 * MINUTE)
    assert clock.monotonic() == 120.0


@pytest.mark.asyncio
async def test_without_a_deadline_the_models_own_is_used_and_else_the_clients(
    server: ScriptedServer, clock: ManualClock
) -> None:
    server.on_status(job("processing"))
    async with client(server.url, clock, deadline=3 * MINUTE, polling=FixedPolling(30.0)) as queue:
        with pytest.raises(QueueDeadlineError):
            await seen(queue)
        assert clock.monotonic() == 180.0
        with pytest.raises(QueueDeadlineError):
            await seen(queue, model="lucy-clip")
        assert clock.monotonic() == 180.0 + load_catalog().get("lucy-clip").deadline.total_seconds()


@pytest.mark.asyncio
async def test_a_watch_stands_still_until_its_clock_moves(server: ScriptedServer) -> None:
    clock = ManualClock()
    server.on_status(job("processing"), job("completed"))
    async with client(server.url, clock) as queue:
        told: list[str] = []

        async def follow() -> None:
            async for news in queue.watch("job-1"):
                told.append(news.status)  # noqa: PERF401  (what was told until then is what the test looks at)

        following = asyncio.create_task(follow())
        while not clock.sleeping:
            await asyncio.sleep(0)
        assert told == ["processing"]
        await clock.advance(1.9)
        assert len(server.requests) == 1
        await clock.advance(0.2)
        await following
    assert told == ["processing", "completed"]


@pytest.mark.asyncio
async def test_the_polling_policy_decides_when_to_ask_and_learns_from_jobs_seen_whole(
    server: ScriptedServer, clock: ManualClock
) -> None:
    durations = Durations()
    polling = AdaptivePolling(durations, PollBounds(poll_min=0.5, poll_max=10.0))
    for _ in range(50):
        whole = polling.follow("lucy-clip")
        whole.running(19.5)
        whole.completed(20.5)
        whole.leave()
    durations = polling.durations = Durations()
    asked: list[float] = []

    async def ask(request: web.Request) -> web.StreamResponse:
        asked.append(clock.monotonic())
        return await job("completed" if clock.monotonic() > 21 else "processing")(request)

    server.on_status(ask)
    async with client(server.url, clock, polling=polling) as queue:
        await seen(queue, model="lucy-clip", since=clock.now())
        assert asked[0] > 10
        assert all(later - earlier < 4 for earlier, later in pairwise(asked))
        assert durations.history("lucy-clip").seconds == pytest.approx(((asked[-2] + asked[-1]) / 2,))
        await seen(queue, model="lucy-clip")
        assert len(durations.history("lucy-clip").seconds) == 1


@pytest.mark.asyncio
async def test_a_job_followed_a_moment_after_its_submit_is_a_new_one(
    server: ScriptedServer, clock: ManualClock
) -> None:
    polling = AdaptivePolling()
    for _ in range(50):
        polling.follow("lucy-clip").completed(0.001)
    asked: list[float] = []

    async def ask(request: web.Request) -> web.StreamResponse:
        asked.append(clock.monotonic())
        return await job("completed")(request)

    server.on_status(ask)
    async with client(server.url, clock, polling=polling) as queue:
        submitted = clock.now()
        await clock.sleep(0.01)
        await seen(queue, model="lucy-clip", since=submitted)
    assert asked == [pytest.approx(0.06)]


@pytest.mark.asyncio
async def test_a_failed_jobs_time_is_not_learned(server: ScriptedServer, clock: ManualClock) -> None:
    durations = Durations()
    server.on_status(job("failed"))
    async with client(server.url, clock, polling=AdaptivePolling(durations)) as queue:
        await seen(queue, model="lucy-clip", since=clock.now())
    assert list(durations) == []


@pytest.mark.asyncio
async def test_a_watch_taken_up_again_knows_how_long_the_job_has_run(
    server: ScriptedServer, clock: ManualClock
) -> None:
    asked: list[float | None] = []

    class Noting(FixedPolling):
        def follow(self, model: str | None, age: float | None = 0.0) -> JobPolling:
            asked.append(age)
            return super().follow(model, age)

    server.on_status(job("processing"), job("completed"))
    async with client(server.url, clock, polling=Noting(2.0)) as queue:
        await seen(queue, since=clock.now() - MINUTE)
        await seen(queue)
    assert asked == [60.0, None]
    assert clock.slept == [2.0, 2.0]


@pytest.mark.asyncio
async def test_a_closed_client_asks_nobody(server: ScriptedServer, clock: ManualClock) -> None:
    async with client(server.url, clock) as queue:
        pass
    with pytest.raises(QueueStatusError):
        await queue.status("job-1")
    assert server.count("GET", "/v1/jobs/job-1") == 0
