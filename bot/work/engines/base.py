"""What runs jobs: asyncio tasks in this process (`embedded`), or workers on other machines (`cluster`)."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Protocol

from bot.errors import Unavailable
from bot.rules.backoff import Backoff, retry
from bot.rules.clock import Clock
from bot.rules.jobs import Job
from bot.store.jobs import Companion
from bot.work.periodic import PeriodicTask

log = logging.getLogger(__name__)

_BACKOFF = Backoff(first=timedelta(seconds=1), longest=timedelta(seconds=30))


class Engine(Protocol):
    """Says "run job N now" and nothing else. What that means, the job's row and `JobRunner` decide."""

    @property
    def companion(self) -> Companion | None:
        """What must be written in the same transaction that inserts a job's row; None where nothing must."""
        ...

    @property
    def tasks(self) -> Sequence[PeriodicTask]:
        """What must be done periodically between `resume` and `close`."""
        ...

    async def resume(self) -> int:
        """Begin, with the jobs that earlier processes left; gives their number. Raises `DatabaseUnavailable`."""
        ...

    def runs_at_once(self, job: Job) -> bool:
        """Whether `begin` would have this process do the job's next step before anything else."""
        ...

    async def begin(self, job: Job) -> None:
        """Run a job that this process has just inserted and shown; it is not read again. Returns at once."""
        ...

    async def start(self, job_id: str) -> None:
        """Look at the job's row: it was just changed by somebody, or may run from now on. Returns at once.

        Repeating it is harmless.
        """
        ...

    async def close(self) -> None:
        """Take nothing new and stop what runs, within seconds. Rows stay as they are: the next start goes on."""
        ...


async def run_to_its_end(run: Callable[[], Awaitable[None]], job_id: str, *, clock: Clock) -> None:
    """`run` until it returns, with growing pauses while the database or the files are unavailable.

    Any other error is logged and ends it. The job's row is as it was then, and the next start goes on from it.
    """

    def pause_after(error: Exception, tries: int) -> float | None:
        if not isinstance(error, Unavailable):
            return None
        seconds = _BACKOFF.seconds(tries, chance=random.random())
        log.warning("job %s is run again in %.0f s, %s: %s", job_id, seconds, type(error).__name__, error)
        return seconds

    try:
        await retry(run, pause_after, sleep=clock.sleep)
    except Exception:
        log.exception("job %s could not be run; its row is as it was", job_id)
