"""Threads that do units of work, and the queue in front of them. The loop waits for answers and never for a database.

A unit of work is a plain function of a connection. Whoever waits for one may give up at any moment: what nobody has
begun is dropped then; what is under way is broken off where that harms nobody else, and ends by itself otherwise.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection

from bot.errors import DatabaseUnavailable

log = logging.getLogger(__name__)

BREAKING_OFF_SECONDS = 2.0
"""How long a unit that was broken off may take to end."""
BEGIN_PATIENCE = timedelta(seconds=30)
"""How long a unit may wait until a thread has time for it."""
WAITING_MAX = 10_000
"""Units that may wait or run at the same time: each is a few kilobytes."""

T = TypeVar("T")
Unit = Callable[[Connection], T]


class Work(Generic[T]):
    """One unit of work that somebody waits for, on the loop that they wait in."""

    __slots__ = ("_claimed", "answer", "broken_off", "error", "expiry", "session", "unit", "value")

    def __init__(self, unit: Unit[T], answer: asyncio.Future[T]) -> None:
        self.unit = unit
        self.answer = answer
        self.value: T | None = None
        self.error: BaseException | None = None
        self.session: Session | None = None
        self.expiry: asyncio.TimerHandle | None = None
        self.broken_off = False
        """Whether nobody waits for it any more: it may end in the middle."""
        self._claimed = threading.Lock()

    def claim(self) -> bool:
        """Whether it is the caller's from now on: a thread's to do, or the loop's to drop. Of several one gets it."""
        return self._claimed.acquire(blocking=False)

    def do(self, connection: Connection) -> bool:
        """Do it and keep what came of it; whether it went well."""
        try:
            self.value = self.unit(connection)
        except BaseException as exc:  # noqa: BLE001  # whoever waits for it gets it
            self.error = exc
        return self.error is None


class Session(Protocol):
    """One thread's connection. All but `break_off` is called in that thread."""

    def do(self, works: Sequence[Work[Any]]) -> None:
        """Do these units, and set `value` or `error` of each. Raises nothing."""
        ...

    def break_off(self, work: Work[Any]) -> None:
        """Called from the loop: nobody waits for that unit any more, which is under way. Waits for nothing itself."""
        ...

    def close(self) -> None: ...


class Threads:
    """Up to `count` threads with a session each, started as they are needed. They are done with by `close`."""

    def __init__(
        self,
        name: str,
        session: Callable[[], Session],
        *,
        count: int = 1,
        together: int = 1,
        patience: timedelta = BEGIN_PATIENCE,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        """`together`: how many of the units that wait at the same moment a session is given at once."""
        self.closed = False
        self._name = name
        self._session = session
        self._count = count
        self._together = together
        self._patience = patience
        self._waiting_max = waiting_max
        self._queue: queue.SimpleQueue[Work[Any] | None] = queue.SimpleQueue()
        self._works: set[Work[Any]] = set()
        self._ends: list[asyncio.Future[None]] = []
        """One for each thread, done once it has ended."""

    async def do(self, unit: Unit[T]) -> T:
        """What the unit gives or raises. Raises `DatabaseUnavailable` after `close`, and where too much waits."""
        if self.closed:
            raise DatabaseUnavailable("it is closed")
        if len(self._works) >= self._waiting_max:
            raise DatabaseUnavailable(f"{len(self._works)} others wait for it")
        loop = asyncio.get_running_loop()
        work: Work[T] = Work(unit, loop.create_future())
        work.expiry = loop.call_later(self._patience.total_seconds(), self._drop, work, "it had no time")
        self._works.add(work)
        self._queue.put(work)
        if len(self._ends) < min(self._count, len(self._works)):
            self._start(loop)
        try:
            return await work.answer
        except asyncio.CancelledError:
            self._give_up(work)
            raise

    async def close(self, *, patience_seconds: float) -> None:
        """Take nothing more, wait for what is under way or waits, then break it off, and end every thread.

        Lasts `patience_seconds` and then `BREAKING_OFF_SECONDS` at most. What ends still later is closed then.
        """
        self.closed = True
        for _ in self._ends:
            self._queue.put(None)
        if await self._ended(patience_seconds):
            return
        for work in list(self._works):
            if not self._drop(work, "it is closed"):
                self._break_off(work)
        if not await self._ended(BREAKING_OFF_SECONDS):
            log.warning("%d questions to the database have not ended", len(self._works))

    async def _ended(self, seconds: float) -> bool:
        living = [end for end in self._ends if not end.done()]
        if living:
            await asyncio.wait(living, timeout=seconds)
        return all(end.done() for end in self._ends)

    def _give_up(self, work: Work[Any]) -> None:
        """Nobody waits for it any more."""
        if work.claim():
            self._forget(work)
        else:
            self._break_off(work)

    def _drop(self, work: Work[Any], reason: str) -> bool:
        """Tell whoever waits that it was not begun; False where it was."""
        if not work.claim():
            return False
        work.error = DatabaseUnavailable(reason)
        self._settle([work])
        return True

    def _break_off(self, work: Work[Any]) -> None:
        work.broken_off = True
        if work.session is not None:
            work.session.break_off(work)

    def _forget(self, work: Work[Any]) -> None:
        self._works.discard(work)
        if work.expiry is not None:
            work.expiry.cancel()

    def _settle(self, works: Sequence[Work[Any]]) -> None:
        for work in works:
            self._forget(work)
            if work.answer.done():
                continue
            if work.error is None:
                work.answer.set_result(work.value)
            else:
                work.answer.set_exception(work.error)

    # ---- in the threads

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        end: asyncio.Future[None] = loop.create_future()
        self._ends.append(end)
        # A daemon: a database that answers nothing must not keep the process from ending.
        name = f"database-{self._name}-{len(self._ends)}"
        threading.Thread(target=self._serve, args=(loop, end), name=name, daemon=True).start()

    def _serve(self, loop: asyncio.AbstractEventLoop, end: asyncio.Future[None]) -> None:
        session = self._session()
        try:
            while works := self._next():
                self._do(session, works, loop)
                works.clear()  # nothing of them is kept while the next ones are waited for
        finally:
            session.close()
            _tell(loop, lambda: end.set_result(None))

    def _next(self) -> list[Work[Any]]:
        """The units to do next; none where it is over."""
        found: list[Work[Any]] = []
        work = self._queue.get()
        while work is not None:
            found.append(work)
            if len(found) == self._together:
                return found
            try:
                work = self._queue.get_nowait()
            except queue.Empty:
                return found
        if found:
            self._queue.put(None)  # the end comes after these
        return found

    def _do(self, session: Session, works: Sequence[Work[Any]], loop: asyncio.AbstractEventLoop) -> None:
        mine = []
        for work in works:
            if work.claim():
                work.session = session
                mine.append(work)
        if mine:
            session.do(mine)
            _tell(loop, lambda: self._settle(mine))


def _tell(loop: asyncio.AbstractEventLoop, act: Callable[[], object]) -> None:
    try:
        loop.call_soon_threadsafe(act)
    except RuntimeError:
        log.debug("the loop has ended before its questions to the database")
