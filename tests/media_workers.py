"""One template for the media tasks of all tests of a process.

Starting one takes a fifth of a second of processor time, twenty times what a task in it takes. It opens nothing of a
test's, as each task has a process of its own. How templates start and end is what `test_media_guard.py` is about, with
templates of its own.
"""

from __future__ import annotations

import functools

from bot.media import MediaEncoder, Normaliser
from bot.media.guard import Guard
from bot.media.service import PICTURE_BOUNDS
from bot.media.workers import Workers


class _SharedWorkers(Workers):
    async def close(self) -> None:
        """Its template ends with this process."""


@functools.cache
def shared_workers() -> Workers:
    return _SharedWorkers(idle_seconds=3600)  # a timer of the last test's loop, which ends before that


def a_normaliser() -> Normaliser:
    """With places of its own."""
    workers = shared_workers()
    return Normaliser(Guard(workers), pictures=Guard(workers, bounds=PICTURE_BOUNDS))


def an_encoder() -> MediaEncoder:
    """With places of its own."""
    return MediaEncoder(Guard(shared_workers()))
