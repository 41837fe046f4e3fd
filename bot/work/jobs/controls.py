"""What a member or a moderator does with a job that is there: stop it, make it again, have it here, take it away."""

from __future__ import annotations

import contextlib
import logging

from bot.errors import JobGone, JobMoved, NotYours, Refused, RowUnreadable, TooLateToCancel
from bot.rules.jobs import A_MOMENT, Job, JobState, Reply, Requester, given_again, may_see, moderates
from bot.rules.notices import HoldOutcome
from bot.work.engines.base import Engine
from bot.work.guilds.limits import GuildLimits
from bot.work.guilds.moderation import Moderation
from bot.work.jobs.acceptance import Acceptance, Prechecked
from bot.work.jobs.context import JobContext, file_keys
from bot.work.jobs.endings import Endings
from bot.work.members.drafts import Drafts
from bot.work.members.own_jobs import Forgotten, OwnJobs

log = logging.getLogger(__name__)

_CANCEL_TRIES = 5
"""A job that moves on while it is being cancelled has at most four more states before its end."""


class JobControls:
    """Every method may raise `DatabaseUnavailable`; who may do what is checked here, at every call."""

    def __init__(
        self,
        *,
        context: JobContext,
        acceptance: Acceptance,
        endings: Endings,
        engine: Engine,
        limits: GuildLimits,
        moderation: Moderation,
        own_jobs: OwnJobs,
        drafts: Drafts,
    ) -> None:
        self._jobs = context.jobs
        self._clock = context.clock
        self._files = context.files
        self._services = context.services
        self._announcer = context.announcer
        self._acceptance = acceptance
        self._endings = endings
        self._engine = engine
        self._limits = limits
        self._moderation = moderation
        self._own_jobs = own_jobs
        self._drafts = drafts

    async def job(self, job_id: str) -> Job:
        """The row as it is now. Raises `JobGone`, for a row that only limits still count as well."""
        try:
            job = await self._jobs.get(job_id)
        except RowUnreadable as exc:
            log.warning("asked for a row that can't be read: %s", exc)
            raise JobGone from exc
        if job.forgotten:
            raise JobGone
        return job

    async def cancel(self, job_id: str, by: Requester) -> Job:
        """Stop the job, at its service, too, where that can be. It counts for the limits if it may have been submitted,
        since the service may want its pay; but not where the service took it out of its queue. One that was sent a
        second time is never given back: the first may be paid.

        Raises `NotYours`, `TooLateToCancel`, `JobGone`.
        """
        at_service: Job | None = None
        for _ in range(_CANCEL_TRIES):
            job = await self.allowed(job_id, by)
            if job.ended and not _is_untold_cancel(job):
                if job.state is JobState.CANCELLED and job.ended_at and self._clock.now() - job.ended_at < A_MOMENT:
                    return job  # a second press
                raise TooLateToCancel(state=job.state.value)
            at_service = job if at_service is None or not job.ended else at_service
            try:
                job = await self._cancelled(job)
            except JobMoved:
                continue
            # After the row: whoever watches the job would take the service's word for it as a failure.
            if await self._services.cancel(at_service) and not job.resubmitted:
                job = await self._give_back(job)
            await self._engine.start(job.id)  # whoever runs it stops; and it goes on telling where that was in vain
            await self._moderation.close_question(job, HoldOutcome.WITHDRAWN, by)
            await self._limits.move()
            return job
        raise TooLateToCancel(state=job.state.value)

    async def _cancelled(self, job: Job) -> Job:
        """The row's end, and its telling. Raises `JobMoved`."""
        if not job.ended:
            free = job.state is JobState.ACCEPTED and not job.resubmitted
            return await self._endings.end(job, JobState.CANCELLED, refunded=free)
        job = await self._endings.tell(job)
        await self._endings.ended(job)
        return job

    async def _give_back(self, job: Job) -> Job:
        """The service took the job out of its queue: the limits don't count it."""
        try:
            return await self._jobs.note(job, refunded=True)
        except (JobGone, JobMoved):  # another process tells of its end just now
            log.warning("job %s cost nothing and is counted all the same", job.id)
            return job

    async def precheck_again(self, job_id: str, by: Requester, *, seed: int | None) -> tuple[Job, Prechecked]:
        """The job, and the same once more, to be accepted as a job of whoever asks, from the inputs that are kept.

        `seed` None draws another one. Raises `NotYours`, `JobGone` and what `Acceptance.precheck` raises.
        """
        old = await self.seen(job_id, by)
        inputs = old.request.inputs.model_copy(update={"seed": seed})
        request = old.request.model_copy(update={"inputs": inputs, "files": given_again(old, by)})
        return old, self._acceptance.precheck(request, by, again_of=old)

    async def forget(self, job_id: str, by: Requester) -> Job:
        """Drop what is kept of the job's files; the row stays, for the limits. One that still runs is cancelled.

        Raises `NotYours`, `JobGone`.
        """
        job = await self.allowed(job_id, by)
        if not job.ended:
            try:
                job = await self.cancel(job_id, by)
            except TooLateToCancel:
                job = await self.job(job_id)
        # By their names, not by the row: a step that was broken off may have stored what no row tells of.
        await self._files.delete(file_keys(job_id))
        return await self._jobs.drop_files(job_id)

    async def move_reply(self, job_id: str, reply: Reply) -> Job:
        """A press gave a fresh way to reach the member, and a video that waited for it goes there. Raises `JobGone`."""
        job = await self._jobs.move_reply(job_id, reply)
        if not job.ended:
            await self._engine.start(job_id)
        return job

    async def bring(self, job_id: str, by: Requester, reply: Reply) -> Job:
        """Show the job in that reply from now on; one that has ended is shown there once more, with its video.

        Raises `NotYours`, `JobGone`, `VideoNotKept`, `DeliveryImpossible`.
        """
        job = await self.seen(job_id, by)
        if job.requester.user_id != by.user_id and not moderates(job, by):
            raise _refused(job, by)
        if not job.ended:
            left, waited = job, job.awaits_member
            job = await self.move_reply(job_id, reply)
            if not waited:  # else the video itself comes at once
                await self._announcer.show(job)
            if left.reply.message_id != reply.message_id:
                await self._announcer.leave(left)
            return job
        await self._own_jobs.show_again(job, reply)
        return job

    async def forget_member(self, by: Requester) -> Forgotten:
        """Cancel what runs for the member and delete what is kept about them, but for what limits must count."""
        for job_id in await self._own_jobs.live_of(by.user_id):
            with contextlib.suppress(Refused):
                await self.cancel(job_id, by)
        await self._drafts.forget(by.user_id)
        return await self._own_jobs.forget(by.user_id)

    async def allowed(self, job_id: str, by: Requester) -> Job:
        """The job, if it is theirs to stop and delete, or they moderate where it is. Raises `NotYours`, `JobGone`."""
        job = await self.job(job_id)
        if job.requester.user_id != by.user_id and not moderates(job, by):
            raise _refused(job, by)
        return job

    async def seen(self, job_id: str, by: Requester) -> Job:
        """The job, if it is theirs, or public in the server where they are. Raises `NotYours`, `JobGone`."""
        job = await self.job(job_id)
        if not may_see(job, by):
            raise _refused(job, by)
        return job


def _is_untold_cancel(job: Job) -> bool:
    """Whether the row was cancelled and nothing has come after: the database's answer to that write was lost."""
    return job.state is JobState.CANCELLED and job.untold and job.failure is None


def _refused(job: Job, by: Requester) -> Refused:
    """Of a job in another place nothing is told, not even whose it is."""
    log.warning("job %s is not for %s of server %s in %s", job.id, by.user_id, by.guild_id, by.channel_id)
    here = job.requester.guild_id is not None and job.requester.guild_id == by.guild_id and not job.reply.ephemeral
    return NotYours(requester_id=job.requester.user_id) if here else JobGone()
