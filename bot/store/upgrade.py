"""Bringing the tables to this version of Clapper."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import URL

from bot.errors import SettingsError
from bot.rules.clock import Clock
from bot.store.database import Database
from bot.store.locks import AdvisoryLock
from bot.store.queue_schema import bring_up

if TYPE_CHECKING:
    from alembic.config import Config

NEWEST = "0009"
"""The revision that this version's tables are of; `migrations/versions` says how they came to be."""


async def migrate(url: URL, *, clock: Clock) -> None:
    """Bring the tables to this version of Clapper, from none or from any earlier one, all or nothing.

    Of several processes that start at once one does it and the others wait. Raises `DatabaseUnavailable`, and
    `SettingsError` where the database is of a newer Clapper.
    """
    # Batch changes copy a table and drop it, which with foreign keys on would delete the rows that point to it.
    database = Database(url, clock=clock, enforce_foreign_keys=False)
    try:
        await database.write(_upgrade, lock=AdvisoryLock.MIGRATION)
    finally:
        await database.close()


def alembic_config(connection: Connection) -> Config:
    from alembic.config import Config  # noqa: PLC0415  # ten megabytes that most starts do without

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    if not _is_newest(connection):
        from alembic import command  # noqa: PLC0415  # as above
        from alembic.util.exc import CommandError  # noqa: PLC0415

        try:
            command.upgrade(alembic_config(connection), "head")
        except CommandError as exc:
            raise SettingsError(f"the database is not one of this version of Clapper's: {exc}") from exc
    bring_up(connection)


def _is_newest(connection: Connection) -> bool:
    if not inspect(connection).has_table("alembic_version"):
        return False
    return bool(connection.scalar(text("SELECT version_num FROM alembic_version")) == NEWEST)
