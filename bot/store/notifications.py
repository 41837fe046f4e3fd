"""Telling the other processes of a cluster that something was changed: PostgreSQL's LISTEN and NOTIFY."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, text

from bot.errors import DatabaseUnavailable
from bot.store.database import Database
from bot.store.pool import connect_arguments

_CHECK_EVERY = timedelta(seconds=5)
"""A listener hears nothing of a server that vanished without a word: so often it asks."""
_NOTIFY = text("SELECT pg_notify(:channel, :payload)")


def notify(connection: Connection, channel: str, payload: str) -> None:
    """Tell all who listen, once this transaction is committed. Does nothing on SQLite, which has one process."""
    if connection.dialect.name == "postgresql":
        connection.execute(_NOTIFY, {"channel": channel, "payload": payload})


async def listen(
    database: Database, channels: Sequence[str], heard: Callable[[str, str], None], *, begun: Callable[[], None]
) -> None:
    """Call `heard` with the channel and the payload of each notification, until it raises `DatabaseUnavailable`.

    `begun` is called once it listens: what was told before then was missed.
    """
    import psycopg  # noqa: PLC0415  # a process on SQLite does without it

    with translated_errors():
        connection = await psycopg.AsyncConnection.connect(**driver_arguments(database), autocommit=True)
        async with connection:
            for channel in channels:
                await connection.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
            begun()
            while True:
                async for note in connection.notifies(timeout=_CHECK_EVERY.total_seconds()):
                    heard(note.channel, note.payload)
                await connection.execute("SELECT 1")


def driver_arguments(database: Database) -> dict[str, Any]:
    """What psycopg needs to connect to the same database."""
    dialect = database.url.get_dialect()()
    _, arguments = dialect.create_connect_args(database.url)
    return {**connect_arguments(database.url), **arguments}


@contextmanager
def translated_errors() -> Iterator[None]:
    """psycopg's "not now" as `DatabaseUnavailable`."""
    import psycopg  # noqa: PLC0415  # as above

    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as exc:
        raise DatabaseUnavailable((str(exc).splitlines() or [type(exc).__name__])[0]) from exc
