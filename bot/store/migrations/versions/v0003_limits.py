"""What limits need to know of a job: its place in the line, a thread's channel, and what was forgiven."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("parent_channel_id", sa.BigInteger()))
    op.add_column("jobs", sa.Column("place", sa.Integer()))
    op.add_column("jobs", sa.Column("forgiven", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_jobs_place", "jobs", ["place"])
