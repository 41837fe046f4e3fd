"""Limits in the database: decided with the row, by one at a time, on both databases."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from bot.errors import LimitReached, MemberBlocked, Refused
from bot.rules.guild_settings import GuildSettings
from bot.rules.jobs import Job, JobState, Requester
from bot.rules.limit_rules import (
    OUTSIDE_OF_SERVERS,
    Block,
    LimitBook,
    Rule,
    Scope,
    Unit,
    Window,
    make_rule,
    operator_rules,
)
from bot.rules.limits import Account
from bot.rules.usage import Standing, Usage
from bot.store import tables
from bot.store.admission import Admission
from bot.store.database import Database
from bot.store.encryption import Keys
from bot.store.guild_settings import GuildSettingsTable
from bot.store.jobs import Jobs
from tests.adapters.databases import database, empty_url, execute, scalar
from tests.adapters.test_store import KEY
from tests.clock import ManualClock
from tests.jobs import ADA, CATALOG, CHANNEL, GRACE, GUILD, a_job, a_member
from tests.limits import review

__all__ = ["database", "empty_url"]

S = JobState
AT_ONCE = 200
OPERATOR = "everyone 5 jobs day, server 90 seconds week, bot 9 cost hour, bot 3 jobs at once"


class Desk:
    """The store with limits at its door."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = ManualClock()
        self.jobs = Jobs(database, keys=Keys([KEY]), clock=self.clock)
        self.guilds = GuildSettingsTable(database, clock=self.clock)
        self.admission = self.admission_of("")

    def admission_of(self, operator: str) -> Admission:
        rules = operator_rules(operator)
        return Admission(self.database, operator=rules, clock=self.clock)

    async def set(self, *rules: Rule, guild_id: int = GUILD, **more: Any) -> None:
        before = await self.guilds.get(guild_id)
        after = before.amended(limits=LimitBook(rules=rules, **more))
        await self.guilds.replace(guild_id, after, expected_version=before.version)

    async def ask(self, user_id: int = ADA, gate: Admission | None = None, **facts: Any) -> Job:
        return await self.put(a_member(user_id, **facts), gate)

    async def put(self, member: Requester, gate: Admission | None = None, **facts: Any) -> Job:
        job = a_job(requester=member, accepted_at=self.clock.now(), **facts)
        book = (await self.guilds.get(member.guild_id)).limits if member.guild_id else OUTSIDE_OF_SERVERS
        return await self.jobs.insert(job, admission=gate or self.admission, book=book)

    async def account(self, member: Requester) -> Account:
        return await self.admission.account(member, (await self.guilds.get(member.guild_id or 0)).limits)

    async def place(self, job: Job) -> int | None:
        return (await self.jobs.get(job.id)).place


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def at_most(amount: float, window: Window, scope: Scope = Scope.EVERYONE, **more: Any) -> Rule:
    return make_rule(scope, amount, window, **more)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("rule", "operator"),
    [
        (at_most(7, Window.DAY), ""),
        (at_most(7, Window.AT_ONCE, Scope.SERVER), ""),
        (at_most(1, Window.COOLDOWN), ""),
        (at_most(1000, Window.DAY), "bot 7 jobs hour"),
    ],
    ids=["day", "at once", "cooldown", "operator"],
)
async def test_of_two_hundred_at_once_exactly_the_limit_is_let_in(desk: Desk, rule: Rule, operator: str) -> None:
    await desk.set(rule)
    gate = desk.admission_of(operator)
    outcomes = await asyncio.gather(*(desk.ask(gate=gate) for _ in range(AT_ONCE)), return_exceptions=True)
    let_in = 1 if rule.window is Window.COOLDOWN else 7
    assert sum(isinstance(outcome, Job) for outcome in outcomes) == let_in
    assert sum(isinstance(outcome, LimitReached) for outcome in outcomes) == AT_ONCE - let_in
    assert await scalar(desk.database, select(func.count()).select_from(tables.jobs)) == let_in


