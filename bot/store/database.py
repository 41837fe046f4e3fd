"""The database: SQLite in one file for one process, PostgreSQL for many; one way to ask either."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Self, TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, InterfaceError, OperationalError

from bot.errors import DatabaseUnavailable, SettingsError
from bot.rules.backoff import Backoff, retry
from bot.rules.clock import Clock
from bot.store.pool import PostgresSession, postgres_engine
from bot.store.threads import Threads, Unit
from bot.store.writer import TOGETHER_MAX, SqliteReader, SqliteWriter, sqlite_engine

CLOSE_PATIENCE = timedelta(seconds=1)
"""How long closing waits for transactions under way before it breaks them off."""
SQLITE_READERS = 2
"""Connections that read: a look at one row does not wait for statistics."""
_TRIES = 8
_BACKOFF = Backoff(first=timedelta(seconds=0.1), longest=timedelta(seconds=10))
_ANYTHING = text("SELECT 1")
_LOCK = text("SELECT pg_advisory_xact_lock(:lock)")

T = TypeVar("T")


def parse_url(address: str) -> URL:
    """The address with the drivers that we use; raises `SettingsError` for other databases and for nonsense."""
    drivers = {
        "sqlite": "sqlite",
        "sqlite+aiosqlite": "sqlite",  # as it was written up to version 0.1
        "postgresql": "postgresql+psycopg",
        "postgresql+psycopg": "postgresql+psycopg",
    }
    refused = SettingsError(
        "DATABASE_URL can't be used: leave it empty for a file in DATA_DIR, "
        "or write postgresql+psycopg://user:password@host/name"
    )
    try:
        url = make_url(address)
        url = url.set(drivername=drivers[url.drivername])
    except (ArgumentError, KeyError, ValueError):
        raise refused from None
    if url.get_backend_name() == "sqlite" and (url.database or "/").endswith("/"):
        raise refused  # a folder, or a database in memory, which each connection would have to itself
    return url


class FileLock:
    """One process to one SQLite file: two bots on the same rows would each answer every member."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, url: URL) -> Self:
        """Held until `release` or the process's end, however it ends. Raises `SettingsError` if another has it."""
        if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
            return cls(None)
        path = Path(url.database)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as exc:
            raise SettingsError(f"DATA_DIR can't be written: {exc}; give a folder that this user may write") from exc
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise SettingsError(
                f"another Clapper already runs on {path}: stop it first, give this one its own DATA_DIR, "
                "or share the work through DATABASE_URL=postgresql+psycopg://…"
            ) from None
        return cls(descriptor)

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class Database:
    """Units of work, done the same way on both databases, with foreign errors translated.

    A unit is a plain function of a connection, called in a thread. What it gives must need no connection any more.
    """

    def __init__(
        self,
        url: URL,
        *,
        clock: Clock,
        pool_size: int = 5,
        enforce_foreign_keys: bool = True,
        patient: bool = False,
    ) -> None:
        """`patient`: a lock is waited for as long as others hold it, which else is `DatabaseUnavailable` after ten
        seconds."""
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._clock = clock
        if self.is_sqlite:
            self.engine = sqlite_engine(url, enforce_foreign_keys=enforce_foreign_keys)
            self._writer = Threads("writer", lambda: SqliteWriter(self.engine), together=TOGETHER_MAX)
            self._reader = Threads("reader", lambda: SqliteReader(self.engine), count=SQLITE_READERS)
            self._apart = self._writer
        else:
            self.engine = postgres_engine(url, patient=patient)
            self._writer = self._reader = Threads("pool", lambda: PostgresSession(self.engine), count=pool_size)
            self._apart = Threads("apart", lambda: PostgresSession(self.engine), count=1)

    async def read(self, unit: Unit[T]) -> T:
        """What `unit` gives, in a transaction that only reads. Raises what it raises, and `DatabaseUnavailable`."""
        with _translated():
            return await self._reader.do(unit)

    async def write(self, unit: Unit[T], *, lock: int | Collection[int] | None = None) -> T:
        """What `unit` gives, once what it wrote is on the disk; undone if it raises. Raises `DatabaseUnavailable`, too.

        Whoever is cancelled meanwhile does not know whether it was done; it was not done by halves. On SQLite there is
        one writer (`BEGIN IMMEDIATE`). On PostgreSQL `lock` names what is done by one at a time (`bot.store.locks`);
        several are taken in the order of their numbers.
        """
        with _translated():
            return await self._writer.do(unit if lock is None or self.is_sqlite else _locked(unit, lock))

    async def write_apart(self, unit: Unit[T]) -> T:
        """As `write`, on a connection that waits for no others: for what is short, and must not come late."""
        with _translated():
            return await self._apart.do(unit)

    async def retry(self, act: Callable[[], Awaitable[T]]) -> T:
        """`act`, repeated while the database is unavailable: 0.1 s, 0.2 s … 6.4 s apart, some 13 seconds in all.

        For writes that must not be lost to a database's restart. A repeat may find its own earlier work done. Raises
        `DatabaseUnavailable` after the last try, and at once where this object was closed.
        """

        def pause_after(error: Exception, tries: int) -> float | None:
            over = tries >= _TRIES or self._writer.closed
            return None if over or not isinstance(error, DatabaseUnavailable) else _BACKOFF.seconds(tries)

        return await retry(act, pause_after, sleep=self._clock.sleep)

    async def check(self) -> None:
        """Return if the database answers; else raise `DatabaseUnavailable`."""
        await self.read(lambda connection: connection.execute(_ANYTHING))

    async def close(self, *, patience_seconds: float = CLOSE_PATIENCE.total_seconds()) -> None:
        """Wait for transactions under way, for `patience_seconds`; then break them off. Later ones are refused."""
        each = {self._reader, self._writer, self._apart}
        await asyncio.gather(*(threads.close(patience_seconds=patience_seconds) for threads in each))


def _locked(unit: Unit[T], lock: int | Collection[int]) -> Unit[T]:
    locks = [lock] if isinstance(lock, int) else sorted(set(lock))

    def locked(connection: Connection) -> T:
        for one in locks:
            connection.execute(_LOCK, {"lock": int(one)})
        return unit(connection)

    return locked


@contextmanager
def _translated() -> Iterator[None]:
    """The driver's "not now" as `DatabaseUnavailable`; faults of ours stay what they are."""
    try:
        yield
    except (OperationalError, InterfaceError, ConnectionError) as exc:
        raise DatabaseUnavailable(_first_line(exc)) from exc
    except DBAPIError as exc:
        # The bare class is SQLite's word for a file that is damaged or no database.
        if exc.connection_invalidated or type(exc) is DatabaseError:
            raise DatabaseUnavailable(_first_line(exc)) from exc
        raise


def _first_line(exc: BaseException) -> str:
    cause = exc.orig if isinstance(exc, DBAPIError) and exc.orig is not None else exc
    return (str(cause).splitlines() or [type(cause).__name__])[0]
