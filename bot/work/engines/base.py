"""What runs jobs: asyncio tasks in this process (`embedded`), or workers on other machines."""

from __future__ import annotations

from typing import Protocol

from bot.rules.jobs import Job
from bot.store.jobs import Companion


class Engine(Protocol):
    """Says "see to job N now" and nothing else; what that means is the pipeline's and the row's business."""

    @property
    def companion(self) -> Companion | None:
        """What must be written in the very transaction that inserts a job's row."""
        ...

    async def resume(self) -> int:
        """Begin, with the jobs that earlier processes left; gives their number. Raises `DatabaseUnavailable`."""
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