@pytest.mark.asyncio
async def test_of_two_hundred_at_once_the_limit_starts_and_all_others_have_their_own_place(desk: Desk) -> None:
    await desk.set(at_most(7, Window.AT_ONCE), when_full="queue")
    asked = await asyncio.gather(*(desk.ask() for _ in range(AT_ONCE)))
    places = sorted(job.place for job in asked if job.place is not None)
    assert places == list(range(1, AT_ONCE - 6))
    moved = await asyncio.gather(*(desk.admission.move_waitlist() for _ in range(5)))
    assert all(move.starting == () for move in moved), "nothing has ended, so nothing starts"


@pytest.mark.asyncio
async def test_moves_of_the_line_beside_new_commands_never_pass_the_limit(desk: Desk) -> None:
    await desk.set(at_most(5, Window.AT_ONCE, Scope.SERVER), when_full="queue")

    async def live() -> int:
        running = (tables.jobs.c.state == "accepted") & tables.jobs.c.place.is_(None)
        query = select(func.count()).where(running)
        return await scalar(desk.database, query) or 0

    async def member(user_id: int) -> None:
        for turn in range(4):
            job = await desk.ask(user_id)
            if job.place is None and turn % 2:
                await desk.jobs.advance(job, S.CANCELLED)
            await desk.admission.move_waitlist()
            assert await live() <= 5

    await asyncio.gather(*(member(ADA + n) for n in range(10)))
    assert await live() == 5


@pytest.mark.asyncio
async def test_time_lets_the_member_in_again_at_the_moment_that_was_told(desk: Desk) -> None:
    await desk.set(at_most(1, Window.HOUR))
    await desk.ask()
    await desk.clock.advance(600)
    with pytest.raises(LimitReached) as caught:
        await desk.ask()
    frees_at = caught.value.facts["frees_at"]
    assert frees_at == desk.clock.now() + timedelta(minutes=50)
    await desk.clock.advance(50 * 60 - 0.001)
    with pytest.raises(LimitReached):
        await desk.ask()
    await desk.clock.advance(0.001)
    await desk.ask()


@pytest.mark.asyncio
async def test_what_was_refunded_is_not_counted_and_what_rests_keeps_no_place(desk: Desk) -> None:
    await desk.set(at_most(1, Window.DAY), at_most(1, Window.AT_ONCE, Scope.SERVER))
    failed = await desk.ask()
    await desk.jobs.advance(failed, S.FAILED, refunded=True)
    resting = await desk.ask()
    await execute(desk.database, update(tables.jobs).values(state="completed", undeliverable="no_access"))
    with pytest.raises(LimitReached):
        await desk.ask()
    await desk.ask(GRACE)
    assert resting.place is None


@pytest.mark.asyncio
async def test_a_thread_counts_for_its_channel(desk: Desk) -> None:
    await desk.set(at_most(1, Window.DAY, Scope.CHANNEL, target_id=CHANNEL))
    await desk.ask(channel_id=900, parent_channel_id=CHANNEL)
    places: tuple[dict[str, Any], ...] = ({"channel_id": CHANNEL}, {"channel_id": 901, "parent_channel_id": CHANNEL})
    for where in places:
        with pytest.raises(LimitReached):
            await desk.ask(GRACE, **where)
    await desk.ask(GRACE, channel_id=902)


@pytest.mark.asyncio
async def test_servers_do_not_count_for_each_other_but_the_operator_counts_all(desk: Desk) -> None:
    await desk.set(at_most(1, Window.DAY))
    await desk.set(at_most(1, Window.DAY), guild_id=GUILD + 1)
    await desk.ask()
    await desk.ask(guild_id=GUILD + 1)
    gate = desk.admission_of("everyone 2 jobs day")
    for guild_id in (GUILD + 2, None):
        with pytest.raises(LimitReached) as caught:
            await desk.ask(gate=gate, guild_id=guild_id)
        assert caught.value.facts["whose"] == "operator_everyone"
    await desk.ask(GRACE, gate=gate, guild_id=None)


