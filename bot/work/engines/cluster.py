"""The engine of many processes: jobs shared through the queue in PostgreSQL, each run by one worker at a time.

procrastinate keeps the queue; its own worker is not used, since it breaks off what it runs as soon as its connection is
lost, and a submit that is broken off is a job of unknown outcome. Here a restart of the database stops nothing but the
fetching. No lock says that a job runs only once: the epoch in its row does.
"""

from __future__ import annotations

import asyncio
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

BEAT = timedelta(seconds=2)
STALLED_AFTER = timedelta(seconds=10)
"""A worker that has been silent for so long is taken for dead: five beats, so that a short hiccup is none."""
HICCUP = timedelta(seconds=6)
"""Who could not reach the database for so long cannot tell whether it is the others that were silent."""
SETTLED_AFTER = timedelta(seconds=8)
"""Once the database is back all the living have beaten within this time."""
SWEEP = timedelta(seconds=2)
FETCH_POLL = timedelta(seconds=1)
"""A new job is announced; this is for announcements that were missed."""
GRACE = timedelta(seconds=6)
"""How long a stop waits for submits and uploads under way: a supervisor kills after ten seconds."""
LISTEN_PAUSE = timedelta(seconds=1)
"""Between the loss of the connection that listens and the next one."""


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
        self._in_touch_since = self._touched_at = clock.monotonic()
        self._fetching = PeriodicTask("queue_fetch", self._fill_places, every=FETCH_POLL)
        self.tasks: Sequence[PeriodicTask] = (PeriodicTask("queue_sweep", self._sweep, every=SWEEP),)
        if runs_jobs:
            self.tasks = (
                *self.tasks,
                PeriodicTask("queue_heartbeat", self._beat, every=BEAT),
                PeriodicTask("queue_listen", self._listen, every=LISTEN_PAUSE),
                self._fetching,
            )

    @property
    def companion(self) -> Companion | None:
        """A job is in the queue exactly if its row is there."""
        return self._queue.enlist

    @property
    def in_touch(self) -> bool:
        """Whether this process takes part: else the others do its work before long."""
        return self._clock.monotonic() - self._touched_at < STALLED_AFTER.total_seconds()

    async def resume(self) -> int:
        """Take part from now on. Jobs of dead workers come by themselves, so that none is counted here."""
        await self._queue.sweep(None)
        self._in_touch_since = self._touched_at = self._clock.monotonic()
        if self._runs_jobs:
            self._worker = await self._queue.register()
        return 0

    async def begin(self, job: Job) -> None:
        """The job is in the queue already: only its row does not know yet which message answers."""
        await self._jobs.set_message(job)

    async def start(self, job_id: str) -> None:
        """As `Engine.start`: whoever runs the job hears of it, and somebody will run it."""
        if self._closing:
            return
        if not self._runner.nudge(job_id):
            try:
                await self._queue.nudge(job_id)
            except DatabaseUnavailable as exc:  # the row is written; the next sweep finds it
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
            _, unfinished = await asyncio.wait(tasks, timeout=GRACE.total_seconds())
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._worker is not None:
            try:
                await self._queue.leave(self._worker)
            except DatabaseUnavailable:
                log.warning("the database is away: others find this worker's jobs once it has been silent for a while")

    # ---- periodic tasks

    async def _beat(self) -> None:
        if not await self._queue.beat(self._number):
            log.warning("this worker was taken for dead, and begins anew: was the process stopped for a while?")
            self._worker = await self._queue.register()
            self._look_at(None)

    async def _sweep(self) -> None:
        now = self._clock.monotonic()
        if now - self._touched_at > HICCUP.total_seconds():
            self._in_touch_since = now
        settled = now - self._in_touch_since > SETTLED_AFTER.total_seconds()
        try:
            taken = await self._queue.sweep(STALLED_AFTER if settled else None)
        except DatabaseUnavailable:
            self._in_touch_since = self._clock.monotonic()
            raise
        self._touched_at = self._clock.monotonic()
        for job_id in taken:
            log.warning("job %s is taken from a worker that is silent", job_id)

    async def _listen(self) -> None:
        """Lasts until the connection is lost."""
        await self._queue.listen(on_arrival=self._fetching.wake, on_nudge=self._look_at)

    async def _fill_places(self) -> None:
        """Take jobs from the queue until all places are filled or no job waits."""
        while len(self._running) < self._jobs_at_once and not self._closing:
            entry = await self._queue.fetch(self._number)
            if entry is None:
                return
            self._take(entry)

    # ---- jobs

    @property
    def _number(self) -> int:
        if self._worker is None:
            raise RuntimeError("this process is no worker")
        return self._worker

    def _look_at(self, job_id: str | None) -> None:
        """Have one job's row read again, or those of all that run here."""
        for each in [job_id] if job_id is not None else list(self._running):
            self._runner.nudge(each)

    def _take(self, entry: Entry) -> None:
        # One that runs here already was taken from us while we were away: whatever comes of it, the entry is new.
        self._entries[entry.job_id] = entry
        if entry.job_id in self._running:
            self._runner.nudge(entry.job_id)
            return
        task = asyncio.create_task(self._see_to(entry.job_id), name=f"job-{entry.job_id}")
        self._running[entry.job_id] = task
        task.add_done_callback(lambda _: self._forget(entry.job_id))

    def _forget(self, job_id: str) -> None:
        del self._running[job_id]
        self._fetching.wake()

    async def _see_to(self, job_id: str) -> None:
        await run_to_its_end(lambda: self._runner.run(job_id), job_id, clock=self._clock)
        if self._closing:
            return  # `leave` gives it to the others, unless its row has ended
        entry = self._entries.pop(job_id)
        await run_to_its_end(lambda: self._queue.finish(entry), job_id, clock=self._clock)
