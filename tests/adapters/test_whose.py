"""Who may do what with a job of whose id they know: a forged press sends any id, from any place."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

import pytest

from bot.errors import ClapperError, JobGone, ModeratorsOnly, NotYours, ServiceFailed, TooLateToCancel
from bot.rules.jobs import Failure, Job, JobState, Requester
from tests.adapters.runner_setup import Bench, bench, empty_url
from tests.jobs import ADA, CHANNEL, GRACE, GUILD, a_job, a_member, a_reply

__all__ = ["bench", "empty_url"]

ELSEWHERE = GUILD + 1
MODERATOR_HERE = {"moderator": True}
MODERATOR = {"moderator": True, "server_moderator": True}


async def _job(bench: Bench, *, private: bool, guild_id: int | None = GUILD) -> Job:
    job = a_job(
        state=JobState.FAILED,
        failure=Failure.of(ServiceFailed(reason="no")),
        requester=a_member(guild_id=guild_id),
        reply=a_reply(ephemeral=private, guild_id=guild_id),
    )
    return await bench.jobs.insert(job)


async def again(bench: Bench, job: Job, by: Requester) -> None:
    await bench.services.job_controls.precheck_again(job.id, by, seed=None)


async def get(bench: Bench, job: Job, by: Requester) -> None:
    await bench.services.job_controls.bring(job.id, by, a_reply())


async def cancel(bench: Bench, job: Job, by: Requester) -> None:
    await bench.services.job_controls.cancel(job.id, by)


async def delete(bench: Bench, job: Job, by: Requester) -> None:
    await bench.services.job_controls.forget(job.id, by)


Act = Callable[[Bench, Job, Requester], Awaitable[None]]
ACTS: tuple[Act, ...] = (again, get, cancel, delete)


def may(act: Act, job: Job, by: Requester) -> bool:
    """The plain model."""
    who, private = job.requester, job.reply.ephemeral
    if by.user_id == who.user_id:
        return True
    if by.guild_id != who.guild_id:
        return False
    if who.guild_id is None:  # only of a private group that both are in
        return act is again and not private and by.channel_id == job.reply.channel_id
    over_it = by.server_moderator or by.admin or (by.moderator and by.channel_id == who.channel_id)
    if act is again:
        return not private
    return over_it and not (act is get and private)


@pytest.mark.asyncio
async def test_a_private_job_is_repeated_and_shown_for_its_requester_alone_in_any_server(bench: Bench) -> None:
    job = await _job(bench, private=True)
    for act in (again, get):
        for other in (a_member(GRACE), a_member(GRACE, **MODERATOR), a_member(GRACE, guild_id=ELSEWHERE)):
            with pytest.raises(JobGone):
                await act(bench, job, other)
    await again(bench, job, a_member(ADA, guild_id=ELSEWHERE))


@pytest.mark.asyncio
async def test_a_public_job_is_repeated_in_its_own_server_alone(bench: Bench) -> None:
    job = await _job(bench, private=False)
    await again(bench, job, a_member(GRACE))
    for outside in (a_member(GRACE, guild_id=ELSEWHERE), a_member(GRACE, guild_id=None)):
        with pytest.raises(JobGone):
            await again(bench, job, outside)


@pytest.mark.asyncio
async def test_who_moderates_one_channel_moderates_the_jobs_of_that_channel(bench: Bench) -> None:
    job = await _job(bench, private=False)
    with pytest.raises(NotYours):
        await delete(bench, job, a_member(GRACE, channel_id=CHANNEL + 1, **MODERATOR_HERE))
    with pytest.raises(ModeratorsOnly):
        await bench.services.statistics.report(a_member(GRACE, **MODERATOR_HERE), days=30)
    await delete(bench, job, a_member(GRACE, channel_id=CHANNEL + 9, parent_channel_id=CHANNEL, **MODERATOR_HERE))


@pytest.mark.asyncio
async def test_any_press_by_anybody_from_anywhere_does_what_the_plain_model_allows(
    bench: Bench, pytestconfig: pytest.Config
) -> None:
    chance = random.Random(11)
    jobs = [
        await _job(bench, private=private, guild_id=guild_id)
        for private in (False, True)
        for guild_id in (GUILD, ELSEWHERE, ELSEWHERE + 1, None)
    ]
    for number in range(pytestconfig.getoption("--presses")):
        job, act = chance.choice(jobs), chance.choice(ACTS)
        by = a_member(
            chance.choice([ADA, GRACE, GRACE + 1]),
            guild_id=chance.choice([GUILD, ELSEWHERE, ELSEWHERE + 1, None]),
            channel_id=chance.choice([CHANNEL, CHANNEL + 1]),
            **chance.choice([{}, MODERATOR_HERE, MODERATOR, {"admin": True}]),
        )
        before = await bench.jobs.get(job.id)
        try:
            await act(bench, job, by)
            let_in = True
        except TooLateToCancel:  # let in, and there is nothing to do
            let_in = True
        except (NotYours, JobGone):
            let_in = False
        except ClapperError as exc:
            pytest.fail(f"press {number}: {exc!r}")
        assert let_in is may(act, job, by), (number, act.__name__, job.requester, by)
        assert let_in or await bench.jobs.get(job.id) == before, "what is refused changes nothing"