@pytest.mark.asyncio
async def test_a_reset_gives_back_the_servers_own_rules_and_never_the_operators(desk: Desk) -> None:
    await desk.set(at_most(1, Window.DAY), at_most(9, Window.DAY, Scope.SERVER))
    await desk.ask()
    await desk.ask(GRACE)
    assert await desk.admission.forgive(GUILD, ADA) == 1
    assert await desk.admission.forgive(GUILD, ADA) == 0
    await desk.ask()
    with pytest.raises(LimitReached):
        await desk.ask(GRACE)
    account = await desk.account(a_member())
    assert {(s.held.whose, s.used) for s in account.standings} == {("everyone", 1), ("server", 3)}
    gate = desk.admission_of("everyone 2 jobs day")
    await desk.admission.forgive(GUILD, ADA)
    with pytest.raises(LimitReached) as caught:
        await desk.ask(gate=gate)
    assert caught.value.facts["whose"] == "operator_everyone"


@pytest.mark.asyncio
async def test_the_line_survives_its_process_and_lets_each_in_turn(desk: Desk, database: Database) -> None:
    await desk.set(at_most(1, Window.AT_ONCE, Scope.SERVER), when_full="queue")
    first = await desk.ask()
    line = []
    for user_id in (GRACE, ADA, GRACE):
        await desk.clock.advance(1)
        line.append(await desk.ask(user_id))
    assert [job.place for job in line] == [1, 2, 3]
    assert await desk.jobs.live() == [first.id], "who waits in line has no next step"

    later = Desk(database)
    await later.jobs.advance(first, S.CANCELLED, refunded=True)
    moved = await later.admission.move_waitlist()
    assert moved.starting == (line[0].id,)
    assert set(moved.nearer) == {line[1].id, line[2].id}
    assert [await later.place(job) for job in line] == [None, 1, 2]
    assert (await later.admission.move_waitlist()).starting == ()

    await later.jobs.advance(line[1], S.CANCELLED, refunded=True)
    assert (await later.admission.move_waitlist()).nearer == (line[2].id,)
    await later.set()
    assert (await later.admission.move_waitlist()).starting == (line[2].id,)


@pytest.mark.asyncio
async def test_a_row_in_the_line_that_can_not_be_read_holds_up_nobody(desk: Desk) -> None:
    await desk.set(at_most(1, Window.AT_ONCE, Scope.SERVER), when_full="queue")
    first, damaged, good = await desk.ask(), await desk.ask(GRACE), await desk.ask(GRACE)
    table = tables.jobs
    damage = update(table).where(table.c.id == damaged.id).values(requester="{")
    await execute(desk.database, damage)
    await desk.jobs.advance(first, S.CANCELLED)
    assert (await desk.admission.move_waitlist()).starting == (good.id,)


@pytest.mark.asyncio
async def test_the_operators_line_goes_through_servers_and_private_channels(desk: Desk) -> None:
    gate = desk.admission_of("bot 1 jobs at once")
    first = await desk.ask(gate=gate)
    second = await desk.ask(GRACE, gate=gate, guild_id=None)
    await desk.clock.advance(1)
    third = await desk.ask(GRACE, gate=gate, guild_id=GUILD + 1)
    assert (second.place, third.place) == (1, 2)
    await desk.jobs.advance(first, S.CANCELLED)
    assert (await gate.move_waitlist()).starting == (second.id,)


@pytest.mark.asyncio
async def test_blocks_and_exemptions_are_seen_in_the_account(desk: Desk) -> None:
    until = desk.clock.now() + timedelta(hours=1)
    block = Block(user_id=ADA, reason="spam", until=until)
    await desk.set(at_most(1, Window.DAY), blocks=(block,), exempt_role_ids=frozenset({50}))
    with pytest.raises(MemberBlocked):
        await desk.ask()
    account = await desk.account(a_member())
    assert account.blocked is not None
    assert account.blocked.facts == {"reason": "spam", "until": until}
    await desk.clock.advance(3600)
    await desk.ask()
    exempt = await desk.account(a_member(GRACE, role_ids=(50,)))
    assert exempt.exempt
    assert exempt.standings == ()


@pytest.mark.asyncio
async def test_cost_and_seconds_are_counted_as_the_catalogue_had_them(desk: Desk) -> None:
    model = CATALOG.get("lucy-pro-t2v")
    price = model.price(model.output_seconds)
    await desk.set(at_most(2 * price, Window.DAY, unit=Unit.COST))
    for _ in range(2):
        await desk.put(a_member(), cost=price, output_seconds=model.output_seconds)
    with pytest.raises(Refused):
        await desk.ask()


