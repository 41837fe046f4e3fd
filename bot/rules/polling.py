"""When to ask next whether a job is done, learned from how long this model's recent jobs took.

Asking at the rate r(t) loses 1 / 2r of lag on average when the job ends and costs r requests a second while it runs.
Where one request is worth `poll_cost` seconds of lag, the sum of both is least for r = sqrt(h / (2 * poll_cost)), h
being the hazard rate: how likely the job is to end now, given that it has not ended yet (queue-api.md, section 4).

    >>> durations = Durations()
    >>> for seconds in (18.0, 20.0, 22.0, 21.0):
    ...     durations.add("lucy-pro-t2v", seconds)
    >>> history = durations.history("lucy-pro-t2v")
    >>> next_poll(0.0, history) > next_poll(20.0, history)   # long waits at first, short ones when it is about due
    True
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from cachetools import LRUCache

_SQRT_2 = math.sqrt(2)
_SQRT_2PI = math.sqrt(2 * math.pi)
_STEPS = 64
"""Steps of the integral over the longest wait: 0.16 s each at the default bounds, well under the shortest wait."""

ENOUGH = 3
"""How many durations make a history; with fewer a fixed schedule is used (`next_poll`)."""
PRIOR_SIGMA = 0.5
"""Spread (of the logarithms) that is believed before the durations say otherwise, with the weight of `PRIOR_WEIGHT`."""
PRIOR_WEIGHT = 2.0
LEAST_SIGMA = 0.05
OUTLIERS = 0.05
"""Share of jobs that are expected to be unlike the others (a busy service, a long input): spread `OUTLIER_SIGMA`."""
OUTLIER_SIGMA = 1.0


@dataclass(frozen=True, slots=True)
class PollBounds:
    """Seconds between two requests, and what a request is worth: `poll_cost` seconds of lag.

    At 0.08 a job of 20 s is asked about 8 times and its end is seen 0.65 s late on average (benchmarks/polling.py).
    """

    poll_min: float = 0.25
    poll_max: float = 10.0
    poll_cost: float = 0.08

    def __post_init__(self) -> None:
        if not (0 < self.poll_min <= self.poll_max and self.poll_cost > 0):
            raise ValueError(f"polling bounds must be 0 < poll_min <= poll_max and poll_cost > 0, not {self}")

    def hold(self, seconds: float) -> float:
        """`seconds`, but neither shorter than `poll_min` nor longer than `poll_max`."""
        return min(self.poll_max, max(self.poll_min, seconds))


DEFAULT_BOUNDS = PollBounds()


@dataclass(frozen=True)
class History:
    """How long the recent jobs of one model took, in seconds, oldest first."""

    seconds: tuple[float, ...] = ()

    @property
    def known(self) -> bool:
        """Whether there are enough durations to believe them."""
        return len(self.seconds) >= ENOUGH

    @cached_property
    def log_mean(self) -> float:
        return math.fsum(map(math.log, self.seconds)) / len(self.seconds)

    @cached_property
    def log_spread(self) -> float:
        squares = math.fsum((math.log(s) - self.log_mean) ** 2 for s in self.seconds)
        believed = (squares + PRIOR_WEIGHT * PRIOR_SIGMA**2) / (len(self.seconds) + PRIOR_WEIGHT)
        return max(LEAST_SIGMA, math.sqrt(believed))

    def percentile(self, share: float) -> float | None:
        """The duration that `share` (0..1) of the jobs did not exceed; None without enough durations."""
        if not self.known:
            return None
        ordered = sorted(self.seconds)
        place = share * (len(ordered) - 1)
        below = math.floor(place)
        above = min(below + 1, len(ordered) - 1)
        return ordered[below] + (ordered[above] - ordered[below]) * (place - below)

    def hazard(self, elapsed: float) -> float:
        """Chance a second of ending now for a job that has run `elapsed` seconds without ending."""
        if elapsed <= 0:
            return 0.0
        z = math.log(elapsed) - self.log_mean
        spreads = ((1 - OUTLIERS, self.log_spread), (OUTLIERS, max(OUTLIER_SIGMA, self.log_spread)))
        ending = math.fsum(w * math.exp(-((z / s) ** 2) / 2) / (elapsed * s * _SQRT_2PI) for w, s in spreads)
        running = math.fsum(w * math.erfc(z / s / _SQRT_2) / 2 for w, s in spreads)
        return ending / running if running > 0 else 0.0


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
        """The duration past which a job is slower than usual; 1.9 times `typical` until there are enough.

        1.9 is what the 90th percentile of a lognormal of spread 0.5 is to its median.
        """
        return self.history(model).percentile(0.9) or typical * 1.9


def next_poll(elapsed: float, history: History, bounds: PollBounds = DEFAULT_BOUNDS) -> float:
    """Seconds to wait before asking (again) about a job that was submitted `elapsed` seconds ago.

    Without enough history the wait grows by half each time, from 1 s to at most 10 s. It is computed from `elapsed`
    alone (after waits of 1, 1.5, 2.25 … the next one is 1 + elapsed / 2), so that a restarted process goes on the same.
    """
    if not history.known:
        return bounds.hold(min(10.0, 1.0 + max(0.0, elapsed) / 2))
    step = bounds.poll_max / _STEPS
    due = 0.0
    before = _rate(elapsed, history, bounds)
    for number in range(1, _STEPS + 1):
        after = _rate(elapsed + number * step, history, bounds)
        grown = due + (before + after) / 2 * step
        if grown >= 1.0:
            return bounds.hold(step * (number - 1 + (1.0 - due) / (grown - due)))
        due, before = grown, after
    return bounds.poll_max


def _rate(elapsed: float, history: History, bounds: PollBounds) -> float:
    return math.sqrt(history.hazard(elapsed) / (2 * bounds.poll_cost))


class Polling(Protocol):
    """What the Queue API client asks of a polling policy. `model` is None where the caller did not say it."""

    def wait(self, model: str | None, elapsed: float) -> float:
        """Seconds until the next request about a job submitted `elapsed` seconds ago."""
        ...

    def learn(self, model: str | None, seconds: float) -> None:
        """A job of `model` was completed about `seconds` after its submit."""
        ...


class AdaptivePolling:
    """The policy of this module. `durations` may be shared, so that estimates for people come from the same memory."""

    def __init__(self, durations: Durations | None = None, bounds: PollBounds = DEFAULT_BOUNDS) -> None:
        self.durations = durations if durations is not None else Durations()
        self.bounds = bounds

    def wait(self, model: str | None, elapsed: float) -> float:
        return next_poll(elapsed, self.durations.history(model), self.bounds)

    def learn(self, model: str | None, seconds: float) -> None:
        if model is not None:
            self.durations.add(model, seconds)


class FixedPolling:
    """Always the same wait: for tests and for comparison."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def wait(self, model: str | None, elapsed: float) -> float:
        return self.seconds

    def learn(self, model: str | None, seconds: float) -> None:
        """Nothing to learn."""
