"""Run a job: look up the one step that its row calls for, do it, look again, until the row says that it has ended.

Engines call `run` for new jobs, after restarts and twice by mistake alike; it is idempotent. The row decides.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import structlog

from bot.errors import (
    ClapperError,
    DatabaseUnavailable,
    InternalFailure,
    JobGone,
    JobMoved,
    QueueError,
    RowUnreadable,
    UserFacing,
)
from bot.rules.jobs import Failure, Job, JobState
from bot.work.jobs.context import JobContext
from bot.work.jobs.steps import Steps

log = logging.getLogger(__name__)


class JobRunner:
    """Runs jobs to their ends, each at most once at a time in this process."""

    def __init__(
        self,
        context: JobContext,
        *,
        freed: Callable[[], Awaitable[None]] | None = None,
        ended: Callable[[Job], Awaitable[None]] | None = None,
    ) -> None:
        """`freed` is called whenever a job has ended, or rests: others may wait for its place; `ended` with each job
        that was brought to its end here."""
        self._context = context
        self._freed = freed
        self._ended = ended
        self._nudges: dict[str, asyncio.Event] = {}
        self._attempts: dict[str, Steps] = {}
        self._stopping = False

    async def show_accepted(self, job_id: str) -> None:
        """Have the reply say that the job is accepted, before there is room to run it. Never raises."""
        try:
            job = await self._context.jobs.get(job_id)
        except ClapperError:
            return  # whatever it is, `run` meets it too, and deals with it
        if job.state is JobState.ACCEPTED:
            await Steps(job, self._context, asyncio.Event()).tell()

    def nudge(self, job_id: str) -> bool:
        """Have a job that runs here look at its row again, since somebody else wrote it; whether it does run here."""
        event = self._nudges.get(job_id)
        if event is not None:
            event.set()
        return event is not None

    def uninterruptible(self, job_id: str) -> bool:
        """Whether the job is at a point where breaking off could lose it."""
        attempt = self._attempts.get(job_id)
        return attempt is not None and attempt.uninterruptible

    def stop(self) -> None:
        """Let no job begin another step. The rows stay as they are."""
        self._stopping = True

    async def run(self, job_id: str) -> None:
        """Take the job from whatever its row says to its end. Returns early where it runs here already, where another
        process has it, and where it waits for its member.

        Raises `DatabaseUnavailable` alone: run it again later.
        """
        if self._stopping or self.nudge(job_id):
            return
        self._nudges[job_id] = asyncio.Event()
        self._context.metrics.running.inc()
        try:
            with structlog.contextvars.bound_contextvars(job=job_id):
                await self._run(job_id)
        finally:
            self._context.metrics.running.dec()
            del self._nudges[job_id]
            self._attempts.pop(job_id, None)
        if self._freed is not None and not self._stopping:
            await self._freed()

    async def _run(self, job_id: str) -> None:
        try:
            job = await self._context.jobs.get(job_id)
            if job.held:
                job = await self._take_in(job)
            while (job.in_line or job.held) and self._nudges[job_id].is_set():  # its place may have freed just now
                self._nudges[job_id].clear()
                job = await self._context.jobs.get(job_id)
            if job.untold:  # whoever ended it had no time to say so
                await Steps(job, self._context, self._nudges[job_id]).tell_end()
            if job.ended or job.waiting or job.in_line:
                return
            job = await self._context.jobs.claim(job)
        except (JobGone, JobMoved):
            return
        except RowUnreadable:
            log.exception("the row of job %s can't be read: the job has failed", job_id)
            await self._context.jobs.fail_unreadable(job_id, Failure.of(InternalFailure()))
            return
        attempt = self._attempts[job_id] = Steps(job, self._context, self._nudges[job_id])
        with structlog.contextvars.bound_contextvars(guild=job.requester.guild_id):
            try:
                await self._work(attempt)
            except (JobGone, JobMoved):
                log.info("job %s was moved by somebody else: left to them", job_id)
                await self._tell_end(job_id)
                return
        if attempt.job.ended and self._ended is not None:
            await self._ended(attempt.job)

    async def _tell_end(self, job_id: str) -> None:
        """Whoever ended it may not have come through to its member, and asked for us while we were still at it."""
        try:
            job = await self._context.jobs.get(job_id)
            if job.untold:
                await Steps(job, self._context, self._nudges[job_id]).tell_end()
        except (JobGone, JobMoved, RowUnreadable):
            return

    async def _take_in(self, job: Job) -> Job:
        """The inputs of a job that is held, before their addresses die; gives the row afterwards."""
        attempt = Steps(job, self._context, self._nudges[job.id])
        try:
            await attempt.keep_inputs()
        except UserFacing as exc:
            await attempt.fail(exc)
            if self._ended is not None:
                await self._ended(attempt.job)
        return await self._context.jobs.get(job.id)

    async def _work(self, attempt: Steps) -> None:
        found_submitting = attempt.job.state is JobState.SUBMITTING
        while not (attempt.job.ended or attempt.job.waiting or self._stopping):
            try:
                if found_submitting:
                    found_submitting = False
                    await attempt.settle_unknown()
                else:
                    await attempt.step()
            except (JobGone, JobMoved, DatabaseUnavailable):
                raise
            except (UserFacing, QueueError) as exc:
                await attempt.fail(exc)
            except Exception:
                log.exception("job %s met an error of ours while %s", attempt.job.id, attempt.job.state)
                await attempt.fail(InternalFailure())
