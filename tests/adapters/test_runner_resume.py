"""Killed and started again, run twice, cancelled in between: one outcome, at most one submit."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from bot.errors import DatabaseUnavailable, JobGone, JobMoved, NotYours, ShuttingDown, TooLateToCancel
from bot.rules.jobs import Job, JobState
from bot.store.jobs import Jobs
from sandbox.queue_api import Fault
from tests.adapters.runner_setup import MP4, Bench, bench, empty_url
from tests.jobs import ADA, GRACE, GUILD, a_job, a_member, a_reply, a_request, an_image_request

__all__ = ["bench", "empty_url"]

S = JobState


async def _accept(bench: Bench, prompt: str = "a cat") -> Job:
    return await bench.accept(a_request(prompt=prompt), a_member(), a_reply())


async def _restart(bench: Bench, **settings: Any) -> None:
    await bench.kill()
    await bench.open(**settings)
    await bench.engine.resume()


@pytest.mark.asyncio
@pytest.mark.parametrize("state", [S.ACCEPTED, S.PENDING, S.PROCESSING])
async def test_killed_as_soon_as_a_state_is_shown_the_job_ends_delivered_with_one_submit(
    bench: Bench, state: JobState
) -> None:
    bench.service.pending_seconds = bench.service.processing_seconds = 20.0
    reached = asyncio.Event()

    async def hang(job: Job) -> None:
        told.append(job.id)
        reached.set()
        await asyncio.Event().wait()

    told: list[str] = []
    bench.announcer.on_show = {state: hang}
    accepting = asyncio.create_task(_accept(bench))
    await reached.wait()
    accepting.cancel()
    await _restart(bench)
    job = await bench.ended(told[0])
    assert job.state is S.DELIVERED
    assert len(bench.service.submits) == 1
    assert len(bench.announcer.delivered) == 1


@pytest.mark.asyncio
async def test_killed_during_the_download_the_job_ends_delivered_with_one_submit(bench: Bench) -> None:
    bench.service.faults.add(Fault(on="content", kind="stall", times=1))
    job = await _accept(bench)
    await bench.until(lambda: any(call.action == "content" for call in bench.service.requests))
    await _restart(bench)
    assert (await bench.ended(job.id)).state is S.DELIVERED
    assert len(bench.service.submits) == len(bench.announcer.delivered) == 1


@pytest.mark.asyncio
async def test_killed_during_the_delivery_the_same_message_is_edited_again(bench: Bench) -> None:
    reached = asyncio.Event()

    async def hang(_: Job) -> None:
        reached.set()
        await asyncio.Event().wait()

    bench.announcer.on_deliver = hang
    job = await _accept(bench)
    await reached.wait()
    bench.announcer.on_deliver = None
    await _restart(bench)
    assert (await bench.ended(job.id)).state is S.DELIVERED
    [(told, _, video)] = bench.announcer.delivered
    assert (told.reply.message_id, video) == (6, MP4)
    assert sum(call.action == "content" for call in bench.service.requests) == 1


@pytest.mark.asyncio
async def test_killed_before_it_could_say_that_the_job_failed_the_next_process_says_so(bench: Bench) -> None:
    reached = asyncio.Event()

    async def hang(_: Job) -> None:
        reached.set()
        await asyncio.Event().wait()

    bench.announcer.on_show = {S.FAILED: hang}
    job = await _accept(bench, "[fail: no cats today]")
    await reached.wait()
    assert (await bench.jobs.get(job.id)).untold
    await _restart(bench)
    await bench.until(lambda: bench.announcer.states(job.id).count("failed") == 2)
    assert not (await bench.ended(job.id)).untold
    assert await bench.jobs.live() == []


@pytest.mark.asyncio
async def test_killed_during_the_submit_the_outcome_is_unknown_and_said_so(bench: Bench) -> None:
    bench.service.faults.add(Fault(on="submit", kind="stall", taken=True))
    job = await _accept(bench)
    await bench.until(lambda: bench.service.jobs)
    await _restart(bench)
    job = await bench.ended(job.id)
    assert job.failure
    assert (job.state, job.failure.key, job.refunded) == (S.FAILED, "outcome_unknown", True)
    assert len(bench.service.submits) == 1
    assert bench.announcer.shown[-1].failure == job.failure


@pytest.mark.asyncio
async def test_killed_during_the_submit_it_is_sent_once_more_where_the_operator_says_so(bench: Bench) -> None:
    job = a_job(state=S.SUBMITTING)
    await bench.jobs.insert(job)
    await _restart(bench, resubmit_unknown=True)
    assert (await bench.ended(job.id)).state is S.DELIVERED
    second = a_job(state=S.SUBMITTING, resubmitted=True)
    await bench.jobs.insert(second)
    await _restart(bench, resubmit_unknown=True)
    assert (await bench.ended(second.id)).state is S.FAILED
    assert len(bench.service.submits) == 1


@pytest.mark.asyncio
async def test_killed_while_it_waits_for_its_turn_to_submit_again_nothing_is_unknown(bench: Bench) -> None:
    bench.service.faults.add(Fault(on="submit", kind="code", code=429, retry_after=250, times=1))
    job = await _accept(bench)
    await bench.until(lambda: bench.clock.sleeping)
    assert (await bench.jobs.get(job.id)).state is S.ACCEPTED
    await _restart(bench)
    assert (await bench.ended(job.id)).state is S.DELIVERED


@pytest.mark.asyncio
async def test_the_deadline_is_counted_from_the_submit_across_restarts(bench: Bench) -> None:
    job = await _accept(bench, "a cat [never]")
    await bench.until(lambda: "processing" in bench.announcer.states(job.id))
    await bench.kill()
    bench.clock._elapsed += 3600
    asked = len(bench.service.requests)
    await bench.open()
    await bench.engine.resume()
    job = await bench.ended(job.id)
    assert job.failure
    assert job.failure.key == "deadline_passed"
    assert len(bench.service.requests) == asked + 1


@pytest.mark.asyncio
async def test_a_job_that_ended_while_nobody_watched_is_delivered_though_its_deadline_has_passed(bench: Bench) -> None:
    bench.service.processing_seconds = 60.0
    reached = asyncio.Event()

    async def hang(_: Job) -> None:
        reached.set()
        await asyncio.Event().wait()

    bench.announcer.on_show = {S.PROCESSING: hang}
    job = await _accept(bench)
    await reached.wait()
    await bench.kill()
    bench.clock._elapsed += 1800
    await bench.open()
    await bench.engine.resume()
    assert (await bench.ended(job.id)).state is S.DELIVERED


@pytest.mark.asyncio
async def test_a_graceful_stop_lets_a_submit_finish_and_writes_it_down(bench: Bench) -> None:
    bench.service.processing_seconds = 500.0
    job = await _accept(bench)
    await bench.until(lambda: bench.service.submits)
    await bench.close()
    await bench.open()
    left = await bench.jobs.get(job.id)
    assert left.state in {S.PENDING, S.PROCESSING}
    assert left.remote_id in bench.service.jobs
    await bench.engine.resume()
    assert (await bench.ended(job.id)).state is S.DELIVERED
    assert len(bench.service.submits) == 1


@pytest.mark.asyncio
async def test_a_stopped_engine_starts_nothing_more(bench: Bench) -> None:
    await bench.engine.close()
    job = await _accept(bench)
    await bench.runner.run(job.id)
    assert bench.service.submits == []
    assert (await bench.jobs.get(job.id)).state is S.ACCEPTED


@pytest.mark.asyncio
async def test_run_twice_at_once_a_job_is_done_once(bench: Bench) -> None:
    job = a_job()
    await bench.jobs.insert(job)
    await asyncio.gather(*(bench.runner.run(job.id) for _ in range(5)))
    await bench.runner.run(job.id)
    await bench.runner.run("no such job")
    assert (await bench.jobs.get(job.id)).state is S.DELIVERED
    assert len(bench.service.submits) == len(bench.announcer.delivered) == 1


@pytest.mark.asyncio
async def test_taken_over_by_another_process_the_first_one_finds_out_and_stops(bench: Bench) -> None:
    bench.service.processing_seconds = 20.0

    async def another_takes_over(job: Job) -> None:
        await bench.jobs.claim(job)

    bench.announcer.on_show = {S.PENDING: another_takes_over}
    job = await _accept(bench)
    await bench.until(lambda: "pending" in bench.announcer.states(job.id) and not bench.engine._tasks)
    assert (await bench.jobs.get(job.id)).state is S.PENDING
    assert bench.announcer.states(job.id) == ["accepted", "pending"]
    assert bench.announcer.delivered == []
    await bench.engine.start(job.id)
    assert (await bench.ended(job.id)).state is S.DELIVERED
    assert len(bench.service.submits) == len(bench.announcer.delivered) == 1


@pytest.mark.asyncio
async def test_stopped_in_the_middle_of_an_edit_the_process_mends_what_it_made_old(bench: Bench) -> None:
    bench.service.processing_seconds = 20.0

    async def stands_still_while_another_delivers(job: Job) -> None:
        taken = await bench.jobs.claim(job)
        taken = await bench.jobs.advance(taken, S.COMPLETED)
        await bench.jobs.advance(taken, S.DELIVERED)
        bench.clock._elapsed += 60

    bench.announcer.on_show = {S.PENDING: stands_still_while_another_delivers}
    job = await _accept(bench)
    await bench.until(lambda: not bench.engine._tasks)
    assert bench.announcer.states(job.id)[-1] == "delivered", "the edit that came late said pending"


@pytest.mark.asyncio
async def test_cancelled_by_another_process_during_an_edit_that_comes_later_the_reply_says_cancelled(
    bench: Bench,
) -> None:
    bench.service.processing_seconds = 20.0

    async def another_cancels(job: Job) -> None:
        await bench.jobs.advance(job, S.CANCELLED)

    bench.announcer.on_show = {S.PENDING: another_cancels}
    job = await _accept(bench)
    await bench.until(lambda: "pending" in bench.announcer.states(job.id) and not bench.engine._tasks)
    assert bench.announcer.states(job.id) == ["accepted", "pending", "cancelled"]


@pytest.mark.asyncio
async def test_cancelled_before_the_submit_there_is_none_and_it_is_given_back(bench: Bench) -> None:
    async def cancel(job: Job) -> None:
        await bench.services.job_controls.cancel(job.id, a_member())

    bench.announcer.on_show = {S.ACCEPTED: cancel}
    job = await bench.ended((await _accept(bench)).id)
    assert (job.state, job.refunded) == (S.CANCELLED, True)
    assert bench.service.submits == []
    assert bench.announcer.states(job.id) == ["accepted", "cancelled"]


@pytest.mark.asyncio
async def test_cancelled_while_the_service_is_busy_it_is_not_sent_again(bench: Bench) -> None:
    bench.service.faults.add(Fault(on="submit", kind="code", code=429, retry_after=250, times=1))
    job = await _accept(bench)
    await bench.until(lambda: bench.clock.sleeping)
    await bench.services.job_controls.cancel(job.id, a_member())
    await bench.until(lambda: not bench.engine._tasks)
    job = await bench.jobs.get(job.id)
    assert (job.state, job.refunded, len(bench.service.submits)) == (S.CANCELLED, True, 1)


@pytest.mark.asyncio
@pytest.mark.parametrize("state", [S.PENDING, S.PROCESSING])
async def test_cancelled_after_the_submit_nobody_watches_it_any_more_and_it_counts(
    bench: Bench, state: JobState
) -> None:
    bench.service.pending_seconds = bench.service.processing_seconds = 20.0

    async def cancel(job: Job) -> None:
        await bench.services.job_controls.cancel(job.id, a_member())

    bench.announcer.on_show = {state: cancel}
    job = await bench.ended((await _accept(bench)).id)
    assert (job.state, job.refunded) == (S.CANCELLED, False)
    assert bench.announcer.delivered == []
    assert bench.announcer.states(job.id)[-1] == "cancelled"


@pytest.mark.asyncio
async def test_cancelled_during_the_download_nobody_is_given_the_video_and_it_counts(bench: Bench) -> None:
    async def cancel() -> None:
        [job_id] = bench.engine._tasks
        await bench.services.job_controls.cancel(job_id, a_member())

    bench.encoder.on_faststart = cancel
    job = await bench.ended((await _accept(bench)).id)
    assert (job.state, job.refunded) == (S.CANCELLED, False)
    assert bench.announcer.delivered == []


@pytest.mark.asyncio
async def test_cancelled_while_the_video_is_made_smaller_nobody_is_given_it(bench: Bench) -> None:
    fit = bench.encoder.fit

    async def cancel_and_fit(*args: Any, **facts: Any) -> Any:
        [job_id] = bench.engine._tasks
        await bench.services.job_controls.forget(job_id, a_member())
        return await fit(*args, **facts)

    bench.encoder.fit = cancel_and_fit  # type: ignore[method-assign]
    job = await bench.accept(a_request(), a_member(), a_reply(upload_limit_bytes=2000))
    assert (await bench.ended(job.id)).state is S.CANCELLED
    assert bench.announcer.delivered == []


@pytest.mark.asyncio
async def test_cancelled_while_its_inputs_are_read_for_the_submit_there_is_none(bench: Bench) -> None:
    fetch = bench.files.fetch

    async def cancel_and_fetch(key: str, to: Any) -> Any:
        [job_id] = bench.engine._tasks
        await bench.services.job_controls.cancel(job_id, a_member())
        return await fetch(key, to)

    bench.files.fetch = cancel_and_fetch  # type: ignore[method-assign]
    job = await bench.accept(an_image_request(), a_member(), a_reply())
    assert (await bench.ended(job.id)).state is S.CANCELLED
    assert bench.service.submits == []


@pytest.mark.asyncio
async def test_a_job_that_the_database_can_not_confirm_before_its_submit_is_submitted_later(
    bench: Bench, monkeypatch: Any
) -> None:
    confirm, fetch, away = Jobs.confirm, bench.files.fetch, [DatabaseUnavailable("for a moment")]

    async def slow(key: str, to: Any) -> Any:
        await bench.clock.advance(5)
        return await fetch(key, to)

    async def once(self: Jobs, job: Job) -> Job:
        if away:
            raise away.pop()
        return await confirm(self, job)

    bench.files.fetch = slow  # type: ignore[method-assign]
    monkeypatch.setattr(Jobs, "confirm", once)
    job = await bench.accept(an_image_request(), a_member(), a_reply())
    assert (await bench.ended(job.id)).state is S.DELIVERED
    assert (away, len(bench.service.submits)) == ([], 1)


@pytest.mark.asyncio
async def test_a_job_that_is_at_its_service_is_not_lost_to_a_long_outage_of_the_database(
    bench: Bench, monkeypatch: Any
) -> None:
    advance, outage = Jobs._advance, [DatabaseUnavailable("failover")] * 20

    async def away(self: Jobs, job: Job, to: JobState, *args: Any, **facts: Any) -> Job:
        if to is S.PENDING and outage:
            raise outage.pop()
        return await advance(self, job, to, *args, **facts)

    monkeypatch.setattr(Jobs, "_advance", away)
    job = await _accept(bench)
    assert (await bench.ended(job.id)).state is S.DELIVERED
    assert (outage, len(bench.service.submits)) == ([], 1)


@pytest.mark.asyncio
async def test_a_cancel_that_discord_does_not_hear_of_is_told_by_itself_later(bench: Bench) -> None:
    bench.service.pending_seconds = 1e6
    bench.clock.long = 0.001  # no time passes by itself
    job = await _accept(bench)
    await bench.until(lambda: "pending" in bench.announcer.states(job.id) and bench.clock.sleeping)
    bench.announcer.unreached = 3  # the cancel, the runner as it stops, and the telling that is left
    assert (await bench.services.job_controls.cancel(job.id, a_member())).untold
    await bench.engine.start(job.id)
    await bench.until(lambda: bench.announcer.unreached == 0)
    assert "cancelled" not in bench.announcer.states(job.id)
    bench.clock.long = 100.0
    await bench.clock.advance(60)
    await bench.until(lambda: "cancelled" in bench.announcer.states(job.id) and not bench.engine._tasks)
    assert not (await bench.jobs.get(job.id)).untold


@pytest.mark.asyncio
async def test_a_cancel_whose_answer_the_database_lost_is_a_cancel(bench: Bench, monkeypatch: Any) -> None:
    advance, lost = Jobs._advance, [DatabaseUnavailable("the answer was lost")]

    async def written(self: Jobs, job: Job, to: JobState, *args: Any, **facts: Any) -> Job:
        row = await advance(self, job, to, *args, **facts)
        if to is S.CANCELLED and lost:
            raise lost.pop()
        return row

    monkeypatch.setattr(Jobs, "_advance", written)
    job = await bench.jobs.insert(a_job())
    cancelled = await bench.services.job_controls.cancel(job.id, a_member())
    assert (lost, cancelled.state, cancelled.untold) == ([], S.CANCELLED, False)
    assert bench.announcer.states(job.id) == ["cancelled"]


@pytest.mark.asyncio
async def test_a_cancel_while_a_job_is_watched_ends_the_watch_at_once(bench: Bench) -> None:
    await bench.close()
    bench.durations.extend("lucy-pro-t2v", [10_000.0] * 5)
    await bench.open(poll_max_seconds=10)
    bench.clock.long = 0.001  # no time passes by itself: the watch sleeps until it is woken
    job = await _accept(bench, "a cat [never]")
    await bench.until(lambda: bench.clock.sleeping >= 2)
    await bench.services.job_controls.cancel(job.id, a_member())
    await bench.until(lambda: not bench.engine._tasks)
    assert (await bench.jobs.get(job.id)).state is S.CANCELLED


@pytest.mark.asyncio
async def test_cancel_and_run_race_a_hundred_times_and_every_row_tells_one_story(bench: Bench) -> None:
    jobs = [await _accept(bench, f"cat {n}") for n in range(40)]

    async def cancel(job: Job, turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        with contextlib.suppress(TooLateToCancel):
            await bench.services.job_controls.cancel(job.id, a_member())

    await asyncio.gather(*(cancel(job, n * 20) for n, job in enumerate(jobs)))
    await bench.until(lambda: not bench.engine._tasks)
    delivered = {told.id for told, _, _ in bench.announcer.delivered}
    by_prompt = [call.texts["prompt"] for call in bench.service.submits]
    assert len(by_prompt) == len(set(by_prompt))
    for job in [await bench.jobs.get(job.id) for job in jobs]:
        assert job.state in {S.DELIVERED, S.CANCELLED}
        assert job.state is S.CANCELLED or job.id in delivered
        if job.refunded:
            assert job.request.inputs.prompt not in by_prompt


@pytest.mark.asyncio
async def test_only_the_requester_and_the_servers_moderators_may_cancel_or_delete(bench: Bench) -> None:
    job = a_job()
    await bench.jobs.insert(job)
    strangers = [
        a_member(GRACE),
        a_member(GRACE, guild_id=GUILD + 1, moderator=True, server_moderator=True),
        a_member(GRACE, guild_id=None, moderator=True, server_moderator=True),
    ]
    for stranger, refusal in zip(strangers, (NotYours, JobGone, JobGone), strict=True):  # elsewhere, not even whose
        for act in (bench.services.job_controls.cancel, bench.services.job_controls.forget):
            with pytest.raises(refusal) as caught:
                await act(job.id, stranger)
            assert caught.value.facts == ({"requester_id": ADA} if refusal is NotYours else {})
    await bench.services.job_controls.cancel(job.id, a_member(GRACE, moderator=True, server_moderator=True))
    await bench.clock.advance(5)  # later than the second press of two
    with pytest.raises(TooLateToCancel) as late:
        await bench.services.job_controls.cancel(job.id, a_member())
    assert late.value.facts == {"state": "cancelled"}
    with pytest.raises(JobGone):
        await bench.services.job_controls.cancel("nope", a_member())


@pytest.mark.asyncio
async def test_again_is_a_new_job_of_whoever_asks_with_the_kept_inputs_under_its_own_keys(bench: Bench) -> None:
    first = await bench.accept(an_image_request(), a_member(), a_reply())
    first = await bench.ended(first.id)
    bench.intake.gone = True
    second = await bench.again(first.id, a_member(GRACE), a_reply(message_id=77), seed=None)
    assert (second.again_of, second.requester.user_id, second.reply.message_id) == (first.id, GRACE, 77)
    assert second.request.inputs.seed != first.request.inputs.seed
    second = await bench.ended(second.id)
    assert second.state is S.DELIVERED, second.failure
    assert [file.key for file in second.stored.values()] == [f"jobs/{second.id}/data"]
    third = await bench.again(first.id, a_member(), a_reply(), seed=first.request.inputs.seed)
    assert third.request == first.request


@pytest.mark.asyncio
async def test_again_after_the_inputs_were_deleted_asks_discord_once_more(bench: Bench) -> None:
    first = await bench.accept(an_image_request(), a_member(), a_reply())
    await bench.ended(first.id)
    forgotten = await bench.services.job_controls.forget(first.id, a_member())
    assert (forgotten.stored, forgotten.result, forgotten.state) == ({}, None, S.DELIVERED)
    assert not await bench.files.exists(f"jobs/{first.id}/data")
    bench.intake.gone = True
    second = await bench.ended((await bench.again(first.id, a_member(), a_reply(), seed=1)).id)
    assert second.failure
    assert second.failure.key == "file_gone"


@pytest.mark.asyncio
async def test_deleting_a_job_that_runs_cancels_it(bench: Bench) -> None:
    job = await _accept(bench, "a cat [never]")
    await bench.services.job_controls.forget(job.id, a_member())
    assert (await bench.ended(job.id)).state is S.CANCELLED


@pytest.mark.asyncio
async def test_behind_a_closed_door_everything_new_is_refused_and_the_rest_goes_on(bench: Bench) -> None:
    job = await _accept(bench)
    await bench.services.acceptance.close()
    with pytest.raises(ShuttingDown):
        bench.services.acceptance.precheck(a_request(), a_member())
    with pytest.raises(ShuttingDown):
        await _accept(bench)
    with pytest.raises(ShuttingDown):
        await bench.again(job.id, a_member(), a_reply(), seed=None)
    assert (await bench.ended(job.id)).state is S.DELIVERED


@pytest.mark.asyncio
async def test_the_estimate_is_this_models_recent_median_and_before_that_the_catalogues(bench: Bench) -> None:
    bench.service.processing_seconds = 30.0
    first = await _accept(bench)
    assert first.expected_seconds == 60
    await bench.ended(first.id)  # one after the other: each one's polls move the clock of all
    for _ in range(3):
        await bench.ended((await _accept(bench)).id)
    later = await _accept(bench)
    assert later.expected_seconds
    assert 25 <= later.expected_seconds <= 45


@pytest.mark.asyncio
async def test_two_writers_of_one_epoch_never_both_win(bench: Bench) -> None:
    job = a_job(state=S.PENDING, remote_id="r")
    await bench.jobs.insert(job)
    outcomes = await asyncio.gather(
        bench.jobs.advance(job, S.CANCELLED), bench.jobs.advance(job, S.PROCESSING), return_exceptions=True
    )
    assert sum(isinstance(outcome, JobMoved) for outcome in outcomes) == 1


@pytest.mark.asyncio
async def test_a_database_that_is_away_for_a_while_delays_jobs_and_loses_none(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, away = bench.jobs.get, 4

    async def get(job_id: str) -> Job:
        nonlocal away
        if away:
            away -= 1
            raise DatabaseUnavailable("the server is being restarted")
        return await really(job_id)

    job = a_job()
    await bench.jobs.insert(job)
    monkeypatch.setattr(bench.jobs, "get", get)
    await bench.engine.start(job.id)
    await bench.until(lambda: not away and not bench.engine._tasks)
    assert (await really(job.id)).state is S.DELIVERED
    assert len(bench.service.submits) == 1


@pytest.mark.asyncio
async def test_a_graceful_stop_lets_a_delivery_finish_and_writes_it_down(bench: Bench) -> None:
    uploading, go_on = asyncio.Event(), asyncio.Event()

    async def upload(_: Job) -> None:
        uploading.set()
        await go_on.wait()

    bench.announcer.on_deliver = upload
    job = await _accept(bench)
    await uploading.wait()
    closing = asyncio.ensure_future(bench.close())
    await asyncio.sleep(0)
    go_on.set()
    await closing
    await bench.open()
    assert (await bench.jobs.get(job.id)).state is S.DELIVERED
