"""The jobs' rows. Every write is one UPDATE that matches what its writer believes; who is wrong gets `JobMoved`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol, Unpack

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Update,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from bot.errors import AlreadyAsked, DatabaseUnavailable, JobGone, JobMoved, PressedTwice, RowUnreadable
from bot.rules.clock import Clock
from bot.rules.jobs import A_MOMENT, ENDED, MOVES, Failure, Job, JobState, Reply
from bot.rules.limit_rules import LimitBook
from bot.rules.limits import GIVEN_BACK, GivenBack
from bot.rules.usage import Asked
from bot.store.admission import Admission
from bot.store.database import Database
from bot.store.encryption import Keys
from bot.store.rows import (
    HAS_NEXT_STEP,
    ROW,
    WRITTEN,
    Facts,
    as_written,
    fact_columns,
    job_of,
    message_column,
    reply_columns,
    row_of,
)
from bot.store.tables import UNFINISHED, jobs
from bot.store.waitlist_rows import given_back_in

log = logging.getLogger(__name__)

_STAMPS = {
    JobState.PENDING: "submitted_at",
    JobState.PROCESSING: "processing_at",
    JobState.COMPLETED: "completed_at",
    **dict.fromkeys(ENDED, "ended_at"),
}
# Built once: what a job costs is mostly the building of statements.
_INSERT = insert(jobs).returning(HAS_NEXT_STEP)
_BY_ID = select(*ROW).where(jobs.c.id == bindparam("job_id"))
_ANSWERS = select(jobs.c.id).where(jobs.c.answers == bindparam("asked")).limit(1)
_PRESSED = (
    select(jobs.c.id)
    .where(
        jobs.c.user_id == bindparam("user_id"),
        jobs.c.accepted_at > bindparam("since", type_=jobs.c.accepted_at.type),
        jobs.c.again_of == bindparam("again_of"),
    )
    .limit(1)
)
_BELIEVED = (
    jobs.c.id == bindparam("job_id"),
    jobs.c.state == bindparam("in_state"),
    jobs.c.epoch == bindparam("in_epoch"),
)
_SAME = select(*ROW).where(*_BELIEVED)
_CLAIM = update(jobs).where(*_BELIEVED).values(epoch=jobs.c.epoch + 1).returning(*ROW)


class Companion(Protocol):
    """Writes something that must be true exactly if the new row is: a cluster's queue entry."""

    def __call__(self, connection: Connection, job: Job) -> None: ...


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

        `book` is the limits of the server where they asked. Raises the `Refused` of a limit, `AlreadyAsked`, and
        `PressedTwice` where the member repeated the same job a moment ago; then nothing was written.
        """
        row = row_of(job, self._keys)

        def unit(connection: Connection) -> Job:
            _refuse_twins(connection, job)
            admitted = job
            if admission is not None:
                place = admission.admit(connection, job, book or LimitBook())
                admitted = job.model_copy(update={"place": place})
            try:
                has_next_step = bool(connection.scalar(_INSERT, row | {"place": admitted.place}))
            except IntegrityError as exc:  # without a lock two may come to this point at once
                raise AlreadyAsked from exc
            if companion is not None:
                companion(connection, admitted)
            return admitted.model_copy(update={"has_next_step": has_next_step})

        return await self._database.write(unit, lock=None if admission is None else admission.lock(job.requester))

    async def answered(self, asked: int) -> bool:
        """Whether that interaction or message has a job."""
        return await self._database.read(lambda connection: connection.scalar(_ANSWERS, {"asked": asked})) is not None

    async def get(self, job_id: str) -> Job:
        """Raises `JobGone`, and `RowUnreadable`."""

        def unit(connection: Connection) -> Job:
            row = connection.execute(_BY_ID, {"job_id": job_id}).mappings().one_or_none()
            if row is None:
                raise JobGone
            return job_of(row, self._keys)

        return await self._database.read(unit)

    async def advance(self, job: Job, to: JobState, **facts: Unpack[Facts]) -> Job:
        """Move the row on and give the changed copy; the time of the move is written with it, where it is the first.

        Raises `JobMoved`: the row has another state or epoch than `job`, or is gone. Waits out a short outage of the
        database, since what it writes has been done already.
        """
        if to not in MOVES[job.state]:
            raise ValueError(f"no move leads from {job.state} to {to}")
        return await self._database.retry(lambda: self._advance(job, to, facts))

    async def settle(self, job: Job, to: JobState, admission: Admission, **facts: Unpack[Facts]) -> Job:
        """As `advance`, with what the job costs now that its inputs were looked at, in one transaction with the limits.

        Raises the `Refused` of a limit that it does not fit any more; then nothing was written.
        """
        asked = Asked(cost=facts.get("cost", job.cost), seconds=facts.get("output_seconds", job.output_seconds))
        if asked.cost <= job.cost and asked.seconds <= job.output_seconds:
            return await self.advance(job, to, **facts)
        return await self._database.retry(
            lambda: self._advance(
                job,
                to,
                facts,
                first=lambda connection: admission.settle(connection, job, asked),
                lock=admission.lock(job.requester),
            )
        )

    async def fail(self, job: Job, to: JobState, back: GivenBack, **facts: Unpack[Facts]) -> Job:
        """As `advance`, to an end without a video; whether the limits count it is decided in the same transaction."""
        if back is not GivenBack.SELDOM:
            plain: Facts = {**facts, "refunded": back is GivenBack.ALWAYS}
            return await self.advance(job, to, **plain)
        who = job.requester.user_id

        def first(connection: Connection) -> dict[str, Any]:
            return {"refunded": given_back_in(connection, who, self._clock.now()) < GIVEN_BACK}

        decided: Facts = {**facts, "refunded": True}
        return await self._database.retry(lambda: self._advance(job, to, decided, first=first, lock=who))

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

        def unit(connection: Connection) -> Job:
            row = connection.execute(_CLAIM, _belief(job)).mappings().one_or_none()
            if row is None:
                raise JobMoved(job.id)
            return job_of(row, self._keys)

        return await self._database.write(unit)

    async def move_reply(self, job_id: str, reply: Reply) -> Job:
        """Another way to reach the member, whatever state the job is in: an `undeliverable` video goes there. Raises
        `JobGone`."""
        return await self._change(job_id, {**reply_columns(reply, self._keys), "undeliverable": None})

    async def set_message(self, job: Job) -> None:
        """Write which message answers, where the row does not know it yet: nobody else writes the row for a while."""
        if values := message_column(job.reply):
            change = update(jobs).where(jobs.c.id == job.id).values(values)
            await self._database.write(lambda connection: connection.execute(change))

    async def drop_files(self, job_id: str) -> Job:
        """Write that nothing of the job's files is kept any more. Raises `JobGone`."""
        return await self._change(job_id, fact_columns({"stored": {}, "result": None}))

    async def fail_unreadable(self, job_id: str, failure: Failure) -> bool:
        """End a live job whose row can't be read, without reading it; whether there was one."""
        values = {
            "state": JobState.FAILED.value,
            "epoch": jobs.c.epoch + 1,
            "refunded": True,
            "ended_at": self._clock.now(),
            **fact_columns({"failure": failure}),
        }
        change = update(jobs).where(jobs.c.id == job_id, jobs.c.state.not_in(_words(ENDED))).values(values)
        return await self._database.write(lambda connection: connection.execute(change).rowcount) == 1

    async def live(self, *, before: datetime | None = None) -> list[str]:
        """The ids of jobs that have a next step, or of those that were accepted before then, oldest first."""
        query = select(jobs.c.id).where(UNFINISHED, HAS_NEXT_STEP)
        if before is not None:
            query = query.where(jobs.c.accepted_at < before)
        return await self._ids(query.order_by(jobs.c.accepted_at, jobs.c.id))

    async def held(self, *, before: datetime | None = None) -> list[str]:
        """The ids of jobs that wait for a moderator, or have since before then, oldest first."""
        query = select(jobs.c.id).where(jobs.c.state == JobState.ACCEPTED.value, jobs.c.held)
        if before is not None:
            query = query.where(jobs.c.accepted_at < before)
        return await self._ids(query.order_by(jobs.c.accepted_at, jobs.c.id))

    async def fairness_group_of(self, job_id: str) -> int | None:
        """Whose jobs it waits behind: its server's, or its member's in direct messages. None where it is gone."""
        query = select(func.coalesce(jobs.c.guild_id, jobs.c.user_id)).where(jobs.c.id == job_id)
        group: int | None = await self._database.read(lambda connection: connection.scalar(query))
        return group

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
        return await self._database.read(lambda connection: readable(connection.execute(query).mappings(), self._keys))

    async def counts(self) -> dict[JobState, int]:
        """How many rows are in each state, those with none included."""
        query = select(jobs.c.state, func.count().label("number")).group_by(jobs.c.state)
        found = await self._database.read(
            lambda connection: {row.state: row.number for row in connection.execute(query)}
        )
        return {state: found.get(state.value, 0) for state in JobState}

    async def durations(self, model: str, *, limit: int = 100) -> list[float]:
        """Seconds from submit to completion of the model's recent jobs, oldest first."""
        query = (
            select(jobs.c.submitted_at, jobs.c.completed_at)
            .where(jobs.c.model == model, jobs.c.completed_at.is_not(None), jobs.c.submitted_at.is_not(None))
            .order_by(jobs.c.completed_at.desc())
            .limit(limit)
        )
        times = await self._database.read(lambda connection: connection.execute(query).all())
        return [(completed - submitted).total_seconds() for submitted, completed in reversed(times)]

    async def remove_stale(self, before: datetime, *, limit: int = 100) -> list[str]:
        """Delete jobs that ended before then, or have waited for their member since before then; gives their ids."""
        ended = jobs.c.ended_at < before
        since = func.coalesce(jobs.c.completed_at, jobs.c.accepted_at)
        stale = ended | (jobs.c.undeliverable.is_not(None) & (since < before))
        some = select(jobs.c.id).where(stale).limit(limit)
        # The condition once more: on PostgreSQL a member may have come for one since it was found.
        removal = delete(jobs).where(jobs.c.id.in_(some), stale).returning(jobs.c.id)
        return await self._database.write(lambda connection: list(connection.scalars(removal)))

    async def _advance(
        self,
        job: Job,
        to: JobState,
        facts: Facts,
        *,
        first: Callable[[Connection], dict[str, Any] | None] | None = None,
        lock: int | Collection[int] | None = None,
    ) -> Job:
        values: dict[str, Any] = {"state": to.value, **fact_columns(facts)}
        if to in ENDED:  # nobody has to decide on it any more
            values["held"] = False
        stamp = _STAMPS.get(to) if to is not job.state else None
        if stamp is not None:
            values[stamp] = self._clock.now()
        if job.reply.message_id is not None:
            values["message_id"] = job.reply.message_id
        change = _change_of(tuple(values))

        def unit(connection: Connection) -> Job:
            decided = values | ((first and first(connection)) or {})
            row = connection.execute(change, _belief(job) | {f"new_{name}": decided[name] for name in decided})
            found = row.mappings().one_or_none()
            if found is None:
                return self._written_before(connection, job, to)
            return as_written(job, to, facts, found) or job_of(_row(connection, job.id), self._keys)

        try:
            return await self._database.write(unit, lock=lock)
        except DatabaseUnavailable:
            log.warning("the database did not confirm that job %s is %s; trying again", job.id, to)
            raise

    def _written_before(self, connection: Connection, job: Job, to: JobState) -> Job:
        """A repeated write finds its first one done where only the database's answer was lost.

        The runner alone writes under its epoch, but for cancelling, which anyone may; so a cancelled row is moved.
        """
        row = connection.execute(_SAME, _belief(job, to)).mappings().one_or_none()
        if row is None or to in {JobState.CANCELLED, job.state}:
            raise JobMoved(job.id)
        return job_of(row, self._keys)

    async def _change(self, job_id: str, values: dict[str, Any]) -> Job:
        """Raises `JobGone`."""
        change = update(jobs).where(jobs.c.id == job_id).values(values).returning(*ROW)

        def unit(connection: Connection) -> Job:
            row = connection.execute(change).mappings().one_or_none()
            if row is None:
                raise JobGone
            return job_of(row, self._keys)

        return await self._database.write(unit)

    async def _ids(self, query: Select[tuple[str]]) -> list[str]:
        return await self._database.read(lambda connection: list(connection.scalars(query)))


