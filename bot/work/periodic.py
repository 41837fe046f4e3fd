"""The one loop for everything that is done again and again: each task goes on, however often it fails."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta

from bot.errors import DatabaseUnavailable
from bot.ops.metrics import Metrics
from bot.rules.backoff import Backoff
from bot.rules.clock import Clock
from bot.store.notes import Notes

log = logging.getLogger(__name__)

_BACKOFF = Backoff(first=timedelta(seconds=1), longest=timedelta(minutes=5))
"""After failures that are no outage of the database: each comes with a traceback, so that they must not be many."""
_CLOSE_SECONDS = 1.0
"""How long a stop waits for transactions that were broken off."""


class PeriodicTask:
    """`act` is done when the process starts, and `every` so often from then on, measured from its end.

    `name` is a label of the metric `clapper_background_failures_total`. With `shared` one process of a cluster does it
    for all of them.
    """

    def __init__(
        self, name: str, act: Callable[[], Awaitable[object]], *, every: timedelta, shared: bool = False
    ) -> None:
        self.name = name
        self.act = act
        self.every = every
        self.shared = shared
        self.woken = asyncio.Event()

    def wake(self) -> None:
        """Have it done now, or once more if it is being done at this moment."""
        self.woken.set()


class PeriodicTasks:
    """Runs tasks beside each other, from `start` to `close`.

    A failure is logged with its traceback and counted, and the task goes on after a pause. While the database is
    unavailable there is one line when that begins and one when it is over, whatever the number of tasks.
    """

    def __init__(
        self, tasks: Iterable[PeriodicTask], *, clock: Clock, metrics: Metrics, notes: Notes | None = None
    ) -> None:
        """`notes` say in a cluster which process has done a shared task last; None: there is no other process."""
        self._tasks = tuple(tasks)
        self._clock = clock
        self._notes = notes
        self._failures = {task.name: metrics.background_failures.labels(task.name) for task in self._tasks}
        self._running: list[asyncio.Task[None]] = []
        self._outage_at: float | None = None

    def start(self) -> None:
        """Do every task for the first time, each in a loop of its own."""
        self._running = [asyncio.create_task(self._repeat(task), name=task.name) for task in self._tasks]

    async def close(self) -> None:
        """Break off what is under way, within a second or so."""
        for _ in range(2):  # the second time also what waits until the database has heard of the first
            for running in self._running:
                running.cancel()
            if self._running:
                await asyncio.wait(self._running, timeout=_CLOSE_SECONDS)
        self._running = []

    async def _repeat(self, task: PeriodicTask) -> None:
        failures = 0
        while True:
            task.woken.clear()
            began = self._clock.monotonic()
            try:
                await self._once(task)
            except DatabaseUnavailable as exc:
                self._failures[task.name].inc()
                self._note_outage(task, exc)
                await self._clock.sleep(task.every.total_seconds())
            except Exception:
                self._failures[task.name].inc()
                failures += 1
                pause = max(task.every.total_seconds(), _BACKOFF.seconds(failures, chance=random.random()))
                log.exception("%s failed and is done again in %.0f s", task.name, pause)
                await self._clock.sleep(pause)
            else:
                failures = 0
                self._note_answer(began)
                await self._until_due(task)

    async def _once(self, task: PeriodicTask) -> None:
        if task.shared and not await self._is_our_turn(task):
            return
        try:
            await task.act()
        except asyncio.CancelledError as exc:
            current = asyncio.current_task()
            if current is None or current.cancelling():
                raise
            raise RuntimeError(f"something that {task.name} waited for was cancelled") from exc

    async def _is_our_turn(self, task: PeriodicTask) -> bool:
        """Whether no process has done the task for as long as it may rest. If so, this one has it from now on."""
        if self._notes is None:
            return True
        now = self._clock.now()
        return await self._notes.replace_older(f"turn:{task.name}", _stamp(now), than=_stamp(now - task.every))

    async def _until_due(self, task: PeriodicTask) -> None:
        sleep = asyncio.ensure_future(self._clock.sleep(task.every.total_seconds()))
        woken = asyncio.ensure_future(task.woken.wait())
        try:
            await asyncio.wait({sleep, woken}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            woken.cancel()

    def _note_outage(self, task: PeriodicTask, error: DatabaseUnavailable) -> None:
        if self._outage_at is None:
            log.warning("the database is unavailable, so that %s and others wait: %s", task.name, error)
        self._outage_at = self._clock.monotonic()

    def _note_answer(self, began: float) -> None:
        """The database has answered a task that began then: an outage before that is over."""
        if self._outage_at is not None and began > self._outage_at:
            self._outage_at = None
            log.info("the database is back")


def _stamp(at: datetime) -> str:
    """Always of the same length, so that texts compare as their times do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
