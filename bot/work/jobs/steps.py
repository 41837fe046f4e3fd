"""The steps of a job: each does its one outside act, writes the row, and has the reply edited."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from bot.errors import (
    DatabaseUnavailable,
    JobMoved,
    KeyRefused,
    OutcomeUnknown,
    OutOfCredits,
    QueueError,
    QueueModelUnknownError,
    QueueSubmitError,
    Unavailable,
    UserFacing,
)
from bot.rules.backoff import Backoff, retry
from bot.rules.catalog import Model
from bot.rules.jobs import Job, JobState
from bot.work.jobs.context import JobContext
from bot.work.jobs.delivery import DISCORD_PAUSE_SECONDS, Delivery
from bot.work.jobs.endings import Endings
from bot.work.jobs.failures import failure_of, may_succeed_later
from bot.work.jobs.inputs import belonging, clip_seconds, gather, gathered, uploads
from bot.work.jobs.owned import OwnedJob
from bot.work.jobs.watching import deadline_of, watch

log = logging.getLogger(__name__)

_BACKOFF = Backoff(first=timedelta(seconds=1), longest=timedelta(seconds=30))
_LONGEST_WAIT = timedelta(minutes=10)
"""A service that asks for a longer wait before the next submit is too busy for this job."""


class Steps:
    """The steps of one job, from the state in which this process found it.

    Every step may raise `JobMoved`, `Unavailable` (the job is to be run again later), and a `UserFacing` or
    `QueueError` that ends the job.
    """

    def __init__(self, job: Job, context: JobContext, endings: Endings, nudge: asyncio.Event) -> None:
        self._owned = OwnedJob(job, context, nudge)
        self._context = context
        self._endings = endings
        self._submits = 0
        self._steps: Mapping[JobState, Callable[[], Awaitable[None]]] = {
            JobState.ACCEPTED: self._take_inputs,
            JobState.SUBMITTING: self._submit,
            JobState.PENDING: self._watch,
            JobState.PROCESSING: self._watch,
            JobState.COMPLETED: self._deliver,
        }

    @property
    def job(self) -> Job:
        """The row as it was written last."""
        return self._owned.row

    @property
    def uninterruptible(self) -> bool:
        """Whether breaking off now could lose a paid job or a finished upload."""
        return self._owned.uninterruptible

    async def step(self) -> None:
        """What the row's state calls for next."""
        self._owned.uninterruptible = self.job.state is JobState.SUBMITTING
        try:
            await self._steps[self.job.state]()
        finally:
            self._owned.uninterruptible = False

    async def keep_inputs(self) -> None:
        """Inputs into `files`, for a job that may not go on yet."""
        if not gathered(self.job):
            stored = await gather(self.job, self._context)
            async with belonging(self.job, self._context):
                await self._owned.note(stored=stored)

    async def write_message(self) -> None:
        """Write which message answers: whoever runs the job again later reads it from the row."""
        await self._owned.write_message()

    async def settle_unknown(self) -> None:
        """The row was found `submitting`: the process that wrote it may have sent the job, and nobody knows."""
        self._context.metrics.unknown.inc()
        if not self._context.settings.resubmit_unknown or self.job.resubmitted:
            raise OutcomeUnknown
        log.warning("job %s is sent once more: its first submit has no known outcome", self.job.id)
        await self._owned.advance(JobState.ACCEPTED, tell=False, resubmitted=True)

    async def fail(self, error: UserFacing | QueueError) -> None:
        """End the job with a sentence."""
        if isinstance(error, QueueError):
            log.warning("job %s: %s (HTTP %s, service's id %s)", self.job.id, error, error.http_status, error.job_id)
            error = await self._sentence_for(error)
        self._tell_operator(error)
        self._owned.row = await self._endings.fail(self.job, error)
        while self.job.untold:
            await self._owned.pause(DISCORD_PAUSE_SECONDS)
            await self.tell_end()

    def _tell_operator(self, error: UserFacing) -> None:
        """Of what members can't mend: one line in the log for each service, until it takes a job again."""
        if not isinstance(error, KeyRefused | OutOfCredits) or self.job.request.model not in self._context.catalog:
            return
        service = self._model().service
        self._context.metrics.service_refusals.labels(service, error.key).inc()
        if self._context.services.is_new_trouble(service, error.key):
            log.error(
                "the service %s takes no jobs: %s; nothing else is logged of it until it does", service, error.key
            )

    async def tell_end(self) -> None:
        """Have the reply say how the job ended, with a minute between tries as long as Discord is out of reach."""
        while self.job.untold:
            self._owned.row = await self._endings.tell(self.job)
            if self.job.untold:
                await self._owned.pause(DISCORD_PAUSE_SECONDS)

    # ---- accepted → submitting

    async def _take_inputs(self) -> None:
        """Inputs into `files`, as the model takes them; a job that was here before has them already."""
        model = self._model()  # raises for one that was taken out of the catalogue, also where nothing must be fetched
        stored = await gather(self.job, self._context)
        inputs = self.job.request.inputs
        seconds = float(inputs.duration or model.made_of(clip_seconds(stored)))
        cost = model.price(seconds, chosen=inputs.priced)
        async with belonging(self.job, self._context):
            # Untold: to the member it is the same waiting.
            await self._owned.settle(JobState.SUBMITTING, stored=stored, output_seconds=seconds, cost=cost)

    def _model(self) -> Model:
        return self._context.catalog.get(self.job.request.model)

    # ---- submitting → pending, or back to accepted

    async def _submit(self) -> None:
        self._submits += 1
        model, inputs, services = self._model(), self.job.request.inputs, self._context.services
        service = services.of_model(model)
        try:
            async with uploads(self.job, self._context) as files:
                # To fetch them may take long, and nobody pays for what was cancelled or taken over meanwhile.
                await self._owned.confirm_if_stale()
                taken = await service.submit(model, inputs, files, idempotency_key=self.job.id)
        except QueueSubmitError as exc:
            await self._not_submitted(exc)
        except Unavailable:  # before the POST: the row must not say that one may be under way
            await self._owned.advance(JobState.ACCEPTED, tell=False)
            raise
        else:
            services.trouble_is_over(model.service)
            await self._submitted(services.row_id(model, taken.remote_id), taken.place)

    async def _submitted(self, remote_id: str, place: int | None) -> None:
        """The service has the job, which is paid for: its id is written however long the database is away. A job that
        was ended or taken over meanwhile is called back, where the service can."""

        def pause_after(error: Exception, tries: int) -> float | None:
            passes = isinstance(error, DatabaseUnavailable)
            return _BACKOFF.seconds(tries, chance=random.random()) if passes else None

        def write() -> Awaitable[None]:
            return self._owned.advance(JobState.PENDING, tell=False, remote_id=remote_id)

        try:
            await retry(write, pause_after, sleep=self._context.clock.sleep)
        except JobMoved:
            sent = self.job.model_copy(update={"state": JobState.PENDING, "remote_id": remote_id})
            await self._context.services.cancel(sent)
            raise
        self._owned.learn_place(place)
        await self._owned.tell()

    async def _not_submitted(self, exc: QueueSubmitError) -> None:
        """Only a job that was surely not taken is sent again, and in between its row says so: it may be cancelled."""
        if exc.taken is None:
            await self.settle_unknown()
        elif self._is_sent_again(exc):
            await self._owned.advance(JobState.ACCEPTED, tell=False)
            self._owned.uninterruptible = False
            await self._owned.pause(_BACKOFF.seconds(self._submits, chance=random.random(), at_least=exc.retry_after))
        else:
            raise exc

    def _is_sent_again(self, exc: QueueSubmitError) -> bool:
        in_time = (exc.retry_after or 0.0) <= _LONGEST_WAIT.total_seconds()
        return in_time and may_succeed_later(exc) and self._submits < self._context.settings.submit_attempts

    # ---- pending, processing → completed

    async def _watch(self) -> None:
        await watch(self._owned, self._context)

    # ---- completed → delivered

    async def _deliver(self) -> None:
        delivery = Delivery(self._owned, self._context)
        if not await delivery.run():
            if self._owned.nudged:  # the member came for it just when we gave up
                await self._owned.confirm()
                await self._owned.note(undeliverable=None)
                return
            log.warning("job %s waits for its member: %s", self.job.id, self.job.undeliverable)
            await self._owned.tell()
            return
        took = (self._context.clock.now() - self.job.accepted_at).total_seconds()
        self._context.metrics.seconds.labels(self.job.request.model).observe(took)
        # Untold: the edit that carried the video says so already, and another could only do harm to it.
        await self._owned.advance(JobState.DELIVERED, tell=False)
        await delivery.tidy()
        await self._endings.ended(self.job)

    async def _sentence_for(self, error: QueueError) -> UserFacing:
        if isinstance(error, QueueModelUnknownError):
            return await self._context.availability.rest(self._model())
        return failure_of(
            error,
            deadline_minutes=round(deadline_of(self.job, self._context.catalog) / timedelta(minutes=1)),
            max_result_bytes=self._context.settings.max_result_bytes,
        )
