"""One pass over one job: each step does its one outside act, writes the row, and has the reply edited."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from datetime import timedelta
from typing import Any, Unpack, cast

from bot.errors import (
    ModelUnknown,
    OutcomeUnknown,
    QueueError,
    QueueModelUnknownError,
    QueueSubmitError,
    ServiceFailed,
    UserFacing,
)
from bot.queue import JobStatus, JobStatusResponse
from bot.rules.catalog import Model, Role
from bot.rules.jobs import Failure, Job, JobState
from bot.store.rows import Facts
from bot.work.jobs.context import JobContext
from bot.work.jobs.delivery import DISCORD_PAUSE_SECONDS, Delivery
from bot.work.jobs.failures import failure_of, passing
from bot.work.jobs.materials import belonging, gather, gathered, uploads
from bot.work.jobs.timers import DEADLINE_WITHOUT_MODEL, until_last_edit, until_unusual

log = logging.getLogger(__name__)

_BACKOFF_FIRST, _BACKOFF_LONGEST = 1.0, 30.0
_STOPPED_SECONDS = 3.0
"""Between writing a row and telling of it lie milliseconds, unless somebody stopped the process."""
_WORDS = {state: JobStatus(state.value) for state in (JobState.PENDING, JobState.PROCESSING)}


class Steps:
    """The steps of one job, from the state in which this process found it.

    `job` is always the row as it was written last. `nudge` is set by whoever changed the row elsewhere. Every step may
    raise `JobMoved`, `DatabaseUnavailable`, and a `UserFacing` or `QueueError` that ends the job.
    """

    def __init__(self, job: Job, context: JobContext, nudge: asyncio.Event) -> None:
        self.job = job
        self._context = context
        self._nudge = nudge
        self._submits = 0
        self._written_at = context.clock.monotonic()
        self.uninterruptible = False
        """Whether breaking off now could lose a paid job or a finished upload."""
        self._steps: Mapping[JobState, Callable[[], Awaitable[None]]] = {
            JobState.ACCEPTED: self._gather,
            JobState.SUBMITTING: self._submit,
            JobState.PENDING: self._watch,
            JobState.PROCESSING: self._watch,
            JobState.COMPLETED: self._deliver,
        }

    async def step(self) -> None:
        """What the row's state calls for next."""
        self.uninterruptible = self.job.state is JobState.SUBMITTING
        try:
            await self._steps[self.job.state]()
        finally:
            self.uninterruptible = False

    async def tell(self) -> bool:
        """Have the reply say what the row says. Whatever goes wrong there, the row stays and the work goes on; False
        where it may be said later.

        Raises `JobMoved` where this process was stopped meanwhile and the job is another's now: what we know is old.
        """
        if self._context.clock.monotonic() - self._written_at > _STOPPED_SECONDS:
            self.job = await self._context.jobs.confirm(self.job)
        try:
            return await self._context.announcer.show(self.job)
        except Exception:
            log.exception("the reply of job %s could not be edited", self.job.id)
            return True

    async def tell_end(self) -> None:
        """Have the reply say how the job ended, with a minute between tries as long as Discord is out of reach."""
        while not await self.tell():
            await self._pause(DISCORD_PAUSE_SECONDS)
        self.job = await self._context.jobs.note(self.job, untold=False)

    async def settle_unknown(self) -> None:
        """The row was found `submitting`: the process that wrote it may have sent the job, and nobody knows."""
        self._context.metrics.unknown.inc()
        if not self._context.settings.resubmit_unknown or self.job.resubmitted:
            raise OutcomeUnknown
        log.warning("job %s is sent once more: its first submit has no known outcome", self.job.id)
        await self._advance(JobState.ACCEPTED, tell=False, resubmitted=True)

    async def fail(self, error: UserFacing | QueueError) -> None:
        """End the job with a sentence; the limits don't count it, since the member has no video."""
        if isinstance(error, QueueError):
            log.warning("job %s: %s (HTTP %s, service's id %s)", self.job.id, error, error.http_status, error.job_id)
            error = await self._sentence_for(error)
        self._context.metrics.failed.labels(error.key).inc()
        await self._advance(JobState.FAILED, tell=False, failure=Failure.of(error), refunded=True, untold=True)
        await self.tell_end()

    async def _advance(self, to: JobState, *, tell: bool = True, **facts: Unpack[Facts]) -> None:
        self.job = await self._context.jobs.advance(self.job, to, **facts)
        self._written_at = self._context.clock.monotonic()
        self._context.metrics.moved.labels(to.value, self.job.request.model).inc()
        log.info("job %s is %s", self.job.id, to.value)
        if tell:
            await self.tell()

    # ---- accepted → submitting

    async def _gather(self) -> None:
        """Inputs into `files`, as the model takes them; a job that was here before has them already."""
        self._model()  # raises for one that was taken out of the catalogue, also where nothing must be fetched
        stored = await gather(self.job, self._context)
        async with belonging(self.job, self._context):
            # Untold: to the member it is the same waiting, and Discord allows five edits in five seconds.
            await self._advance(JobState.SUBMITTING, tell=False, stored=stored)

    async def keep_inputs(self) -> None:
        """Inputs into `files`, for a job that may not go on yet."""
        if not gathered(self.job):
            stored = await gather(self.job, self._context)
            async with belonging(self.job, self._context):
                self.job = await self._context.jobs.note(self.job, stored=stored)

    def _model(self) -> Model:
        return self._context.catalog.get(self.job.request.model)

    # ---- submitting → pending, or back to accepted

    async def _submit(self) -> None:
        self._submits += 1
        model = self._model()
        try:
            with self._context.working_folder() as folder:
                files = await uploads(self.job, self._context, folder)
                inputs = self.job.request.inputs
                answer = await self._context.queue.submit(
                    model,
                    prompt=inputs.prompt,
                    data=files.get(Role.DATA),
                    start=files.get(Role.START),
                    end=files.get(Role.END),
                    reference_image=files.get(Role.REFERENCE),
                    trajectory=inputs.trajectory,
                    seed=inputs.seed,
                    resolution=inputs.resolution,
                    orientation=inputs.orientation,
                    enhance_prompt=inputs.enhance_prompt,
                    idempotency_key=self.job.id,
                )
        except QueueSubmitError as exc:
            await self._not_submitted(exc)
        else:
            await self._advance(JobState.PENDING, remote_id=answer.job_id)

    async def _not_submitted(self, exc: QueueSubmitError) -> None:
        """Only a job that was surely not taken is sent again, and in between its row says so: it may be cancelled."""
        if exc.taken is None:
            await self.settle_unknown()
        elif passing(exc) and self._submits < self._context.settings.submit_attempts:
            await self._advance(JobState.ACCEPTED, tell=False)
            self.uninterruptible = False
            await self._pause(_backoff(self._submits, exc.retry_after))
        else:
            raise exc

    async def _pause(self, seconds: float) -> None:
        """Sleep, unless the row is changed elsewhere: then raises `JobMoved` at once."""
        sleep = asyncio.ensure_future(self._context.clock.sleep(seconds))
        try:
            while not sleep.done():
                await self._either(sleep)
        finally:
            sleep.cancel()

    async def _either(self, *others: asyncio.Future[Any]) -> None:
        """Wait for one of the others or a nudge, on which the row is read again."""
        nudged = asyncio.ensure_future(self._nudge.wait())
        try:
            await asyncio.wait({nudged, *others}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            nudged.cancel()
        if self._nudge.is_set():
            self._nudge.clear()
            self.job = await self._context.jobs.confirm(self.job)

    # ---- pending, processing → completed

    async def _watch(self) -> None:
        """Until the service has ended the job, one way or the other. Nudges are heeded meanwhile, and once it takes
        longer than usual the member is told so."""
        job = self.job
        if job.remote_id is None:  # only a damaged row
            raise OutcomeUnknown
        changes = self._context.queue.watch(
            job.remote_id,
            model=job.request.model,
            deadline=(job.submitted_at or job.accepted_at) + self._deadline(),
            last=_WORDS[job.state],
            since=job.submitted_at,
        )
        async with aclosing(cast("AsyncGenerator[JobStatusResponse]", changes)) as stream:
            late = asyncio.ensure_future(until_unusual(self.job, self._context))
            last_edit = asyncio.ensure_future(until_last_edit(self.job, self._context))
            news = asyncio.ensure_future(anext(stream))
            try:
                while self.job.state is not JobState.COMPLETED:
                    reply = self.job.reply
                    await self._either(news, last_edit, *([] if self.job.slow else [late]))
                    if news.done():
                        await self._take_in(news.result())
                        news = asyncio.ensure_future(anext(stream))
                    elif late.done() and not self.job.slow:
                        self.job = await self._context.jobs.note(self.job, slow=True)
                        await self.tell()
                    said = last_edit.done()
                    if said:
                        await self.tell()
                    if said or self.job.reply != reply:  # a press brought another token, which ends later
                        last_edit.cancel()
                        last_edit = asyncio.ensure_future(until_last_edit(self.job, self._context))
            finally:
                for waiter in (late, last_edit, news):
                    waiter.cancel()
                await asyncio.gather(late, last_edit, news, return_exceptions=True)

    async def _take_in(self, news: JobStatusResponse) -> None:
        match news.status:
            case JobStatus.FAILED:
                raise ServiceFailed(reason=news.reason)
            case JobStatus.PENDING if self.job.state is JobState.PROCESSING:
                await self._advance(JobState.PENDING)
            case JobStatus.PROCESSING if self.job.state is JobState.PENDING:
                await self._advance(JobState.PROCESSING)
            case JobStatus.COMPLETED:
                await self._advance(JobState.COMPLETED)

    def _deadline(self) -> timedelta:
        try:
            return self._context.catalog.get(self.job.request.model).deadline
        except ModelUnknown:
            return DEADLINE_WITHOUT_MODEL

    # ---- completed → delivered

    async def _deliver(self) -> None:
        delivery = Delivery(self.job, self._context, self._pause, on_upload=self._mark_uninterruptible)
        self.job = await delivery.run()
        while self.job.waiting and self._nudge.is_set():  # the member came just when we gave up
            self._nudge.clear()
            self.job = await self._context.jobs.note(self.job, waiting=None)
            delivery = Delivery(self.job, self._context, self._pause, on_upload=self._mark_uninterruptible)
            self.job = await delivery.run()
        if self.job.waiting:
            log.warning("job %s waits for its member: %s", self.job.id, self.job.waiting)
            await self.tell()
            return
        took = (self._context.clock.now() - self.job.accepted_at).total_seconds()
        self._context.metrics.seconds.labels(self.job.request.model).observe(took)
        # Untold: the edit that carried the video says so already, and another could only do harm to it.
        await self._advance(JobState.DELIVERED, tell=False)
        await delivery.tidy()

    def _mark_uninterruptible(self) -> None:
        self.uninterruptible = True

    async def _sentence_for(self, error: QueueError) -> UserFacing:
        if isinstance(error, QueueModelUnknownError):
            return await self._context.availability.rest(self._model())
        return failure_of(
            error,
            deadline_minutes=round(self._deadline() / timedelta(minutes=1)),
            max_result_bytes=self._context.settings.max_result_bytes,
        )


def _backoff(tries: int, retry_after: float | None) -> float:
    """Seconds: doubling, shortened by up to half at random so that many don't come back together."""
    doubled: float = _BACKOFF_FIRST * 2.0 ** (tries - 1)
    return max(min(_BACKOFF_LONGEST, doubled) * random.uniform(0.5, 1.0), retry_after or 0.0)
