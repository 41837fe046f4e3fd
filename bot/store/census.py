"""How many jobs are where at this moment, for the metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from bot.store.database import Database
from bot.store.tables import UNFINISHED, jobs

_BY_STATE = (
    select(jobs.c.state, func.count(), func.min(jobs.c.accepted_at))
    .where(UNFINISHED, jobs.c.ended_at.is_(None))
    .group_by(jobs.c.state)
)
_WAITING = select(func.count().filter(jobs.c.held), func.count(jobs.c.place), func.count(jobs.c.undeliverable)).where(
    UNFINISHED, jobs.c.ended_at.is_(None)
)


@dataclass(frozen=True, slots=True)
class Census:
    """Of the jobs that have not ended: how many and since when by state, and how many wait for whom."""

    by_state: Mapping[str, tuple[int, datetime]]
    held: int
    in_line: int
    awaiting_member: int


async def count_jobs(database: Database) -> Census:
    """By an index that has no ended jobs in it. Raises `DatabaseUnavailable`."""

    def count(connection: Connection) -> Census:
        by_state = {state: (amount, oldest) for state, amount, oldest in connection.execute(_BY_STATE)}
        held, in_line, awaiting = connection.execute(_WAITING).one()
        return Census(by_state, held, in_line, awaiting)

    return await database.read(count)
