"""When a private reply must be edited for the last time, as a column; notes that expire."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_LAST_EDIT_BEFORE = timedelta(seconds=60)
_LIFE_OF_OLD_NOTES = timedelta(hours=1)

_jobs = sa.table(
    "jobs",
    sa.column("id", sa.String()),
    sa.column("state", sa.String()),
    sa.column("reply", sa.Text()),
    sa.column("reply_token", sa.Text()),
    sa.column("last_edit_due_at", _MOMENT),
)
_notes = sa.table("notes", sa.column("key", sa.String()), sa.column("expires_at", _MOMENT))


def upgrade() -> None:
    op.add_column("jobs", sa.Column("last_edit_due_at", _MOMENT))
    op.create_index("ix_jobs_last_edit_due_at", "jobs", ["last_edit_due_at"])
    op.add_column("notes", sa.Column("expires_at", _MOMENT))
    connection = op.get_bind()
    waiting = sa.select(_jobs.c.id, _jobs.c.reply).where(_jobs.c.state == "accepted", _jobs.c.reply_token.is_not(None))
    for job_id, reply in connection.execute(waiting).all():
        due_at = _last_edit_due_at(reply)
        if due_at is not None:
            connection.execute(sa.update(_jobs).where(_jobs.c.id == job_id).values(last_edit_due_at=due_at))
    # Drafts had the time in their keys, imports had none at all.
    expiring = _notes.c.key.like("draft:%") | _notes.c.key.like("import:%")
    ends = datetime.now(UTC) + _LIFE_OF_OLD_NOTES
    connection.execute(sa.update(_notes).where(expiring).values(expires_at=ends))
    connection.execute(sa.delete(_notes).where(_notes.c.key == "cluster:pruned"))


def _last_edit_due_at(text: str) -> datetime | None:
    """None for a reply that the bot can always edit, and for a text that can't be read."""
    try:
        reply: dict[str, Any] = json.loads(text)
        only_by_token = reply["ephemeral"] or reply["user_install"]
        ends = datetime.fromisoformat(reply["token_expires_at"]) if only_by_token else None
    except (ValueError, TypeError, KeyError):
        return None
    return None if ends is None else ends.astimezone(UTC) - _LAST_EDIT_BEFORE
