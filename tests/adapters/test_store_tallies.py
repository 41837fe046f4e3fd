"""What limits count: kept in step with the rows by the database itself, and read at a price that does not grow."""

from __future__ import annotations

import random
import re
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from cryptography.fernet import Fernet
from sqlalchemy import Connection, RowMapping, delete, event, insert, select, text, update

from bot.errors import LimitReached
from bot.rules.jobs import JobState
from bot.rules.limit_rules import LimitBook, Scope, Unit, Window, make_rule, operator_rules
from bot.store.admission import Admission
from bot.store.database import Database, parse_url
from bot.store.encryption import Keys
from bot.store.jobs import Jobs
from bot.store.rows import row_of
from bot.store.tables import jobs, tallies
from bot.store.tallies import OldTallies
from tests.adapters.databases import database, execute
from tests.clock import ManualClock
from tests.jobs import ADA, CHANNEL, GRACE, GUILD, NOW, a_job, a_member, a_reply

__all__ = ["database"]

KEYS = Keys([Fernet.generate_key().decode()])
S = JobState
DIGITS = {"day": "%Y%m%d", "hour": "%Y%m%d%H", "minute": "%Y%m%d%H%M"}
ALL_RULES = LimitBook(
    rules=tuple(
        make_rule(scope, 900_000, window, unit=unit, target_id=CHANNEL if scope is Scope.CHANNEL else None)
        for scope in (Scope.EVERYONE, Scope.CHANNEL, Scope.SERVER)
        for unit, window in ((Unit.JOBS, Window.AT_ONCE), (Unit.SECONDS, Window.DAY), (Unit.COST, Window.MONTH))
    )
)
OPERATOR = operator_rules("everyone 900000 jobs day, bot 900000 jobs 30 days, bot 900000 at once, everyone 1 cooldown")


def counted_again(rows: Iterable[RowMapping]) -> dict[tuple[str, int], tuple[int, float, int]]:
    """The whole table, from the rows alone."""
    sums: Counter[tuple[str, int, str]] = Counter()
    for row in rows:
        if row["refunded"]:
            continue
        guild, user = row["guild_id"], row["user_id"]
        scopes = {f"bot {(guild or user) % 8}": False, f"user {user}": False}
        if guild is not None:
            channel = row["parent_channel_id"] or row["channel_id"]
            scopes |= {f"guild {guild}": False, f"guild {guild} channel {channel}": False}
            scopes[f"guild {guild} user {user}"] = row["forgiven"]
        in_line = row["state"] == "accepted" and row["place"] is not None
        live = row["ended_at"] is None and row["undeliverable"] is None and not row["held"]
        at = row["accepted_at"].astimezone(UTC)
        for scope, forgiven in scopes.items():
            periods = [] if forgiven else [int(at.strftime(digits)) for digits in DIGITS.values()]
            for period in periods + ([2 if in_line else 1] if live else []):
                sums[scope, period, "jobs"] += 1
                sums[scope, period, "cost"] += row["cost"]
                sums[scope, period, "microseconds"] += round(row["output_seconds"] * 1e6)
    return {
        (scope, period): (count, round(sums[scope, period, "cost"], 4), sums[scope, period, "microseconds"])
        for (scope, period, measure), count in sums.items()
        if measure == "jobs"
    }


def kept(connection: Connection) -> dict[tuple[str, int], tuple[int, float, int]]:
    rows = connection.execute(select(tallies).where(tallies.c.jobs != 0))
    return {(scope, period): (number, round(cost, 4), micro) for scope, period, number, cost, micro in rows}


async def check(database: Database) -> None:
    def unit(connection: Connection) -> None:
        assert kept(connection) == counted_again(connection.execute(select(jobs)).mappings())

    await database.read(unit)


def any_change(chance: random.Random) -> dict[str, Any]:
    at = NOW - timedelta(seconds=chance.choice([0, 0.000_001, 59.999_999, 3600, 86_400]))
    return chance.choice([
        {"state": "processing"}, {"state": "delivered", "ended_at": at}, {"refunded": True}, {"refunded": False},
        {"forgiven": True}, {"forgiven": False}, {"place": 3}, {"place": None}, {"held": True}, {"held": False},
        {"undeliverable": "no_access"}, {"undeliverable": None}, {"cost": 9}, {"output_seconds": 2.3},
        {"accepted_at": at}, {"guild_id": None}, {"guild_id": GUILD + 1}, {"user_id": GRACE}, {"request": "{}"},
        {"state": "failed", "ended_at": at, "refunded": True}, {"parent_channel_id": CHANNEL + 5},
    ])  # fmt: skip


