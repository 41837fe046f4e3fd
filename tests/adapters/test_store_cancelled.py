"""Questions that are broken off at any instant, however often, cost no connection; closing ends what is under way."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL

from bot.errors import DatabaseUnavailable
from bot.store.database import Database
from tests.adapters.databases import empty_url, execute, held, scalar
from tests.clock import ManualClock

__all__ = ["empty_url"]

TURNS = 40
"""Of the loop: from before the opening to after the answer."""
ENDLESS = {  # longer than these tests may last; a server that was not told in time goes on for that long
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(60)",
}

Question = Callable[[Database], Awaitable[object]]


async def read(database: Database) -> None:
    await scalar(database, text("SELECT 1"))


async def write(database: Database) -> None:
    def unit(connection: Connection) -> None:
        connection.execute(text("INSERT INTO notes_of_tests VALUES (1)"))
        connection.execute(text("DELETE FROM notes_of_tests"))

    await database.write(unit)


def connection_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("database-")}


@asynccontextmanager
async def nothing_left() -> AsyncIterator[None]:
    """Fails for a connection, a thread or a task that the block leaves behind."""
    threads, tasks = connection_threads(), asyncio.all_tasks()
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        yield
        assert asyncio.all_tasks() == tasks
        for thread in connection_threads() - threads:  # it has said that it ends just before it does
            await asyncio.to_thread(thread.join, 10)
        gc.collect()
    assert connection_threads() <= threads
    assert [str(warning.message) for warning in heard] == []


async def turn(times: int = 1) -> None:
    for _ in range(times):
        await asyncio.to_thread(gc.get_count)  # another thread gets its turn, too


async def endless_question(database: Database, how: str = "read") -> asyncio.Task[None]:
    """One that is in the middle of its statement."""
    begun = threading.Event()

    def unit(connection: Connection) -> None:
        begun.set()
        connection.execute(text(ENDLESS[database.url.get_backend_name()])).all()

    question = asyncio.create_task(getattr(database, how)(unit))
    await asyncio.sleep(0)
    await asyncio.to_thread(begun.wait)
    await turn(TURNS)
    assert not question.done()
    return question


@pytest.mark.asyncio
@pytest.mark.parametrize("question", [read, write])
@pytest.mark.parametrize("times", [1, 2, 3])
async def test_a_question_that_is_broken_off_anywhere_leaves_nothing_behind(
    empty_url: URL, question: Question, times: int
) -> None:
    database = Database(empty_url, clock=ManualClock())
    await execute(database, text("CREATE TABLE notes_of_tests (n INTEGER)"))
    await database.close()
    async with nothing_left():
        for turns in range(TURNS):
            database = Database(empty_url, clock=ManualClock())
            asking = asyncio.ensure_future(question(database))
            await turn(turns)
            for _ in range(times):
                asking.cancel()
                await turn(turns % 3)
            await database.close()
            with contextlib.suppress(asyncio.CancelledError, DatabaseUnavailable):
                await asking


@pytest.mark.asyncio
@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("how", ["read", "write"])
async def test_a_question_broken_off_in_its_middle_ends_at_once_and_the_next_one_is_answered(
    empty_url: URL, times: int, how: str
) -> None:
    async with nothing_left():
        database = Database(empty_url, clock=ManualClock(), pool_size=1)
        question = await endless_question(database, how)
        for _ in range(times):
            question.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await question
        await getattr(database, how)(lambda connection: connection.scalar(text("SELECT 1")))
        await database.close()


@pytest.mark.asyncio
@pytest.mark.parametrize("how", ["read", "write"])
async def test_closing_breaks_off_a_question_that_does_not_end(empty_url: URL, how: str) -> None:
    async with nothing_left():
        database = Database(empty_url, clock=ManualClock())
        question = await endless_question(database, how)
        await database.close(patience_seconds=0)
        with pytest.raises(DatabaseUnavailable):
            await question


@pytest.mark.asyncio
async def test_closing_waits_for_transactions_that_were_asked_for_and_lets_nobody_else_in(empty_url: URL) -> None:
    async with nothing_left():
        database = Database(empty_url, clock=ManualClock(), pool_size=1)
        async with held(database):
            made = text("CREATE TABLE notes_of_tests (n INTEGER)")
            writing = asyncio.create_task(execute(database, made))
            await turn()
            closing = asyncio.create_task(database.close(patience_seconds=60))
            await turn()
            with pytest.raises(DatabaseUnavailable):
                await database.check()
            with pytest.raises(DatabaseUnavailable):
                await database.retry(database.check)
            assert not closing.done()
        await closing
        await writing
        later = Database(empty_url, clock=ManualClock())
        assert await scalar(later, text("SELECT count(*) FROM notes_of_tests")) == 0
        await later.close()


@pytest.mark.asyncio
async def test_what_nobody_has_begun_is_told_at_the_end_and_what_ends_later_is_closed_as_well(empty_url: URL) -> None:
    async with nothing_left():
        database = Database(empty_url, clock=ManualClock(), pool_size=1)
        async with held(database):
            waiting = asyncio.create_task(write(database))
            await turn()
            await database.close(patience_seconds=0)
            with pytest.raises(DatabaseUnavailable):
                await waiting
