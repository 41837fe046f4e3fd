"""The engine without any service: jobs as asyncio tasks of this process, which owns the database."""

from __future__ import annotations

import asyncio

from bot.rules.clock import Clock
from bot.store.jobs import Jobs
from bot.work.engines.fair_semaphore import FairSemaphore
from bot.work.engines.outages import run_patiently
from bot.work.jobs.runner import JobRunner

GRACE_SECONDS = 6.0
"""How long a stop waits for submits under way: a supervisor kills after ten seconds, and more is to be closed."""


class EmbeddedEngine:
    """Runs at most `jobs_at_once` jobs at a time; the others wait, each server's behind its own."""

    companion = None
    """A job's row is all that there is to write."""

    def __init__(self, runner: JobRunner, jobs: Jobs, *, clock: Clock, jobs_at_once: int) -> None:
        self._runner = runner
        self._jobs = jobs
        self._clock = clock
        self._semaphore = FairSemaphore(jobs_at_once)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._closing = False

    async def resume(self) -> int:
        """Start every job that an earlier process left; gives their number."""
        left = await self._jobs.live()
        for job_id in left:
            self._start(job_id, is_new=False)
        return len(left)

    async def start(self, job_id: str) -> None:
        if not self._closing and not self._runner.nudge(job_id):
            self._start(job_id, is_new=True)

    async def close(self) -> None:
        self._closing = True
        self._runner.stop()
        for job_id, task in self._tasks.items():
            if not self._runner.uninterruptible(job_id):
                task.cancel()
        tasks = list(self._tasks.values())
        if not tasks:
            return
        _, unfinished = await asyncio.wait(tasks, timeout=GRACE_SECONDS)
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, job_id: str, *, is_new: bool) -> None:
        running = self._tasks.get(job_id)
        if running is None or running.done():
            task = asyncio.create_task(self._see_to(job_id, is_new=is_new), name=f"job-{job_id}")
            self._tasks[job_id] = task
            task.add_done_callback(lambda done: self._forget(job_id, done))

    def _forget(self, job_id: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(job_id) is task:
            del self._tasks[job_id]

    async def _see_to(self, job_id: str, *, is_new: bool) -> None:
        if is_new:
            await self._runner.show_accepted(job_id)
        await run_patiently(lambda: self._run(job_id), job_id, clock=self._clock)

    async def _run(self, job_id: str) -> None:
        turn = await self._jobs.fairness_group_of(job_id)
        if turn is not None:
            async with self._semaphore.place(turn):
                await self._runner.run(job_id)