@pytest.mark.asyncio
@pytest.mark.parametrize("seed", range(4))
async def test_whatever_is_written_to_the_rows_the_tallies_say_the_same(database: Database, seed: int) -> None:
    chance = random.Random(seed)
    ids: list[str] = []
    for _ in range(60):
        if not ids or chance.random() < 0.4:
            member = a_member(chance.choice([ADA, GRACE]), guild_id=chance.choice([GUILD, GUILD + 1, None]))
            job = a_job(requester=member, place=chance.choice([None, 1]), output_seconds=chance.choice([0.1, 5]))
            await execute(database, insert(jobs).values(row_of(job, KEYS)))
            ids.append(job.id)
        elif chance.random() < 0.15:
            await execute(database, delete(jobs).where(jobs.c.id == ids.pop(chance.randrange(len(ids)))))
        else:
            some = jobs.c.id.in_(chance.sample(ids, min(2, len(ids))))
            await execute(database, update(jobs).where(some).values(any_change(chance)))
        await check(database)


@pytest.mark.asyncio
async def test_what_is_undone_is_not_counted(database: Database) -> None:
    def fails(connection: Connection) -> None:
        connection.execute(insert(jobs).values(row_of(a_job(), KEYS)))
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(fails)
    assert await database.read(kept) == {}


@pytest.mark.asyncio
async def test_what_no_window_reaches_any_more_is_dropped_and_what_one_reaches_stays(database: Database) -> None:
    clock = ManualClock()
    store = Jobs(database, keys=KEYS, clock=clock)
    old = await store.insert(a_job(accepted_at=NOW - timedelta(days=33)))
    await store.insert(a_job(requester=a_member(GRACE), accepted_at=NOW - timedelta(days=30)))
    ended = await store.insert(a_job(requester=a_member(GRACE, guild_id=GUILD + 8), accepted_at=NOW))
    await store.advance(ended, S.CANCELLED, refunded=True)
    before = await database.read(kept)
    first_day = int((NOW - timedelta(days=32)).strftime("%Y%m%d"))
    assert await OldTallies(database, clock=clock).drop() > 15
    after = await database.read(kept)
    gone = {key for key in before if key not in after}
    assert {int(str(period)[:8]) < first_day for _, period in gone} == {True}
    assert after.keys() == {key for key in before if key[1] <= 2 or int(str(key[1])[:8]) >= first_day}
    assert await OldTallies(database, clock=clock).drop() == 0
    await database.write(
        lambda connection: connection.execute(delete(jobs).where(jobs.c.id == old.id))
    )  # makes nothing negative of what is not there any more
    assert all(number > 0 for number, *_ in (await database.read(kept)).values())


# ---- what a decision costs


def history(count: int, first: int = 0) -> list[dict[str, Any]]:
    """Ended jobs of a thousand members of one server, a few of them Ada's, close together where windows begin: in the
    last two days, and a month ago."""
    template = row_of(a_job(state=S.DELIVERED, ended_at=NOW), KEYS)
    rows = []
    for number in range(count):
        back = timedelta(days=2) * ((number + 0.5) / count) + timedelta(days=29 * (number % 2))
        user_id = ADA if number % 100 < 2 else 5000 + number % 1000
        rows.append(template | {"id": f"{first + number:032}", "user_id": user_id, "accepted_at": NOW - back})
    return rows


async def fill(database: Database, count: int, first: int = 0) -> None:
    def unit(connection: Connection) -> None:
        connection.execute(insert(jobs), history(count, first))
        connection.execute(text("ANALYZE"))

    await database.write(unit)


def steps(connection: Connection, act: Callable[[], object]) -> int:
    """How many instructions of SQLite's machine that takes."""
    driver: Any = connection.connection.driver_connection
    counted = 0

    def step() -> int:
        nonlocal counted
        counted += 1
        return 0

    driver.set_progress_handler(step, 1)
    try:
        act()
    finally:
        driver.set_progress_handler(None, 0)
    return counted


def admission_of(database: Database) -> Admission:
    return Admission(database, operator=OPERATOR, clock=ManualClock())


