"""Run a job: look up the one step that its row calls for, do it, look again, until the row says that it has ended.

Engines call `run` for new jobs, after restarts and twice by mistake alike; it is idempotent. The row decides.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

import structlog

from bot.errors import (
    FilesUnavailable,
    InternalFailure,
    JobGone,
    JobMoved,
    QueueError,
    RowUnreadable,
    Unavailable,
    UserFacing,
)
from bot.ops.job_fields import JOB_FIELDS
from bot.rules.jobs import Failure, Job, JobState
from bot.work.jobs.context import JobContext
from bot.work.jobs.endings import Endings
from bot.work.jobs.steps import Steps

log = logging.getLogger(__name__)


class JobRunner:
    """Runs jobs to their ends, each at most once at a time in this process."""

    def __init__(
        self, context: JobContext, endings: Endings, *, freed: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """`freed` is called whenever a job has ended, or rests: others may wait for its place. Set `held` before the
        first job: it is called with each one that is held, once its inputs are kept, and may be called again."""
        self._context = context
        self._endings = endings
        self._freed = freed
        self.held: Callable[[Job], Awaitable[None]] | None = None
        self._nudges: dict[str, asyncio.Event] = {}
        self._running: dict[str, Steps] = {}
        self._stopping = False

    def nudge(self, job_id: str) -> bool:
        """Have a job that runs here look at its row again, since somebody else wrote it; whether it does run here."""
        event = self._nudges.get(job_id)
        if event is not None:
            event.set()
        return event is not None

    def uninterruptible(self, job_id: str) -> bool:
        """Whether the job is at a point where breaking off could lose it."""
        steps = self._running.get(job_id)
        return steps is not None and steps.uninterruptible

    def stop(self) -> None:
        """Let no job begin another step. The rows stay as they are."""
        self._stopping = True

    async def run(self, job_id: str, new: Job | None = None) -> None:
        """Take the job from whatever its row says to its end. Returns early where it runs here already, where another
        process has it, and where it has no next step.

        `new` is the row of a job that this process has just inserted: it is its owner, and need not read it.
        Raises `Unavailable` alone: run it again later.
        """
        if self._stopping or self.nudge(job_id):
            return
        nudge = self._nudges[job_id] = asyncio.Event()
        self._context.metrics.running.inc()
        try:
            with structlog.contextvars.bound_contextvars(job=job_id):
                await self._run(job_id, new, nudge)
                while nudge.is_set() and not self._stopping:  # the row was changed while the last look ended
                    nudge.clear()
                    await self._run(job_id, None, nudge)
        finally:
            self._context.metrics.running.dec()
            del self._nudges[job_id]
            self._running.pop(job_id, None)
        if self._freed is not None and not self._stopping:
            await self._freed()

    async def _run(self, job_id: str, new: Job | None, nudge: asyncio.Event) -> None:
        try:
            job = new if new is not None else await self._taken(job_id, nudge)
        except (JobGone, JobMoved):
            return
        except RowUnreadable:
            log.exception("the row of job %s can't be read: the job has failed", job_id)
            await self._context.jobs.fail_unreadable(job_id, Failure.of(InternalFailure()))
            return
        if job is None:
            return
        steps = Steps(job, self._context, self._endings, nudge)
        self._running[job_id] = steps
        model = job.request.model
        JOB_FIELDS.note(job, self._context.catalog.get(model).service if model in self._context.catalog else None)
        with structlog.contextvars.bound_contextvars(guild=job.requester.guild_id):
            try:
                await self._work(steps)
            except (JobGone, JobMoved):
                log.info("job %s was moved by somebody else: left to them", job_id)
                await self._mend_late_edit(job_id)

    async def _mend_late_edit(self, job_id: str) -> None:
        """Where another process cancelled the job, an edit of ours may have come after the one that said so. Within one
        process the announcer knows what the reply says, and sends nothing."""
        with contextlib.suppress(JobGone, RowUnreadable):
            job = await self._context.jobs.get(job_id)
            if job.state is JobState.CANCELLED and not job.refused:
                await self._context.announcer.show(job)

    async def _taken(self, job_id: str, nudge: asyncio.Event) -> Job | None:
        """The row, which is this process's from now on; None where it calls for no steps."""
        job = await self._context.jobs.get(job_id)
        if job.held:
            await self._keep_inputs(job, nudge)
            return None
        if job.untold:  # whoever ended it had no time to say so
            await Steps(job, self._context, self._endings, nudge).tell_end()
            return None
        return await self._context.jobs.claim(job) if job.has_next_step else None

    async def _keep_inputs(self, job: Job, nudge: asyncio.Event) -> None:
        """The inputs of a job that is held, before their addresses die."""
        steps = Steps(job, self._context, self._endings, nudge)
        try:
            await steps.keep_inputs()
        except UserFacing as exc:
            await steps.fail(exc)
            return
        if self.held is not None and steps.job.held and not self._stopping:
            await self.held(steps.job)

    async def _work(self, steps: Steps) -> None:
        found_submitting = steps.job.state is JobState.SUBMITTING
        while steps.job.has_next_step and not steps.job.ended and not self._stopping:
            try:
                if found_submitting:
                    found_submitting = False
                    await steps.settle_unknown()
                else:
                    await steps.step()
            except FilesUnavailable:
                await steps.write_message()
                raise
            except (JobGone, JobMoved, Unavailable):
                raise
            except (UserFacing, QueueError) as exc:
                await steps.fail(exc)
            except Exception:
                log.exception("job %s met an error of ours while %s", steps.job.id, steps.job.state)
                await steps.fail(InternalFailure())
