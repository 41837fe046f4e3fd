"""Trying again what may pass, and giving up in time."""

from __future__ import annotations

import itertools
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.errors import QueueDeadlineError
from bot.queue.protocol import Passing
from bot.queue.tuning import Retry
from bot.rules.clock import Clock

T = TypeVar("T")


class Patience:
    """Repeats an attempt while what it raises is `Passing`, with the waits of `retry`."""

    def __init__(self, retry: Retry, clock: Clock, rng: random.Random) -> None:
        self._retry = retry
        self._clock = clock
        self._random = rng

    async def through(self, attempt: Callable[[], Awaitable[T]], attempts: int, until: float | None = None) -> T:
        """`attempt`, again and again while what it raises may pass: `attempts` times, or for outages, where `until`
        (on the monotonic clock) is given, until then."""
        left = attempts
        for tries in itertools.count(1):
            try:
                return await attempt()
            except Passing as passing:
                wait = self._retry.wait(tries, passing.retry_after, self._random)
                time_left = None if until is None else until - self._clock.monotonic()
                left -= 1 if time_left is None or passing.garbled else 0
                if left <= 0 or (time_left is None and wait > self._retry.patience.total_seconds()):
                    raise passing.error from passing.__cause__
                if time_left is not None and max(passing.retry_after or 0.0, 0.001) > time_left:
                    raise QueueDeadlineError(
                        f"no usable answer before the deadline: {passing.error}", job_id=passing.error.job_id
                    ) from passing.error
            await self._clock.sleep(wait if time_left is None else min(wait, time_left))
        raise AssertionError("unreachable")
