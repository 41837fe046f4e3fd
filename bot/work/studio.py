"""What commands and buttons may ask. Everything above it is Discord, everything below it knows nothing of Discord."""

from __future__ import annotations

import contextlib
import logging
from datetime import datetime

from bot.errors import JobGone, JobMoved, NotYours, Refused, RowUnreadable, TooLateToCancel
from bot.rules.catalog import Catalog, Model, Operation, Role
from bot.rules.job import Job, JobState, Reply, Requester
from bot.rules.request import VideoRequest
from bot.store.keeping import FORGOTTEN
from bot.store.notes import Notes
from bot.work.chronicle import Chronicle
from bot.work.drafts import Drafts
from bot.work.engine import Engine
from bot.work.holds import Holds
from bot.work.household import Household
from bot.work.houses import HouseKeeper
from bot.work.limits import Limits
from bot.work.news import break_news
from bot.work.reception import Reception
from bot.work.shelf import Forgotten, Shelf
from bot.work.statistics import Report, Statistician
from bot.work.tools import Tools, input_key, result_key

__all__ = ["Report", "Studio"]

log = logging.getLogger(__name__)

_CANCEL_TRIES = 5
"""A job that moves on while it is being cancelled has at most four more states before its end."""


class Studio:
    """The one door to the work. Every method may raise `DatabaseUnavailable`; refusals are named where they are."""

    def __init__(
        self,
        *,
        tools: Tools,
        reception: Reception,
        notes: Notes,
        engine: Engine,
        houses: HouseKeeper,
        limits: Limits,
        shelf: Shelf,
        drafts: Drafts,
        household: Household,
    ) -> None:
        self._catalog = tools.catalog
        self._jobs = tools.jobs
        self._files = tools.files
        self._announcer = tools.announcer
        self._availability = tools.availability
        self._metrics = tools.metrics
        self._reception = reception
        self._notes = notes
        self._engine = engine
        self._houses = houses
        self._limits = limits
        self._shelf = shelf
        self._drafts = drafts
        self._household = household
        self._doorman = household.doorman

    @property
    def catalog(self) -> Catalog:
        return self._catalog

    @property
    def houses(self) -> HouseKeeper:
        """What servers' admins have set."""
        return self._houses

    @property
    def limits(self) -> Limits:
        """Who may make how much, and what they have left."""
        return self._limits

    @property
    def shelf(self) -> Shelf:
        """Members' own lists."""
        return self._shelf

    @property
    def drafts(self) -> Drafts:
        """Requests that wait for their member's word."""
        return self._drafts

    @property
    def holds(self) -> Holds:
        """Jobs that wait for a moderator."""
        return self._household.holds

    @property
    def chronicle(self) -> Chronicle:
        """The servers' audit channels."""
        return self._household.chronicle

    @property
    def statistician(self) -> Statistician:
        """Servers' numbers."""
        return self._household.statistician

    async def offered(self, operation: Operation, requester: Requester) -> tuple[Model, ...]:
        """What members may choose from where they are, the usual one first."""
        return await self._doorman.offered(operation, requester)

    async def choose(self, operation: Operation, name: str | None, requester: Requester) -> Model:
        """The named model, or the one that is usual where they are. Raises `ModelUnknown`, `ModelNotOffered`."""
        return await self._doorman.choose(operation, name, requester)

    async def private_by_default(self, requester: Requester) -> bool:
        """Whether answers are only for who asked, where they don't say."""
        return await self._doorman.private_by_default(requester)

    async def foresee(self, request: VideoRequest, requester: Requester) -> None:
        """A cheap look before the member is answered: raises the `Refused` that `accept` would raise now."""
        await self._reception.foresee(request, requester)

    async def accept(
        self, request: VideoRequest, requester: Requester, reply: Reply, *, again_of: str | None = None
    ) -> Job:
        """Say yes: the row, admitted by the limits and written in one transaction, and an engine to see to it.

        Raises `Refused`, and `AlreadyAsked` where what the reply answers has a job; then there is no new row.
        """
        request = await self._doorman.filled(request, requester)
        return await self._reception.accept(request, requester, reply, again_of=again_of)

    async def resting(self) -> dict[str, datetime]:
        """The models that the service called unknown lately, by name, and until when they are left out."""
        return await self._availability.resting(self._catalog)

    async def answered(self, asked: int) -> bool:
        """Whether the interaction or message of that id has a job."""
        return await self._jobs.answered(asked)

    async def job(self, job_id: str) -> Job:
        """The row as it is now. Raises `JobGone`, for a row that only limits still count as well."""
        try:
            job = await self._jobs.get(job_id)
        except RowUnreadable as exc:
            log.warning("asked for a row that can't be read: %s", exc)
            raise JobGone from exc
        if job.ended and job.waiting == FORGOTTEN:
            raise JobGone
        return job

    async def cancel(self, job_id: str, by: Requester) -> Job:
        """Stop the job. It counts for the limits if it may have been submitted, since the service may want its pay.

        Raises `NotYours`, `TooLateToCancel`, `JobGone`.
        """
        for _ in range(_CANCEL_TRIES):
            job = await self._allowed(job_id, by)
            if job.ended:
                raise TooLateToCancel(state=job.state.value)
            try:
                refunded = job.state is JobState.ACCEPTED
                job = await self._jobs.advance(job, JobState.CANCELLED, refunded=refunded, untold=True)
            except JobMoved:
                continue
            self._metrics.moved.labels(job.state.value, job.request.model).inc()
            log.info("job %s is cancelled", job.id)
            await self._engine.start(job.id)
            job = await break_news(job, jobs=self._jobs, announcer=self._announcer, engine=self._engine)
            await self.chronicle.ended(job)
            await self.holds.settle(job, by, approved=None)
            await self._limits.move()
            return job
        raise TooLateToCancel(state=job.state.value)

    async def again(self, job_id: str, by: Requester, reply: Reply, *, seed: int | None) -> Job:
        """The same once more, as a new job of whoever asks, from the inputs that are kept; `seed` None draws one.

        Raises `JobGone` and what `accept` raises.
        """
        old = await self.job(job_id)
        inputs = old.request.inputs.model_copy(update={"seed": seed})
        request = old.request.model_copy(update={"inputs": inputs})
        return await self._reception.accept(request, by, reply, again_of=old.id, stored=old.stored)

    async def forget(self, job_id: str, by: Requester) -> Job:
        """Drop what is kept of the job's files; the row stays, for the limits. One that still runs is cancelled.

        Raises `NotYours`, `JobGone`.
        """
        job = await self._allowed(job_id, by)
        if not job.ended:
            try:
                job = await self.cancel(job_id, by)
            except TooLateToCancel:
                job = await self.job(job_id)
        # By their names, not by the row: a step that was broken off may have stored what no row tells of.
        await self._files.delete([result_key(job_id), *(input_key(job_id, role) for role in Role)])
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
        job = await self._allowed(job_id, by)
        if not job.ended:
            left, waited = job, job.waiting is not None
            job = await self.move_reply(job_id, reply)
            if not waited:  # else the video itself comes at once
                await self._announcer.show(job)
            if left.reply.message_id != reply.message_id:
                await self._announcer.leave(left)
            return job
        await self._shelf.show_again(job, reply)
        return job

    async def forget_member(self, by: Requester) -> Forgotten:
        """Cancel what runs for the member and delete what is kept about them, but for what limits must count."""
        for job_id in await self._shelf.live_of(by.user_id):
            with contextlib.suppress(Refused):
                await self.cancel(job_id, by)
        await self._drafts.forget(by.user_id)
        return await self._shelf.forget(by.user_id)

    async def recall(self, key: str) -> str | None:
        """What was remembered under the key, by any process, ever."""
        return await self._notes.get(key)

    async def remember(self, key: str, value: str) -> None:
        await self._notes.put(key, value)

    async def close_door(self) -> None:
        """From now on everything new is refused with `ShuttingDown`."""
        self._reception.close()

    async def _allowed(self, job_id: str, by: Requester) -> Job:
        """The job, if it is theirs, or they moderate the server that it is of."""
        job = await self.job(job_id)
        theirs = job.requester.user_id == by.user_id
        moderates = by.moderator and job.requester.guild_id is not None and job.requester.guild_id == by.guild_id
        if not (theirs or moderates):
            raise NotYours(requester_id=job.requester.user_id)
        return job
