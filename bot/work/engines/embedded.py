"""The engine of a single process, which has the database to itself: jobs are asyncio tasks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta

from bot.fair_semaphore import FairSemaphore
from bot.rules.clock import Clock
from bot.rules.jobs import Job, fairness_group
from bot.store.jobs import Jobs
from bot.work.engines.base import run_to_its_end
from bot.work.jobs.runner import JobRunner
from bot.work.periodic import PeriodicTask

log = logging.getLogger(__name__)

GRACE_SECONDS = 6.0
"""How long a stop waits for submits under way: a supervisor kills after ten seconds, and more is to be closed."""
FORGOTTEN_AFTER = timedelta(minutes=1)
"""A job that is to run and that nobody has begun for so long: an outage came between its row and its start."""


class EmbeddedEngine:
    """Runs at most `jobs_at_once` jobs at a time. The others wait, and servers take turns."""

    companion = None
    """Nothing but the job's row is written."""

    def __init__(self, runner: JobRunner, jobs: Jobs, *, clock: Clock, jobs_at_once: int) -> None:
        self._runner = runner
        self._jobs = jobs
        self._clock = clock
        self._jobs_at_once = jobs_at_once
        self._semaphore = FairSemaphore(jobs_at_once)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._closing = False
        self.tasks: Sequence[PeriodicTask] = (
            PeriodicTask("forgotten_jobs", self._start_forgotten, every=FORGOTTEN_AFTER),
        )

    async def resume(self) -> int:
        """Start every job that an earlier process left; gives their number."""
        left = await self._jobs.live()
        for job_id in left:
            self._start(job_id)
        return len(left)

    def runs_at_once(self, job: Job) -> bool:
        # By tasks, since those that were begun just now have not taken their places yet.
        return job.has_next_step and not self._closing and len(self._tasks) < self._jobs_at_once

    async def begin(self, job: Job) -> None:
        """As `Engine.begin`. One that does not run at once needs its reply's message in its row."""
        try:
            if not self.runs_at_once(job):  # else the first step writes it
                await self._jobs.set_message(job)
        finally:
            if not self._closing and (job.has_next_step or job.held):
                self._start(job.id, job if job.has_next_step else None)

    async def start(self, job_id: str) -> None:
        if not self._closing and not self._runner.nudge(job_id):
            self._start(job_id)

    async def close(self) -> None:
        self._closing = True
        self._runner.stop()
        for job_id, task in self._tasks.items():
            if not self._runner.uninterruptible(job_id):
                task.cancel()
        tasks = list(self._tasks.values())
        if not tasks:
            return
        log.info("%d jobs under way stay in their rows, for the next start", len(tasks))
        _, unfinished = await asyncio.wait(tasks, timeout=GRACE_SECONDS)
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _start_forgotten(self) -> None:
        for job_id in await self._jobs.live(before=self._clock.now() - FORGOTTEN_AFTER):
            if not self._closing:
                self._start(job_id)

    def _start(self, job_id: str, new: Job | None = None) -> None:
        running = self._tasks.get(job_id)
        if running is None or running.done():
            task = asyncio.create_task(self._run_with_place(job_id, new), name=f"job-{job_id}")
            self._tasks[job_id] = task
            task.add_done_callback(lambda done: self._remove(job_id, done))

    def _remove(self, job_id: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(job_id) is task:
            del self._tasks[job_id]

    async def _run_with_place(self, job_id: str, new: Job | None) -> None:
        unread = [new] if new is not None else []  # after an outage the row is read like any other

        async def run() -> None:
            job = unread.pop() if unread else None
            group = await self._jobs.fairness_group_of(job_id) if job is None else fairness_group(job.requester)
            if group is not None:
                async with self._semaphore.place(group):
                    await self._runner.run(job_id, job)

        await run_to_its_end(run, job_id, clock=self._clock)
