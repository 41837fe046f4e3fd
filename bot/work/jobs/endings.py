"""The one way in which a job ends without a video, whoever ends it: a step, its member, a moderator, or time."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from bot.errors import InputRejected, JobGone, JobMoved, LimitReached, LimitTooSmall, ShutOut, UserFacing
from bot.ops.metrics import Metrics
from bot.rules.delivery import Announcer
from bot.rules.jobs import Failure, Job, JobState
from bot.rules.limits import given_back
from bot.store.jobs import Jobs
from bot.store.rows import Facts

log = logging.getLogger(__name__)

_THEIRS = (InputRejected, LimitReached, LimitTooSmall, ShutOut)

Listener = Callable[[Job], Awaitable[None]]


class Endings:
    """Writes the end, tells its member, and then others. Every method may raise `DatabaseUnavailable`."""

    def __init__(self, *, jobs: Jobs, announcer: Announcer, metrics: Metrics) -> None:
        self._jobs = jobs
        self._announcer = announcer
        self._metrics = metrics
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Have `listener` called with every job that has ended in this process, delivered ones included."""
        self._listeners.append(listener)

    async def fail(self, job: Job, error: UserFacing) -> Job:
        """End it for that reason; the limits count it if it may have cost something (`GivenBack`).

        A file that can't be used, or is more than a limit allows, is its member's to mend: the job is then not a failed
        one, but `refused`.
        """
        to = JobState.CANCELLED if isinstance(error, _THEIRS) else JobState.FAILED
        self._metrics.failed.labels(error.key).inc()
        if isinstance(error, InputRejected):
            self._metrics.files_refused.labels(error.key).inc()
        back = given_back(job, error)
        return await self._ended(await self._jobs.fail(job, to, back, failure=Failure.of(error), untold=True))

    async def end(self, job: Job, to: JobState, *, failure: Failure | None = None, refunded: bool) -> Job:
        """Move the row to its end and tell. The job that is given is `untold` where Discord is out of reach: then
        `tell` it again later. Raises `JobMoved`."""
        facts: Facts = {"refunded": refunded, "untold": True}
        if failure is not None:
            facts["failure"] = failure
        return await self._ended(await self._jobs.advance(job, to, **facts))

    async def _ended(self, job: Job) -> Job:
        to = job.state
        self._metrics.moved.labels(to.value, job.request.model).inc()
        log.info("job %s is %s", job.id, to.value)
        job = await self.tell(job)
        await self.ended(job)
        return job

    async def tell(self, job: Job) -> Job:
        """Have the reply say how the job, whose row is `untold`, ended; the row afterwards."""
        shown = await self._announcer.show(job)
        if not shown.reached:
            return job
        try:
            return await self._jobs.note(job, untold=False)
        except (JobGone, JobMoved):  # another process has come to say so first
            return job.model_copy(update={"untold": False})

    async def ended(self, job: Job) -> None:
        """Call the listeners: for a job that was delivered, too."""
        for listener in self._listeners:
            await listener(job)
