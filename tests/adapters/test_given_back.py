"""What is given back of jobs without a video: all that cost nothing, and a few a day of those that may have."""

from __future__ import annotations

import pytest

from bot.errors import LimitTooSmall
from bot.rules.catalog import Model, Role
from bot.rules.jobs import Job, JobState, StoredFile
from bot.rules.limit_rules import LimitBook, Scope, Unit, Window, make_rule
from bot.rules.limits import GIVEN_BACK
from bot.rules.requests import Attachment, Inputs, compose
from bot.store.guild_settings import GuildSettingsTable
from tests.adapters.runner_setup import Bench, bench, empty_url
from tests.jobs import CATALOG, GRACE, GUILD, a_job, a_member, a_reply, a_request

__all__ = ["bench", "empty_url"]

S = JobState


async def _run(bench: Bench, prompt: str, user_id: int | None = None) -> bool:
    member = a_member() if user_id is None else a_member(user_id)
    job = await bench.ended((await bench.accept(a_request(prompt=prompt), member, a_reply())).id)
    assert job.state is S.FAILED
    return job.refunded


@pytest.mark.asyncio
async def test_what_the_service_fails_is_given_back_a_few_times_a_day_and_then_counts(bench: Bench) -> None:
    back = [await _run(bench, "a cat [fail: no cats]") for _ in range(GIVEN_BACK + 3)]
    assert back == [True] * GIVEN_BACK + [False] * 3
    assert await _run(bench, "a cat [fail: no cats]", GRACE), "others have their own"


@pytest.mark.asyncio
async def test_a_result_that_was_made_and_can_not_be_used_counts(bench: Bench) -> None:
    await bench.close()
    await bench.open(max_result_bytes=1024)
    bench.service.clip.write_bytes(bench.service.clip.read_bytes() + b"\0" * 2048)  # type: ignore[union-attr]
    assert not await _run(bench, "a cat")


@pytest.mark.asyncio
async def test_a_job_that_was_sent_twice_is_not_given_back_when_it_is_cancelled(bench: Bench) -> None:
    job = await bench.jobs.insert(a_job(resubmitted=True, place=1))
    cancelled = await bench.services.job_controls.cancel(job.id, a_member())
    assert (cancelled.state, cancelled.refunded) == (S.CANCELLED, False)


@pytest.mark.asyncio
async def test_a_clip_that_turns_out_too_long_for_the_limit_is_refused_to_its_member_alone(bench: Bench) -> None:
    limit = make_rule(Scope.EVERYONE, 1, Window.DAY, unit=Unit.COST)
    saved = await bench.guilds.settings(GUILD)
    after = saved.amended(limits=LimitBook(rules=(limit,)))
    await GuildSettingsTable(bench.database, clock=bench.clock).replace(GUILD, after, expected_version=saved.version)
    await bench.guilds.refresh()
    take = bench.intake.take

    async def lasting(job: Job, model: Model) -> dict[Role, StoredFile]:
        return {role: file.model_copy(update={"seconds": 60.0}) for role, file in (await take(job, model)).items()}

    bench.intake.take = lasting  # type: ignore[method-assign]  # of the tests' own intake
    clip = Attachment(url="https://cdn.discordapp.com/a.mp4", filename="a.mp4", size_bytes=10)
    request = compose(CATALOG.get("lucy-2.1"), Inputs(prompt="snow"), {Role.DATA: clip})
    job = await bench.accept(request, a_member(), a_reply())
    assert (job.cost, job.output_seconds) == (0.2, 5.0), "nobody has said how long it is"
    job = await bench.ended(job.id)
    assert job.failure
    assert (job.refused, job.refunded, job.failure.key) == (True, True, "limit_too_small")
    assert job.failure.facts["asked"] == 2.4
    assert await bench.files.keys("jobs") == []
    assert bench.service.submits == []

    declared = request.model_copy(update={"files": {Role.DATA: clip.model_copy(update={"seconds": 60.0})}})
    with pytest.raises(LimitTooSmall):
        await bench.accept(declared, a_member(), a_reply())
