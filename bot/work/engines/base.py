"""What runs jobs: asyncio tasks in this process (`embedded`), or workers on other machines."""

from __future__ import annotations

from typing import Protocol

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

    async def start(self, job_id: str) -> None:
        """See to the job: it is new, or its row was just changed by somebody else, or both. Returns at once.

        Repeating it is harmless.
        """
        ...

    async def close(self) -> None:
        """Take nothing new and stop what runs, within seconds. Rows stay as they are: the next start goes on."""
        ...
