"""A clock that tests move themselves, so that nothing ever waits for real time."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta

from bot.rules.clock import Clock, SystemClock


class ManualClock(Clock):
    """Stands still until `advance`; sleepers wake in the order of their times.

    With `auto=True` a sleep moves the clock itself and returns after one turn of the loop: for code whose waiting is
    not what the test is about. `slept` keeps every length that was asked for, in seconds.
    """

    def __init__(self, *, auto: bool = False, start: datetime = datetime(2026, 11, 22, 12, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed = 0.0
        self._auto = auto
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self._auto or seconds <= 0:
            self._elapsed += max(0.0, seconds)
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._order), woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Move on by `seconds`, waking each sleeper at its own time and letting it run before the next."""
        target = self._elapsed + seconds
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= target:
            at, _, woken = heapq.heappop(self._sleepers)
            self._elapsed = max(self._elapsed, at)
            if not woken.done():
                woken.set_result(None)
            await self._settle()
        self._elapsed = max(self._elapsed, target)  # others may have moved it farther meanwhile: it never goes back

    @property
    def sleeping(self) -> int:
        """How many are waiting for this clock now."""
        return sum(not woken.done() for _, _, woken in self._sleepers)

    @staticmethod
    async def _settle() -> None:
        for _ in range(10):
            await asyncio.sleep(0)


class ShiftedClock(SystemClock):
    """The machine's clock for whatever really runs, and a wall clock that a test puts forward."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self._ahead

    def put_forward(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)
