"""Repeating a call to the service while its failure may pass."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.errors import QueueDeadlineError
from bot.http.answers import Passing
from bot.http.tuning import Retry
from bot.rules.backoff import retry
from bot.rules.clock import Clock

T = TypeVar("T")

_SHORTEST_SECONDS = 0.001
"""Less than this before the deadline there is no time for another try."""


class Retries:
    """Repeats calls while what they raise is `Passing`, with the pauses of `bounds`."""

    def __init__(self, bounds: Retry, clock: Clock, rng: random.Random) -> None:
        self._bounds = bounds
        self._clock = clock
        self._random = rng

    async def run(self, call: Callable[[], Awaitable[T]], attempts: int, until: float | None = None) -> T:
        """The call's answer, after up to `attempts` tries.

        With `until` (on the monotonic clock) outages are waited out until then, and only answers that make no sense
        count as tries. Raises the error inside the last `Passing`, or `QueueDeadlineError` at `until`.
        """
        left = attempts

        def pause_after(error: Exception, tries: int) -> float | None:
            nonlocal left
            if not isinstance(error, Passing):
                return None
            wait = self._bounds.wait(tries, error.retry_after, self._random)
            time_left = None if until is None else until - self._clock.monotonic()
            left -= 1 if time_left is None or error.garbled else 0
            if left <= 0 or (time_left is None and wait > self._bounds.patience.total_seconds()):
                raise error.error from error.__cause__
            if time_left is None:
                return wait
            if max(error.retry_after or 0.0, _SHORTEST_SECONDS) > time_left:
                raise QueueDeadlineError(
                    f"no usable answer before the deadline: {error.error}", job_id=error.error.job_id
                ) from error.error
            return min(wait, time_left)

        return await retry(call, pause_after, sleep=self._clock.sleep)
