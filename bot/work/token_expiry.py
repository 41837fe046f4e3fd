"""The last edit of private replies whose jobs still wait when the token is about to end."""

from __future__ import annotations

import asyncio
import logging

from bot.errors import JobGone, RowUnreadable
from bot.rules.clock import Clock
from bot.rules.delivery import Announcer
from bot.rules.jobs import LAST_EDIT_BEFORE, Job, JobState
from bot.store.jobs import Jobs
from bot.store.last_edits import LastEdits
from bot.work.periodic import PeriodicTask

log = logging.getLogger(__name__)

EVERY = LAST_EDIT_BEFORE / 3
"""So that there are three tries before the token ends."""
AT_ONCE = 20
"""Edits that one process makes at the same time."""


class TokenExpiry:
    """For jobs in the waitlist, held for a moderator, or without a free place: no process runs them, and edits their
    replies. Whoever runs a job makes the last edit itself. In a cluster each edit is made by one process."""

    def __init__(self, *, last_edits: LastEdits, jobs: Jobs, announcer: Announcer, clock: Clock) -> None:
        self._last_edits = last_edits
        self._jobs = jobs
        self._announcer = announcer
        self._clock = clock
        self.task = PeriodicTask("token_expiry", self.edit_due, every=EVERY)

    async def edit_due(self) -> None:
        """Have each reply in its token's last minute offer a button by which the member can come for the video.

        What fails is tried again the next time; the first failure is raised once all have been tried.
        """
        undone: set[str] = set()
        failures: list[BaseException] = []
        try:
            while claimed := await self._last_edits.claim(limit=AT_ONCE):
                undone |= set(claimed)
                outcomes = await asyncio.gather(*map(self._edit, claimed), return_exceptions=True)
                undone -= {job_id for job_id, outcome in zip(claimed, outcomes, strict=True) if outcome is True}
                failures += [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        finally:  # also where it is broken off by a stop: another process may still be in time
            if undone:
                await self._last_edits.give_back(undone)
        for failure in failures:
            raise failure

    async def _edit(self, job_id: str) -> bool:
        """Whether the edit is made or needless; False where Discord could not be reached."""
        try:
            job = await self._jobs.get(job_id)
        except (JobGone, RowUnreadable) as exc:
            log.warning("the private reply of job %s is not edited for the last time: %s", job_id, exc)
            return True
        # By the row as it is now: the job may have begun, or a press may have brought a new token.
        due = job.state is JobState.ACCEPTED and self._is_due(job)
        return not due or (await self._announcer.show(job)).reached

    def _is_due(self, job: Job) -> bool:
        at = job.reply.last_edit_at
        return at is not None and at <= self._clock.now() < at + LAST_EDIT_BEFORE
