"""What both stand-ins need of a job whose clip is being drawn."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

from sandbox.render.pool import RenderFailed

ODD_ID = "a b/../c?x=1#%2F"
"""What an id may look like if the service has a bad day; a number is put before it."""
_PATIENCE = 5.0
"""Seconds of real time that one call waits for a clip; less than what clients allow a call."""

Duration = float | Callable[[random.Random], float]
"""Seconds, or how to draw them for each job."""


def draw(duration: Duration, rng: random.Random) -> float:
    """Seconds for one job."""
    return duration(rng) if callable(duration) else duration


async def drawn(clip: asyncio.Task[Path] | None) -> Path | str | None:
    """The clip's file, or why there is none; None while it is being drawn.

    Waits up to `_PATIENCE` for the drawing, since the clock may stand still in tests.
    """
    if clip is None:
        return "Internal error"
    await asyncio.wait({clip}, timeout=_PATIENCE)
    if not clip.done():
        return None
    try:
        return clip.result()
    except RenderFailed as exc:
        return str(exc)
