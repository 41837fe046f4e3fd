"""Trying again what failed for a reason that may pass: how long to wait between tries, and the loop that does it."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

T = TypeVar("T")

PauseAfter = Callable[[Exception, int], float | None]
"""Given an error and the number of tries so far: seconds until the next try, or None to give up."""

_DOUBLINGS_MAX = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Pauses that double from `first` up to `longest`."""

    first: timedelta
    longest: timedelta

    def seconds(self, tries: int, *, chance: float = 1.0, at_least: float | None = None) -> float:
        """How long to wait after `tries` tries; 1 is the first.

        `chance`, a random number from 0 to 1, shortens the pause by up to half, so that many who failed together do not
        come back together. `at_least` is what the other side asked for (Retry-After): the pause is never shorter.
        """
        doubled = self.first.total_seconds() * 2.0 ** min(tries - 1, _DOUBLINGS_MAX)
        return max(min(doubled, self.longest.total_seconds()) * (0.5 + chance / 2), at_least or 0.0)


async def retry(
    act: Callable[[], Awaitable[T]], pause_after: PauseAfter, *, sleep: Callable[[float], Awaitable[None]]
) -> T:
    """`act`, again and again until it returns.

    `pause_after` decides on each error. Where it gives None the error is raised; it may also raise another one itself.
    """
    for tries in itertools.count(1):
        try:
            return await act()
        except Exception as exc:
            seconds = pause_after(exc, tries)
            if seconds is None:
                raise
        await sleep(seconds)
    raise AssertionError("unreachable")