@pytest.mark.asyncio
async def test_a_new_server_has_the_usual_limits_without_being_asked(desk: Desk) -> None:
    assert await desk.guilds.get(GUILD) == GuildSettings()
    asked = [await desk.ask() for _ in range(3)]
    assert [job.place for job in asked] == [None, None, 1]


@pytest.mark.asyncio
async def test_the_database_adds_up_what_the_rules_say_of_each_row(desk: Desk) -> None:
    chance = random.Random(20)
    members = [a_member(user, channel_id=channel) for user in (ADA, GRACE) for channel in (CHANNEL, CHANNEL + 1)]
    rows = []
    for _ in range(60):
        member, state = chance.choice(members), chance.choice([S.ACCEPTED, S.PROCESSING, S.COMPLETED, S.DELIVERED])
        job = a_job(
            requester=member.model_copy(update={"guild_id": chance.choice([GUILD, GUILD, GUILD + 1, None])}),
            state=state,
            accepted_at=desk.clock.now() - timedelta(seconds=chance.choice([0, 1, 59, 3599, 3600, 86_399, 700_000])),
            ended_at=desk.clock.now() if state is S.DELIVERED else None,
            place=1 if state is S.ACCEPTED and chance.random() < 0.5 else None,
            undeliverable="no_access" if state is S.COMPLETED and chance.random() < 0.5 else None,
            refunded=chance.random() < 0.2,
            cost=chance.randrange(4),
            output_seconds=chance.choice([0.1, 2.5, 5]),
        )
        forgiven = chance.random() < 0.2
        await desk.jobs.insert(job)
        if forgiven:
            await execute(desk.database, update(tables.jobs).where(tables.jobs.c.id == job.id).values(forgiven=True))
        rows.append((job, forgiven))
    usage = [_usage(job, forgiven=forgiven) for job, forgiven in rows if not job.refunded]
    operator = operator_rules(OPERATOR)
    admission = desk.admission_of(OPERATOR)
    for _ in range(40):
        rules = {rule.key: rule for rule in (_any_rule(chance) for _ in range(chance.randrange(6)))}
        book, member = LimitBook(rules=tuple(rules.values())), chance.choice(members)
        found = await admission.account(member, book)
        plainly = review(book, member, usage, desk.clock.now(), operator=operator)
        assert [_rounded(s) for s in found.standings] == [_rounded(s) for s in plainly]


def _any_rule(chance: random.Random) -> Rule:
    scope, target = chance.choice([(Scope.EVERYONE, None), (Scope.SERVER, None), (Scope.CHANNEL, CHANNEL)])
    return make_rule(
        scope, chance.randrange(9), chance.choice(list(Window)), unit=chance.choice(list(Unit)), target_id=target
    )


def _usage(job: Job, *, forgiven: bool) -> Usage:
    live = not job.ended and not job.undeliverable
    return Usage(
        job_id=job.id, user_id=job.requester.user_id, channel_id=job.requester.channel_id,
        guild_id=job.requester.guild_id, accepted_at=job.accepted_at, cost=job.cost, seconds=job.output_seconds,
        live=live, waiting=live and job.in_line, forgiven=forgiven,
    )  # fmt: skip


def _rounded(standing: Standing) -> tuple[object, ...]:
    tally, at_once = standing.tally, standing.held.rule.window is Window.AT_ONCE
    waits = (round(tally.running, 6), tally.running_jobs, tally.waiting_jobs) if at_once else ()
    return standing.held, round(standing.used, 6), standing.fits, standing.frees_at, waits


@pytest.mark.asyncio
async def test_a_member_who_asks_in_many_servers_at_once_has_the_operators_limit_once(desk: Desk) -> None:
    gate = desk.admission_of("everyone 5 jobs day")
    places = [GUILD + number for number in range(20)] + [None] * 20
    for guild_id in places[:20]:
        await desk.set(guild_id=guild_id or 0)
    asked = [desk.ask(gate=gate, guild_id=guild_id) for guild_id in places]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(outcome, Job) for outcome in outcomes) == 5
    assert sum(isinstance(outcome, LimitReached) for outcome in outcomes) == 35
    assert len(gate.lock(a_member())) == 2, "servers do not wait for each other"
