"""Whether anybody has said yet that a job ended without a video."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("untold", sa.Boolean(), nullable=False, server_default=sa.false()))
