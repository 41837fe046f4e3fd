"""procrastinate's own tables: created, or migrated to the version that is installed."""

from __future__ import annotations

from importlib.resources import files

from sqlalchemy import Connection, text

_NOTE = "procrastinate_schema"


def bring_up(connection: Connection) -> None:
    """Create or migrate them, in our own migrations' transaction. Does nothing on SQLite, which has no cluster."""
    if connection.dialect.name != "postgresql":
        return
    steps = _steps()
    newest = steps[-1]
    exists = connection.scalar(text("SELECT to_regclass('procrastinate_jobs') IS NOT NULL"))
    if not exists:
        _execute(connection, (files("procrastinate.sql") / "schema.sql").read_text(encoding="utf-8"))
    else:
        done = connection.scalar(text("SELECT value FROM notes WHERE key = :key"), {"key": _NOTE}) or newest
        for step in steps:
            if step > done:
                _execute(connection, (files("procrastinate.sql.migrations") / step).read_text(encoding="utf-8"))
    connection.execute(
        text(
            "INSERT INTO notes (key, value) VALUES (:key, :value) "
            "ON CONFLICT (key) DO UPDATE SET value = greatest(notes.value, excluded.value)"
        ),
        {"key": _NOTE, "value": newest},
    )


def _steps() -> list[str]:
    """procrastinate's migrations by name, in the order of their versions."""
    names = (entry.name for entry in files("procrastinate.sql.migrations").iterdir())
    return sorted(name for name in names if name.endswith(".sql"))


def _execute(connection: Connection, script: str) -> None:
    # Without parameters the driver sends the script as it is, all of its statements and their percent signs.
    cursor = connection.connection.cursor()
    try:
        cursor.execute(script)
    finally:
        cursor.close()
