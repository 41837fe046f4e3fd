"""A job's way through the pipeline, on both databases, against the stand-in service over sockets."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from bot.errors import NothingServed
from bot.rules.delivery import DeliveryLost, DeliveryTooLarge
from bot.rules.jobs import Job, JobState
from bot.store import tables
from sandbox.queue_api import Fault
from tests.adapters.databases import execute
from tests.adapters.runner_setup import MP4, PNG, Bench, bench, empty_url
from tests.jobs import a_job, a_member, a_reply, a_request, an_image_request

__all__ = ["bench", "empty_url"]

S = JobState
MINUTE = 60.0


async def _accept(bench: Bench, prompt: str = "a cat", **facts: Any) -> Job:
    request = facts.pop("request", None) or a_request(prompt=prompt)
    return await bench.accept(request, a_member(), a_reply(**facts))


async def _run(bench: Bench, prompt: str = "a cat", **facts: Any) -> Job:
    return await bench.ended((await _accept(bench, prompt, **facts)).id)


@pytest.mark.asyncio
async def test_a_prompt_becomes_a_video_and_each_state_is_shown_once_in_order(bench: Bench) -> None:
    bench.service.pending_seconds = bench.service.processing_seconds = 20.0
    job = await _run(bench)
    assert job.state is S.DELIVERED
    assert bench.announcer.states(job.id) == ["accepted", "pending", "processing"]
    [(told, clip, video)] = bench.announcer.delivered
    assert (told.id, video, clip.filename) == (job.id, MP4, f"t2v-{job.id[:8]}.mp4")
    assert len(bench.service.submits) == 1
    assert await bench.files.exists(f"jobs/{job.id}/result"), "for a while, so that it can be shown again"
    assert job.submitted_at
    assert job.completed_at
    assert job.ended_at


@pytest.mark.asyncio
async def test_what_is_submitted_is_what_was_asked_with_the_seed_that_the_row_has(bench: Bench) -> None:
    job = await _run(bench, request=a_request(resolution="480p", orientation="portrait"))
    [call] = bench.service.submits
    seed = job.request.inputs.seed
    assert seed is not None
    assert call.texts == {
        "prompt": "a cat playing piano", "resolution": "480p", "orientation": "portrait", "seed": str(seed)
    }  # fmt: skip
    assert call.idempotency_key == job.id


@pytest.mark.asyncio
async def test_inputs_are_stored_before_the_submit_and_sent_from_there(bench: Bench) -> None:
    job = await _run(bench, request=an_image_request())
    assert job.state is S.DELIVERED, job.failure
    [call] = bench.service.submits
    assert [(name, part.filename) for name, part in call.files.items()] == [("data", "cat.png")]
    assert await bench.files.exists(f"jobs/{job.id}/data")
    assert job.stored["data"].size_bytes == len(PNG)  # type: ignore[index]  # a role is its word


@pytest.mark.asyncio
async def test_an_attachment_that_vanished_fails_the_job_before_any_submit(bench: Bench) -> None:
    bench.intake.gone = True
    job = await _run(bench, request=an_image_request())
    assert job.failure
    assert (job.state, job.failure.key, job.refunded) == (S.CANCELLED, "file_gone", True)
    assert job.refused, "what its member can mend is no failed job"
    report = await bench.services.statistics.report(a_member(moderator=True, server_moderator=True), days=30)
    assert report.statistics.total == 0, "nor any in the server's numbers"
    assert bench.service.submits == []


@pytest.mark.asyncio
async def test_the_services_own_reason_is_kept(bench: Bench) -> None:
    job = await _run(bench, "a cat [fail: no cats today]")
    assert job.failure
    assert (job.failure.key, job.failure.facts, job.refunded) == ("service_failed", {"reason": "no cats today"}, True)
    assert bench.announcer.states(job.id)[-1] == "failed"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("code", "key"),
    [
        (400, "service_refused"),
        (401, "key_refused"),
        (402, "out_of_credits"),
        (403, "key_refused"),
        (413, "service_refused"),
    ],
)
async def test_refusals_of_the_submit_are_final_and_told_apart(bench: Bench, code: int, key: str) -> None:
    bench.service.faults.add(Fault(on="submit", kind="code", code=code, times=0))
    job = await _run(bench)
    assert job.failure
    assert job.failure.key == key
    assert len(bench.service.submits) == 1


@pytest.mark.asyncio
async def test_used_up_credits_are_told_to_the_operator_once_until_the_service_takes_jobs_again(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    bench.service.faults.add(Fault(on="submit", kind="code", code=402, times=2))
    for _ in range(2):
        assert (await _run(bench)).failure
    assert (await _run(bench)).state is S.DELIVERED
    told = [line.partition(":")[0] for line in caplog.messages if "the service decart takes" in line]
    assert told == ["the service decart takes no jobs", "the service decart takes jobs again"]


@pytest.mark.asyncio
async def test_a_429_storm_is_waited_out_and_the_job_is_taken_once(bench: Bench) -> None:
    bench.service.faults.add(Fault(on="submit", kind="code", code=429, retry_after=7, times=3))
    job = await _run(bench)
    assert job.state is S.DELIVERED
    assert len(bench.service.submits) == 4
    assert len(bench.service.jobs) == 1
    assert sum(seconds >= 7 for seconds in bench.clock.slept) >= 3
    assert bench.announcer.states(job.id).count("accepted") == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(("code", "key"), [(429, "service_busy"), (503, "service_busy")])
async def test_a_storm_without_end_fails_after_the_attempts_that_are_set(bench: Bench, code: int, key: str) -> None:
    bench.service.faults.add(Fault(on="submit", kind="code", code=code, times=0))
    job = await _run(bench)
    assert job.failure
    assert (job.failure.key, job.refunded) == (key, True)
    assert len(bench.service.submits) == bench.settings.submit_attempts


@pytest.mark.asyncio
async def test_a_service_that_asks_to_wait_for_a_month_is_busy_at_once(bench: Bench) -> None:
    bench.service.faults.add(Fault(on="submit", kind="code", code=429, retry_after="2592000", times=0))
    job = await _run(bench)
    assert job.failure
    assert (job.failure.key, job.refunded) == ("service_busy", True)
    assert len(bench.service.submits) == 1


@pytest.mark.asyncio
async def test_a_service_that_is_not_there_is_unreachable(bench: Bench) -> None:
    await bench.service.stop()
    job = await _run(bench)
    assert job.failure
    assert job.failure.key == "service_unreachable"


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["reset", "html", "nothing"])
async def test_an_answer_lost_after_sending_is_unknown_and_never_sent_again(bench: Bench, kind: Any) -> None:
    bench.service.faults.add(Fault(on="submit", kind=kind, taken=True, times=0))
    job = await _run(bench)
    assert job.failure
    assert (job.failure.key, job.refunded) == ("outcome_unknown", True)
    assert len(bench.service.submits) == 1
    assert b"clapper_submits_unknown_total 1.0" in bench.metrics.page()


@pytest.mark.asyncio
async def test_with_the_setting_an_unknown_outcome_is_risked_once_more_and_not_twice(bench: Bench) -> None:
    await bench.close()
    await bench.open(resubmit_unknown=True)
    bench.service.faults.add(Fault(on="submit", kind="reset", taken=True, times=1))
    assert (await _run(bench)).state is S.DELIVERED
    assert len(bench.service.submits) == 2
    bench.service.faults.add(Fault(on="submit", kind="reset", taken=True, times=0))
    job = await _run(bench)
    assert job.failure
    assert job.failure.key == "outcome_unknown"
    assert len(bench.service.submits) == 4


@pytest.mark.asyncio
async def test_a_model_that_the_service_does_not_know_rests_for_everybody(bench: Bench) -> None:
    bench.service.retired.add("lucy-pro-t2v")
    job = await _run(bench)
    assert job.failure
    assert job.failure.key == "nothing_served", "it is the only one of its command"
    with pytest.raises(NothingServed) as caught:
        bench.services.acceptance.precheck(a_request(), a_member())
    assert caught.value.facts == {"command": "t2v", "models": "Lucy Pro (text)"}
    with pytest.raises(NothingServed):
        await _accept(bench)
    bench.clock._elapsed += 3601
    bench.services.acceptance.precheck(a_request(), a_member())


@pytest.mark.asyncio
async def test_a_job_that_the_service_forgot_has_expired(bench: Bench) -> None:
    job = await _run(bench, "a cat [expire]")
    assert job.failure
    assert job.failure.key == "job_expired"


@pytest.mark.asyncio
async def test_a_job_that_never_ends_fails_at_its_models_deadline_and_is_called_slow_before(bench: Bench) -> None:
    job = await _run(bench, "a cat [never]")
    assert job.failure
    assert (job.failure.key, job.failure.facts, job.slow) == ("deadline_passed", {"minutes": 20}, True)
    assert job.submitted_at
    assert job.ended_at
    assert timedelta(minutes=20) <= job.ended_at - job.submitted_at <= timedelta(minutes=21)
    slow = [shown for shown in bench.announcer.shown if shown.slow and not shown.ended]
    assert len(slow) == 1


@pytest.mark.asyncio
async def test_a_job_is_said_to_be_slow_at_the_moment_until_which_it_was_expected(bench: Bench) -> None:
    durations = bench.durations
    durations.extend("lucy-pro-t2v", [10.0] * 7 + [900.0] * 3)
    assert durations.percentile_90("lucy-pro-t2v", 60.0) == 900.0
    bench.service.processing_seconds = 120.0
    job = await _run(bench)
    assert (job.state, job.expected_seconds, job.slow) == (S.DELIVERED, 10.0, True)


@pytest.mark.asyncio
async def test_outages_while_watching_lose_nothing(bench: Bench) -> None:
    bench.service.processing_seconds = 60.0
    bench.service.faults.add(
        Fault(on="status", kind="code", code=500, times=12), Fault(on="status", kind="reset", times=3),
        Fault(on="status", kind="code", code=429, retry_after=20, times=2),
    )  # fmt: skip
    assert (await _run(bench)).state is S.DELIVERED
    assert len(bench.service.submits) == 1


@pytest.mark.asyncio
async def test_a_result_that_can_not_be_had_yet_is_asked_for_again(bench: Bench) -> None:
    bench.service.faults.add(Fault(on="content", kind="code", code=503, times=12))
    assert (await _run(bench)).state is S.DELIVERED


@pytest.mark.asyncio
async def test_a_result_that_is_no_video_fails_in_its_own_words(bench: Bench) -> None:
    bench.service.faults.add(Fault(on="content", kind="corrupt", times=0))
    job = await _run(bench)
    assert job.failure
    assert job.failure.key == "result_invalid"


@pytest.mark.asyncio
async def test_a_result_over_the_operators_cap_is_too_large(bench: Bench) -> None:
    await bench.close()
    await bench.open(max_result_bytes=1024)
    job = await _run(bench)
    assert job.failure
    assert (job.failure.key, job.failure.facts) == ("result_too_large", {"size_bytes": 1024})


@pytest.mark.asyncio
async def test_a_video_over_the_announced_limit_is_made_smaller_and_says_so(bench: Bench) -> None:
    job = await _run(bench, upload_limit_bytes=1000)
    assert job.state is S.DELIVERED
    [(_, clip, video)] = bench.announcer.delivered
    assert len(video) == 1000
    assert (clip.note, dict(clip.note_facts)) == ("fit_reencoded", {"size_bytes_before": len(MP4)})


@pytest.mark.asyncio
async def test_an_encode_that_does_not_end_well_goes_one_rung_down(bench: Bench) -> None:
    bench.encoder.breaks = True
    job = await _run(bench, upload_limit_bytes=1000)
    assert job.failure
    assert job.failure.key == "result_too_large", "there are no links here: the sentence is the last rung"


@pytest.mark.asyncio
async def test_discords_too_large_goes_one_rung_down_and_at_the_end_a_sentence_remains(bench: Bench) -> None:
    bench.announcer.refusals = [DeliveryTooLarge()]
    assert (await _run(bench)).state is S.DELIVERED
    assert bench.announcer.delivered[0][1].note == "fit_reencoded"
    bench.announcer.refusals = [DeliveryTooLarge(), DeliveryTooLarge()]
    assert (await _run(bench)).state is S.DELIVERED, "Discord's usual limit is tried, too"
    bench.announcer.refusals = [DeliveryTooLarge(), DeliveryTooLarge(), DeliveryTooLarge()]
    job = await _run(bench)
    assert job.failure
    assert (job.failure.key, job.failure.facts) == ("result_too_large", {"size_bytes": len(MP4)})


@pytest.mark.asyncio
async def test_a_video_without_a_way_to_its_member_waits_and_goes_out_when_they_come(bench: Bench) -> None:
    bench.announcer.refusals = [DeliveryLost("token_expired")]
    job = await _run(bench)
    assert (job.state, job.undeliverable) == (S.COMPLETED, "token_expired")
    assert await bench.jobs.live() == []
    assert await bench.files.exists(f"jobs/{job.id}/result")
    await bench.service.stop()
    await bench.services.job_controls.move_reply(job.id, a_reply(token="fresh", message_id=99))
    job = await bench.ended(job.id)
    assert (job.state, job.undeliverable) == (S.DELIVERED, None)
    [(told, _, video)] = bench.announcer.delivered
    assert (told.reply.token, told.reply.message_id, video) == ("fresh", 99, MP4)


@pytest.mark.asyncio
async def test_a_member_who_comes_in_the_moment_of_giving_up_is_not_missed(bench: Bench) -> None:
    async def comes_and_fails(job: Job) -> None:
        bench.announcer.on_deliver = None
        await bench.services.job_controls.move_reply(job.id, a_reply(token="fresh"))
        raise DeliveryLost("token_expired")

    bench.announcer.on_deliver = comes_and_fails
    assert (await _run(bench)).state is S.DELIVERED
    assert bench.announcer.delivered[0][0].reply.token == "fresh"


@pytest.mark.asyncio
async def test_a_press_while_the_task_is_about_to_end_is_not_lost(bench: Bench) -> None:
    async def comes_at_the_last_moment(job: Job) -> None:
        if job.undeliverable:  # told of as the last thing that the task does
            await bench.services.job_controls.move_reply(job.id, a_reply(token="fresh", message_id=99))

    async def show(job: Job) -> None:
        bench.announcer.on_show[S.COMPLETED] = show
        await comes_at_the_last_moment(job)

    bench.announcer.on_show = {S.COMPLETED: show}
    bench.announcer.refusals = [DeliveryLost("token_expired")]
    job = await _accept(bench)
    await bench.until(lambda: bench.announcer.delivered)
    assert (await bench.ended(job.id)).state is S.DELIVERED
    assert bench.announcer.delivered[0][0].reply.message_id == 99


@pytest.mark.asyncio
async def test_after_an_outage_of_discord_the_smaller_clip_is_sent_again(bench: Bench) -> None:
    # As it is: too large. The first smaller one: Discord is away. The next pass goes down the same ladder.
    bench.announcer.refusals = [DeliveryTooLarge(), DeliveryLost("unreachable"), DeliveryTooLarge()]
    job = await _run(bench)
    assert job.state is S.DELIVERED, job.failure
    [(_, clip, _)] = bench.announcer.delivered
    assert clip.note == "fit_reencoded"


@pytest.mark.asyncio
async def test_while_discord_is_out_of_reach_delivery_is_tried_again_by_itself(bench: Bench) -> None:
    bench.announcer.refusals = [DeliveryLost("unreachable"), DeliveryLost("unreachable")]
    assert (await _run(bench)).state is S.DELIVERED
    assert bench.clock.slept.count(60.0) == 2


@pytest.mark.asyncio
async def test_while_discord_is_out_of_reach_a_failure_is_told_again_by_itself(bench: Bench) -> None:
    bench.announcer.unreached = 2
    job = await _run(bench, "[fail: no cats today]")
    assert (job.state, job.untold) == (S.FAILED, False)
    assert bench.announcer.states(job.id).count("failed") == 1
    assert bench.clock.slept.count(60.0) == 2


@pytest.mark.asyncio
async def test_an_error_of_ours_ends_in_one_sentence_with_the_id_in_the_log(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    async def breaks(job: Job) -> None:
        raise ZeroDivisionError

    bench.announcer.on_deliver = breaks
    job = await _run(bench)
    assert job.failure
    assert job.failure.key == "internal_failure"
    assert any(job.id in record.message and record.exc_info for record in caplog.records)


@pytest.mark.asyncio
async def test_an_announcer_that_breaks_the_rule_and_raises_costs_no_job(bench: Bench) -> None:
    async def breaks(job: Job) -> None:
        raise ZeroDivisionError

    bench.announcer.on_show = {S.PENDING: breaks, S.COMPLETED: breaks}
    assert (await _run(bench)).state is S.DELIVERED


@pytest.mark.asyncio
async def test_a_row_that_can_not_be_read_fails_and_the_others_go_on(bench: Bench) -> None:
    bad = a_job()
    await bench.jobs.insert(bad)
    await execute(bench.database, update(tables.jobs).where(tables.jobs.c.id == bad.id).values(request="?"))
    good = a_job()
    await bench.jobs.insert(good)
    assert await bench.engine.resume() == 2
    assert (await bench.ended(good.id)).state is S.DELIVERED
    await bench.until(lambda: not bench.engine._tasks)
    assert (await bench.jobs.counts())[S.FAILED] == 1


@pytest.mark.asyncio
async def test_no_more_jobs_run_at_once_than_the_setting_allows_but_all_are_greeted(bench: Bench) -> None:
    await bench.close()
    await bench.open(jobs_at_once=2)
    gate = asyncio.Event()

    async def hold(_: Job) -> None:
        await gate.wait()

    bench.announcer.on_deliver = hold
    jobs = [await _accept(bench) for _ in range(6)]
    await bench.until(lambda: len(bench.announcer.shown) >= 6 and len(bench.service.submits) == 2)
    await bench.until(lambda: all("accepted" in bench.announcer.states(job.id) for job in jobs))
    assert b"clapper_jobs_running 2.0" in bench.metrics.page()
    assert len(bench.service.submits) == 2
    gate.set()
    for job in jobs:
        assert (await bench.ended(job.id)).state is S.DELIVERED


@pytest.mark.asyncio
async def test_a_hundred_jobs_end_each_with_one_submit_and_one_video(bench: Bench) -> None:
    bench.service.faults.add(
        Fault(on="submit", kind="code", code=429, rate=0.2), Fault(on="status", kind="code", code=500, rate=0.1)
    )
    jobs = await asyncio.gather(*(_accept(bench, f"cat {n}") for n in range(100)))
    ended = [await bench.ended(job.id) for job in jobs]
    delivered = [job.id for job in ended if job.state is S.DELIVERED]
    assert sorted(told.id for told, _, _ in bench.announcer.delivered) == sorted(delivered)
    assert len(bench.service.jobs) == len(delivered) >= 95
    assert all(job.state is S.DELIVERED or (job.failure and job.failure.key == "service_busy") for job in ended)
