"""What members may ask about their own videos: a list, to have one shown again, to be forgotten."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.errors import DeliveryImpossible, FilesUnavailable, QueueResultError, ResultTooLarge, VideoNotKept
from bot.rules.delivery import DeliveryLost
from bot.rules.jobs import Job, JobGroup, JobState, Reply, is_hidden
from bot.rules.limit_rules import LENGTHS
from bot.rules.limits import FREE_TRIES_IN, GIVEN_BACK_IN
from bot.rules.operations import Operation
from bot.store.history import JobHistory
from bot.work.jobs.context import JobContext, file_keys, results_kept
from bot.work.jobs.delivery import Delivery
from bot.work.jobs.failures import may_succeed_later
from bot.work.jobs.owned import OwnedJob
from bot.work.members.stills import still_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of a member's jobs. `number` counts from 0 and is one that there is; `pages` is at least 1."""

    jobs: tuple[Job, ...]
    number: int
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """How many videos were forgotten, and of how many the number stays until when, for the limits."""

    number: int
    counted: int
    until: datetime


STILLS_SECONDS = 10.0
"""How long a page of stills may take: the list is there already."""

COPY_MAX_JOBS = 5000
"""Some five megabytes as text: a file that every place in Discord takes."""
_OUR_OWN: Any = {
    "epoch": True,
    "has_next_step": True,
    "untold": True,
    "resubmitted": True,
    "reply": {"token", "token_expires_at"},
}


class OwnJobs:
    """Every method may raise `DatabaseUnavailable`."""

    def __init__(self, context: JobContext, history: JobHistory) -> None:
        self._context = context
        self._history = history

    async def page(self, user_id: int, number: int, *, size: int, only: JobGroup | Operation | None = None) -> Page:
        """The page, or the last one where there are fewer; those that run or wait come first. `only`: of that group or
        command."""
        jobs, count = await self._history.page(user_id, limit=size, offset=max(0, number) * size, only=only)
        pages = max(1, -(-count // size))
        if not jobs and count and number >= pages:
            number = pages - 1
            jobs, _ = await self._history.page(user_id, limit=size, offset=number * size, only=only)
        return Page(jobs=tuple(jobs), number=min(max(0, number), pages - 1), pages=pages)

    def kept_until(self, job: Job) -> datetime | None:
        """Until when the video of a delivered job can be shown again for sure."""
        if job.state is not JobState.DELIVERED or job.result is None or job.ended_at is None:
            return None
        return job.ended_at + results_kept(self._context.settings)

    async def stills(self, jobs: Iterable[Job]) -> dict[str, bytes]:
        """A small JPEG of each delivered video or picture that is stored, by the job's id, in at most
        `STILLS_SECONDS`; without those that are hidden or can't be had in that time."""
        shown = [job for job in jobs if job.state is JobState.DELIVERED and job.result and not is_hidden(job)]
        drawing = [asyncio.create_task(still_of(job, self._context)) for job in shown]
        if drawing:
            _, late = await asyncio.wait(drawing, timeout=STILLS_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*drawing, return_exceptions=True)
        found = {job.id: task.result() for job, task in zip(shown, drawing, strict=True) if not task.cancelled()}
        return {job_id: picture for job_id, picture in found.items() if picture is not None}

    async def show_again(self, job: Job, reply: Reply) -> None:
        """Put a job that has ended into another reply, with its video if it has one.

        Raises `VideoNotKept` where nobody has it any more, `DeliveryImpossible`, and `FilesUnavailable`.
        """
        job = job.model_copy(update={"reply": reply})
        if job.state is not JobState.DELIVERED:
            await self._context.announcer.show(job)
            return
        delivery = Delivery(OwnedJob(job, self._context, asyncio.Event()), self._context)
        try:
            await delivery.again()
        except QueueResultError as exc:
            log.info("the video of job %s can't be had again: %s", job.id, exc)
            raise (DeliveryImpossible if may_succeed_later(exc) else VideoNotKept) from exc
        except (DeliveryLost, ResultTooLarge) as exc:
            raise DeliveryImpossible from exc

    @property
    def counted_days(self) -> int:
        """For how many days limits may count what somebody made: the longest window, or as long as rows are kept."""
        return min(max(LENGTHS.values()).days, self._context.settings.keep_days)

    async def live_of(self, user_id: int) -> list[str]:
        """The ids of the member's jobs that have not ended."""
        return await self._history.live_of(user_id)

    async def copy_of(self, user_id: int) -> list[dict[str, Any]]:
        """What is kept of the member's newest `COPY_MAX_JOBS` jobs, in plain types; not the reply's token, nor what the
        bot keeps for its own work alone."""
        jobs, _ = await self._history.page(user_id, limit=COPY_MAX_JOBS, offset=0)
        return [job.model_dump(mode="json", exclude=_OUR_OWN, exclude_none=True) for job in jobs]

    async def forget(self, user_id: int) -> Forgotten:
        """Delete what is kept of the member's ended jobs; what limits still count keeps its number."""
        now, counted_for = self._context.clock.now(), timedelta(days=self.counted_days)
        gone = await self._history.forget(
            user_id,
            counted_since=now - counted_for,
            tries_since=now - FREE_TRIES_IN,
            given_back_since=now - GIVEN_BACK_IN,
        )
        keys = [key for job_id in gone.job_ids for key in file_keys(job_id)]
        try:
            await self._context.files.delete(keys)
        except FilesUnavailable as exc:  # no row names them any more, so that retention deletes them
            log.warning("the files of a forgotten member are deleted later: %s", exc)
        log.info("a member was forgotten: %d jobs, of which %d are still counted", len(gone.job_ids), gone.counted)
        return Forgotten(number=len(gone.job_ids), counted=gone.counted, until=now + counted_for)
