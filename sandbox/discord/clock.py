"""The stand-in's time: the machine's, plus an offset that tests and the page move."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def _machine_time() -> datetime:
    return datetime.now(UTC)


class StandInClock:
    """`now()` in UTC, `advance(seconds)`, and calls at a time, which comes in real time or by `advance`.

    `source` may be any function that returns aware datetimes, such as the `now` of a test's own clock.
    """

    def __init__(self, source: Callable[[], datetime] = _machine_time) -> None:
        self._source = source
        self.offset = timedelta()
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._timers: set[asyncio.TimerHandle] = set()

    def now(self) -> datetime:
        return self._source() + self.offset

    def timestamp(self) -> float:
        return self.now().timestamp()

    def advance(self, seconds: float) -> None:
        """Move the time on and make the calls that became due, in their order."""
        self.offset += timedelta(seconds=seconds)
        self.run_due()

    def call_at(self, when: datetime, act: Callable[[], None]) -> None:
        """Do `act` once `when` has come, in real time or by `advance`."""
        heapq.heappush(self._due, (when, next(self._order), act))
        self._arm(when)

    async def sleep(self, seconds: float) -> None:
        """Return once that many seconds have passed, in real time or by `advance`."""
        woken = asyncio.Event()
        self.call_at(self.now() + timedelta(seconds=seconds), woken.set)
        await woken.wait()

    def _arm(self, when: datetime) -> None:
        # Ten milliseconds late rather than a hair early, which would arm the timer again.
        delay = max(0.0, (when - self.now()).total_seconds()) + 0.01
        self._timers = {
            timer
            for timer in self._timers
            if not timer.cancelled() and timer.when() > asyncio.get_running_loop().time()
        }
        self._timers.add(asyncio.get_running_loop().call_later(delay, self.run_due))

    def run_due(self) -> None:
        while self._due and self._due[0][0] <= self.now():
            _, _, act = heapq.heappop(self._due)
            act()

    def close(self) -> None:
        """Drop all calls that are not due yet."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._due.clear()
