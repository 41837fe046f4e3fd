"""Periodic tasks: each goes on whatever happens to it, and of a cluster's processes one does what is for all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from bot.errors import DatabaseUnavailable
from bot.ops.metrics import Metrics
from bot.store.database import Database
from bot.store.notes import Notes
from bot.work.periodic import PeriodicTask, PeriodicTasks
from tests.adapters.databases import database, empty_url
from tests.clock import ManualClock

__all__ = ["database", "empty_url"]

MINUTE = timedelta(minutes=1)


class Act:
    """Counts how often it is done, and raises what it is told to, once each."""

    def __init__(self, *errors: BaseException | None) -> None:
        self.done = 0
        self.errors = list(errors)

    async def __call__(self) -> None:
        self.done += 1
        if self.errors and (error := self.errors.pop(0)) is not None:
            raise error


@asynccontextmanager
async def running(
    clock: ManualClock, *tasks: PeriodicTask, metrics: Metrics | None = None, notes: Notes | None = None
) -> AsyncIterator[None]:
    periodic = PeriodicTasks(tasks, clock=clock, metrics=metrics or Metrics(), notes=notes)
    periodic.start()
    await clock.advance(0)
    yield
    await periodic.close()


def failures(metrics: Metrics, task: str) -> float | None:
    return metrics.registry.get_sample_value("clapper_background_failures_total", {"task": task})


@pytest.mark.asyncio
async def test_a_task_is_done_at_once_and_then_every_so_often() -> None:
    clock, act = ManualClock(), Act()
    async with running(clock, PeriodicTask("task", act, every=MINUTE)):
        assert act.done == 1
        await clock.advance(59)
        assert act.done == 1
        await clock.advance(1)
        assert act.done == 2
        await clock.advance(180)
        assert act.done == 5
    await clock.advance(180)
    assert act.done == 5


@pytest.mark.asyncio
async def test_a_task_that_is_woken_is_done_at_once_and_once_more_if_it_was_under_way() -> None:
    clock, entered, go_on, done = ManualClock(), asyncio.Event(), asyncio.Event(), 0

    async def act() -> None:
        nonlocal done
        entered.set()
        await go_on.wait()
        done += 1

    task = PeriodicTask("task", act, every=MINUTE)
    async with running(clock, task):
        await entered.wait()
        task.wake()
        task.wake()
        go_on.set()
        await clock.advance(0)
        assert done == 2
        task.wake()
        await clock.advance(0)
        assert done == 3


class Foreign(Exception):
    """An error of a library, which nobody expected."""


@pytest.mark.asyncio
@pytest.mark.parametrize("error", [Foreign("nobody knows me"), ValueError("ours"), asyncio.CancelledError()])
async def test_a_failure_is_logged_with_its_traceback_and_counted_and_the_task_goes_on(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    clock, metrics, act, other = ManualClock(), Metrics(), Act(None, error), Act()
    tasks = PeriodicTask("task", act, every=MINUTE), PeriodicTask("other", other, every=MINUTE)
    async with running(clock, *tasks, metrics=metrics):
        assert (failures(metrics, "task"), failures(metrics, "other")) == (0, 0), "present before the first failure"
        await clock.advance(60)
        assert (failures(metrics, "task"), failures(metrics, "other")) == (1, 0)
        [record] = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert record.exc_info is not None
        assert "task failed" in record.message
        await clock.advance(60)
        assert (act.done, other.done) == (3, 3)
        assert failures(metrics, "task") == 1


@pytest.mark.asyncio
async def test_a_task_that_fails_again_and_again_rests_longer_each_time() -> None:
    clock, act = ManualClock(), Act(*(Foreign() for _ in range(1000)))
    async with running(clock, PeriodicTask("task", act, every=timedelta(seconds=1))):
        await clock.advance(3600)
        assert 15 < act.done < 40, "five minutes apart at most, half of it by chance"


@pytest.mark.asyncio
async def test_an_outage_of_the_database_is_one_line_at_its_beginning_and_one_at_its_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    clock, metrics, away = ManualClock(), Metrics(), [False]

    async def ask() -> None:
        if away[0]:
            raise DatabaseUnavailable("connection refused")

    tasks = [PeriodicTask(name, ask, every=timedelta(seconds=2)) for name in ("one", "two", "three")]
    async with running(clock, *tasks, metrics=metrics):
        for _ in range(2):
            caplog.clear()
            away[0] = True
            await clock.advance(20)
            away[0] = False
            await clock.advance(20)
            lines = [record.message for record in caplog.records]
            assert len(lines) == 2, lines
            assert "the database is unavailable" in lines[0]
            assert "connection refused" in lines[0]
            assert lines[1] == "the database is back"
            assert all(record.exc_info is None for record in caplog.records)
    assert [failures(metrics, name) for name in ("one", "two", "three")] == [20, 20, 20]


@pytest.mark.asyncio
async def test_a_task_that_lasts_until_it_is_cut_off_begins_again() -> None:
    clock, begun, cut = ManualClock(), 0, asyncio.Event()

    async def listen() -> None:
        nonlocal begun
        begun += 1
        await cut.wait()
        cut.clear()
        raise DatabaseUnavailable("the connection was cut")

    async with running(clock, PeriodicTask("listen", listen, every=timedelta(seconds=1))):
        for number in range(1, 4):
            assert begun == number
            cut.set()
            await clock.advance(1)


@pytest.mark.asyncio
async def test_closing_does_not_wait_for_an_act_that_does_not_want_to_end() -> None:
    clock, cancelled = ManualClock(), 0

    async def act() -> None:
        nonlocal cancelled
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled += 1
            await asyncio.Event().wait()

    async with asyncio.timeout(60), running(clock, PeriodicTask("task", act, every=MINUTE)):
        pass
    assert cancelled == 1


@pytest.mark.asyncio
async def test_of_many_processes_one_does_a_shared_task_each_time(database: Database) -> None:
    clock, notes, done = ManualClock(), Notes(database), 0

    async def act() -> None:
        nonlocal done
        done += 1

    def process() -> PeriodicTasks:
        task = PeriodicTask("prune", act, every=timedelta(hours=1), shared=True)
        return PeriodicTasks([task], clock=clock, metrics=Metrics(), notes=notes)

    processes = [process() for _ in range(4)]
    for one in processes:
        one.start()
    await _until(lambda: clock.sleeping == 4)
    assert done == 1
    await clock.advance(3599)
    assert (done, clock.sleeping) == (1, 4)
    await clock.advance(1)
    await _until(lambda: clock.sleeping == 4)
    assert done == 2
    for one in processes:
        await one.close()


@pytest.mark.asyncio
async def test_a_newer_text_stays_and_an_older_one_is_replaced_by_one_of_many(database: Database) -> None:
    notes = Notes(database)

    async def try_all(new: str, than: str) -> list[bool]:
        acts: list[Awaitable[bool]] = [notes.replace_older("k", new, than=than) for _ in range(5)]
        return sorted(await asyncio.gather(*acts))

    assert await try_all("2", "1") == [False] * 4 + [True], "nothing was there"
    assert await try_all("3", "1") == [False] * 5
    assert await try_all("3", "2") == [False] * 4 + [True]
    assert await notes.get("k") == "3"


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.002)
