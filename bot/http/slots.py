"""How many transfers go at once, and how work on files is kept off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

PIECE_BYTES = 1024 * 1024
ALL_PIECES_BYTES = 16 * PIECE_BYTES
"""What the pieces of all transfers in one direction take together."""


class Slots:
    """How many transfers go at once, and how much of each is in memory: a megabyte, or less where many share."""

    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)
        self._going = 0

    @property
    def piece_bytes(self) -> int:
        return min(PIECE_BYTES, ALL_PIECES_BYTES // max(1, self._going))

    async def __aenter__(self) -> None:
        await self._free.acquire()
        self._going += 1

    async def __aexit__(self, *_: object) -> None:
        self._going -= 1
        self._free.release()


async def in_thread(function: Callable[..., T], *args: Any) -> T:
    """The function's answer. A cancelled caller waits for the thread, too: what it opens must not be opened unseen."""
    work = asyncio.get_running_loop().run_in_executor(None, function, *args)
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.gather(work, return_exceptions=True)  # nobody is left to hear of its error
        raise
