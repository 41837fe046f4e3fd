"""Opening the database: SQLite in one file for one process, PostgreSQL for many; and bringing its tables up to date."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any, Self, TypeVar

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.errors import DatabaseUnavailable, SettingsError
from bot.rules.backoff import Backoff, retry
from bot.rules.clock import Clock
from bot.store.locks import AdvisoryLock
from bot.store.queue_schema import bring_up
from bot.store.transactions import Transactions

BUSY_TIMEOUT = timedelta(seconds=10)
"""How long one SQLite writer waits for another."""
_CONNECTING = {
    "connect_timeout": 5,
    # A server that vanished with its machine closes nothing: what was asked of it would be waited for by the hour.
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 11_000,
}
"""libpq's names: seconds, and milliseconds for the last."""
CLOSE_PATIENCE = timedelta(seconds=1)
"""How long closing waits for transactions under way before it breaks them off."""
_TRIES = 8
_BACKOFF = Backoff(first=timedelta(seconds=0.1), longest=timedelta(seconds=10))

T = TypeVar("T")


def connect_arguments(url: URL) -> dict[str, int]:
    """How soon a PostgreSQL server is given up, as far as its address does not say so itself."""
    return {name: value for name, value in _CONNECTING.items() if name not in url.query}


def parse_url(address: str) -> URL:
    """The address with the drivers that we use; raises `SettingsError` for other databases and for nonsense."""
    drivers = {
        "sqlite": "sqlite+aiosqlite",
        "sqlite+aiosqlite": "sqlite+aiosqlite",
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
    """Connections for reading and writing, the same way on both databases, with foreign errors translated."""

    def __init__(self, url: URL, *, clock: Clock, pool_size: int = 5, enforce_foreign_keys: bool = True) -> None:
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._clock = clock
        self._engine = _engine(url, pool_size=pool_size, enforce_foreign_keys=enforce_foreign_keys)
        self._writing = self._engine.execution_options(immediate=True) if self.is_sqlite else self._engine
        self._transactions = Transactions(self._engine)
        # SQLite has one writer, and lets others try again at random: of two hundred some would give up.
        self._turn: AbstractAsyncContextManager[object] = asyncio.Lock() if self.is_sqlite else nullcontext()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads. Raises `DatabaseUnavailable`."""
        with _translated():
            async with self._transactions.begin(self._engine) as connection:
                yield connection

    @asynccontextmanager
    async def writing(self, *, lock: int | None = None) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write, undone if its block raises. Raises `DatabaseUnavailable`.

        SQLite's starts as the only writer (`BEGIN IMMEDIATE`), this process's one after the other in their order. On
        PostgreSQL `lock` names what is done by one at a time (`bot.store.locks`); others that name the same wait here.
        """
        with _translated():
            async with self._turn, self._transactions.begin(self._writing) as connection:
                if lock is not None and not self.is_sqlite:
                    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": int(lock)})
                yield connection

    async def retry(self, act: Callable[[], Awaitable[T]]) -> T:
        """`act`, repeated while the database is unavailable: 0.1 s, 0.2 s … 6.4 s apart, some 13 seconds in all.

        For writes that must not be lost to a database's restart. A repeat may find its own earlier work done. Raises
        `DatabaseUnavailable` after the last try, and at once where this object was closed.
        """

        def pause_after(error: Exception, tries: int) -> float | None:
            over = tries >= _TRIES or self._transactions.closed
            return None if over or not isinstance(error, DatabaseUnavailable) else _BACKOFF.seconds(tries)

        return await retry(act, pause_after, sleep=self._clock.sleep)

    async def check(self) -> None:
        """Return if the database answers; else raise `DatabaseUnavailable`."""
        async with self.reading() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self, *, patience_seconds: float = CLOSE_PATIENCE.total_seconds()) -> None:
        """Wait for transactions under way, for `patience_seconds`; then break them off. Later ones are refused."""
        await self._transactions.close(patience_seconds=patience_seconds)


async def migrate(url: URL, *, clock: Clock) -> None:
    """Bring the tables to this version of Clapper, from none or from any earlier one, all or nothing.

    Of several processes that start at once one does it and the others wait. Raises `DatabaseUnavailable`, and
    `SettingsError` where the database is of a newer Clapper.
    """
    # Batch changes copy a table and drop it, which with foreign keys on would delete the rows that point to it.
    database = Database(url, clock=clock, enforce_foreign_keys=False)
    try:
        async with database.writing(lock=AdvisoryLock.MIGRATION) as connection:
            await connection.run_sync(_upgrade)
    finally:
        await database.close()


def alembic_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    try:
        command.upgrade(alembic_config(connection), "head")
    except CommandError as exc:
        raise SettingsError(f"the database is not one of this version of Clapper's: {exc}") from exc
    bring_up(connection)


def _engine(url: URL, *, pool_size: int, enforce_foreign_keys: bool) -> AsyncEngine:
    if url.get_backend_name() != "sqlite":
        return create_async_engine(url, pool_size=pool_size, pool_pre_ping=True, connect_args=connect_arguments(url))
    engine = create_async_engine(url)

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not open transactions of its own: `_begin` does
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")  # a job that was said yes to survives a power cut
        cursor.execute(f"PRAGMA busy_timeout={int(BUSY_TIMEOUT.total_seconds() * 1000)}")
        cursor.execute(f"PRAGMA foreign_keys={'ON' if enforce_foreign_keys else 'OFF'}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that reads and then writes fails with "locked" if another wrote in between; an immediate waits.
        immediate = connection.get_execution_options().get("immediate", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    @event.listens_for(engine.sync_engine, "handle_error")
    def _break_off(context: ExceptionContext) -> None:
        # The driver's thread goes on with a statement that nobody waits for, and the connection stays as good as new:
        # ending the statement is enough. SQLAlchemy would end the connection, and lose it when cancelled once more.
        connection = context.connection
        if isinstance(context.original_exception, asyncio.CancelledError) and connection is not None:
            context.is_disconnect = False
            if not connection.invalidated:
                connection.connection.run_async(lambda driver: driver.interrupt())

    return engine


@contextmanager
def _translated() -> Iterator[None]:
    """The driver's "not now" as `DatabaseUnavailable`; faults of ours stay what they are."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError, ConnectionError) as exc:
        raise DatabaseUnavailable(_first_line(exc)) from exc
    except DBAPIError as exc:
        # The bare class is SQLite's word for a file that is damaged or no database.
        if exc.connection_invalidated or type(exc) is DatabaseError:
            raise DatabaseUnavailable(_first_line(exc)) from exc
        raise


def _first_line(exc: BaseException) -> str:
    cause = exc.orig if isinstance(exc, DBAPIError) and exc.orig is not None else exc
    return (str(cause).splitlines() or [type(cause).__name__])[0]
