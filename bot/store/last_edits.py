"""Which private replies must be edited now for the last time, because their tokens end soon."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select, update

from bot.rules.clock import Clock
from bot.rules.jobs import LAST_EDIT_BEFORE, JobState
from bot.store.database import Database
from bot.store.tables import jobs


class LastEdits:
    """Every method may raise `DatabaseUnavailable`. Nothing is decrypted here."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def claim(self, *, limit: int) -> list[str]:
        """The ids of up to `limit` jobs that wait for their submit and whose reply is due, the most urgent first.

        From now on the edits are the caller's: no other process is given the same ones.
        """
        now = self._clock.now()
        due = (
            jobs.c.state == JobState.ACCEPTED.value,
            jobs.c.last_edit_due_at <= now,
            jobs.c.last_edit_due_at > now - LAST_EDIT_BEFORE,  # else the token has ended
        )
        first = select(jobs.c.id).where(*due).order_by(jobs.c.last_edit_due_at).limit(limit)
        # On PostgreSQL another process takes other rows, and a CTE keeps the limit, which a subquery may not. SQLite,
        # which has one writer, has no such locks.
        found = first.with_for_update(skip_locked=True).cte("found")
        claimed = update(jobs).where(jobs.c.id.in_(select(found.c.id)), *due)
        claim = claimed.values(last_edit_due_at=None).returning(jobs.c.id)
        return await self._database.write(lambda connection: list(connection.scalars(claim)))

    async def give_back(self, job_ids: Collection[str]) -> None:
        """These edits could not be made: whoever claims next tries them again."""
        unclaimed = update(jobs).where(jobs.c.id.in_(job_ids), jobs.c.last_edit_due_at.is_(None))
        due = unclaimed.values(last_edit_due_at=self._clock.now())
        await self._database.write(lambda connection: connection.execute(due))
