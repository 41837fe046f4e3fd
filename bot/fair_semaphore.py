"""A limited number of places, given out fairly: the many jobs of one server do not hold up the first of another."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_Waiting = dict[int, deque[asyncio.Future[None]]]


class FairSemaphore:
    """At most `places` holders at once, and at most `each` of them one member's; None: no such bound.

    A free place goes to the group that holds fewest, in it to the member who holds fewest anywhere, and among equals to
    who has waited longest. A group is a server; what has no members is all one member's.
    """

    def __init__(self, places: int, *, each: int | None = None) -> None:
        self._free = places
        self._each = places if each is None else each
        self._held: Counter[int] = Counter()
        self._held_by_member: Counter[int] = Counter()
        self._waiting: dict[int, _Waiting] = {}

    @asynccontextmanager
    async def place(self, group: int, member: int | None = None) -> AsyncIterator[None]:
        """Wait for a place and hold it for the block. Without a `member` the group is its only one."""
        who = group if member is None else member
        await self._enter(group, who)
        try:
            yield
        finally:
            self._leave(group, who)

    async def _enter(self, group: int, member: int) -> None:
        if self._free > 0 and self._may_hold(member):  # nobody waits for it while a place is free
            self._take(group, member)
            return
        given: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(group, {}).setdefault(member, deque()).append(given)
        try:
            await given
        except asyncio.CancelledError:
            if not given.cancelled():
                self._leave(group, member)  # it was given a place just when it was cancelled
            raise

    def _may_hold(self, member: int) -> bool:
        return self._held_by_member[member] < self._each

    def _take(self, group: int, member: int) -> None:
        self._free -= 1
        self._held[group] += 1
        self._held_by_member[member] += 1

    def _leave(self, group: int, member: int) -> None:
        self._free += 1
        for held, who in ((self._held, group), (self._held_by_member, member)):
            held[who] -= 1
            if not held[who]:
                del held[who]
        while self._free > 0 and (following := self._next()) is not None:
            group, member = following
            first = self._first_of(group, member)
            if not first.done():  # else it was cancelled meanwhile
                self._take(group, member)
                first.set_result(None)

    def _next(self) -> tuple[int, int] | None:
        """The (group, member) whose turn it is; None where nobody waits who may have another place."""
        waiting = (
            (group, member) for group, members in self._waiting.items() for member in members if self._may_hold(member)
        )
        return min(waiting, key=lambda who: (self._held[who[0]], self._held_by_member[who[1]]), default=None)

    def _first_of(self, group: int, member: int) -> asyncio.Future[None]:
        """Groups, and members in them, stand in the order in which they began to wait: whose turn it was goes to the
        end."""
        members = self._waiting.pop(group)
        queue = members.pop(member)
        first = queue.popleft()
        if queue:
            members[member] = queue
        if members:
            self._waiting[group] = members
        return first
