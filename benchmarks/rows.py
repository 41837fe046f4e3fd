"""Rows for Clapper's database, made of one that Clapper wrote itself, so that no table is described a second time."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.load.world import FIRST_GUILD_ID, FIRST_MEMBER_ID

Value = str | int | float | bytes | None
Change = Callable[[dict[str, Value], int, int], dict[str, Value]]
"""The row of a number, of so many, made of the template."""

_MEMBERS, _GUILDS, _DAYS = 1000, 400, 28
_OTHERS_FIRST_ID = FIRST_MEMBER_ID + 10_000_000


def database_of(data: Path) -> Path:
    """The SQLite file in a data folder."""
    return data / "clapper.sqlite3"


def add_history(database: Path, count: int) -> None:
    """So many ended jobs like the newest one, over the last four weeks, of 1,000 members in 400 servers."""
    _add(database, count, _as_history)


def add_unfinished(database: Path, count: int) -> None:
    """So many jobs like the newest one, each with an id of its own at the service."""
    _add(database, count, _as_unfinished)


def _add(database: Path, count: int, change: Change) -> None:
    """Nothing else may have the database open."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.row_factory = sqlite3.Row
        template = dict(connection.execute("SELECT * FROM jobs ORDER BY rowid DESC LIMIT 1").fetchone())
        names = ", ".join(template)
        marks = ", ".join("?" * len(template))
        rows = (tuple(change(template, number, count).values()) for number in range(1, count + 1))
        connection.executemany(f"INSERT INTO jobs ({names}) VALUES ({marks})", rows)
        connection.execute("ANALYZE")


def _renamed(template: dict[str, Value], number: int) -> dict[str, Value]:
    """With ids of its own wherever the template's stand, in texts too."""
    job_id, remote_id = str(template["id"]), str(template["remote_id"])
    new = {job_id: f"{number:032x}", remote_id: f"unfinished-{number}"}
    either = re.compile("|".join(map(re.escape, new)))
    row = {
        name: either.sub(lambda found: new[found[0]], value) if isinstance(value, str) else value
        for name, value in template.items()
    }
    row["answers"] = int(template["answers"] or 0) + number
    return row


def _as_unfinished(template: dict[str, Value], number: int, count: int) -> dict[str, Value]:
    del count
    return _renamed(template, number)


def _as_history(template: dict[str, Value], number: int, count: int) -> dict[str, Value]:
    row = _renamed(template, number)
    back = timedelta(days=_DAYS) * (number / count)
    for name, value in row.items():
        if name.endswith("_at") and value is not None:
            row[name] = earlier(value, back)
    row["user_id"] = _OTHERS_FIRST_ID + number % _MEMBERS
    row["guild_id"] = FIRST_GUILD_ID + number % _GUILDS
    return row


def earlier(value: Value, by: timedelta) -> Value:
    """The moment so much earlier, in the form that it has: a text, or seconds since 1970."""
    if isinstance(value, int | float):
        return value - by.total_seconds()
    text = str(value)
    return (datetime.fromisoformat(text) - by).isoformat(sep=text[10], timespec="microseconds")
