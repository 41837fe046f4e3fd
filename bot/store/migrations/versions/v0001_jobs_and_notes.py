"""The first tables: jobs and notes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("model", sa.String(100), nullable=False),
        sa.Column("operation", sa.String(16), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger()),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.Integer(), nullable=False),
        sa.Column("output_seconds", sa.Float(), nullable=False),
        sa.Column("refunded", sa.Boolean(), nullable=False),
        sa.Column("slow", sa.Boolean(), nullable=False),
        sa.Column("waiting", sa.String(32)),
        sa.Column("resubmitted", sa.Boolean(), nullable=False),
        sa.Column("again_of", sa.String(32)),
        sa.Column("remote_id", sa.Text()),
        sa.Column("expected_seconds", sa.Float()),
        sa.Column("accepted_at", _MOMENT, nullable=False),
        sa.Column("submitted_at", _MOMENT),
        sa.Column("processing_at", _MOMENT),
        sa.Column("completed_at", _MOMENT),
        sa.Column("ended_at", _MOMENT),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("reply_token", sa.Text()),
        sa.Column("stored", sa.Text(), nullable=False),
        sa.Column("result", sa.Text()),
        sa.Column("failure", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_state", "jobs", ["state"])
    op.create_index("ix_jobs_user", "jobs", ["user_id", "accepted_at"])
    op.create_index("ix_jobs_guild", "jobs", ["guild_id", "accepted_at"])
    op.create_index("ix_jobs_model", "jobs", ["model", "completed_at"])
    op.create_index("ix_jobs_ended", "jobs", ["ended_at"])
    op.create_table(
        "notes",
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_notes"),
    )
