"""Servers' settings under the name that the rest of the code has for them."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.rename_table("houses", "guild_settings")
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER INDEX pk_houses RENAME TO pk_guild_settings")