@pytest_asyncio.fixture
async def file(tmp_path: Path, migrated_file: Path) -> AsyncIterator[Database]:
    """A migrated SQLite file."""
    path = tmp_path / "clapper.sqlite3"
    shutil.copyfile(migrated_file, path)
    opened = Database(parse_url(f"sqlite:///{path}"), clock=ManualClock())
    yield opened
    await opened.close()


async def cost_of(database: Database, book: LimitBook, *, allowed: bool = True) -> int:
    """The steps of one decision. Nothing is written."""
    admission = admission_of(database)

    def decide(connection: Connection) -> None:
        with nullcontext() if allowed else pytest.raises(LimitReached):
            admission.admit(connection, a_job(), book)

    return await database.read(lambda connection: steps(connection, lambda: decide(connection)))


@pytest.mark.asyncio
async def test_a_decision_takes_the_same_steps_whatever_the_history(file: Database) -> None:
    small = LimitBook(rules=(make_rule(Scope.SERVER, 900, Window.MONTH),))
    found = []
    for first, count in ((0, 6000), (6000, 18_000)):  # with fewer there are minutes without a job, not added up
        await fill(file, count, first)
        found.append({
            "allowed": await cost_of(file, ALL_RULES),
            "refused": await cost_of(file, small, allowed=False),
            "written and deleted": await file.write(lambda c: steps(c, partial(come_and_go, c))),
        })  # fmt: skip
    few, many = found
    for what, cost in few.items():
        assert many[what] <= 1.2 * cost, (what, found)


def come_and_go(connection: Connection) -> None:
    """A row is written, ends, and is deleted."""
    job = a_job()
    connection.execute(insert(jobs).values(row_of(job, KEYS)))
    connection.execute(update(jobs).where(jobs.c.id == job.id).values(state="failed", ended_at=NOW, refunded=True))
    connection.execute(delete(jobs).where(jobs.c.id == job.id))


@pytest.mark.asyncio
async def test_of_a_burst_in_one_server_the_last_decision_takes_as_many_steps_as_the_first(file: Database) -> None:
    admission, costs = admission_of(file), []
    store = Jobs(file, keys=KEYS, clock=ManualClock())
    for number in range(200):
        if number < 10 or number >= 180:  # each step of a measured one is counted by a call
            costs.append(await cost_of(file, ALL_RULES))
        member = a_member(5000 + number)
        await store.insert(a_job(requester=member), admission=admission, book=ALL_RULES)
    assert max(costs[10:]) <= 1.2 * max(costs[1:10]), costs


@contextmanager
def statements(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """What is asked in the block, with its values."""
    asked: list[tuple[str, Any]] = []

    def executes(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        asked.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", executes)
    try:
        yield asked
    finally:
        event.remove(database.engine, "before_cursor_execute", executes)


@pytest.mark.asyncio
async def test_no_decision_looks_through_a_whole_table(database: Database) -> None:
    await fill(database, 5000)
    admission, store = admission_of(database), Jobs(database, keys=KEYS, clock=ManualClock())
    small = LimitBook(rules=(make_rule(Scope.CHANNEL, 900, Window.MONTH, target_id=CHANNEL),))
    with statements(database) as asked:
        await store.insert(a_job(reply=a_reply(answers=1)), admission=admission, book=ALL_RULES)
        await refused_with_a_time(database, admission, small)
    explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "

    def plan_of(connection: Connection, statement: str, parameters: Any) -> str:
        rows = connection.exec_driver_sql(explain + statement, parameters).all()
        return "\n".join(str(row[-1]) for row in rows)

    def look(connection: Connection) -> None:
        for statement, parameters in asked:
            if statement.startswith("SELECT") and "advisory" not in statement:
                plan = plan_of(connection, statement, parameters)
                assert "Seq Scan" not in plan, (statement, plan)
                assert not re.search(r"SCAN (jobs|tallies)\b(?! USING (COVERING )?INDEX)", plan), (statement, plan)

    assert len(asked) > 5
    await database.read(look)


async def refused_with_a_time(database: Database, admission: Admission, book: LimitBook) -> None:
    def decide(connection: Connection) -> None:
        with pytest.raises(LimitReached) as caught:
            admission.admit(connection, a_job(), book)
        assert caught.value.facts["frees_at"] is not None

    await database.read(decide)
