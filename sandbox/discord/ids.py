"""Snowflakes: ids that carry their time, as Discord's do."""

from __future__ import annotations

from datetime import UTC, datetime

from sandbox.discord.clock import StandInClock

EPOCH_MS = 1420070400000  # the first second of 2015, Discord's epoch


def snowflake_at(when: datetime, low: int = 0) -> int:
    return ((int(when.timestamp() * 1000) - EPOCH_MS) << 22) | (low & 0x3FFFFF)


def time_of(snowflake: str) -> datetime:
    return datetime.fromtimestamp(((int(snowflake) >> 22) + EPOCH_MS) / 1000, UTC)


class Snowflakes:
    """Strictly increasing ids for the clock's present, and separate ones for things that are older than the run."""

    def __init__(self, clock: StandInClock) -> None:
        self._clock = clock
        self._last = 0
        self._old = 0

    def next(self) -> str:
        self._last = max(self._last + 1, snowflake_at(self._clock.now()))
        return str(self._last)

    def old(self) -> str:
        """An id as of 2023 and later: for users, guilds, channels and roles that were there before the test."""
        self._old += 1
        return str(snowflake_at(datetime(2023, 3, 1, 9, 30, tzinfo=UTC), 0) + self._old * 7_654_321_098_765)
