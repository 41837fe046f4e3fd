"""SQLite's connections: the one that writes, for all who wait at the same moment at once, and those that only read."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import Connection, Engine, NullPool, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot.errors import DatabaseUnavailable
from bot.store.threads import Work

BUSY_TIMEOUT = timedelta(seconds=10)
"""How long one SQLite writer waits for another: an operator's tool, since this process has one alone."""
_BUSY_PAUSE_SECONDS = 0.02
TOGETHER_MAX = 100
"""Units that share a commit: while the last ones are waited for, the first are not answered."""
_LOOK_EVERY_INSTRUCTIONS = 100_000
"""Of SQLite's virtual machine, some milliseconds: so often a statement looks whether it is still waited for."""


def sqlite_engine(url: URL, *, enforce_foreign_keys: bool) -> Engine:
    """Its connections begin their transactions themselves, and belong to the thread that opened them."""
    engine = create_engine(url, poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver must not open transactions of its own
        connection.execute(f"PRAGMA busy_timeout={int(BUSY_TIMEOUT.total_seconds() * 1000)}")
        _use_write_ahead_log(connection)
        connection.execute("PRAGMA synchronous=FULL")  # a job that was said yes to survives a power cut
        connection.execute(f"PRAGMA foreign_keys={'ON' if enforce_foreign_keys else 'OFF'}")

    return engine


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Where two do so to a new file at the same moment SQLite gives one of them up instead of letting it wait."""
    until = time.monotonic() + BUSY_TIMEOUT.total_seconds()
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
        time.sleep(_BUSY_PAUSE_SECONDS)


class _SqliteSession:
    """A connection that is opened when it is first needed. What nobody waits for any more ends in its middle."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._works: Sequence[Work[Any]] = ()

    def break_off(self, work: Work[Any]) -> None:
        """The statement under way looks for itself."""

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError, sqlite3.Error):
                connection.close()

    def _open(self) -> Connection:
        if self._connection is None:
            connection = self._engine.connect()
            _driver(connection).set_progress_handler(self._nobody_waits, _LOOK_EVERY_INSTRUCTIONS)
            self._connection = connection
        return self._connection

    def _nobody_waits(self) -> bool:
        return all(work.broken_off for work in self._works)

    def _roll_back(self, connection: Connection) -> None:
        try:
            connection.rollback()
            if _driver(
                connection
            ).in_transaction:  # a commit that failed leaves it open, which SQLAlchemy takes for over
                _driver(connection).rollback()
        except (SQLAlchemyError, sqlite3.Error):
            self.close()


class SqliteReader(_SqliteSession):
    """Reads, each unit what was true at one moment."""

    def do(self, works: Sequence[Work[Any]]) -> None:
        self._works = works
        for work in works:
            try:
                connection = self._open()
                _driver(connection).execute("BEGIN")
                connection.begin()
            except (SQLAlchemyError, sqlite3.Error) as exc:
                work.error = _wrapped(exc)
                self.close()
                continue
            work.do(connection)
            self._roll_back(connection)


class SqliteWriter(_SqliteSession):
    """Writes: units that wait at the same moment share one commit, each in a savepoint, so that one that fails is
    undone by itself. None is answered before it is on the disk."""

    def do(self, works: Sequence[Work[Any]]) -> None:
        self._works = works
        try:
            connection = self._open()
            _driver(connection).execute("BEGIN IMMEDIATE")  # one that reads first and then writes could fail otherwise
            connection.begin()
        except (SQLAlchemyError, sqlite3.Error) as exc:
            self._lose(works, exc)
            self.close()
            return
        try:
            for work in works:
                _in_savepoint(connection, work)
            connection.commit()
        except (SQLAlchemyError, sqlite3.Error) as exc:
            self._lose(works, exc)
            self._roll_back(connection)

    def _lose(self, works: Sequence[Work[Any]], cause: Exception) -> None:
        """Nothing of the transaction was written: all who were told of no fault of their own hear of this one."""
        for work in works:
            if work.error is None:
                work.error = _wrapped(cause)


def _in_savepoint(connection: Connection, work: Work[Any]) -> None:
    """Raises `sqlite3.Error` where the whole transaction is lost: the disk is full, or broken."""
    driver = _driver(connection)
    driver.execute("SAVEPOINT unit")
    if not work.do(connection):
        if not driver.in_transaction:
            raise sqlite3.OperationalError(f"the transaction is lost: {_first_line(work.error)}")
        driver.execute("ROLLBACK TO unit")
    driver.execute("RELEASE unit")


def _driver(connection: Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", connection.connection.driver_connection)


def _wrapped(exc: Exception) -> Exception:
    """SQLAlchemy's errors stay what they are; the driver's own is that the database is unavailable."""
    return exc if isinstance(exc, SQLAlchemyError) else DatabaseUnavailable(_first_line(exc))


def _first_line(exc: BaseException | None) -> str:
    cause = exc.orig if isinstance(exc, DBAPIError) and exc.orig is not None else exc
    return (str(cause).splitlines() or [type(cause).__name__])[0]
