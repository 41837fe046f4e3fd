"""The engine of many processes: jobs shared through the queue in PostgreSQL, each run by one worker at a time.

procrastinate keeps the queue. Its own worker is not used: it breaks off what it runs as soon as its connection is lost,
and a submit that is broken off is a job of unknown outcome. Here an outage of the database stops nothing but fetching.
No lock says that a job runs only once: the epoch in its row does.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Sequence
from datetime import timedelta

from bot.errors import DatabaseUnavailable
from bot.rules.clock import Clock
from bot.rules.jobs import Job
from bot.store.jobs import Companion, Jobs
from bot.store.queue import Entry, WorkQueue
from bot.work.engines.base import run_to_its_end
from bot.work.jobs.runner import JobRunner
from bot.work.periodic import PeriodicTask

log = logging.getLogger(__name__)

HEARTBEAT_EVERY = timedelta(seconds=2)
STALLED_AFTER = timedelta(seconds=10)
"""A worker that has been silent for so long is taken for dead: five heartbeats, so that a short pause is not enough."""
OUTAGE_AFTER = timedelta(seconds=6)
"""A process that could not reach the database for so long can't tell whether the others were silent, or itself."""
SETTLED_AFTER = timedelta(seconds=8)
"""So long after an outage every worker that lives has sent a heartbeat again."""
SWEEP_EVERY = timedelta(seconds=2)
FETCH_EVERY = timedelta(seconds=1)
"""A new job is announced; this is for announcements that were missed."""
LISTEN_PAUSE = timedelta(seconds=1)
"""Between the loss of the connection that listens and the next one."""
GRACE = timedelta(seconds=6)
"""How long a stop waits for submits and uploads under way: a supervisor kills after ten seconds."""


