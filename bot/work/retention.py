"""What is kept no longer than it must be: jobs' rows and files, videos, prompts that no moderator decided on, notes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from bot.rules.clock import Clock
from bot.rules.media import Files
from bot.settings import Settings
from bot.store.history import JobHistory
from bot.store.jobs import Jobs
from bot.store.notes import TemporaryNotes
from bot.store.tallies import OldTallies
from bot.work.guilds.moderation import Moderation
from bot.work.jobs.context import file_keys, input_keys, result_keys, results_kept
from bot.work.periodic import PeriodicTask

log = logging.getLogger(__name__)

EVERY = timedelta(hours=1)
UNFINISHED_AFTER = timedelta(hours=1)
"""No file takes so long to be stored."""
OFTEN = timedelta(minutes=20)
INPUTS_KEPT = timedelta(minutes=30)
"""How long the inputs of a job without a video stay: until its member has pressed Again, or will not."""


class Retention:
    """Every method may raise `DatabaseUnavailable` and `FilesUnavailable`; repeating it is harmless."""

    def __init__(
        self,
        *,
        jobs: Jobs,
        history: JobHistory,
        files: Files,
        temporary_notes: Sequence[TemporaryNotes],
        tallies: OldTallies,
        moderation: Moderation,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self._jobs = jobs
        self._history = history
        self._files = files
        self._temporary_notes = temporary_notes
        self._tallies = tallies
        self._moderation = moderation
        self._settings = settings
        self._clock = clock

    @property
    def tasks(self) -> tuple[PeriodicTask, ...]:
        """Each method as a task of its own, so that none waits for another that fails."""
        acts = {
            "expire_holds": self.expire_holds,
            "prune_jobs": self.prune_jobs,
            "drop_results": self.drop_results,
            "sweep_files": self.sweep_files,
            "drop_notes": self.drop_notes,
            "drop_tallies": self.drop_tallies,
        }
        often = {"drop_inputs": self.drop_inputs, "bound_members": self.bound_members}
        return (
            *(PeriodicTask(name, act, every=EVERY, shared=True) for name, act in acts.items()),
            *(PeriodicTask(name, act, every=OFTEN, shared=True) for name, act in often.items()),
        )

    async def expire_holds(self) -> int:
        """End jobs that have waited `KEEP_DAYS` for a moderator, with a sentence; gives their number."""
        return await self._moderation.expire(self._clock.now() - timedelta(days=self._settings.keep_days))

    async def prune_jobs(self) -> int:
        """Delete jobs that ended `KEEP_DAYS` ago; gives their number.

        Rows first: a member may come for a video until its row is gone. `sweep_files` finds files that were left.
        """
        before = self._clock.now() - timedelta(days=self._settings.keep_days)
        pruned = 0
        while stale := await self._jobs.remove_stale(before):
            await self._moderation.forget(stale)
            for job_id in stale:
                await self._files.delete(file_keys(job_id))
            pruned += len(stale)
        if pruned:
            log.info("%d old jobs were deleted", pruned)
        return pruned

    async def drop_inputs(self) -> int:
        """Delete the inputs of jobs that ended without a video half an hour ago; gives their number."""
        before, dropped = self._clock.now() - INPUTS_KEPT, 0
        while old := await self._history.old_inputs(before):
            await self._files.delete([key for job_id in old for key in input_keys(job_id)])
            await self._history.drop_inputs(old)
            dropped += len(old)
        return dropped

    async def bound_members(self) -> int:
        """Delete members' oldest files beyond `MAX_MEMBER_BYTES`; gives the number of jobs that had them."""
        dropped = 0
        while old := await self._history.beyond(self._settings.max_member_bytes):
            await self._files.delete([key for job_id in old for key in file_keys(job_id)])
            await self._history.drop_results(old)
            await self._history.drop_inputs(old)
            dropped += len(old)
        if dropped:
            log.info("the files of %d jobs were deleted, since their members had too much stored", dropped)
        return dropped

    async def drop_results(self) -> int:
        """Delete the videos of jobs that ended `KEEP_RESULTS_HOURS` ago; gives their number."""
        before = self._clock.now() - results_kept(self._settings)
        dropped = 0
        while old := await self._history.old_results(before):
            await self._files.delete([key for job_id in old for key in result_keys(job_id)])
            await self._history.drop_results(old)
            dropped += len(old)
        return dropped

    async def sweep_files(self) -> int:
        """Delete files that no row names, such as those of a job forgotten in the middle of a step; gives their number.

        A row is written before the first file of its job, so a job that has none never will.
        """
        await self._files.drop_unfinished(self._clock.now() - UNFINISHED_AFTER)
        keys = {key: key.split("/")[1] for key in await self._files.keys("jobs")}
        without_files = await self._history.without_files(set(keys.values()))
        unnamed = [key for key, job_id in keys.items() if job_id in without_files]
        await self._files.delete(unnamed)
        return len(unnamed)

    async def drop_notes(self) -> int:
        """Forget temporary notes whose life is over, such as drafts; gives their number."""
        return sum([await notes.drop_expired() for notes in self._temporary_notes])

    async def drop_tallies(self) -> int:
        """Forget what limits counted in periods that no limit looks at any more; gives their number."""
        return await self._tallies.drop()
