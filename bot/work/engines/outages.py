"""Running a job through outages of the database, as every engine does."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable

from bot.errors import DatabaseUnavailable
from bot.rules.clock import Clock

log = logging.getLogger(__name__)

_RETRY_FIRST, _RETRY_LONGEST = 1.0, 30.0


async def run_patiently(run: Callable[[], Awaitable[None]], job_id: str, *, clock: Clock) -> None:
    """`run` until it returns, with growing pauses while the database is unavailable. An error of ours ends it, too."""
    pause = _RETRY_FIRST
    while True:
        try:
            return await run()
        except DatabaseUnavailable as exc:
            log.warning("job %s rests for %.0f s, since the database is unavailable: %s", job_id, pause, exc)
        except Exception:
            log.exception("job %s could not be run; its row is as it was", job_id)
            return None
        await clock.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(_RETRY_LONGEST, pause * 2)
