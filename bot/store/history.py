"""Members' own lists, old results and files, and deleting what is kept about a member."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, case, delete, func, literal, not_, null, select, true, update

from bot.rules.jobs import ENDED, LIVE, Job, JobGroup, JobState, Reply, Requester
from bot.rules.operations import Operation
from bot.rules.requests import Inputs
from bot.store.database import Database
from bot.store.encryption import Keys
from bot.store.jobs import readable
from bot.store.rows import REFUSED, ROW, fact_columns
from bot.store.tables import jobs
from bot.store.waitlist_rows import SELDOM_GIVEN_BACK

_INPUTS = '","inputs":' + Inputs().model_dump_json() + "}"
_NOTHING = fact_columns({"stored": {}})["stored"]
_SIZE = re.compile(r'"size_bytes":(\d{1,15})')
_LIVE = [state.value for state in LIVE]
_REMEMBERED = ~jobs.c.forgotten


@dataclass(frozen=True, slots=True)
class ForgottenRows:
    """What became of a member's rows: their ids, and how many of them go on being counted."""

    job_ids: tuple[str, ...]
    counted: int


class JobHistory:
    """Every method may raise `DatabaseUnavailable`."""

    def __init__(self, database: Database, *, keys: Keys) -> None:
        self._database = database
        self._keys = keys

    async def page(
        self, user_id: int, *, limit: int, offset: int, only: JobGroup | Operation | None = None
    ) -> tuple[list[Job], int]:
        """A member's jobs, those that run or wait first, newest first, and how many there are in all."""
        theirs = and_(jobs.c.user_id == user_id, _REMEMBERED, _of(only))
        first = case((jobs.c.state.in_(_LIVE), 0), else_=1)
        query = select(*ROW).where(theirs).order_by(first, jobs.c.accepted_at.desc(), jobs.c.id)
        shown = query.limit(limit).offset(offset)

        def unit(connection: Connection) -> tuple[list[Job], int]:
            count = connection.scalar(select(func.count()).select_from(jobs).where(theirs)) or 0
            return readable(connection.execute(shown).mappings(), self._keys), count

        return await self._database.read(unit)

    async def live_of(self, user_id: int) -> list[str]:
        """The ids of a member's jobs that have not ended."""
        query = select(jobs.c.id).where(jobs.c.user_id == user_id, jobs.c.state.in_(_LIVE))
        return await self._database.read(lambda connection: list(connection.scalars(query)))

    async def forget(
        self, user_id: int, *, counted_since: datetime, tries_since: datetime, given_back_since: datetime
    ) -> ForgottenRows:
        """Delete a member's ended rows. Those that limits may still count keep their numbers and nothing else, those
        that were refused since `tries_since` also why, and those that were given back since then that they were.

        A row that limits would no longer find would let its member make as much again.
        """
        ended = and_(jobs.c.user_id == user_id, jobs.c.state.not_in(_LIVE), _REMEMBERED)
        counts = and_(ended, jobs.c.accepted_at >= counted_since, jobs.c.refunded.is_(False))
        tries = and_(ended, jobs.c.accepted_at >= tries_since, REFUSED)

        given_back = and_(ended, jobs.c.accepted_at >= given_back_since, SELDOM_GIVEN_BACK)

        def unit(connection: Connection) -> ForgottenRows:
            ids = tuple(connection.scalars(select(jobs.c.id).where(ended)))
            counted = connection.execute(update(jobs).where(counts).values(_emptied()))
            connection.execute(update(jobs).where(tries).values(_emptied() | {"failure": jobs.c.failure}))
            connection.execute(update(jobs).where(given_back).values(_emptied() | {"remote_id": "forgotten"}))
            connection.execute(delete(jobs).where(ended))
            return ForgottenRows(ids, counted.rowcount)

        return await self._database.write(unit)

    async def old_inputs(self, before: datetime, *, limit: int = 100) -> list[str]:
        """The ids of jobs that ended without a video before then and whose inputs are still stored."""
        without = jobs.c.state.in_([JobState.FAILED.value, JobState.CANCELLED.value])
        query = select(jobs.c.id).where(without, jobs.c.ended_at < before, jobs.c.stored != _NOTHING).limit(limit)
        return await self._database.read(lambda connection: list(connection.scalars(query)))

    async def drop_inputs(self, job_ids: Iterable[str]) -> None:
        """Write that these ended jobs' inputs are not stored any more."""
        ended = jobs.c.state.in_([state.value for state in ENDED])
        change = update(jobs).where(jobs.c.id.in_(list(job_ids)), ended).values(stored=_NOTHING)
        await self._database.write(lambda connection: connection.execute(change))

    async def beyond(self, most_bytes: int, *, limit: int = 100) -> list[str]:
        """The ids of ended jobs with whose files their members have more than that stored: of each the oldest."""
        kept = (jobs.c.stored != _NOTHING) | jobs.c.result.is_not(None)
        query = (
            select(jobs.c.id, jobs.c.user_id, jobs.c.stored, jobs.c.result, jobs.c.ended_at)
            .where(kept)
            .order_by(jobs.c.user_id, jobs.c.ended_at.is_not(None), jobs.c.ended_at.desc())
        )

        def unit(connection: Connection) -> list[str]:
            found: list[str] = []
            user, used = None, 0
            for job_id, user_id, stored, result, ended_at in connection.execute(query):
                used = sum(map(int, _SIZE.findall(f"{stored} {result or ''}"))) + (used if user_id == user else 0)
                user = user_id
                if used > most_bytes and ended_at is not None:
                    found.append(job_id)
                    if len(found) == limit:
                        break
            return found

        return await self._database.read(unit)

    async def old_results(self, before: datetime, *, limit: int = 100) -> list[str]:
        """The ids of jobs that ended before then and whose video is still stored."""
        old = and_(jobs.c.ended_at < before, jobs.c.result.is_not(None))
        query = select(jobs.c.id).where(old).limit(limit)
        return await self._database.read(lambda connection: list(connection.scalars(query)))

    async def without_files(self, job_ids: Collection[str]) -> set[str]:
        """Those of the ids whose jobs can have no stored files: they have no row, or have ended with none in it."""
        nothing = fact_columns({"stored": {}, "result": None})
        emptied = and_(jobs.c.state.not_in(_LIVE), jobs.c.stored == nothing["stored"], jobs.c.result.is_(None))
        wanted = sorted(job_ids)

        def unit(connection: Connection) -> set[str]:
            found: set[str] = set()
            for start in range(0, len(wanted), 500):
                some = jobs.c.id.in_(wanted[start : start + 500])
                found |= set(connection.scalars(select(jobs.c.id).where(some, not_(emptied))))
            return found

        return set(wanted) - await self._database.read(unit)

    async def drop_results(self, job_ids: Iterable[str]) -> None:
        """Write that these jobs' videos are not stored any more."""
        ended = jobs.c.state.in_([state.value for state in ENDED])
        change = update(jobs).where(jobs.c.id.in_(list(job_ids)), ended).values(result=None)
        await self._database.write(lambda connection: connection.execute(change))


def _of(only: JobGroup | Operation | None) -> ColumnElement[bool]:
    """Whether a row is of that group or of that command."""
    match only:
        case JobGroup():
            return jobs.c.state.in_([state.value for state in only.states])
        case Operation():
            return jobs.c.operation == only.value
        case None:
            return true()


def _emptied() -> dict[str, object]:
    """Values for every column that tells more than the limits count. They stay readable, for older code's sake."""
    nobody = Requester(user_id=0, name="", channel_id=0)
    nowhere = Reply(application_id=0, channel_id=0, message_id=0, upload_limit_bytes=0)
    return {
        **fact_columns({"stored": {}, "result": None}),
        "forgotten": True,
        "message_id": null(),
        "requester": nobody.model_dump_json(),
        "reply": nowhere.model_dump_json(exclude={"token", "message_id"}),
        "reply_token": null(),
        "last_edit_due_at": null(),
        "failure": null(),
        "remote_id": null(),
        "again_of": null(),
        # A model's name is letters, digits and hyphens, so that it needs no escaping here.
        "request": literal('{"model":"') + jobs.c.model + '","operation":"' + jobs.c.operation + _INPUTS,
    }
