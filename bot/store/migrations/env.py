"""Run by alembic inside `bot.store.database.migrate`, on its connection and in its transaction."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from bot.store.tables import metadata

connection: Connection = context.config.attributes["connection"]


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    """Whether a comparison looks at it: the queue's tables beside ours are procrastinate's own business."""
    return kind != "table" or not (name or "").startswith("procrastinate_")


context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    include_name=_ours,
)
context.run_migrations()
