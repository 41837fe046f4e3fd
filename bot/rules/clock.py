"""The time, as something that is handed in: nothing else in Clapper reads a clock or sleeps by itself."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What rules, pipelines and clients may ask of time. Tests hand in one that they move themselves."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC: for rows and for what people see."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go backwards: for durations and deadlines inside one process."""
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
