"""What a job is found to cost once its inputs were looked at: written with the limits, or refused."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.errors import LimitReached, LimitTooSmall, Refused
from bot.rules.jobs import Job, JobState
from bot.rules.limit_rules import Rule, Scope, Unit, Window, make_rule
from bot.rules.usage import Usage
from bot.store import tables
from bot.store.database import Database
from tests.adapters.databases import database, scalar
from tests.adapters.test_admission import Desk, at_most
from tests.clock import ManualClock
from tests.jobs import ADA, CHANNEL, GRACE, a_job, a_member

__all__ = ["database"]

S = JobState


async def settle(desk: Desk, job: Job, *, cost: float, seconds: float = 5.0) -> Job:
    return await desk.jobs.settle(job, S.SUBMITTING, desk.admission, cost=cost, output_seconds=seconds)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


@pytest.mark.asyncio
async def test_a_job_is_counted_as_what_it_was_found_to_be(desk: Desk) -> None:
    await desk.set(at_most(3, Window.DAY, unit=Unit.COST), at_most(100, Window.DAY, unit=Unit.SECONDS))
    job = await desk.put(a_member(), cost=0.2, output_seconds=5)
    await settle(desk, job, cost=2.4, seconds=60)
    account = await desk.account(a_member())
    assert [standing.used for standing in account.standings] == [2.4, 60]
    with pytest.raises(LimitReached) as caught:
        await desk.put(a_member(), cost=0.61)
    assert caught.value.facts["frees_at"] == job.accepted_at + timedelta(days=1)
    await desk.put(a_member(), cost=0.6)


@pytest.mark.asyncio
async def test_a_job_that_no_longer_fits_is_refused_and_its_row_stays_as_it_was(desk: Desk) -> None:
    await desk.set(at_most(3, Window.DAY, unit=Unit.COST))
    first, second = await desk.put(a_member(), cost=0.2), await desk.put(a_member(), cost=0.2)
    await settle(desk, first, cost=2)
    with pytest.raises(LimitReached) as caught:
        await settle(desk, second, cost=2)
    assert caught.value.facts["used"] == 2
    with pytest.raises(LimitTooSmall):
        await settle(desk, second, cost=4)
    assert await desk.jobs.get(second.id) == second
    await settle(desk, second, cost=1)


@pytest.mark.asyncio
async def test_an_hours_limit_does_not_ask_of_a_job_that_has_left_it(desk: Desk) -> None:
    await desk.set(at_most(1, Window.HOUR, unit=Unit.COST))
    job = await desk.put(a_member(), cost=0.2)
    await desk.clock.advance(3601)
    assert (await settle(desk, job, cost=5)).cost == 5


@pytest.mark.asyncio
async def test_a_job_that_costs_less_than_it_seemed_makes_room(desk: Desk) -> None:
    await desk.set(at_most(1, Window.DAY, unit=Unit.COST))
    job = await desk.put(a_member(), cost=0.9)
    await settle(desk, job, cost=0.1)
    await desk.put(a_member(), cost=0.9)


@pytest.mark.asyncio
async def test_what_the_service_billed_is_counted_whatever_the_limit_says(desk: Desk) -> None:
    await desk.set(at_most(1, Window.DAY, unit=Unit.COST))
    job = await desk.put(a_member(), cost=0.9)
    await desk.jobs.note(job, cost=1.5)
    assert (await desk.account(a_member())).standings[0].used == 1.5


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "rule",
    [
        at_most(20, Window.DAY, unit=Unit.COST),
        at_most(20, Window.AT_ONCE, Scope.SERVER, unit=Unit.COST),
        at_most(20, Window.DAY, Scope.SERVER, unit=Unit.COST),
    ],
    ids=["member", "at once", "server"],
)
async def test_of_two_hundred_that_are_settled_at_once_by_two_processes_no_cent_is_above_the_limit(
    desk: Desk, migrated_url: Any, rule: Rule
) -> None:
    await desk.set(rule)
    jobs = await asyncio.gather(*(desk.put(a_member(), cost=0.1) for _ in range(200)))
    second = Database(migrated_url, clock=ManualClock(auto=True))
    try:
        other = Desk(second)
        outcomes = await asyncio.gather(
            *(settle((desk, other)[number % 2], job, cost=1) for number, job in enumerate(jobs)), return_exceptions=True
        )
    finally:
        await second.close()
    assert all(isinstance(outcome, Job | LimitReached) for outcome in outcomes), outcomes
    # Each begins with 0.10 and grows by 0.90: none fits while 20.00 are reserved, and then there is no room.
    assert sum(isinstance(outcome, Job) for outcome in outcomes) == 0
    assert await scalar(desk.database, select(func.sum(tables.jobs.c.cost))) == pytest.approx(20)
    for job in jobs[:100]:
        await desk.jobs.advance(job, S.CANCELLED, refunded=True)
    outcomes = await asyncio.gather(*(settle(desk, job, cost=1) for job in jobs[100:]), return_exceptions=True)
    assert sum(isinstance(outcome, Job) for outcome in outcomes) == 11, "10.00 are left, and each takes 0.90"


@pytest.mark.asyncio
@pytest.mark.parametrize("seed", range(3))
async def test_reserving_and_settling_are_the_plain_models(desk: Desk, seed: int) -> None:
    chance = random.Random(seed)
    rules = [
        make_rule(scope, amount, window, unit=unit, target_id=target)
        for scope, target, amount, unit, window in (
            (Scope.EVERYONE, None, 4, Unit.COST, Window.HOUR),
            (Scope.SERVER, None, 6.5, Unit.COST, Window.DAY),
            (Scope.CHANNEL, CHANNEL, 70, Unit.SECONDS, Window.HOUR),
            (Scope.EVERYONE, None, 60, Unit.SECONDS, Window.AT_ONCE),
        )
    ]
    await desk.set(*rules)
    rows: dict[str, tuple[Job, Usage]] = {}
    for step in range(120):
        await desk.clock.advance(chance.choice([0, 60, 900, 3000]))
        open_jobs = [job for job, usage in rows.values() if usage.live and job.state is S.ACCEPTED]
        cost, seconds = chance.randrange(1, 150) / 100, chance.randrange(1, 30)
        if open_jobs and chance.random() < 0.6:
            job, usage = rows[chance.choice(open_jobs).id]
            fits = _fits(desk, rules, rows, usage, cost, float(seconds), own=usage)
            try:
                job = await settle(desk, job, cost=cost, seconds=float(seconds))
            except Refused:
                assert not fits, step
                job, live = await desk.jobs.advance(job, S.CANCELLED, refunded=True), False
                del rows[job.id]
            else:
                assert fits, step
                live = chance.random() < 0.5
                if not live:
                    job = await desk.jobs.advance(job, S.CANCELLED, refunded=False)
                rows[job.id] = job, _usage_of(job, live=live)
        else:
            member = a_member(chance.choice([ADA, GRACE]), channel_id=chance.choice([CHANNEL, CHANNEL + 1]))
            new = a_job(requester=member, accepted_at=desk.clock.now(), cost=cost, output_seconds=float(seconds))
            wanted = _usage_of(new, live=True)
            fits = _fits(desk, rules, rows, wanted, cost, float(seconds), own=None)
            try:
                job = await desk.put(member, cost=cost, output_seconds=float(seconds))
            except Refused:
                assert not fits, step
            else:
                assert fits, step
                rows[job.id] = job, _usage_of(job, live=True)
    assert len(rows) > 10


def _usage_of(job: Job, *, live: bool) -> Usage:
    who = job.requester
    return Usage(
        job_id=job.id, user_id=who.user_id, channel_id=who.channel_id, guild_id=who.guild_id,
        accepted_at=job.accepted_at, cost=job.cost, seconds=job.output_seconds, live=live,
    )  # fmt: skip


def _fits(
    desk: Desk,
    rules: list[Rule],
    rows: dict[str, tuple[Job, Usage]],
    asks: Usage,
    cost: float,
    seconds: float,
    *,
    own: Usage | None,
) -> bool:
    for rule in rules:
        if rule.scope is Scope.CHANNEL and asks.channel_id != rule.target_id:
            continue
        wanted = cost if rule.unit is Unit.COST else seconds
        if own is not None and wanted <= own.measure(rule.unit):
            continue

        def is_in(row: Usage, rule: Rule = rule) -> bool:
            if rule.window is Window.AT_ONCE:
                return row.live
            return row.accepted_at + rule.span > desk.clock.now()

        if own is not None and not is_in(own):
            continue
        used = 0.0
        for _, row in rows.values():
            mine = row.user_id == asks.user_id if rule.scope is Scope.EVERYONE else True
            here = row.channel_id == rule.target_id if rule.scope is Scope.CHANNEL else True
            if mine and here and is_in(row) and (own is None or row.job_id != own.job_id):
                used += row.measure(rule.unit)
        if used + wanted > rule.amount + 1e-6:
            return False
    return True
