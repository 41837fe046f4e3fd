"""Work that nobody waits for: notices, questions to moderators, a waitlist's edits, what must be tried again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from typing import Any

from bot.errors import ClapperError

log = logging.getLogger(__name__)

CLOSING_SECONDS = 2.5
"""How long a stop waits for what is under way, before that is broken off."""


class BackgroundTasks:
    """Keeps the tasks that were started beside, so that none is collected before its end and a stop knows them all."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """How many are under way."""
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, None], *, what: str) -> None:
        """Have it done beside. What it raises is logged, with `what` as the subject of the sentence."""
        task = asyncio.create_task(_logged(work, what))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self) -> None:
        """Wait until nothing is under way any more."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Give what is under way `CLOSING_SECONDS`, then break it off."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.drain(), CLOSING_SECONDS)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _logged(work: Coroutine[Any, Any, None], what: str) -> None:
    try:
        await work
    except ClapperError as exc:
        log.warning("%s failed: %s", what, exc)
    except Exception:
        log.exception("%s failed", what)
