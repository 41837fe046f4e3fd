"""What must be known of a copy of the database before it is used in its place."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from bot.errors import SettingsError
from bot.store.database import Database
from bot.store.upgrade import NEWEST

_REVISION = "SELECT version_num FROM alembic_version"
_NOT_SENT_YET = "UPDATE jobs SET state = 'submitting', held = FALSE, place = NULL WHERE state = 'accepted'"


def checked_revision(database: Path) -> str:
    """The revision of a copy that is whole and not of a newer Clapper. Raises `SettingsError` for another."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as copy:
            found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
            revision = str(copy.execute(_REVISION).fetchone()[0])
    except (sqlite3.Error, TypeError) as exc:
        raise SettingsError(f"{database} is no database of Clapper's: {exc}") from exc
    if found != "ok":
        raise SettingsError(f"{database} is damaged: {found}")
    if revision > NEWEST:
        raise SettingsError(
            f"{database} was made by a newer Clapper (its tables are {revision}, this one knows {NEWEST}): "
            "restore it with that version"
        )
    return revision


def doubt_unsent(database: Path) -> int:
    """Mark the jobs that were not sent when the copy was made: the bot ran on and may have sent them since. They are
    settled as every submit without a known outcome is. Gives how many there are."""
    with closing(sqlite3.connect(database)) as copy, copy:
        return copy.execute(_NOT_SENT_YET).rowcount


async def doubt_unsent_in(database: Database) -> int:
    """As `doubt_unsent`, in a database that was put back by other means than ours, as PostgreSQL's are. Raises
    `DatabaseUnavailable`."""
    return await database.write(lambda connection: connection.execute(text(_NOT_SENT_YET)).rowcount)
