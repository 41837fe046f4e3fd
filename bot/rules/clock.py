"""The clock, which is passed to whatever needs the time. Nothing else in Clapper reads a clock or sleeps."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The time and sleeping. Tests pass a clock that they move themselves."""

    def now(self) -> datetime:
        """The wall clock in UTC, aware: for rows and for what people see."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back: for durations and deadlines within one process."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`, or at once where they are not positive."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))
