"""What `waiting` meant three ways becomes a column each; where the reply is, and indexes that limits count over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ENDED = "state IN ('delivered', 'failed', 'cancelled')"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("held", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("jobs", sa.Column("undeliverable", sa.String(32)))
    op.add_column("jobs", sa.Column("forgotten", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("jobs", sa.Column("message_id", sa.BigInteger()))
    op.execute("UPDATE jobs SET held = true WHERE waiting = 'held' AND state = 'accepted'")
    op.execute("UPDATE jobs SET forgotten = true WHERE waiting = 'forgotten'")
    op.execute("UPDATE jobs SET undeliverable = waiting WHERE waiting IS NOT NULL AND state = 'completed'")
    # From here on a job has ended exactly if this moment is set.
    op.execute(f"UPDATE jobs SET ended_at = coalesce(completed_at, accepted_at) WHERE ended_at IS NULL AND {_ENDED}")  # noqa: S608
    with op.batch_alter_table("jobs") as batch:
        batch.drop_column("waiting")
    unended = sa.text("ended_at IS NULL")
    op.create_index("ix_jobs_unended", "jobs", ["guild_id", "user_id"], sqlite_where=unended, postgresql_where=unended)
    op.create_index("ix_jobs_guild_user", "jobs", ["guild_id", "user_id", "accepted_at"])
