"""The tables as they are now. How they came to be: `migrations/versions`; a test compares the two.

Times are aware and in UTC on both databases. What the rules own as one thing (a request, a reply) is one JSON text:
text, because a value that can't be read must reach `rows` and not blow up in the driver. What SQL asks for is a column.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    false,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """An aware time, kept in UTC: SQLite has no time zones, so its texts must all be of one to sort rightly."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Dollars(TypeDecorator[float]):
    """US dollars, kept as whole hundredths of a cent, so that the database adds them up exactly."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> int | None:
        del dialect
        return None if value is None else round(value * 10_000)

    def process_result_value(self, value: Any, dialect: Dialect) -> float | None:
        del dialect
        return None if value is None else float(value) / 10_000


class SumOfDollars(Dollars):
    """As `Dollars`, of many jobs."""

    impl = BigInteger
    cache_ok = True


jobs = Table(
    "jobs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("model", String(100), nullable=False),
    Column("operation", String(16), nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("guild_id", BigInteger),
    Column("channel_id", BigInteger, nullable=False),
    Column("parent_channel_id", BigInteger),
    Column("place", Integer),
    Column("cost", Dollars, nullable=False),
    Column("output_seconds", Float, nullable=False),
    Column("refunded", Boolean, nullable=False),
    Column("forgiven", Boolean, nullable=False, default=False, server_default=false()),
    Column("slow", Boolean, nullable=False),
    Column("untold", Boolean, nullable=False, default=False, server_default=false()),
    Column("held", Boolean, nullable=False, default=False, server_default=false()),
    Column("undeliverable", String(32)),
    Column("forgotten", Boolean, nullable=False, default=False, server_default=false()),
    Column("resubmitted", Boolean, nullable=False),
    Column("again_of", String(32)),
    Column("answers", BigInteger),
    Column("remote_id", Text),
    Column("expected_seconds", Float),
    Column("accepted_at", Moment, nullable=False),
    Column("submitted_at", Moment),
    Column("processing_at", Moment),
    Column("completed_at", Moment),
    Column("ended_at", Moment),
    Column("request", Text, nullable=False),
    Column("requester", Text, nullable=False),
    Column("message_id", BigInteger),
    Column("reply", Text, nullable=False),
    Column("reply_token", Text),  # encrypted: it lets its holder write as the bot for a quarter of an hour
    Column("last_edit_due_at", Moment),  # of a reply that only its token reaches, until somebody makes that edit
    Column("stored", Text, nullable=False),
    Column("result", Text),
    Column("failure", Text),
)
Index("ix_jobs_state", jobs.c.state)
Index("ix_jobs_user", jobs.c.user_id, jobs.c.accepted_at)
Index("ix_jobs_guild", jobs.c.guild_id, jobs.c.accepted_at)
Index("ix_jobs_model", jobs.c.model, jobs.c.completed_at)
Index("ix_jobs_ended", jobs.c.ended_at)
Index("ix_jobs_place", jobs.c.place)
Index("ix_jobs_guild_user", jobs.c.guild_id, jobs.c.user_id, jobs.c.accepted_at)
# This one and `ix_jobs_unfinished` are of some rows alone, as the migrations say. To say it here, too, would load what
# SQLAlchemy knows of PostgreSQL, two megabytes, into every process.
Index("ix_jobs_unended", jobs.c.guild_id, jobs.c.user_id)
Index("ix_jobs_accepted", jobs.c.accepted_at)
UNFINISHED = jobs.c.ended_at.is_(None) | jobs.c.untold
"""Said of rows besides what is looked for, this finds them by an index that has no ended jobs in it."""
Index("ix_jobs_unfinished", jobs.c.accepted_at)
Index("ix_jobs_last_edit_due_at", jobs.c.last_edit_due_at)
Index("ix_jobs_answers", jobs.c.answers, unique=True)

tallies = Table(
    "tallies",
    metadata,
    Column("scope", String(64), primary_key=True),
    Column("period", BigInteger, primary_key=True, autoincrement=False),
    Column("jobs", Integer, nullable=False),
    Column("cost", SumOfDollars, nullable=False),
    Column("microseconds", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""What limits count, added up by triggers on `jobs` (`v0009_tallies.py`) and read by `tallies.py`."""

guild_settings = Table(
    "guild_settings",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("document", Text, nullable=False),
    Column("changed_at", Moment, nullable=False),
)

notes = Table(
    "notes",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("value", Text, nullable=False),
    Column("expires_at", Moment),
)
