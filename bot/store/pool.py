"""PostgreSQL's connections: each thread has its own, which is opened again where the server has closed it."""

from __future__ import annotations

import os
import select
import socket
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, create_engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from bot.errors import DatabaseUnavailable
from bot.store.threads import BREAKING_OFF_SECONDS, Work

_CONNECTING: Mapping[str, int | str] = {
    "connect_timeout": 5,
    # A server that vanished with its machine closes nothing: what was asked of it would be waited for by the hour.
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 11_000,
}
"""libpq's names: seconds, and milliseconds for the last."""
_WAITING = "-c idle_in_transaction_session_timeout=10000 -c lock_timeout=10000"
"""Milliseconds. A process that is stopped in the middle of a transaction keeps its locks from others no longer."""


def connect_arguments(url: URL, *, patient: bool = False) -> dict[str, int | str]:
    """How soon a PostgreSQL server is given up, as far as its address does not say so itself; `patient`: locks may be
    waited for as long as others need them."""
    given = url.query.get("options", "")
    theirs = given if isinstance(given, str) else " ".join(given)
    found = {name: value for name, value in _CONNECTING.items() if name not in url.query}
    if patient:
        return found
    return {**found, "options": f"{_WAITING} {theirs}".rstrip()}  # what is said last holds


def postgres_engine(url: URL, *, patient: bool = False) -> Engine:
    return create_engine(url, poolclass=NullPool, connect_args=connect_arguments(url, patient=patient))


_DEADLOCK_TRIES = 5
_DEADLOCK_STATE = "40P01"


class PostgresSession:
    """One connection, and one transaction for each unit. What nobody waits for any more is broken off: the server is
    told, and where it answers nothing the connection is cut."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._driver: Any = None
        """psycopg's connection. It is not imported here, since a process on SQLite does without it."""
        self._changed = threading.Condition()
        self._current: Work[Any] | None = None

    def do(self, works: Sequence[Work[Any]]) -> None:
        for work in works:
            try:
                self._transact(self._open(), work)
            except Exception as exc:  # noqa: BLE001  # whoever waits gets it
                work.error = work.error or exc
                self.close()
            connection = self._connection
            if connection is not None and (work.broken_off or connection.invalidated):
                self.close()  # what breaks off one unit may come too late, and must not meet the next

    def _transact(self, connection: Connection, work: Work[Any]) -> None:
        with self._changed:
            self._current = work
        try:
            if work.broken_off:
                raise DatabaseUnavailable("it was broken off")
            for again in reversed(range(_DEADLOCK_TRIES)):
                connection.begin()
                if work.do(connection):
                    connection.commit()
                    break
                connection.rollback()
                if not (again and _is_deadlock(work.error)):
                    break
                work.error = None
        finally:
            with self._changed:
                self._current = None
                self._changed.notify_all()

    def break_off(self, work: Work[Any]) -> None:
        """In a thread of its own: telling the server is a connection of its own."""
        threading.Thread(target=self._cancel, args=(work,), name="database-break-off", daemon=True).start()

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):  # it is not needed any more, whatever ails it
                if not connection.invalidated:
                    connection.invalidate()
            with suppress(Exception):
                connection.close()

    def _open(self) -> Connection:
        if self._connection is not None and (self._connection.invalidated or _has_word(self._driver)):
            self.close()
        if self._connection is None:
            self._connection = self._engine.connect()
            self._driver = self._connection.connection.driver_connection
        return self._connection

    def _cancel(self, work: Work[Any]) -> None:
        with self._changed:
            driver = self._driver if self._current is work else None
        if driver is None:
            return
        with suppress(Exception):  # a server that can't be told is not needed for the rest
            driver.cancel_safe(timeout=BREAKING_OFF_SECONDS / 2)
        with self._changed:
            if not self._changed.wait_for(lambda: self._current is not work, BREAKING_OFF_SECONDS / 4):
                with suppress(Exception), socket.socket(fileno=os.dup(driver.fileno())) as wire:
                    wire.shutdown(socket.SHUT_RDWR)


def _is_deadlock(error: BaseException | None) -> bool:
    """Whether two waited for each other, and the server undid this one: what a unit does may be done again."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlstate", None) == _DEADLOCK_STATE


def _has_word(driver: Any) -> bool:
    """Whether the server has sent something though nothing was asked: nearly always that it has closed."""
    if driver.closed:
        return True
    waiting = select.poll()
    waiting.register(driver.fileno(), select.POLLIN)
    return bool(waiting.poll(0))
