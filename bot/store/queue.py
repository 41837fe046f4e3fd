"""The cluster's queue: procrastinate's tables, beside our own in the same PostgreSQL database.

Every job that has a next step has one entry, `todo` or `doing`. The job's row decides what is done; an entry only says
that a worker is to look at it. `sweep` makes the entries agree with the rows again after any failure.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.engine.default import DefaultDialect

from bot.rules.jobs import Job
from bot.store.database import Database
from bot.store.locks import AdvisoryLock
from bot.store.notifications import listen, notify, translated_errors
from bot.store.rows import HAS_NEXT_STEP
from bot.store.tables import UNFINISHED, jobs
from bot.store.tallies import RUNNING

log = logging.getLogger(__name__)

QUEUE, TASK = "clapper", "clapper.run"
_NUDGES = "clapper_nudges"
_ARRIVALS = f"procrastinate_queue_v1#{QUEUE}"  # procrastinate notifies here of every new entry

_DIALECT = DefaultDialect(supports_native_boolean=True)  # enough of PostgreSQL's, and nothing more to import
_HAS_NEXT_STEP = str((UNFINISHED & HAS_NEXT_STEP).compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True}))
_HELD = str((UNFINISHED & jobs.c.held).compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True}))

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

# A job that is held gets an entry when somebody asks for it alone: to keep its inputs, and ask its moderators.
_MISSING = text(
    f"""
    SELECT jobs.id FROM jobs
    WHERE CASE WHEN CAST(:only AS text) IS NULL THEN ({_HAS_NEXT_STEP})
        ELSE jobs.id = :only AND (({_HAS_NEXT_STEP}) OR ({_HELD})) END
        AND NOT EXISTS (
            SELECT 1 FROM procrastinate_jobs AS entry
            WHERE entry.queueing_lock = jobs.id AND entry.status IN ('todo', 'doing')
        )
    ORDER BY jobs.accepted_at, jobs.id
"""  # noqa: S608  # put together from constants
)

_AHEAD = text("SELECT jobs FROM tallies WHERE scope = :scope AND period = :period")
"""How many jobs of a server run or are to run, as limits count them; of a member, in direct messages and elsewhere."""

_STALLED = text("""
    DELETE FROM procrastinate_jobs AS entry
    WHERE entry.queue_name = :queue AND entry.status = 'doing' AND NOT EXISTS (
        SELECT 1 FROM procrastinate_workers AS worker
        WHERE worker.id = entry.worker_id AND worker.last_heartbeat >= now() - make_interval(secs => :seconds)
    )
    RETURNING entry.queueing_lock