def readable(rows: Iterable[RowMapping], keys: Keys) -> list[Job]:
    """The jobs of these rows. Those that can't be read are left out, with a line in the log."""
    found = []
    for row in rows:
        try:
            found.append(job_of(row, keys))
        except RowUnreadable as exc:
            log.warning("skipped a row that can't be read: %s", exc)
    return found


@lru_cache(maxsize=256)
def _change_of(names: tuple[str, ...]) -> Update:
    """The statement that writes these columns as `new_…` says. Moments of a state and the message keep their first."""
    first = {*_STAMPS.values(), "message_id"}
    values: dict[str, ColumnElement[Any]] = {
        name: func.coalesce(jobs.c[name], bindparam(f"new_{name}", type_=jobs.c[name].type))
        if name in first
        else bindparam(f"new_{name}", type_=jobs.c[name].type)
        for name in names
    }
    return update(jobs).where(*_BELIEVED).values(values).returning(*WRITTEN)


def _belief(job: Job, state: JobState | None = None) -> dict[str, Any]:
    """What a write takes for granted of the row."""
    return {"job_id": job.id, "in_state": (state or job.state).value, "in_epoch": job.epoch}


def _row(connection: Connection, job_id: str) -> RowMapping:
    return connection.execute(_BY_ID, {"job_id": job_id}).mappings().one()


def _refuse_twins(connection: Connection, job: Job) -> None:
    asked = job.reply.answers
    if asked is not None and connection.scalar(_ANSWERS, {"asked": asked}) is not None:
        raise AlreadyAsked
    if job.again_of is not None:
        pressed = {"again_of": job.again_of, "user_id": job.requester.user_id, "since": job.accepted_at - A_MOMENT}
        if connection.scalar(_PRESSED, pressed) is not None:
            raise PressedTwice


def _words(states: Iterable[JobState]) -> list[str]:
    return [state.value for state in states]
