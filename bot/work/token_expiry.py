"""The last edit of private replies whose jobs still wait when the token dies; who watches a job sees to its own."""

from __future__ import annotations

import logging

from bot.rules.clock import Clock
from bot.rules.delivery import Announcer
from bot.rules.jobs import LAST_EDIT_BEFORE, Job, JobState
from bot.store.jobs import Jobs
from bot.work.periodic import PeriodicTask

log = logging.getLogger(__name__)

EVERY = LAST_EDIT_BEFORE / 3
"""So that no reply's last minute is missed."""


class TokenExpiry:
    """For jobs in line, held for a moderator, or without a free place to run: nothing else edits their replies then."""

    def __init__(self, jobs: Jobs, announcer: Announcer, *, clock: Clock) -> None:
        self._jobs = jobs
        self._announcer = announcer
        self._clock = clock
        self.task = PeriodicTask("token_expiry", self.look, every=EVERY)

    async def look(self) -> None:
        """Have each reply in its token's last minute offer a way to come for the video."""
        for job in await self._jobs.accepted():
            if self._is_due(job):
                current = await self._jobs.get(job.id)
                if current.state is JobState.ACCEPTED and self._is_due(current):
                    await self._announcer.show(current)

    def _is_due(self, job: Job) -> bool:
        at = job.reply.last_edit_at
        return at is not None and at <= self._clock.now() < at + LAST_EDIT_BEFORE
