"""How long the recent jobs of each model took: what members are told to expect, and where polling begins to learn."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cachetools import LRUCache

LONGEST_FACTOR = 1.9
"""What the 90th percentile of a lognormal of spread 0.5 is to its median."""

ENOUGH = 3
"""How many durations make a history that estimates are made from."""


@dataclass(frozen=True)
class History:
    """How long the recent jobs of one model took, in seconds, oldest first."""

    seconds: tuple[float, ...] = ()

    @property
    def known(self) -> bool:
        """Whether there are enough durations to believe them."""
        return len(self.seconds) >= ENOUGH

    def percentile(self, share: float) -> float | None:
        """The duration that `share` (0..1) of the jobs did not exceed; None without enough durations."""
        if not self.known:
            return None
        ordered = sorted(self.seconds)
        place = share * (len(ordered) - 1)
        below = math.floor(place)
        above = min(below + 1, len(ordered) - 1)
        return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


class Durations:
    """The recent durations of every model, in bounded memory: `per_model` each, of the `models` used last."""

    def __init__(self, *, per_model: int = 100, models: int = 100) -> None:
        self._per_model = per_model
        self._seconds: LRUCache[str, deque[float]] = LRUCache(models)
        self._histories: LRUCache[str, History] = LRUCache(models)

    def __iter__(self) -> Iterator[str]:
        return iter(self._seconds)

    def add(self, model: str, seconds: float) -> None:
        """Remember that a job of `model` took `seconds` from submit to completion. Times that can't be are ignored."""
        if not (math.isfinite(seconds) and seconds > 0):
            return
        self._seconds.setdefault(model, deque(maxlen=self._per_model)).append(seconds)
        self._histories.pop(model, None)

    def extend(self, model: str, seconds: Iterable[float]) -> None:
        """`add` each, oldest first: how a restarted process gets its memory back from its rows."""
        for one in seconds:
            self.add(model, one)

    def replace(self, model: str, seconds: Iterable[float]) -> None:
        """Forget what is remembered of `model`, and remember these, oldest first."""
        self._seconds.pop(model, None)
        self._histories.pop(model, None)
        self.extend(model, seconds)

    def history(self, model: str | None) -> History:
        """What is remembered of `model`; empty for a model never seen and for None."""
        if model is None or model not in self._seconds:
            return History()
        if model not in self._histories:
            self._histories[model] = History(tuple(self._seconds[model]))
        return self._histories[model]

    def median(self, model: str, typical: float) -> float:
        """The duration that half of the jobs don't exceed; `typical` (the catalogue's) until there are enough."""
        return self.history(model).percentile(0.5) or typical

    def percentile_90(self, model: str, typical: float) -> float:
        """The duration past which a job is slower than usual; a multiple of `typical` until there are enough."""
        return self.history(model).percentile(0.9) or typical * LONGEST_FACTOR
