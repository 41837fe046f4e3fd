"""A limited number of places, given out fairly: the many jobs of one server do not hold up the first of another."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class FairSemaphore:
    """At most `places` holders at once. A free place goes to the group that holds fewest, the longest waiting first."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._held: Counter[int] = Counter()
        self._waiting: dict[int, deque[asyncio.Future[None]]] = {}

    @property
    def has_room(self) -> bool:
        """Whether a place is free, so that the next one need not wait."""
        return self._free > 0

    @asynccontextmanager
    async def place(self, group: int) -> AsyncIterator[None]:
        """Wait for a place and hold it for the block."""
        await self._enter(group)
        try:
            yield
        finally:
            self._leave(group)

    async def _enter(self, group: int) -> None:
        if self._free > 0:  # nobody waits while a place is free
            self._take(group)
            return
        given: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(group, deque()).append(given)
        try:
            await given
        except asyncio.CancelledError:
            if not given.cancelled():
                self._leave(group)  # it was given a place just when it was cancelled
            raise

    def _take(self, group: int) -> None:
        self._free -= 1
        self._held[group] += 1

    def _leave(self, group: int) -> None:
        self._free += 1
        self._held[group] -= 1
        if not self._held[group]:
            del self._held[group]
        while self._waiting:
            # Groups stand in the order in which they began to wait: one that gets a place goes to the end.
            group = min(self._waiting, key=lambda waiting: self._held[waiting])
            queue = self._waiting.pop(group)
            first = queue.popleft()
            if queue:
                self._waiting[group] = queue
            if not first.done():  # else it was cancelled meanwhile
                self._take(group)
                first.set_result(None)
                return
