"""What jobs and limits count as cost is money now, in hundredths of a cent: a unit of before is taken for 5 cents,
which is what a unit of the shipped catalogue came to. The triggers of 0009 bring the tallies along."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_HUNDREDTHS = 500
_A_DOLLAR = 20


def upgrade() -> None:
    connection = op.get_bind()
    connection.exec_driver_sql(f"UPDATE jobs SET cost = cost * {_HUNDREDTHS}")  # noqa: S608  # a constant
    table = sa.table("guild_settings", sa.column("guild_id", sa.BigInteger()), sa.column("document", sa.Text()))
    for guild_id, document in connection.execute(sa.select(table.c.guild_id, table.c.document)).all():
        changed = _in_dollars(document)
        if changed is not None:
            connection.execute(table.update().where(table.c.guild_id == guild_id).values(document=changed))


def _in_dollars(document: str) -> str | None:
    """The settings with amounts of money; None where there are none, or they can't be read."""
    try:
        fields: Any = json.loads(document)
        rules = [rule for rule in fields["limits"]["rules"] if rule["unit"] == "cost" and rule["window"] != "cooldown"]
        for rule in rules:
            rule["amount"] /= _A_DOLLAR
    except (ValueError, TypeError, KeyError):
        return None
    return json.dumps(fields) if rules else None
