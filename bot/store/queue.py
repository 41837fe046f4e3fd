"""The cluster's queue: procrastinate's tables, beside our own in the same PostgreSQL database.

Every job that has a next step has one entry, `todo` or `doing`. The job's row decides what is done; an entry only says
that a worker is to look at it. `sweep` makes the entries agree with the rows again after any failure.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, LiteralString, cast

import psycopg
from procrastinate.connector import BaseAsyncConnector
from procrastinate.jobs import Job as Deferred
from procrastinate.manager import JobManager
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.rules.jobs import Job
from bot.store.database import Database
from bot.store.locks import AdvisoryLock
from bot.store.notifications import listen, notify, translated_errors
from bot.store.rows import HAS_NEXT_STEP

log = logging.getLogger(__name__)

QUEUE, TASK = "clapper", "clapper.run"
_NUDGES = "clapper_nudges"
_ARRIVALS = f"procrastinate_queue_v1#{QUEUE}"  # procrastinate notifies here of every new entry

_HAS_NEXT_STEP = str(HAS_NEXT_STEP.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))  # type: ignore[no-untyped-call]  # SQLAlchemy's

# The jobs of each server (of each member, in direct messages) are numbered by age, and the numbers become priorities:
# the first job of every server comes before the second of any. Jobs that run count as well, so that a server with many
# under way waits with the rest.
_PLACES = text(
    f"""
    UPDATE procrastinate_jobs AS entry SET priority = -line.place
    FROM (
        SELECT jobs.id, row_number() OVER (
            PARTITION BY coalesce(jobs.guild_id, jobs.user_id)
            ORDER BY (running.id IS NULL), jobs.accepted_at, jobs.id
        ) - 1 AS place
        FROM jobs LEFT JOIN procrastinate_jobs AS running
            ON running.queueing_lock = jobs.id AND running.status = 'doing'
        WHERE ({_HAS_NEXT_STEP})
    ) AS line
    WHERE entry.queueing_lock = line.id AND entry.status = 'todo' AND entry.priority <> -line.place
"""  # noqa: S608  # put together from constants
)

_MISSING = text(
    f"""
    SELECT jobs.id FROM jobs
    WHERE ({_HAS_NEXT_STEP}) AND (CAST(:only AS text) IS NULL OR jobs.id = :only)
        AND NOT EXISTS (
            SELECT 1 FROM procrastinate_jobs AS entry
            WHERE entry.queueing_lock = jobs.id AND entry.status IN ('todo', 'doing')
        )
    ORDER BY jobs.accepted_at, jobs.id
"""  # noqa: S608  # put together from constants
)

_AHEAD = text(
    f"""
    SELECT count(*) FROM jobs
    WHERE coalesce(guild_id, user_id) = :turn AND id <> :id AND ({_HAS_NEXT_STEP})
"""  # noqa: S608  # put together from constants
)

_STALLED = text("""
    DELETE FROM procrastinate_jobs AS entry
    WHERE entry.queue_name = :queue AND entry.status = 'doing' AND NOT EXISTS (
        SELECT 1 FROM procrastinate_workers AS worker
        WHERE worker.id = entry.worker_id AND worker.last_heartbeat >= now() - make_interval(secs => :seconds)
    )
    RETURNING entry.queueing_lock
