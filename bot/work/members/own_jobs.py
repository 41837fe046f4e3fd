"""What members may ask about their own videos: a list, to have one shown again, to be forgotten."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.errors import DeliveryImpossible, FilesUnavailable, QueueResultError, ResultTooLarge, VideoNotKept
from bot.rules.delivery import DeliveryLost
from bot.rules.jobs import Job, JobState, Reply
from bot.rules.limit_rules import LENGTHS
from bot.rules.limits import FREE_TRIES_IN, GIVEN_BACK_IN
from bot.store.history import JobHistory
from bot.work.jobs.context import JobContext, file_keys, results_kept
from bot.work.jobs.delivery import Delivery
from bot.work.jobs.failures import may_succeed_later
from bot.work.jobs.owned import OwnedJob

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

    async def page(self, user_id: int, number: int, *, size: int) -> Page:
        """The page, or the last one where there are fewer; those that run or wait come first."""
        jobs, count = await self._history.page(user_id, limit=size, offset=max(0, number) * size)
        pages = max(1, -(-count // size))
        if not jobs and count and number >= pages:
            number = pages - 1
            jobs, _ = await self._history.page(user_id, limit=size, offset=number * size)
        return Page(jobs=tuple(jobs), number=min(max(0, number), pages - 1), pages=pages)

    def kept_until(self, job: Job) -> datetime | None:
        """Until when the video of a delivered job can be shown again for sure."""
        if job.state is not JobState.DELIVERED or job.result is None or job.ended_at is None:
            return None
        return job.ended_at + results_kept(self._context.settings)

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
