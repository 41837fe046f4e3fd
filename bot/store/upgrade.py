"""Bringing the tables to this version of Clapper."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import URL

from bot import __version__
from bot.errors import SettingsError
from bot.rules.clock import Clock
from bot.store.database import Database
from bot.store.locks import AdvisoryLock
from bot.store.queue_schema import bring_up

if TYPE_CHECKING:
    from alembic.config import Config

log = logging.getLogger(__name__)

NEWEST = "0010"
"""The revision that this version's tables are of; `migrations/versions` says how they came to be."""


class _TriedOnly(Exception):
    """Undoes a transaction in which everything went well."""


async def migrate(url: URL, *, clock: Clock) -> None:
    """Bring the tables to this version of Clapper, from none or from any earlier one, all or nothing.

    Of several processes that start at once one does it and the others wait. An SQLite file is copied first, if it is of
    an earlier version. Raises `DatabaseUnavailable`, and `SettingsError` where the database is of a newer Clapper.
    """
    # Batch changes copy a table and drop it, which with foreign keys on would delete the rows that point to it.
    database = Database(url, clock=clock, enforce_foreign_keys=False, patient=True)
    try:
        before = await database.read(_revision)
        if database.is_sqlite and before is not None and before < NEWEST:
            await asyncio.to_thread(_copy, Path(str(url.database)), before)
        await database.write(_upgrade, lock=AdvisoryLock.MIGRATION)
    finally:
        await database.close()


async def try_migration(url: URL, *, clock: Clock) -> tuple[str | None, str]:
    """Migrate in a transaction that is undone. Gives the revisions before and after; None: no tables. Raises as above.

    Whoever writes waits until it is over.
    """
    database = Database(url, clock=clock, enforce_foreign_keys=False, patient=True)

    def tried(connection: Connection) -> None:
        _upgrade(connection)
        raise _TriedOnly

    try:
        before = await database.read(_revision)
        with suppress(_TriedOnly):
            await database.write(tried, lock=AdvisoryLock.MIGRATION)
        return before, NEWEST
    finally:
        await database.close()


def copy_database(source: Path, to: Path) -> None:
    """Everything that is committed in an SQLite file now, as one file, though others write meanwhile.

    Raises `SettingsError`.
    """
    try:
        with closing(sqlite3.connect(source)) as database, closing(sqlite3.connect(to)) as copy:
            database.backup(
                copy
            )  # all pages in one read transaction: nobody waits for it, and it begins again for none
            copy.execute("PRAGMA journal_mode=DELETE")  # so that the copy is one file
    except sqlite3.Error as exc:
        raise SettingsError(f"the database {source} can't be copied to {to}: {exc}") from exc


def _copy(source: Path, revision: str) -> None:
    copy = source.with_name(f"{source.name}.before-{revision}")
    partial = copy.with_name(f"{copy.name}.partial")
    copy_database(source, partial)
    partial.replace(copy)
    log.info("the database as it was before the migration from %s is in %s", revision, copy)


def alembic_config(connection: Connection) -> Config:
    from alembic.config import Config  # noqa: PLC0415  # ten megabytes that most starts do without

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    found = _revision(connection)
    if found is not None and found > NEWEST:
        raise SettingsError(
            f"the database was used by a newer Clapper (its tables are {found}; {__version__} knows up to {NEWEST}): "
            "install that version again, or restore a backup from before its first start"
        )
    if found != NEWEST:
        from alembic import command  # noqa: PLC0415  # as above
        from alembic.util.exc import CommandError  # noqa: PLC0415

        try:
            command.upgrade(alembic_config(connection), "head")
        except CommandError as exc:
            raise SettingsError(f"the database is not one of this version of Clapper's: {exc}") from exc
    bring_up(connection)


def _revision(connection: Connection) -> str | None:
    """What its tables are of; None where there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)