""")


@dataclass(frozen=True, slots=True)
class Entry:
    """A job that this worker is to run: `finish` it, or hand it back with `leave`."""

    id: int
    job_id: str


class WorkQueue:
    """Who is to run which job. Every method may raise `DatabaseUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._manager = JobManager(_Connector(database))

    # ---- handing jobs over

    async def enlist(self, connection: AsyncConnection, job: Job) -> None:
        """Enter a new job in the transaction that inserts its row: both are there, or neither."""
        if job.in_line:
            return  # `nudge` enters it when it may start
        turn = job.requester.guild_id or job.requester.user_id
        ahead = await connection.scalar(_AHEAD, {"turn": turn, "id": job.id})
        await self._defer(connection, [job.id], priority=-int(ahead or 0))

    async def nudge(self, job_id: str) -> None:
        """Tell whoever runs the job that its row was changed, and have it run if nobody does but somebody should."""
        async with self._database.writing(lock=AdvisoryLock.QUEUE_ENTRIES) as connection:
            await self._fill(connection, only=job_id)
            await notify(connection, _NUDGES, job_id)

    # ---- for workers

    async def register(self) -> int:
        """A number for this process as a worker, which must send heartbeats (`beat`) from now on."""
        return int(await self._manager.register_worker())

    async def beat(self, worker: int) -> bool:
        """Record a heartbeat; False where the worker was taken for dead and removed: it must register anew."""
        query = text("UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id = :id")
        async with self._database.writing() as connection:
            return (await connection.execute(query, {"id": worker})).rowcount == 1

    async def fetch(self, worker: int) -> Entry | None:
        """The next job whose turn it is, now this worker's.

        None where nothing is to be done, and where this worker was taken for dead: its next `beat` says so.
        """
        try:
            found = await self._manager.fetch_job([QUEUE], worker)
        except psycopg.errors.ForeignKeyViolation:
            return None
        if found is None or found.id is None:
            return None
        return Entry(found.id, str(found.task_kwargs["job_id"]))

    async def finish(self, entry: Entry) -> None:
        """Remove the entry: its job has no next step. An entry that another worker was given meanwhile stays."""
        # Not the manager's `finish_job`, which raises where the entry is not there any more.
        async with self._database.writing() as connection:
            await connection.execute(text("DELETE FROM procrastinate_jobs WHERE id = :id"), {"id": entry.id})

    async def leave(self, worker: int) -> None:
        """Remove the worker. What it has not finished is for other workers, at once."""
        query = text("DELETE FROM procrastinate_jobs WHERE worker_id = :worker AND status = 'doing'")
        async with self._database.writing(lock=AdvisoryLock.QUEUE_ENTRIES) as connection:
            await connection.execute(query, {"worker": worker})
            await self._fill(connection)
        await self._manager.unregister_worker(worker)

    async def sweep(self, stalled_after: timedelta | None) -> list[str]:
        """Make the entries agree with the rows; gives the jobs that were taken from workers that are silent.

        With None nothing is taken from any worker: for a process that can't know yet which of them are silent. An entry
        that is taken away is replaced by a new one, so that a worker that wakes up cannot finish it.
        """
        async with self._database.writing(lock=AdvisoryLock.QUEUE_ENTRIES) as connection:
            stalled: list[str] = []
            if stalled_after is not None:
                seconds = stalled_after.total_seconds()
                found = await connection.scalars(_STALLED, {"queue": QUEUE, "seconds": seconds})
                stalled = [str(job_id) for job_id in found]
            await self._fill(connection)
            await connection.execute(_PLACES)
        if stalled_after is not None:
            await self._manager.prune_stalled_workers(stalled_after.total_seconds())
        return stalled

    async def listen(self, *, on_arrival: Callable[[], None], on_nudge: Callable[[str | None], None]) -> None:
        """Hear of new entries and of nudges until this raises `DatabaseUnavailable`.

        `on_nudge(None)`: nudges may have been missed, so that all jobs are to be looked at.
        """

        def begun() -> None:
            on_nudge(None)
            on_arrival()

        def heard(channel: str, payload: str) -> None:
            if channel == _NUDGES:
                on_nudge(payload)
            else:
                on_arrival()

        await listen(self._database, (_ARRIVALS, _NUDGES), heard, begun=begun)

    async def lengths(self) -> dict[str, int]:
        """How many entries there are in each status: `todo`, `doing`."""
        query = text(
            "SELECT CAST(status AS text), count(*) FROM procrastinate_jobs WHERE queue_name = :queue GROUP BY 1"
        )
        async with self._database.reading() as connection:
            return {row[0]: row[1] for row in await connection.execute(query, {"queue": QUEUE})}

    async def _fill(self, connection: AsyncConnection, *, only: str | None = None) -> None:
        missing = list(await connection.scalars(_MISSING, {"only": only}))
        if missing:
            await self._defer(connection, missing, priority=0)

    async def _defer(self, connection: AsyncConnection, job_ids: Iterable[str], *, priority: int) -> None:
        raw = await _driver(connection)
        entries = [
            Deferred(
                queue=QUEUE, task_name=TASK, lock=None, queueing_lock=job_id, priority=priority,
                task_kwargs={"job_id": job_id},
            )
            for job_id in job_ids
        ]  # fmt: skip
        with translated_errors():
            await self._manager.batch_defer_jobs_async(entries, connection=raw)


class _Connector(BaseAsyncConnector):
    """procrastinate's queries on our own connections: one pool, and one place where errors are translated."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        async with self._database.writing() as connection, _cursor(await _driver(connection)) as cursor:
            await cursor.execute(query, _adapted(arguments))

    async def execute_query_one_async(self, query: LiteralString, **arguments: Any) -> dict[str, Any]:
        rows = await self.execute_query_all_async(query, **arguments)
        return rows[0]

    async def execute_query_all_async(self, query: LiteralString, **arguments: Any) -> list[dict[str, Any]]:
        async with self._database.writing() as connection:
            return await self.execute_query_all_async_with_connection(await _driver(connection), query, **arguments)

    async def execute_query_all_async_with_connection(
        self, connection: psycopg.AsyncConnection[Any], query: LiteralString, **arguments: Any
    ) -> list[dict[str, Any]]:
        async with _cursor(connection) as cursor:
            await cursor.execute(query, _adapted(arguments))
            return await cursor.fetchall()


@asynccontextmanager
async def _cursor(connection: psycopg.AsyncConnection[Any]) -> AsyncIterator[psycopg.AsyncCursor[dict[str, Any]]]:
    with translated_errors():
        async with connection.cursor(row_factory=dict_row) as cursor:
            yield cursor


async def _driver(connection: AsyncConnection) -> psycopg.AsyncConnection[Any]:
    """The psycopg connection that carries the session's transaction."""
    raw = await connection.get_raw_connection()
    return cast("psycopg.AsyncConnection[Any]", raw.driver_connection)


def _adapted(value: Any) -> Any:
    """JSON for what procrastinate keeps as JSON, at any depth of its argument lists."""
    match value:
        case dict():
            return {name: Jsonb(inner) if isinstance(inner, dict) else _adapted(inner) for name, inner in value.items()}
        case list():
            return [_adapted(inner) for inner in value]
        case tuple():
            return tuple(Jsonb(inner) if isinstance(inner, dict) else inner for inner in value)
    return value
