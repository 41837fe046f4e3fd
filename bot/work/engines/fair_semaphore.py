"""Places for a limited number at a time, given out in turn between groups: one server's hundred wait for each other."""

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
        """Whether somebody who comes now need not wait."""
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
        if self._free > 0:  # then nobody waits
            self._take(group)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(group, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._leave(group)  # it was given a place in the moment in which it gave up
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
            # Groups stand in the order in which they began to wait; one that is served goes to the end.
            following = min(self._waiting, key=lambda waiting: self._held[waiting])
            line = self._waiting.pop(following)
            turn = line.popleft()
            if line:
                self._waiting[following] = line
            if not turn.done():  # else it gave up waiting
                self._take(following)
                turn.set_result(None)
                return