""")


_FINISH = text("DELETE FROM procrastinate_jobs WHERE id = :id")
_LEAVE = text("DELETE FROM procrastinate_jobs WHERE worker_id = :worker AND status = 'doing'")


@dataclass(frozen=True, slots=True)
class Entry:
    """A job that this worker is to run: `finish` it, or hand it back with `leave`."""

    id: int
    job_id: str


class WorkQueue:
    """Who is to run which job. Every method may raise `DatabaseUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # ---- handing jobs over

    def enlist(self, connection: Connection, job: Job) -> None:
        """Enter a new job in the transaction that inserts its row: both are there, or neither."""
        if job.in_line:
            return  # `nudge` enters it when it may start
        who = job.requester
        scope = f"user {who.user_id}" if who.guild_id is None else f"guild {who.guild_id}"
        counted = connection.scalar(_AHEAD, {"scope": scope, "period": RUNNING})
        itself = not job.held  # its row is there already
        _defer(connection, [job.id], priority=-max(0, int(counted or 0) - itself))

    async def nudge(self, job_id: str) -> None:
        """Tell whoever runs the job that its row was changed, and have it run if nobody does but somebody should, or
        looked at if it is held."""

        def unit(connection: Connection) -> None:
            _fill(connection, only=job_id)
            notify(connection, _NUDGES, job_id)

        await self._database.write(unit, lock=AdvisoryLock.QUEUE_ENTRIES)

    # ---- for workers

    async def register(self) -> int:
        """A number for this process as a worker, which must send heartbeats (`beat`) from now on."""
        found = await self._database.write(lambda connection: _ask(connection, "register_worker"))
        return int(found[0]["worker_id"])

    async def beat(self, worker: int) -> bool:
        """Record a heartbeat; False where the worker was taken for dead and removed: it must register anew."""
        query = text("UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id = :id")
        beaten = await self._database.write_apart(lambda connection: connection.execute(query, {"id": worker}).rowcount)
        return beaten == 1

    async def fetch(self, worker: int) -> Entry | None:
        """The next job whose turn it is, now this worker's.

        None where nothing is to be done, and where this worker was taken for dead: its next `beat` says so.
        """
        from psycopg.errors import ForeignKeyViolation  # noqa: PLC0415  # a process on SQLite does without it

        def unit(connection: Connection) -> list[dict[str, Any]]:
            return _ask(connection, "fetch_job", queues=[QUEUE], worker_id=worker)

        try:
            found = await self._database.write(unit)
        except ForeignKeyViolation:
            return None
        if not found or found[0]["id"] is None:
            return None
        return Entry(found[0]["id"], str(found[0]["args"]["job_id"]))

    async def finish(self, entry: Entry) -> None:
        """Remove the entry: its job has no next step. An entry that another worker was given meanwhile stays."""
        # Not procrastinate's `finish_job`, which raises where the entry is not there any more.
        await self._database.write(lambda connection: connection.execute(_FINISH, {"id": entry.id}))

    async def leave(self, worker: int) -> None:
        """Remove the worker. What it has not finished is for other workers, at once."""

        def unit(connection: Connection) -> None:
            connection.execute(_LEAVE, {"worker": worker})
            _fill(connection)

        await self._database.write(unit, lock=AdvisoryLock.QUEUE_ENTRIES)
        await self._database.write(lambda connection: _ask(connection, "unregister_worker", worker_id=worker))

    async def sweep(self, stalled_after: timedelta | None) -> list[str]:
        """Make the entries agree with the rows; gives the jobs that were taken from workers that are silent.

        With None nothing is taken from any worker: for a process that can't know yet which of them are silent. An entry
        that is taken away is replaced by a new one, so that a worker that wakes up cannot finish it.
        """
        seconds = None if stalled_after is None else stalled_after.total_seconds()

        def unit(connection: Connection) -> list[str]:
            stalled: list[str] = []
            if seconds is not None:
                stalled = [str(job_id) for job_id in connection.scalars(_STALLED, {"queue": QUEUE, "seconds": seconds})]
            _fill(connection)
            connection.execute(_PLACES)
            return stalled

        taken = await self._database.write(unit, lock=AdvisoryLock.QUEUE_ENTRIES)
        if seconds is not None:
            await self._database.write(
                lambda connection: _ask(connection, "prune_stalled_workers", seconds_since_heartbeat=seconds)
            )
        return taken

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
        return await self._database.read(
            lambda connection: {row[0]: row[1] for row in connection.execute(query, {"queue": QUEUE})}
        )


def _fill(connection: Connection, *, only: str | None = None) -> None:
    missing = list(connection.scalars(_MISSING, {"only": only}))
    if missing:
        _defer(connection, missing, priority=0)


def _defer(connection: Connection, job_ids: Iterable[str], *, priority: int) -> None:
    from procrastinate.types import JobToDefer  # noqa: PLC0415  # as above

    entries = [
        JobToDefer(
            queue_name=QUEUE, task_name=TASK, priority=priority, lock=None, queueing_lock=job_id,
            args={"job_id": job_id}, scheduled_at=None,
        )
        for job_id in job_ids
    ]  # fmt: skip
    _ask(connection, "defer_jobs", jobs=entries)


def _ask(connection: Connection, name: str, **arguments: Any) -> list[dict[str, Any]]:
    """One of procrastinate's own queries, on the driver's connection that carries the transaction."""
    from procrastinate.sql import queries  # noqa: PLC0415  # as above
    from psycopg.rows import dict_row  # noqa: PLC0415  # as above

    driver: Any = connection.connection.driver_connection
    with translated_errors(), driver.cursor(row_factory=dict_row) as cursor:
        cursor.execute(queries[name], _adapted(arguments))
        found: list[dict[str, Any]] = cursor.fetchall()
    return found


def _adapted(value: Any) -> Any:
    """JSON for what procrastinate keeps as JSON, at any depth of its argument lists."""
    from psycopg.types.json import Jsonb  # noqa: PLC0415  # as above

    match value:
        case dict():
            return {name: Jsonb(inner) if isinstance(inner, dict) else _adapted(inner) for name, inner in value.items()}
        case list():
            return [_adapted(inner) for inner in value]
        case tuple():
            return tuple(Jsonb(inner) if isinstance(inner, dict) else inner for inner in value)
    return value
