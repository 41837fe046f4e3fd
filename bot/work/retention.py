"""What is kept no longer than it must be: old rows with their files, and folders that a crash left behind."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import math
import os
import shutil
import time
from datetime import datetime, timedelta
from pathlib import Path

from bot.errors import ClapperError
from bot.rules.clock import Clock
from bot.rules.media import Files
from bot.settings import Settings
from bot.store.history import JobHistory
from bot.store.jobs import Jobs
from bot.store.notes import Notes
from bot.work.guilds.moderation import Moderation
from bot.work.jobs.context import file_keys, result_key, results_kept, working_root
from bot.work.members.drafts import Drafts

log = logging.getLogger(__name__)

EVERY = timedelta(hours=1)
_TURN_NOTE = "cluster:pruned"
_LOCKED_WITHIN_SECONDS = 2.0
"""Between making a folder and locking it no process takes longer."""


class Retention:
    """Runs beside the engine until it is cancelled. With `notes` it takes turns with the other processes."""

    def __init__(
        self,
        jobs: Jobs,
        files: Files,
        settings: Settings,
        *,
        clock: Clock,
        notes: Notes | None = None,
        history: JobHistory | None = None,
        drafts: Drafts | None = None,
        moderation: Moderation | None = None,
    ) -> None:
        self._jobs = jobs
        self._files = files
        self._settings = settings
        self._clock = clock
        self._notes = notes
        self._history = history
        self._drafts = drafts
        self._moderation = moderation

    async def run(self) -> None:
        while True:
            try:
                await clear_working_folders(self._settings)
                if await self.is_our_turn():
                    await self.expire_holds()
                    await self.prune()
                    await self.let_results_go()
                    await self.sweep()
                    if self._drafts is not None:
                        await self._drafts.sweep()
            except (ClapperError, OSError):
                log.warning("old jobs were not pruned; trying again later", exc_info=True)
            await self._clock.sleep(EVERY.total_seconds())

    async def is_our_turn(self) -> bool:
        """Whether nobody in the cluster has pruned in the last hour; then the turn is taken."""
        if self._notes is None:
            return True
        now = self._clock.now()
        last = await self._notes.get(_TURN_NOTE)
        if last is not None and now - datetime.fromisoformat(last) < EVERY:
            return False
        return await self._notes.replace(_TURN_NOTE, last, now.isoformat())

    async def expire_holds(self) -> int:
        """End jobs that have waited `KEEP_DAYS` for a moderator, with a sentence; gives their number."""
        if self._moderation is None:
            return 0
        return await self._moderation.expire(self._clock.now() - timedelta(days=self._settings.keep_days))

    async def prune(self) -> int:
        """Forget jobs that ended `KEEP_DAYS` ago, files first: a row without files is found again, not the reverse.

        Gives their number.
        """
        before = self._clock.now() - timedelta(days=self._settings.keep_days)
        pruned = 0
        while stale := await self._jobs.stale(before):
            for job_id in stale:
                await self._files.delete(file_keys(job_id))
            await self._jobs.remove(stale)
            pruned += len(stale)
        if pruned:
            log.info("%d old jobs were forgotten", pruned)
        return pruned

    async def let_results_go(self) -> int:
        """Delete the videos of jobs that ended `KEEP_RESULTS_HOURS` ago; gives their number."""
        if self._history is None:
            return 0
        before = self._clock.now() - results_kept(self._settings)
        gone = 0
        while old := await self._history.old_results(before):
            await self._files.delete([result_key(job_id) for job_id in old])
            await self._history.drop_results(old)
            gone += len(old)
        return gone

    async def sweep(self) -> int:
        """Delete files that no row names, such as those of a job forgotten in the middle of a step; gives their number.

        A row is written before the first file of its job, so a job that has none never will.
        """
        if self._history is None:
            return 0
        keys = {key: key.split("/")[1] for key in await self._files.keys("jobs")}
        unnamed = await self._history.without_files(set(keys.values()))
        lost = [key for key, job_id in keys.items() if job_id in unnamed]
        await self._files.delete(lost)
        return len(lost)


async def clear_working_folders(settings: Settings, *, at_start: bool = False) -> None:
    """Remove the folders that crashes left under `DATA_DIR`. Those that any process works in are locked, and stay.

    Young ones are left for later, as they may be about to be locked; not so `at_start` of the one process that owns
    the folder.
    """
    young = math.inf if at_start and not settings.clustered else time.time() - _LOCKED_WITHIN_SECONDS
    await asyncio.to_thread(_clear, working_root(settings), young)


def _clear(root: Path, young: float) -> None:
    for folder in root.iterdir():
        try:
            descriptor = os.open(folder, os.O_RDONLY)
        except OSError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if folder.stat().st_mtime < young:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue
        finally:
            os.close(descriptor)