class ClusterEngine:
    """Hands jobs to the queue and, where `runs_jobs`, runs up to `jobs_at_once` of the cluster's."""

    def __init__(
        self,
        runner: JobRunner,
        jobs: Jobs,
        queue: WorkQueue,
        *,
        clock: Clock,
        jobs_at_once: int,
        runs_jobs: bool = True,
    ) -> None:
        self._runner = runner
        self._jobs = jobs
        self._queue = queue
        self._clock = clock
        self._jobs_at_once = jobs_at_once
        self._runs_jobs = runs_jobs
        self._worker: int | None = None
        self._entries: dict[str, Entry] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._closing = False
        self._in_touch_since = self._in_touch_at = clock.monotonic()
        self._fetching = PeriodicTask("queue_fetch", self._fill_places, every=FETCH_EVERY)
        self.tasks: Sequence[PeriodicTask] = (PeriodicTask("queue_sweep", self._sweep, every=SWEEP_EVERY),)
        if runs_jobs:
            self.tasks = (
                *self.tasks,
                PeriodicTask("queue_heartbeat", self._send_heartbeat, every=HEARTBEAT_EVERY),
                PeriodicTask("queue_listen", self._listen, every=LISTEN_PAUSE),
                self._fetching,
            )

    @property
    def companion(self) -> Companion | None:
        """A job is in the queue exactly if its row is there."""
        return self._queue.enlist

    @property
    def in_touch(self) -> bool:
        """Whether this process reaches the database; if not, the others take its jobs over before long."""
        return self._clock.monotonic() - self._in_touch_at < STALLED_AFTER.total_seconds()

    async def resume(self) -> int:
        """Take part from now on. Jobs of dead workers come by themselves, so that none is counted here."""
        await self._queue.sweep(None)
        self._in_touch_since = self._in_touch_at = self._clock.monotonic()
        if self._runs_jobs:
            self._worker = await self._queue.register()
        return 0

    def runs_at_once(self, job: Job) -> bool:
        """Whoever fetches it runs it."""
        return False

    async def begin(self, job: Job) -> None:
        """The job is in the queue already: only its row does not know yet which message answers."""
        await self._jobs.set_message(job)

    async def start(self, job_id: str) -> None:
        """As `Engine.start`: the process that runs the job looks at its row; if none does, one will run it."""
        if self._closing or self._runner.nudge(job_id):
            return
        try:
            await self._queue.nudge(job_id)
        except DatabaseUnavailable as exc:  # the row is written, so that the next sweep finds it
            log.warning("nobody could be told of job %s: %s", job_id, exc)

    async def close(self) -> None:
        """Break off what may be broken off, and leave the rest of the work to others at once."""
        self._closing = True
        self._runner.stop()
        for job_id, task in self._running.items():
            if not self._runner.uninterruptible(job_id):
                task.cancel()
        tasks = list(self._running.values())
        if tasks:
            log.info("%d jobs under way are handed to the other processes that run jobs", len(tasks))
            _, unfinished = await asyncio.wait(tasks, timeout=GRACE.total_seconds())
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._worker is not None:
            try:
                await self._queue.leave(self._worker)
            except DatabaseUnavailable:
                log.warning("the database is unavailable: others find this worker's jobs once it is taken for dead")

    # ---- periodic tasks

    async def _send_heartbeat(self) -> None:
        if not await self._queue.beat(self._worker_id):
            log.warning("this worker was taken for dead, and begins anew: was the process stopped for a while?")
            self._worker = await self._queue.register()
            self._nudge(None)

    async def _sweep(self) -> None:
        """Make the queue agree with the rows, and take the jobs of dead workers from them: not soon after an outage,
        when living workers may not have reported yet."""
        now = self._clock.monotonic()
        if now - self._in_touch_at > OUTAGE_AFTER.total_seconds():
            self._in_touch_since = now
        settled = now - self._in_touch_since > SETTLED_AFTER.total_seconds()
        try:
            taken = await self._queue.sweep(STALLED_AFTER if settled else None)
        except DatabaseUnavailable:
            self._in_touch_since = self._clock.monotonic()
            raise
        self._in_touch_at = self._clock.monotonic()
        for job_id in taken:
            log.warning("job %s is taken from a worker that is silent; whoever is free goes on with it", job_id)

    async def _listen(self) -> None:
        """Lasts until the connection is lost."""
        await self._queue.listen(on_arrival=self._fetching.wake, on_nudge=self._nudge)

    async def _fill_places(self) -> None:
        """Take jobs from the queue until all places are filled or no job waits."""
        while len(self._running) < self._jobs_at_once and not self._closing:
            entry = await self._queue.fetch(self._worker_id)
            if entry is None:
                return
            self._take(entry)

    # ---- jobs

    @property
    def _worker_id(self) -> int:
        if self._worker is None:
            raise RuntimeError("this process is no worker")
        return self._worker

    def _nudge(self, job_id: str | None) -> None:
        """Have one job's row read again, or those of all that run here."""
        for each in [job_id] if job_id is not None else list(self._running):
            self._runner.nudge(each)

    def _take(self, entry: Entry) -> None:
        # A job that runs here already was taken from this worker while it was silent: the entry is a new one.
        self._entries[entry.job_id] = entry
        if entry.job_id in self._running:
            self._runner.nudge(entry.job_id)
            return
        task = asyncio.create_task(self._run(entry.job_id), name=f"job-{entry.job_id}")
        self._running[entry.job_id] = task

    async def _run(self, job_id: str) -> None:
        try:
            # Again where another entry came while the last one was removed: its nudge found nothing that ran.
            while job_id in self._entries:
                await run_to_its_end(lambda: self._runner.run(job_id), job_id, clock=self._clock)
                if self._closing:
                    return  # `leave` gives it to the others, unless its row has ended
                entry = self._entries.pop(job_id)
                await run_to_its_end(functools.partial(self._queue.finish, entry), job_id, clock=self._clock)
        finally:
            del self._running[job_id]
            self._fetching.wake()
