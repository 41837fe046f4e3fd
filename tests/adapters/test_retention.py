"""What is kept of members' jobs, for how long, and what is left when somebody is forgotten; on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.errors import JobGone, NotYours, VideoNotKept
from bot.rules.catalog import Model, Role
from bot.rules.delivery import DeliveryLost
from bot.rules.jobs import LAST_EDIT_BEFORE, Job, JobState, StoredFile
from bot.rules.limits import GIVEN_BACK
from bot.work.retention import EVERY, INPUTS_KEPT
from tests.adapters.runner_setup import MP4, PNG, Bench, bench, empty_url
from tests.adapters.test_runner_files import nothing_can_be_stored
from tests.jobs import ADA, GRACE, NOW, a_job, a_member, a_reply, a_request, an_image_request

__all__ = ["bench", "empty_url"]

S = JobState


@pytest.mark.asyncio
async def test_a_video_stays_for_its_hours_and_its_row_for_its_days(bench: Bench) -> None:
    job = await bench.ended((await bench.accept(a_request(), a_member(), a_reply())).id)
    key = f"jobs/{job.id}/result"
    bench.clock._elapsed += timedelta(hours=71).total_seconds()
    assert await bench.retention.drop_results() == 0
    assert await bench.files.exists(key)
    assert bench.services.own_jobs.kept_until(job) == (job.ended_at or NOW) + timedelta(hours=72)
    bench.clock._elapsed += timedelta(hours=2).total_seconds()
    assert await bench.retention.drop_results() == 1
    assert not await bench.files.exists(key)
    assert (await bench.services.job_controls.job(job.id)).result is None


@pytest.mark.asyncio
async def test_a_video_that_is_not_kept_is_not_promised_either(bench: Bench) -> None:
    await bench.close()
    await bench.open(keep_results_hours=0)
    job = await bench.ended((await bench.accept(a_request(), a_member(), a_reply())).id)
    assert not await bench.files.exists(f"jobs/{job.id}/result")
    assert bench.services.own_jobs.kept_until(job) is None


@pytest.mark.asyncio
async def test_a_video_that_waits_for_its_member_is_not_let_go(bench: Bench) -> None:
    bench.announcer.refusals = [DeliveryLost("message_deleted")]
    job = await bench.ended((await bench.accept(a_request(), a_member(), a_reply())).id)
    assert job.undeliverable == "message_deleted"
    assert bench.announcer.shown[-1].undeliverable == "message_deleted", (
        "the card offers the way to it, if it can be edited"
    )
    bench.clock._elapsed += timedelta(days=9).total_seconds()
    assert await bench.retention.drop_results() == 0
    await bench.services.job_controls.bring(job.id, a_member(), a_reply(message_id=77))
    assert (await bench.ended(job.id)).state is S.DELIVERED
    assert bench.announcer.delivered[0][0].reply.message_id == 77


@pytest.mark.asyncio
async def test_files_without_a_row_are_swept_and_no_others(bench: Bench) -> None:
    job = await bench.ended((await bench.accept(an_image_request(), a_member(), a_reply())).id)
    source = bench.folder / "x"
    source.write_bytes(b"x")
    await bench.files.put(f"jobs/{'cd' * 16}/result", source, "video/mp4")
    assert await bench.retention.sweep_files() == 1
    assert await bench.files.keys("jobs") == [f"jobs/{job.id}/data", f"jobs/{job.id}/result"]


@pytest.mark.asyncio
async def test_a_page_shows_what_lives_first_and_newest_first(bench: Bench) -> None:
    for at, state in enumerate((S.FAILED, S.PENDING, S.DELIVERED, S.COMPLETED, S.CANCELLED)):
        ended = NOW if state in {S.FAILED, S.DELIVERED, S.CANCELLED} else None
        await bench.jobs.insert(
            a_job(
                state=state,
                accepted_at=NOW + timedelta(minutes=at),
                undeliverable="x" if state is S.COMPLETED else None,
                ended_at=ended,
            )
        )
    await bench.jobs.insert(a_job(requester=a_member(GRACE)))
    own_jobs = bench.services.own_jobs
    page = await own_jobs.page(ADA, 0, size=3)
    assert [job.state for job in page.jobs] == [S.COMPLETED, S.PENDING, S.CANCELLED]
    assert (page.number, page.pages) == (0, 2)
    page = await own_jobs.page(ADA, 9, size=3)
    assert [job.state for job in page.jobs] == [S.DELIVERED, S.FAILED]
    assert (page.number, page.pages) == (1, 2)
    nothing = await own_jobs.page(999, 5, size=3)
    assert (nothing.jobs, nothing.number, nothing.pages) == ((), 0, 1)


@pytest.mark.asyncio
async def test_a_forgotten_member_leaves_numbers_that_still_count_and_nothing_else(bench: Bench) -> None:
    done = await bench.ended((await bench.accept(an_image_request("my secret"), a_member(), a_reply())).id)
    await bench.jobs.insert(a_job(state=S.FAILED, refunded=True, ended_at=NOW))
    await bench.jobs.insert(a_job(state=S.DELIVERED, accepted_at=NOW - timedelta(days=40), ended_at=NOW))
    hers = a_job(state=S.DELIVERED, requester=a_member(GRACE), ended_at=NOW)
    await bench.jobs.insert(hers)
    gone = await bench.services.job_controls.forget_member(a_member())
    assert (gone.number, gone.counted) == (3, 1)
    assert await bench.files.keys("jobs") == []
    with pytest.raises(JobGone):
        await bench.services.job_controls.job(done.id)
    row = await bench.jobs.get(done.id)
    assert (row.request.model, row.request.inputs.prompt, row.request.files) == ("lucy-pro-i2v", None, {})
    assert (row.requester.user_id, row.requester.name, row.reply.token, row.remote_id) == (0, "", None, None)
    assert (row.cost, row.refunded, row.accepted_at) == (done.cost, False, done.accepted_at)
    assert await bench.jobs.of_user(GRACE) == [await bench.jobs.get(hers.id)]
    again = await bench.services.job_controls.forget_member(a_member())
    assert (again.number, again.counted) == (0, 0)
    assert (await bench.services.own_jobs.page(ADA, 0, size=5)).jobs == ()


@pytest.mark.asyncio
async def test_files_of_a_forgotten_member_that_cannot_be_deleted_now_are_deleted_later(bench: Bench) -> None:
    job = await bench.ended((await bench.accept(an_image_request(), a_member(), a_reply())).id)
    with nothing_can_be_stored(bench, keep=bench.folder / "elsewhere"):
        assert (await bench.services.job_controls.forget_member(a_member())).counted == 1
    assert len(await bench.files.keys("jobs")) == 2
    assert (await bench.jobs.get(job.id)).requester.user_id == 0, "its row stays for the limits"
    assert await bench.retention.sweep_files() == 2
    assert await bench.files.keys("jobs") == []


@pytest.mark.asyncio
async def test_a_member_who_is_forgotten_meanwhile_has_what_runs_cancelled(bench: Bench) -> None:
    bench.service.pending_seconds = 1000.0
    job = await bench.accept(a_request(), a_member(), a_reply())
    await bench.until(lambda: "pending" in bench.announcer.states(job.id))
    gone = await bench.services.job_controls.forget_member(a_member())
    assert gone.number == 1
    assert "cancelled" in bench.announcer.states(job.id)
    await bench.until(lambda: job.id not in bench.engine._tasks)
    assert bench.announcer.delivered == []


@pytest.mark.asyncio
@pytest.mark.parametrize("forget", [True, False])
async def test_a_picture_that_comes_after_its_job_was_ended_is_not_kept(bench: Bench, *, forget: bool) -> None:
    fetch = bench.intake.take

    async def late(job: Job, model: Model) -> dict[Role, StoredFile]:
        stored = await fetch(job, model)
        await (
            bench.services.job_controls.forget_member(a_member())
            if forget
            else bench.services.job_controls.cancel(job.id, a_member())
        )
        assert await bench.files.keys("jobs") == ([] if forget else [f"jobs/{job.id}/data"])
        for file in stored.values():  # it was still coming then
            await bench.files.put(file.key, bench.folder / f"{job.id}-data.png", "image/png")
        return stored

    bench.intake.take = late  # type: ignore[method-assign]  # of the tests' own intake
    job = await bench.accept(an_image_request(), a_member(), a_reply())
    await bench.until(lambda: job.id not in bench.engine._tasks)
    assert await bench.files.keys("jobs") == []
    assert bench.service.submits == []


@pytest.mark.asyncio
async def test_a_delivered_video_is_shown_again_as_long_as_anybody_has_it(bench: Bench) -> None:
    job = await bench.ended((await bench.accept(a_request(), a_member(), a_reply())).id)
    there = a_reply(message_id=88)
    with pytest.raises(NotYours):
        await bench.services.job_controls.bring(job.id, a_member(GRACE), there)
    await bench.services.job_controls.bring(job.id, a_member(), there)
    told, _, video = bench.announcer.delivered[-1]
    assert (told.reply.message_id, video) == (88, MP4)
    after = await bench.services.job_controls.job(job.id)
    assert (after.state, after.reply.message_id, after.epoch) == (S.DELIVERED, job.reply.message_id, job.epoch)

    await bench.files.delete([f"jobs/{job.id}/result"])
    bench.clock._elapsed += timedelta(hours=2).total_seconds()  # the service keeps an hour
    with pytest.raises(VideoNotKept):
        await bench.services.job_controls.bring(job.id, a_member(), there)


@pytest.mark.asyncio
@pytest.mark.parametrize(("private", "times"), [(False, 2), (True, 3)])
async def test_the_last_edit_before_a_private_replys_token_dies_is_made_in_time(
    bench: Bench, private: bool, times: int
) -> None:
    bench.service.pending_seconds = 1000.0
    reply = a_reply(ephemeral=private, token_expires_at=bench.clock.now() + timedelta(minutes=15))
    asked = await bench.accept(a_request(), a_member(), reply)
    assert reply.last_edit_at == (asked.accepted_at + timedelta(minutes=15) - LAST_EDIT_BEFORE if private else None)
    await bench.ended(asked.id)
    # Once when it comes into that state, once when it takes unusually long, and, if private, once to say farewell.
    assert bench.announcer.states(asked.id).count("pending") == times


@pytest.mark.asyncio
async def test_inputs_of_a_job_without_a_video_are_gone_within_the_hour(bench: Bench) -> None:
    failed = await bench.ended((await bench.accept(an_image_request("[fail: no]"), a_member(), a_reply())).id)
    made = await bench.ended((await bench.accept(an_image_request(), a_member(), a_reply())).id)
    assert await bench.retention.drop_inputs() == 0, "Again is pressed soon after"
    bench.clock._elapsed += INPUTS_KEPT.total_seconds() + 1
    assert await bench.retention.drop_inputs() == 1
    assert (await bench.jobs.get(failed.id)).stored == {}
    kept = sorted(await bench.files.keys("jobs"))
    assert kept == [f"jobs/{made.id}/data", f"jobs/{made.id}/result"]
    assert max(task.every for task in bench.retention.tasks if task.name == "drop_inputs") + INPUTS_KEPT < EVERY


@pytest.mark.asyncio
async def test_of_what_a_member_has_stored_the_oldest_beyond_the_bound_is_deleted(bench: Bench) -> None:
    jobs = []
    for _ in range(3):
        jobs.append(await bench.ended((await bench.accept(an_image_request(), a_member(), a_reply())).id))
        bench.clock._elapsed += 60
    hers = await bench.ended((await bench.accept(an_image_request(), a_member(GRACE), a_reply())).id)
    each = len(MP4) + len(PNG)
    bench.retention._settings = bench.settings.model_copy(update={"max_member_bytes": 2 * each})
    assert await bench.retention.bound_members() == 1
    left = {key.split("/")[1] for key in await bench.files.keys("jobs")}
    assert left == {jobs[1].id, jobs[2].id, hers.id}
    row = await bench.jobs.get(jobs[0].id)
    assert (row.stored, row.result) == ({}, None)


@pytest.mark.asyncio
async def test_who_is_forgotten_has_no_more_given_back_than_before(bench: Bench) -> None:
    back = []
    for _ in range(GIVEN_BACK + 1):
        back.append(
            (await bench.ended((await bench.accept(a_request(prompt="[fail: no]"), a_member(), a_reply())).id)).refunded
        )
        await bench.services.job_controls.forget_member(a_member())
    assert back == [True] * GIVEN_BACK + [False]
