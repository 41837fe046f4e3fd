"""Limits in the database: decided with the row, by one at a time, on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from bot.errors import LimitReached, MemberBlocked, Refused
from bot.rules.guild_settings import GuildSettings
from bot.rules.jobs import Job, JobState, Requester
from bot.rules.limit_rules import Block, LimitBook, Rule, Scope, Unit, Window, make_rule, operator_rules
from bot.store import tables
from bot.store.admission import Admission
from bot.store.database import Database
from bot.store.encryption import Keys
from bot.store.guild_settings import GuildSettingsTable
from bot.store.jobs import Jobs
from tests.adapters.databases import database, empty_url
from tests.adapters.test_store import KEY
from tests.clock import ManualClock
from tests.jobs import ADA, CATALOG, CHANNEL, GRACE, GUILD, a_job, a_member

__all__ = ["database", "empty_url"]

S = JobState
AT_ONCE = 200


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
        return Admission(self.database, catalog=CATALOG, operator=rules, clock=self.clock)

    async def set(self, *rules: Rule, guild_id: int = GUILD, **more: Any) -> None:
        before = await self.guilds.get(guild_id)
        after = before.amended(limits=LimitBook(rules=rules, **more))
        await self.guilds.replace(guild_id, after, expected_version=before.version)

    async def ask(self, user_id: int = ADA, gate: Admission | None = None, **facts: Any) -> Job:
        return await self.put(a_member(user_id, **facts), gate)

    async def put(self, member: Requester, gate: Admission | None = None, **facts: Any) -> Job:
        job = a_job(requester=member, accepted_at=self.clock.now(), **facts)
        return await self.jobs.insert(job, gate=gate or self.admission)

    async def place(self, job: Job) -> int | None:
        return (await self.jobs.get(job.id)).place


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def at_most(amount: int, window: Window, scope: Scope = Scope.EVERYONE, **more: Any) -> Rule:
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
    async with desk.database.reading() as connection:
        assert await connection.scalar(select(func.count()).select_from(tables.jobs)) == let_in


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
        async with desk.database.reading() as connection:
            running = (tables.jobs.c.state == "accepted") & tables.jobs.c.place.is_(None)
            return await connection.scalar(select(func.count()).where(running)) or 0

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
    async with desk.database.writing() as connection:
        await connection.execute(update(tables.jobs).values(state="completed", waiting="no_access"))
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
async def test_a_look_ahead_says_the_same_and_writes_nothing(desk: Desk) -> None:
    await desk.set(at_most(1, Window.DAY))
    job = a_job()
    await desk.jobs.ask(desk.admission, job.request, job.requester)
    await desk.ask()
    with pytest.raises(LimitReached):
        await desk.jobs.ask(desk.admission, job.request, job.requester)


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
    account = await desk.admission.account(a_member())
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
    async with desk.database.writing() as connection:
        table = tables.jobs
        await connection.execute(update(table).where(table.c.id == damaged.id).values(requester="{"))
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
    account = await desk.admission.account(a_member())
    assert account.blocked is not None
    assert account.blocked.facts == {"reason": "spam", "until": until}
    await desk.clock.advance(3600)
    await desk.ask()
    exempt = await desk.admission.account(a_member(GRACE, role_ids=(50,)))
    assert exempt.exempt
    assert exempt.standings == ()


@pytest.mark.asyncio
async def test_cost_and_seconds_are_counted_as_the_catalogue_had_them(desk: Desk) -> None:
    model = CATALOG.get("lucy-pro-t2v")
    await desk.set(at_most(2 * model.cost, Window.DAY, unit=Unit.COST))
    for _ in range(2):
        await desk.put(a_member(), cost=model.cost, output_seconds=model.output_seconds)
    with pytest.raises(Refused):
        await desk.ask()


@pytest.mark.asyncio
async def test_a_new_server_has_the_usual_limits_without_being_asked(desk: Desk) -> None:
    assert await desk.guilds.get(GUILD) == GuildSettings()
    asked = [await desk.ask() for _ in range(3)]
    assert [job.place for job in asked] == [None, None, 1]
