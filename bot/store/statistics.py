"""What statistics are made of, read from the jobs' rows."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from bot.errors import RowUnreadable
from bot.rules.catalog import Operation
from bot.rules.jobs import JobState
from bot.rules.statistics import Record
from bot.store.database import Database
from bot.store.rows import REFUSED, read_requester
from bot.store.tables import jobs

_COLUMNS = (
    jobs.c.state,
    jobs.c.operation,
    jobs.c.model,
    jobs.c.user_id,
    jobs.c.accepted_at,
    jobs.c.completed_at,
    jobs.c.refunded,
    jobs.c.cost,
    jobs.c.output_seconds,
)


_NEWEST = (
    select(jobs.c.id, jobs.c.requester)
    .where(jobs.c.guild_id == bindparam("guild_id"), jobs.c.user_id == bindparam("user_id"))
    .order_by(jobs.c.accepted_at.desc())
    .limit(1)
)


class StatisticsTable:
    """Every method may raise `DatabaseUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def recent(
        self, since: datetime, *, limit: int, guild_id: int | None, user_id: int | None = None
    ) -> list[Record]:
        """The jobs since then, the newest `limit` of them: of one server, of one member, or of both at once."""
        # Where a file could not be used there is no job to its member, and none to a server's numbers.
        query = select(*_COLUMNS).where(jobs.c.accepted_at >= since, ~REFUSED)
        if guild_id is not None:
            query = query.where(jobs.c.guild_id == guild_id)
        if user_id is not None:
            query = query.where(jobs.c.user_id == user_id)
        newest = query.order_by(jobs.c.accepted_at.desc()).limit(limit)
        return await self._database.read(lambda connection: [_record(*row) for row in connection.execute(newest)])

    async def names(self, guild_id: int, user_ids: Collection[int]) -> dict[int, str]:
        """What these members were called when they asked last."""

        def unit(connection: Connection) -> dict[int, str]:
            found: dict[int, str] = {}
            for user_id in user_ids:
                row = connection.execute(_NEWEST, {"guild_id": guild_id, "user_id": user_id}).one_or_none()
                if row is None:
                    continue
                try:
                    found[user_id] = read_requester(row.id, row.requester).name
                except RowUnreadable:
                    continue
            return found

        return await self._database.read(unit)


def _record(  # noqa: PLR0917  # a row's columns
    state: str,
    operation: str,
    model: str,
    user_id: int,
    accepted_at: datetime,
    completed_at: datetime | None,
    refunded: bool,
    cost: float,
    seconds: float,
) -> Record:
    return Record(
        state=JobState(state),
        operation=Operation(operation),
        model=model,
        user_id=user_id,
        accepted_at=accepted_at,
        completed_at=completed_at,
        cost=0 if refunded else cost,
        seconds=0 if refunded else seconds,
    )
