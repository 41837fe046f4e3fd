"""How late the event loop is for what is due: what blocks it delays every answer at once."""

from __future__ import annotations

import asyncio

from prometheus_client import Histogram

LOOK_EVERY_SECONDS = 1.0


async def watch_loop_lag(histogram: Histogram) -> None:
    """Measure it again and again, until cancelled. The loop's own time counts, whatever clock the bot was given."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LOOK_EVERY_SECONDS
        await asyncio.sleep(LOOK_EVERY_SECONDS)
        histogram.observe(max(0.0, loop.time() - due))
