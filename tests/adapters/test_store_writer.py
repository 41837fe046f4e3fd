"""The one thread that writes to SQLite: who waits together shares a commit, and each is answered for itself."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import Connection, event, text

from bot.errors import DatabaseUnavailable
from bot.store.database import Database, parse_url
from bot.store.threads import Threads
from bot.store.writer import TOGETHER_MAX, SqliteWriter
from tests.adapters.databases import execute, held, scalar
from tests.clock import ManualClock

INSERT = text("INSERT INTO numbers VALUES (:n)")


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(parse_url(f"sqlite:///{tmp_path / 'x.sqlite3'}"), clock=ManualClock())
    await execute(opened, text("CREATE TABLE numbers (n INTEGER PRIMARY KEY)"))
    yield opened
    await opened.close()


def commits_of(database: Database) -> list[None]:
    commits: list[None] = []
    event.listen(database.engine, "commit", lambda _: commits.append(None))
    return commits


def numbered(n: int) -> Callable[[Connection], int]:
    def unit(connection: Connection) -> int:
        connection.execute(INSERT, {"n": n})
        return n

    return unit


async def numbers(database: Database) -> list[int]:
    return await database.read(lambda connection: list(connection.scalars(text("SELECT n FROM numbers ORDER BY n"))))


@pytest.mark.asyncio
async def test_those_who_wait_at_the_same_moment_share_one_commit_and_each_gets_its_own_answer(
    database: Database,
) -> None:
    commits = commits_of(database)
    async with held(database):
        waiting = [asyncio.create_task(database.write(numbered(n))) for n in range(2 * TOGETHER_MAX)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*waiting) == list(range(2 * TOGETHER_MAX))
    assert len(commits) == 3, "the one that held them up, and two of as many as may be together"
    assert await numbers(database) == list(range(2 * TOGETHER_MAX))


@pytest.mark.asyncio
async def test_one_that_fails_is_undone_by_itself_and_told_alone(database: Database) -> None:
    def fails_late(connection: Connection) -> None:
        connection.execute(INSERT, {"n": 50})
        raise LookupError("a fault of its own")

    async with held(database):
        waiting = [
            asyncio.create_task(database.write(unit)) for unit in (numbered(1), fails_late, numbered(1), numbered(2))
        ]
        await asyncio.sleep(0)
    first, failed, twin, last = await asyncio.gather(*waiting, return_exceptions=True)
    assert (first, last) == (1, 2)
    assert isinstance(failed, LookupError)
    assert "UNIQUE" in str(twin)
    assert await numbers(database) == [1, 2]


@pytest.mark.asyncio
async def test_who_gives_up_before_it_began_is_left_out_and_who_gives_up_later_is_written_once(
    database: Database,
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        connection.execute(INSERT, {"n": 1})
        begun.set()
        go_on.wait()

    under_way = asyncio.create_task(database.write(slow))
    await asyncio.sleep(0)
    await asyncio.to_thread(begun.wait)
    not_begun = asyncio.create_task(database.write(numbered(2)))
    stays = asyncio.create_task(database.write(numbered(3)))
    await asyncio.sleep(0)
    for task in (under_way, not_begun):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    go_on.set()
    await stays
    assert await numbers(database) == [1, 3]


@pytest.mark.asyncio
async def test_nobody_is_told_of_a_write_that_the_disk_refused(database: Database) -> None:
    await execute(database, text("PRAGMA max_page_count = 3"))
    blob = text("INSERT INTO numbers SELECT :n")
    await execute(database, text("CREATE TABLE filler (x)"))

    def fills(connection: Connection) -> None:
        connection.execute(text("INSERT INTO filler VALUES (zeroblob(1000000))"))

    async with held(database):
        waiting = [asyncio.create_task(database.write(numbered(n))) for n in (1, 2)]
        waiting.append(asyncio.create_task(database.write(fills)))  # type: ignore[arg-type]
        waiting.append(asyncio.create_task(database.write(numbered(3))))
        await asyncio.sleep(0)
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    told = [outcome for outcome in outcomes if not isinstance(outcome, DatabaseUnavailable)]
    assert await numbers(database) == told
    await database.write(lambda connection: connection.execute(blob, {"n": 7}))
    assert 7 in await numbers(database)


@pytest.mark.asyncio
async def test_what_is_answered_is_there_for_another_connection(database: Database) -> None:
    for n in range(20):
        await database.write(numbered(n))
        assert await scalar(database, text("SELECT max(n) FROM numbers")) == n


@pytest.mark.asyncio
async def test_a_wait_for_the_writer_has_a_bound_in_time_and_in_number(database: Database) -> None:
    go_on = threading.Event()
    threads = Threads("test", lambda: SqliteWriter(database.engine), patience=timedelta(seconds=0.05), waiting_max=2)
    slow = asyncio.create_task(threads.do(lambda _: go_on.wait()))
    await asyncio.sleep(0)
    late = asyncio.create_task(threads.do(numbered(1)))
    await asyncio.sleep(0)
    with pytest.raises(DatabaseUnavailable, match="2 others wait"):
        await threads.do(numbered(2))
    with pytest.raises(DatabaseUnavailable, match="no time"):
        await late
    go_on.set()
    assert await slow
    await threads.close(patience_seconds=60)
    assert await numbers(database) == []
