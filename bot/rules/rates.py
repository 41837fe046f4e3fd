"""How often one member may ask for what costs no limit anything: a burst, and then so many a second."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

MEMBERS_MAX = 10_000
"""Of so many members it is known how often they asked lately; who is forgotten has a burst again."""


class Rate:
    """A bucket for each member: it holds `burst`, and fills up by `per_second`."""

    def __init__(self, burst: int, per_second: float, *, monotonic: Callable[[], float]) -> None:
        self._burst = burst
        self._per_second = per_second
        self._monotonic = monotonic
        self._left: OrderedDict[int, tuple[float, float]] = OrderedDict()

    def take(self, user_id: int) -> float:
        """0 where the member may ask now, and it is counted; else in how many seconds they may."""
        now = self._monotonic()
        left, at = self._left.pop(user_id, (float(self._burst), now))
        left = min(float(self._burst), left + (now - at) * self._per_second)
        wait = 0.0 if left >= 1 else (1 - left) / self._per_second
        self._left[user_id] = (left if wait else left - 1, now)
        if len(self._left) > MEMBERS_MAX:
            self._left.popitem(last=False)
        return wait
