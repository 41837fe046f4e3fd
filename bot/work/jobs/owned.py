"""The row of a job that this process owns: written, told of, and read again only where somebody else wrote it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Unpack

from bot.errors import JobMoved
from bot.rules.delivery import Shown
from bot.rules.jobs import Job, JobState
from bot.store.rows import Facts
from bot.work.jobs.context import JobContext

log = logging.getLogger(__name__)

_STOPPED_SECONDS = 3.0
"""Between writing a row and acting on it lie milliseconds, unless somebody stopped the process."""


class OwnedJob:
    """A job from the moment this process took it. `row` is always the row as it was written last.

    `nudge` is set by whoever changed the row elsewhere. Every method may raise `JobMoved` (the job is another's, or
    has ended) and `DatabaseUnavailable`.
    """

    def __init__(self, row: Job, context: JobContext, nudge: asyncio.Event) -> None:
        self.row = row
        self.uninterruptible = False
        """Whether breaking off now could lose a paid job or a finished upload."""
        self._context = context
        self._nudge = nudge
        self._written_at = context.clock.monotonic()

    async def advance(self, to: JobState, *, tell: bool = True, **facts: Unpack[Facts]) -> None:
        """Move the row on, and have the reply say so."""
        self._moved(await self._context.jobs.advance(self.row, to, **facts))
        if tell:
            await self.tell()

    async def settle(self, to: JobState, **facts: Unpack[Facts]) -> None:
        """Move the row on with what the job is found to cost, untold. Raises the `Refused` of a limit besides."""
        self._moved(await self._context.jobs.settle(self.row, to, self._context.admission, **facts))

    async def note(self, **facts: Unpack[Facts]) -> None:
        """Write facts without a move."""
        self.row = self._kept(await self._context.jobs.note(self.row, **facts))

    async def write_message(self) -> None:
        """Write which message answers, which every write tells: before a wait that may be long."""
        if self.row.reply.message_id is not None:
            await self.note()

    async def tell(self) -> None:
        """Have the reply say what the row says. Whatever goes wrong there, the row stays and the work goes on."""
        await self.confirm_if_stale()
        began = self._context.clock.monotonic()
        try:
            self.learn(await self._context.announcer.show(self.row))
        except Exception:
            log.exception("the reply of job %s could not be edited", self.row.id)
        if self._context.clock.monotonic() - began > _STOPPED_SECONDS:
            await self._mend_late_edit()

    async def _mend_late_edit(self) -> None:
        """The edit took so long that the job may have gone on elsewhere: then what the reply says now is old."""
        try:
            await self.confirm()
        except JobMoved:
            await self._context.announcer.show(await self._context.jobs.get(self.row.id))
            raise

    def learn(self, shown: Shown) -> None:
        """Take in which message answers, where nobody knew: the next write tells of it."""
        if self.row.reply.message_id is None and shown.message_id is not None:
            reply = self.row.reply.model_copy(update={"message_id": shown.message_id})
            self.row = self.row.model_copy(update={"reply": reply})

    def learn_place(self, place: int | None) -> None:
        """Take in the job's place in its service's queue, for the next edit: no edit is made for its sake."""
        self.row = self.row.model_copy(update={"service_place": place})

    @property
    def nudged(self) -> bool:
        """Whether somebody has changed the row elsewhere since it was read."""
        return self._nudge.is_set()

    async def confirm(self) -> None:
        """Read the row again. Raises `JobMoved` where it is not ours any more."""
        self._nudge.clear()
        self.row = await self._context.jobs.confirm(self.row)
        self._written_at = self._context.clock.monotonic()

    async def confirm_if_stale(self) -> None:
        """Read the row again where somebody wrote it, or where this process stood still so long that another may have
        taken the job: what we know is old then."""
        if self._nudge.is_set() or self._context.clock.monotonic() - self._written_at > _STOPPED_SECONDS:
            await self.confirm()

    async def pause(self, seconds: float) -> None:
        """Sleep, unless the row is changed elsewhere: then it is read, which raises `JobMoved` if it was moved."""
        sleep = asyncio.ensure_future(self._context.clock.sleep(seconds))
        try:
            while not sleep.done():
                await self.first_of(sleep)
        finally:
            sleep.cancel()

    async def first_of(self, *others: asyncio.Future[Any]) -> None:
        """Wait for one of the others, or for a change elsewhere, on which the row is read again."""
        nudged = asyncio.ensure_future(self._nudge.wait())
        try:
            await asyncio.wait({nudged, *others}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            nudged.cancel()
        if self._nudge.is_set():
            await self.confirm()

    def _moved(self, row: Job) -> None:
        before, context, model = self.row, self._context, row.request.model
        self.row = self._kept(row)
        context.metrics.note_move(before, row, context.catalog.get(model) if model in context.catalog else None)
        log.info("job %s is %s", row.id, row.state.value)

    def _kept(self, row: Job) -> Job:
        self._written_at = self._context.clock.monotonic()
        return row
