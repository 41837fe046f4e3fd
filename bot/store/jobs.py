"""The jobs' rows. Every write is one UPDATE that matches what its writer believes; who is wrong gets `JobMoved`."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol, Unpack

from sqlalchemy import ColumnElement, RowMapping, Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import AlreadyAsked, DatabaseUnavailable, JobGone, JobMoved, RowUnreadable
from bot.rules.clock import Clock
from bot.rules.jobs import ENDED, MOVES, Failure, Job, JobState, Reply
from bot.rules.limit_rules import LimitBook
from bot.store.admission import Admission
from bot.store.database import Database
from bot.store.encryption import Keys
from bot.store.rows import HAS_NEXT_STEP, ROW, Facts, fact_columns, job_of, message_column, reply_columns, row_of
from bot.store.tables import jobs

log = logging.getLogger(__name__)

_STAMPS = {
    JobState.PENDING: "submitted_at",
    JobState.PROCESSING: "processing_at",
    JobState.COMPLETED: "completed_at",
    **dict.fromkeys(ENDED, "ended_at"),
}


class Companion(Protocol):
    """Writes something that must be true exactly if the new row is: a cluster's queue entry."""

    async def __call__(self, connection: AsyncConnection, job: Job) -> None: ...


class Jobs:
    """All that is asked of the jobs' table. Every method may raise `DatabaseUnavailable`."""

    def __init__(self, database: Database, *, keys: Keys, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock

    async def insert(
        self,
        job: Job,
        *,
        admission: Admission | None = None,
        book: LimitBook | None = None,
        companion: Companion | None = None,
    ) -> Job:
        """Admit and insert in one transaction, and give the job as it was written, perhaps with a place to wait.

        `book` is the limits of the server where they asked. Raises the `Refused` of a limit, and `AlreadyAsked`; then
        nothing was written.
        """
        lock = None if admission is None else admission.lock(job.requester)
        async with self._database.writing(lock=lock) as connection:
            await _refuse_twins(connection, job)
            if admission is not None:
                place = await admission.admit(connection, job, book or LimitBook())
                job = job.model_copy(update={"place": place})
            written = insert(jobs).values(row_of(job, self._keys)).returning(HAS_NEXT_STEP)
            try:
                has_next_step = bool(await connection.scalar(written))
            except IntegrityError as exc:  # without a lock two may come to this point at once
                raise AlreadyAsked from exc
            if companion is not None:
                await companion(connection, job)
        return job.model_copy(update={"has_next_step": has_next_step})

    async def answered(self, asked: int) -> bool:
        """Whether that interaction or message has a job."""
        async with self._database.reading() as connection:
            return await connection.scalar(_answers(asked)) is not None

    async def get(self, job_id: str) -> Job:
        """Raises `JobGone`, and `RowUnreadable`."""
        async with self._database.reading() as connection:
            row = (await connection.execute(select(*ROW).where(jobs.c.id == job_id))).mappings().one_or_none()
        if row is None:
            raise JobGone
        return job_of(row, self._keys)

    async def advance(self, job: Job, to: JobState, **facts: Unpack[Facts]) -> Job:
        """Move the row on and give the changed copy; the time of the move is written with it, where it is the first.

        Raises `JobMoved`: the row has another state or epoch than `job`, or is gone. Waits out a short outage of the
        database, since what it writes has been done already.
        """
        if to not in MOVES[job.state]:
            raise ValueError(f"no move leads from {job.state} to {to}")
        return await self._database.retry(lambda: self._advance(job, to, facts))

    async def note(self, job: Job, **facts: Unpack[Facts]) -> Job:
        """Write facts without a move; otherwise as `advance`."""
        return await self._database.retry(lambda: self._advance(job, job.state, facts))

    async def confirm(self, job: Job) -> Job:
        """The row as it is now, for a step that acts outside before it writes; `JobMoved` if it is not `job`'s."""
        current = await self.get(job.id)
        if (current.state, current.epoch) != (job.state, job.epoch):
            raise JobMoved(job.id)
        return current

    async def claim(self, job: Job) -> Job:
        """Take the job over: whoever worked on it before finds `JobMoved` at the next write. Raises `JobMoved`."""
        belief = (jobs.c.id == job.id, jobs.c.state == job.state.value, jobs.c.epoch == job.epoch)
        row = await self._update(belief, {"epoch": job.epoch + 1})
        if row is None:
            raise JobMoved(job.id)
        return job_of(row, self._keys)

    async def move_reply(self, job_id: str, reply: Reply) -> Job:
        """Another way to reach the member, whatever state the job is in: an `undeliverable` video goes there. Raises
        `JobGone`."""
        values = {**reply_columns(reply, self._keys), "undeliverable": None}
        row = await self._update([jobs.c.id == job_id], values)
        if row is None:
            raise JobGone
        return job_of(row, self._keys)

    async def set_message(self, job: Job) -> None:
        """Write which message answers, where the row does not know it yet: nobody else writes the row for a while."""
        if values := message_column(job.reply):
            await self._update([jobs.c.id == job.id], values)

    async def drop_files(self, job_id: str) -> Job:
        """Write that nothing of the job's files is kept any more. Raises `JobGone`."""
        row = await self._update([jobs.c.id == job_id], fact_columns({"stored": {}, "result": None}))
        if row is None:
            raise JobGone
        return job_of(row, self._keys)

    async def fail_unreadable(self, job_id: str, failure: Failure) -> bool:
        """End a live job whose row can't be read, without reading it; whether there was one."""
        values = {
            "state": JobState.FAILED.value,
            "epoch": jobs.c.epoch + 1,
            "refunded": True,
            "ended_at": self._clock.now(),
            **fact_columns({"failure": failure}),
        }
        return await self._update([jobs.c.id == job_id, jobs.c.state.not_in(_words(ENDED))], values) is not None

    async def live(self) -> list[str]:
        """The ids of jobs that have a next step, oldest first."""
        query = select(jobs.c.id).where(HAS_NEXT_STEP)
        async with self._database.reading() as connection:
            return list(await connection.scalars(query.order_by(jobs.c.accepted_at, jobs.c.id)))

    async def held(self, *, before: datetime | None = None) -> list[str]:
        """The ids of jobs that wait for a moderator, or have since before then, oldest first."""
        query = select(jobs.c.id).where(jobs.c.state == JobState.ACCEPTED.value, jobs.c.held)
        if before is not None:
            query = query.where(jobs.c.accepted_at < before)
        async with self._database.reading() as connection:
            return list(await connection.scalars(query.order_by(jobs.c.accepted_at, jobs.c.id)))

    async def fairness_group_of(self, job_id: str) -> int | None:
        """Whose jobs it waits behind: its server's, or its member's in direct messages. None where it is gone."""
        query = select(func.coalesce(jobs.c.guild_id, jobs.c.user_id)).where(jobs.c.id == job_id)
        async with self._database.reading() as connection:
            turn: int | None = await connection.scalar(query)
        return turn

    async def of_user(
        self, user_id: int, *, states: Collection[JobState] = frozenset(JobState), limit: int = 10, offset: int = 0
    ) -> list[Job]:
        """A member's jobs, newest first. Rows that can't be read are left out, with a line in the log."""
        query = (
            select(*ROW)
            .where(jobs.c.user_id == user_id, jobs.c.state.in_(_words(states)))
            .order_by(jobs.c.accepted_at.desc(), jobs.c.id)
            .limit(limit)
            .offset(offset)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return list(self._readable(rows))

    async def counts(self) -> dict[JobState, int]:
        """How many rows are in each state, those with none included."""
        query = select(jobs.c.state, func.count().label("number")).group_by(jobs.c.state)
        async with self._database.reading() as connection:
            found = {row.state: row.number for row in await connection.execute(query)}
        return {state: found.get(state.value, 0) for state in JobState}

    async def durations(self, model: str, *, limit: int = 100) -> list[float]:
        """Seconds from submit to completion of the model's recent jobs, oldest first."""
        query = (
            select(jobs.c.submitted_at, jobs.c.completed_at)
            .where(jobs.c.model == model, jobs.c.completed_at.is_not(None), jobs.c.submitted_at.is_not(None))
            .order_by(jobs.c.completed_at.desc())
            .limit(limit)
        )
        async with self._database.reading() as connection:
            times = (await connection.execute(query)).all()
        return [(completed - submitted).total_seconds() for submitted, completed in reversed(times)]

    async def stale(self, before: datetime, *, limit: int = 100) -> list[str]:
        """Ids of jobs that ended before then, or have waited for their member since before then."""
        ended = jobs.c.ended_at < before
        since = func.coalesce(jobs.c.completed_at, jobs.c.accepted_at)
        waiting = jobs.c.undeliverable.is_not(None) & (since < before)
        async with self._database.reading() as connection:
            return list(await connection.scalars(select(jobs.c.id).where(ended | waiting).limit(limit)))

    async def remove(self, job_ids: Iterable[str]) -> None:
        async with self._database.writing() as connection:
            await connection.execute(delete(jobs).where(jobs.c.id.in_(list(job_ids))))

    async def _advance(self, job: Job, to: JobState, facts: Facts) -> Job:
        values: dict[str, Any] = {"state": to.value, **fact_columns(facts), **message_column(job.reply)}
        if to in ENDED:  # nobody has to decide on it any more
            values["held"] = False
        stamp = _STAMPS.get(to)
        if stamp is not None and to is not job.state:
            values[stamp] = func.coalesce(jobs.c[stamp], self._clock.now())
        belief = (jobs.c.id == job.id, jobs.c.state == job.state.value, jobs.c.epoch == job.epoch)
        try:
            row = await self._update(belief, values)
        except DatabaseUnavailable:
            log.warning("the database did not confirm that job %s is %s; trying again", job.id, to)
            raise
        if row is None:
            row = await self._written_before(job, to)
        return job_of(row, self._keys)

    async def _written_before(self, job: Job, to: JobState) -> RowMapping:
        """A repeated write finds its first one done where only the database's answer was lost.

        The runner alone writes under its epoch, but for cancelling, which anyone may; so a cancelled row is moved.
        """
        same = (jobs.c.id == job.id, jobs.c.state == to.value, jobs.c.epoch == job.epoch)
        async with self._database.reading() as connection:
            row = (await connection.execute(select(*ROW).where(*same))).mappings().one_or_none()
        if row is None or to in {JobState.CANCELLED, job.state}:
            raise JobMoved(job.id)
        return row

    async def _update(self, where: Sequence[ColumnElement[bool]], values: dict[str, Any]) -> RowMapping | None:
        async with self._database.writing() as connection:
            result = await connection.execute(update(jobs).where(*where).values(values).returning(*ROW))
            return result.mappings().one_or_none()

    def _readable(self, rows: Iterable[RowMapping]) -> Iterable[Job]:
        for row in rows:
            try:
                yield job_of(row, self._keys)
            except RowUnreadable as exc:
                log.warning("skipped a row that can't be read: %s", exc)


def _answers(asked: int) -> Select[tuple[str]]:
    return select(jobs.c.id).where(jobs.c.answers == asked).limit(1)


async def _refuse_twins(connection: AsyncConnection, job: Job) -> None:
    asked = job.reply.answers
    if asked is not None and await connection.scalar(_answers(asked)) is not None:
        raise AlreadyAsked


def _words(states: Iterable[JobState]) -> list[str]:
    return [state.value for state in states]
