"""Asking, watching and cancelling at fal.ai's queue, over real sockets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.errors import QueueDeadlineError, QueueInputError, QueueJobNotFoundError, QueueStatusError
from bot.fal import FalClient, FalJob, FalStatus
from bot.http.due import TICK_SECONDS
from bot.http.values import JobStatus
from bot.rules.durations import Durations
from bot.rules.polling import AdaptivePolling
from bot.rules.services import Cancellation
from tests.adapters.fal_bench import AT, JOB, KEY, clock, fal, fal_client, said, server
from tests.adapters.queue_server import Answering, Reply, ScriptedServer, hang_up
from tests.clock import ManualClock

__all__ = ["clock", "fal", "server"]

MINUTE = timedelta(minutes=1)
GARBLED: list[Answering] = [
    Reply(body=b"<html>"),
    Reply(json={}),
    Reply(json={"status": "WARMING_UP"}),
    Reply(json={"status": ["IN_QUEUE"]}),
    Reply(json={"status": "COMPLETED", "request_id": "another"}),
    Reply(json=[]),
    Reply(),
]


async def seen(fal: FalClient, **more: Any) -> list[tuple[str, int | None]]:
    return [(news.status.value, news.place) async for news in fal.watch(JOB, **more)]


@pytest.mark.asyncio
async def test_a_job_is_asked_for_at_its_app_with_the_key(server: ScriptedServer, fal: FalClient) -> None:
    server.on("GET", f"{AT}/status", said("IN_QUEUE", queue_position=4))
    assert await fal.status(JOB) == FalStatus(job=JOB, status=JobStatus.PENDING, place=4)
    assert server.requests[0].headers["Authorization"] == f"Key {KEY}"
    assert server.requests[0].raw_path == f"{AT}/status"


@pytest.mark.asyncio
async def test_an_id_is_escaped_in_the_path_and_survives_a_row(server: ScriptedServer, fal: FalClient) -> None:
    job = FalJob("fal-ai/wan", "a b/../c?x=1#%2F")
    assert FalJob.read(str(job)) == job
    path = "/fal-ai/wan/requests/a%20b%2F..%2Fc%3Fx%3D1%23%252F/status"
    server.on("GET", path, Reply(json={"status": "IN_PROGRESS"}))
    assert (await fal.status(FalJob.read(str(job)))).status is JobStatus.PROCESSING
    assert server.requests[0].raw_path == path


@pytest.mark.parametrize(
    "text", ["", "req-1", "a/b", "a/requests/1", "a/../requests/1", "https://x/a/b/requests/1", "a/b/requests/1/status"]
)
def test_a_text_that_is_no_job_is_refused(text: str) -> None:
    with pytest.raises(QueueInputError):
        FalJob.read(text)


@pytest.mark.asyncio
async def test_every_change_of_status_and_place_is_told_once(
    server: ScriptedServer, fal: FalClient, clock: ManualClock
) -> None:
    waits = [said("IN_QUEUE", queue_position=place) for place in (2, 2, 1, 0, 0)]
    server.on("GET", f"{AT}/status", *waits, said("IN_PROGRESS"), said("IN_PROGRESS"), said("COMPLETED"))
    expected = [("pending", 2), ("pending", 1), ("pending", 0), ("processing", None), ("completed", None)]
    assert await seen(fal) == expected
    assert clock.slept == pytest.approx([1.0, 1.1, 1.21, 1.331, 1.4641, 2.0, 2.0], abs=TICK_SECONDS / 2)


@pytest.mark.asyncio
async def test_a_completed_job_with_an_error_is_one_that_failed(server: ScriptedServer, fal: FalClient) -> None:
    bad = said("COMPLETED", error="Runner went away", error_type="runner_disconnected")
    server.on("GET", f"{AT}/status", bad)
    [news] = [news async for news in fal.watch(JOB)]
    assert (news.status, news.reason, news.problem) == ("failed", "Runner went away", "runner_disconnected")


@pytest.mark.asyncio
async def test_outages_are_waited_out_and_nonsense_only_for_a_while(server: ScriptedServer, fal: FalClient) -> None:
    outage: list[Answering] = [Reply(500), hang_up, Reply(503), Reply(429), Reply(502), Reply(504), Reply(408)]
    server.on("GET", f"{AT}/status", *outage, *GARBLED[:4], said("COMPLETED"))
    assert await seen(fal) == [("completed", None)]


@pytest.mark.asyncio
@pytest.mark.parametrize("answer", GARBLED)
async def test_an_answer_that_stays_without_sense_is_an_error_with_the_jobs_id(
    server: ScriptedServer, fal: FalClient, answer: Answering
) -> None:
    server.on("GET", f"{AT}/status", answer)
    with pytest.raises(QueueStatusError) as caught:
        await seen(fal)
    assert caught.value.job_id == str(JOB)
    assert len(server.requests) == 5


@pytest.mark.asyncio
async def test_an_unknown_word_is_in_the_error(server: ScriptedServer, fal: FalClient) -> None:
    server.on("GET", f"{AT}/status", Reply(json={"status": "WARMING_UP"}))
    with pytest.raises(QueueStatusError, match="WARMING_UP"):
        await fal.status(JOB)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("status", "kind"), [(404, QueueJobNotFoundError), (401, QueueStatusError), (307, QueueStatusError)]
)
async def test_a_refusal_ends_the_watch_at_once(
    server: ScriptedServer, fal: FalClient, status: int, kind: type[QueueStatusError]
) -> None:
    server.on("GET", f"{AT}/status", Reply(status, json={"status": "NOT_FOUND"}, headers={"Location": "/elsewhere"}))
    with pytest.raises(kind):
        await seen(fal)
    assert [request.raw_path for request in server.requests] == [f"{AT}/status"]


@pytest.mark.asyncio
async def test_the_time_in_the_queue_is_not_counted_against_the_work(
    server: ScriptedServer, fal: FalClient, clock: ManualClock
) -> None:
    waits = [said("IN_QUEUE", queue_position=1)] * 40
    server.on("GET", f"{AT}/status", *waits, *[said("IN_PROGRESS")] * 25, said("COMPLETED"))
    assert (await seen(fal, run_limit=MINUTE))[-1] == ("completed", None)
    assert clock.monotonic() > 2 * 60
    assert max(clock.slept) <= 10


@pytest.mark.asyncio
async def test_each_of_both_waits_has_an_end(server: ScriptedServer, fal: FalClient, clock: ManualClock) -> None:
    server.on("GET", f"{AT}/status", said("IN_QUEUE", queue_position=1))
    with pytest.raises(QueueDeadlineError):
        await seen(fal, queue_limit=MINUTE)
    assert clock.monotonic() == pytest.approx(60.0)
    server.on("GET", f"{AT}/status", said("IN_PROGRESS"))
    with pytest.raises(QueueDeadlineError) as caught:
        await seen(fal, run_limit=MINUTE)
    assert clock.monotonic() == pytest.approx(120.0)
    assert caught.value.job_id == str(JOB)


@pytest.mark.asyncio
async def test_after_a_restart_the_limits_count_from_when_it_was(
    server: ScriptedServer, fal: FalClient, clock: ManualClock
) -> None:
    server.on("GET", f"{AT}/status", said("IN_PROGRESS"))
    began = clock.now()
    await clock.sleep(50)
    with pytest.raises(QueueDeadlineError):
        await seen(fal, running_since=began, run_limit=MINUTE)
    assert clock.monotonic() == pytest.approx(60.0)


@pytest.mark.asyncio
async def test_what_is_learned_is_the_time_at_work(server: ScriptedServer, clock: ManualClock) -> None:
    durations = Durations()
    async with fal_client(server.url, clock, polling=AdaptivePolling(durations)) as fal:
        waits = [said("IN_QUEUE", queue_position=1)] * 5
        server.on("GET", f"{AT}/status", *waits, said("IN_PROGRESS"), said("IN_PROGRESS"), said("COMPLETED"))
        await seen(fal, model="veo")
    [took] = durations.history("veo").seconds
    assert 0 < took < sum(clock.slept) - sum(clock.slept[:5])


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("answer", "how"),
    [
        (Reply(202, json={"status": "CANCELLATION_REQUESTED"}), Cancellation.REQUESTED),
        (Reply(200, json={"status": "OK"}), Cancellation.CANCELLED),
        (Reply(200, json={"status": "COMPLETED"}), Cancellation.REQUESTED),  # only OK says that nobody pays
        (Reply(200, json={}), Cancellation.REQUESTED),
        (Reply(400, json={"status": "ALREADY_COMPLETED"}), Cancellation.TOO_LATE),
    ],
)
async def test_a_job_is_cancelled_and_how_is_told(
    server: ScriptedServer, fal: FalClient, answer: Reply, how: Cancellation
) -> None:
    server.on("PUT", f"{AT}/cancel", hang_up, Reply(500), answer)
    assert await fal.cancel(JOB) is how
    assert {(request.method, request.body) for request in server.requests} == {("PUT", b"")}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Reply(404, json={"status": "NOT_FOUND"}), QueueJobNotFoundError),
        (Reply(400, json={}), QueueStatusError),
        (Reply(200, body=b"<html>It works</html>", headers={"Content-Type": "text/html"}), QueueStatusError),
        (Reply(200, json=None, body=b"null"), QueueStatusError),
    ],
)
async def test_a_cancelling_that_was_refused_is_an_error(
    server: ScriptedServer, fal: FalClient, answer: Reply, kind: type[QueueStatusError]
) -> None:
    server.on("PUT", f"{AT}/cancel", answer)
    with pytest.raises(kind):
        await fal.cancel(JOB)


@pytest.mark.asyncio
@pytest.mark.parametrize("place", [-1, True, 1.5, "3", 10**30, float("nan"), [2]])
async def test_a_place_that_makes_no_sense_is_not_told(server: ScriptedServer, fal: FalClient, place: object) -> None:
    server.on("GET", f"{AT}/status", said("IN_QUEUE", queue_position=place))
    assert (await fal.status(JOB)).place is None
