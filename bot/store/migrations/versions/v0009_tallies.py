"""What limits count, added up by triggers as rows are written, whoever writes them; and indexes that windows begin at.

A job counts for up to five scopes, in periods that are numbers: 1 the jobs that run, 2 those in the waitlist, and the
day (20260131), hour (2026013123) and minute (202601312359) in which it was accepted. A migration that copies the table
`jobs` must make these triggers anew.
"""

# ruff: noqa: S608  # statements are put together of constants alone

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Each with whether it is outside of no server, and whether it leaves out what a server's admins forgave its member.
_SCOPES = (
    ("'bot ' || (coalesce({row}.guild_id, {row}.user_id) & 7)", False, False),
    ("'user ' || {row}.user_id", False, False),
    ("'guild ' || {row}.guild_id", True, False),
    ("'guild ' || {row}.guild_id || ' channel ' || coalesce({row}.parent_channel_id, {row}.channel_id)", True, False),
    ("'guild ' || {row}.guild_id || ' user ' || {row}.user_id", True, True),
)
_SQLITE_PARTS = [f"substr({{row}}.accepted_at, {first}, {length})" for first, length in
                 ((1, 4), (6, 2), (9, 2), (12, 2), (15, 2))]  # fmt: skip
_SQLITE_TIMES = [f"CAST({' || '.join(_SQLITE_PARTS[:parts])} AS bigint)" for parts in (3, 4, 5)]
_POSTGRES_TIMES = [
    f"CAST(to_char({{row}}.accepted_at AT TIME ZONE 'UTC', '{digits}') AS bigint)"
    for digits in ("YYYYMMDD", "YYYYMMDDHH24", "YYYYMMDDHH24MI")
]
_LINE = ["CASE WHEN {row}.state = 'accepted' AND {row}.place IS NOT NULL THEN 2 ELSE 1 END"]
_COUNTED = "NOT {row}.refunded AND NOT ({personal} AND {row}.forgiven)"
_LIVE = "NOT {row}.refunded AND NOT {row}.held AND {row}.ended_at IS NULL AND {row}.undeliverable IS NULL"
_MICROSECONDS = "CAST(round({row}.output_seconds * 1000000) AS bigint)"
_THERE = "EXISTS (SELECT 1 FROM tallies WHERE tallies.scope = cells.scope AND tallies.period = cells.period)"
_WHO = ("refunded", "user_id", "guild_id", "channel_id", "parent_channel_id", "cost", "output_seconds")
_FAMILIES = {  # the name, and what its triggers look at; those of one statement are called in the order of their names
    "live": (*_WHO, "ended_at", "undeliverable", "held", "state", "place"),
    "windows": (*_WHO, "forgiven", "accepted_at"),
}


def upgrade() -> None:
    op.create_table(
        "tallies",
        sa.Column("scope", sa.String(64), nullable=False),
        sa.Column("period", sa.BigInteger(), nullable=False),
        sa.Column("jobs", sa.Integer(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("microseconds", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "period", name="pk_tallies"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_jobs_accepted", "jobs", ["accepted_at"])
    unfinished = sa.text("ended_at IS NULL OR untold")
    op.create_index("ix_jobs_unfinished", "jobs", ["accepted_at"], sqlite_where=unfinished, postgresql_where=unfinished)
    postgres = op.get_bind().dialect.name == "postgresql"
    for family in _FAMILIES:
        for statement in (*_added_up(family, postgres), *(_postgres if postgres else _sqlite)(family)):
            op.get_bind().exec_driver_sql(statement)


def _periods(family: str, *, postgres: bool) -> list[str]:
    return _LINE if family == "live" else _POSTGRES_TIMES if postgres else _SQLITE_TIMES


def _condition(family: str, personal: str) -> str:
    return _LIVE if family == "live" else _COUNTED.replace("{personal}", personal)


def _added_up(family: str, postgres: bool) -> list[str]:  # called here alone
    """The rows that there are."""
    statements = []
    for scope, in_server, personal in _SCOPES:
        condition = _condition(family, "true" if personal else "false")
        if in_server:
            condition += " AND {row}.guild_id IS NOT NULL"
        for period in _periods(family, postgres=postgres):
            statement = (
                f"INSERT INTO tallies (scope, period, jobs, cost, microseconds) SELECT {scope}, {period}, "
                f"count(*), sum({{row}}.cost), sum({_MICROSECONDS}) FROM jobs WHERE {condition} GROUP BY 1, 2"
            )
            statements.append(statement.replace("{row}", "jobs"))
    return statements


def _cells(family: str, row: str, *, postgres: bool) -> str:
    """The scopes and periods that a row counts for; none where it does not count."""
    scopes = " UNION ALL ".join(
        f"SELECT {scope} AS scope, {'true' if personal else 'false'} AS personal"
        + (" WHERE {row}.guild_id IS NOT NULL" if in_server else "")
        for scope, in_server, personal in _SCOPES
    )
    periods = " UNION ALL ".join(f"SELECT {period} AS period" for period in _periods(family, postgres=postgres))
    cells = (
        f"(SELECT scope, period FROM ({scopes}) AS scopes CROSS JOIN ({periods}) AS periods "
        f"WHERE {_condition(family, 'scopes.personal')})"
    )
    return cells.replace("{row}", row)


def _count(family: str, row: str, *, postgres: bool) -> str:
    """Add the new row's cells, or take the old one's away: not from what is not there any more, since no limit looks
    at it. The order is the same in all transactions, so that they seldom wait for each other."""
    sign, where = ("", "true") if row == "NEW" else ("-", _THERE)
    return (
        "INSERT INTO tallies (scope, period, jobs, cost, microseconds) "
        f"SELECT scope, period, {sign}1, {sign}{row}.cost, {sign}{_MICROSECONDS.replace('{row}', row)} "
        f"FROM {_cells(family, row, postgres=postgres)} AS cells WHERE {where} ORDER BY scope, period "
        "ON CONFLICT (scope, period) DO UPDATE SET jobs = tallies.jobs + excluded.jobs, "
        "cost = tallies.cost + excluded.cost, microseconds = tallies.microseconds + excluded.microseconds;"
    )


def _sqlite(family: str) -> list[str]:
    add, subtract = (_count(family, row, postgres=False) for row in ("NEW", "OLD"))
    changed = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in _FAMILIES[family])
    update = f"UPDATE OF {', '.join(_FAMILIES[family])} ON jobs WHEN {changed}"
    return [
        f"CREATE TRIGGER tally_{family}_insert AFTER INSERT ON jobs BEGIN {add} END",
        f"CREATE TRIGGER tally_{family}_delete AFTER DELETE ON jobs BEGIN {subtract} END",
        f"CREATE TRIGGER tally_{family}_update AFTER {update} BEGIN {subtract} {add} END",
    ]


def _postgres(family: str) -> list[str]:
    changed = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in _FAMILIES[family])
    function = f"tally_{family}"
    update = f"UPDATE OF {', '.join(_FAMILIES[family])} ON jobs"
    each = f"FOR EACH ROW EXECUTE FUNCTION {function}()"
    return [
        f"""
        CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP <> 'INSERT' THEN
                {_count(family, "OLD", postgres=True)}
            END IF;
            IF TG_OP <> 'DELETE' THEN
                {_count(family, "NEW", postgres=True)}
            END IF;
            RETURN NULL;
        END $$
        """,
        f"CREATE TRIGGER {function} AFTER INSERT OR DELETE ON jobs {each}",
        f"CREATE TRIGGER {function}_update AFTER {update} {each.replace('EXECUTE', f'WHEN ({changed}) EXECUTE')}",
    ]
