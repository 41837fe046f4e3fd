"""The waitlist and the embedded engine where something fails in between: no start is lost, and nobody waits for it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from bot.errors import DatabaseUnavailable
from bot.rules.guild_settings import GuildSettings
from bot.rules.jobs import Job, JobState
from bot.rules.limit_rules import LimitBook, Scope, Window, make_rule, operator_rules
from bot.store import tables
from bot.store.admission import Admission, Moved
from bot.store.guild_settings import GuildSettingsTable
from tests.adapters.databases import execute
from tests.adapters.runner_setup import Bench, bench, empty_url
from tests.jobs import GUILD, NOW, a_job, a_member, a_reply

__all__ = ["bench", "empty_url"]

ONE_AT_ONCE = LimitBook(rules=(make_rule(Scope.SERVER, 1, Window.AT_ONCE),), when_full="queue")
ADMIN = a_member(admin=True)


async def _two_lines(bench: Bench) -> tuple[Job, Job]:
    """A job that waits in each of two servers."""
    one = await bench.jobs.insert(a_job(place=1))
    other = await bench.jobs.insert(a_job(place=1, requester=a_member(guild_id=GUILD + 1)))
    return one, other


@pytest.mark.asyncio
async def test_what_one_line_lets_start_is_started_though_the_next_fails(bench: Bench, monkeypatch: Any) -> None:
    jobs = await _two_lines(bench)
    really, lanes = Admission._move, []

    async def move(self: Admission, lane: Any) -> Moved:
        lanes.append(lane)
        if len(lanes) == 2:
            raise DatabaseUnavailable("for a moment")
        return await really(self, lane)

    monkeypatch.setattr(Admission, "_move", move)
    await bench.limits.move()
    await bench.until(lambda: bench.announcer.delivered)
    await bench.limits.move()
    for job in jobs:
        assert (await bench.ended(job.id)).state is JobState.DELIVERED


@pytest.mark.asyncio
@pytest.mark.parametrize("operator", ["", "bot 50 at once"])
async def test_settings_that_can_not_be_read_hold_up_their_own_server_alone(bench: Bench, operator: str) -> None:
    one, other = await _two_lines(bench)
    table = GuildSettingsTable(bench.database, clock=bench.clock)
    await table.replace(GUILD + 1, GuildSettings().amended(limits=ONE_AT_ONCE), expected_version=0)
    settings = tables.guild_settings
    newer = update(settings).where(settings.c.guild_id == GUILD + 1).values(document='{"of": "a newer version"}')
    await execute(bench.database, newer)
    bench.limits.admission.heed_operator(operator_rules(operator))
    await bench.limits.move()
    assert (await bench.ended(one.id)).state is JobState.DELIVERED
    assert (await bench.jobs.get(other.id)).place == 1


@pytest.mark.asyncio
async def test_nobodys_start_waits_for_an_edit_that_is_slow(bench: Bench) -> None:
    await bench.guilds.rework(GUILD, ADMIN, lambda _: {"limits": ONE_AT_ONCE})
    begun, go, show = asyncio.Event(), asyncio.Event(), bench.announcer.show

    async def slow(job: Job) -> Any:
        if job.in_line:
            begun.set()
            await go.wait()
        return await show(job)

    later = [a_job(place=place, accepted_at=NOW + timedelta(seconds=place)) for place in range(1, 4)]
    first = await bench.jobs.insert(a_job())
    for job in later:
        await bench.jobs.insert(job)
    bench.announcer.show = slow  # type: ignore[method-assign]

    async def not_before_the_edit(job: Job) -> None:
        if job.id == later[0].id:
            await begun.wait()

    bench.announcer.on_deliver = not_before_the_edit
    bench.limits.note_waiting()
    await bench.engine.start(first.id)
    for job in (first, *later):
        assert (await bench.ended(job.id)).state is JobState.DELIVERED
    assert begun.is_set()
    go.set()
    await bench.services.background.drain()


@pytest.mark.asyncio
async def test_a_job_that_comes_into_the_line_while_it_moves_is_not_overlooked(bench: Bench, monkeypatch: Any) -> None:
    await bench.periodic.close()
    really = bench.limits.admission.move_waitlist

    async def move() -> Moved:
        moved = await really()
        bench.limits.note_waiting()
        return moved

    monkeypatch.setattr(bench.limits.admission, "move_waitlist", move)
    await bench.limits.move()
    bench.limits.task.woken.clear()
    await bench.limits.freed()
    assert bench.limits.task.woken.is_set()


@pytest.mark.asyncio
async def test_what_waits_for_a_place_has_its_message_in_its_row(bench: Bench) -> None:
    await bench.close()
    await bench.open(jobs_at_once=1)
    bench.service.pending_seconds = 1e9
    jobs = [await bench.jobs.insert(a_job(reply=a_reply(message_id=None))) for _ in range(5)]
    shown = [job.model_copy(update={"reply": a_reply(message_id=100 + place)}) for place, job in enumerate(jobs)]
    await asyncio.gather(*map(bench.engine.begin, shown))
    assert [(await bench.jobs.get(job.id)).reply.message_id for job in jobs[1:]] == [101, 102, 103, 104]


@pytest.mark.asyncio
async def test_a_job_is_begun_though_its_message_could_not_be_written(bench: Bench, monkeypatch: Any) -> None:
    async def fails(_: Job) -> None:
        raise DatabaseUnavailable("for a moment")

    monkeypatch.setattr(bench.engine, "runs_at_once", lambda _: False)
    monkeypatch.setattr(bench.jobs, "set_message", fails)
    job = await bench.jobs.insert(a_job())
    with pytest.raises(DatabaseUnavailable):
        await bench.engine.begin(job)
    assert (await bench.ended(job.id)).state is JobState.DELIVERED


@pytest.mark.asyncio
async def test_a_job_whose_start_was_lost_is_started_a_minute_later(bench: Bench) -> None:
    job = await bench.jobs.insert(a_job(accepted_at=bench.clock.now()))
    [task] = bench.engine.tasks
    await task.act()
    assert not bench.engine._tasks, "whoever has accepted it may still be about to begin it"
    await bench.clock.advance(61)
    await task.act()
    assert (await bench.ended(job.id)).state is JobState.DELIVERED
