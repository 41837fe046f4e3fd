"""Which interaction or message a job answers: one that comes twice gets one job."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("answers", sa.BigInteger()))
    op.create_index("ix_jobs_answers", "jobs", ["answers"], unique=True)
