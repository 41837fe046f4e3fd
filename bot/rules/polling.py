"""When to ask next whether a job is done.

How likely it is to end now comes from a life table of its model (`bot.rules.life_table`): from jobs that have ended and
from those that still run, at first from the catalogue's guess. A job is asked about each time that one more request is
worth it. While little is known the jobs of a burst look at different ages, so that few of them find out for all.

    >>> polling = AdaptivePolling(typical_seconds={"lucy-pro-t2v": 20.0})
    >>> for _ in range(50):
    ...     polling.follow("lucy-pro-t2v").completed(20.0)
    >>> job = polling.follow("lucy-pro-t2v")
    >>> first = job.wait(0.0)
    >>> job.running(first)
    >>> first > 10 and job.wait(first) < 3   # a long wait at first, short ones when the job is about due
    True
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from cachetools import LRUCache

from bot.rules.durations import Durations
from bot.rules.life_table import LifeTable

TYPICAL_SECONDS = 40.0
"""Of a model that nothing is known of."""
_SHORTEST_SECONDS = 0.001
"""What is left of a wait may be less than a clock's time can grow by, and would be waited for without end."""
_SOONEST_SECONDS = 0.05
"""The first look may come that early; later ones keep `poll_min`."""
_LATEST_FIRST_SECONDS = 60.0
_NEW_SECONDS = 1.0
"""A job is first followed a moment after its submit: so late it is still a new one."""
_POLITE_SECONDS, _POLITE_FROM = 2.0, 1.4
"""The service asks for no more than one question in 2 s; a wait of 1.4 s is lengthened to that for 4 % of its worth."""
_LISTENING_SECONDS, _LISTENING_SHARE = 1.0, 0.06
"""How long to wait at most (also as a share of the age) before what other jobs have shown is heeded."""
_GOLDEN = 0.6180339887498949
"""Multiples of it fill the interval from 0 to 1 evenly, however many there are."""


@dataclass(frozen=True, slots=True)
class PollBounds:
    """Seconds between two requests, and what a request is worth: `poll_cost` seconds of lag.

    At 0.055 a job of 20 s is asked about 10 times and its end is seen 0.55 s late on average (benchmarks/polling.py).
    """

    poll_min: float = 0.25
    poll_max: float = 10.0
    poll_cost: float = 0.055

    def __post_init__(self) -> None:
        if not (0 < self.poll_min <= self.poll_max and self.poll_cost > 0):
            raise ValueError(f"polling bounds must be 0 < poll_min <= poll_max and poll_cost > 0, not {self}")

    def hold(self, seconds: float) -> float:
        """`seconds`, but neither shorter than `poll_min` nor longer than `poll_max`."""
        if _POLITE_FROM <= seconds < _POLITE_SECONDS:
            seconds = _POLITE_SECONDS
        return min(self.poll_max, max(self.poll_min, seconds))


DEFAULT_BOUNDS = PollBounds()


class Polling(Protocol):
    """What the Queue API client asks of a polling policy. `model` is None where the caller did not say it."""

    def follow(self, model: str | None, age: float | None = 0.0) -> JobPolling:
        """For one job, which is `age` seconds old; where that is None nobody knows, and ages are counted from now."""
        ...


class JobPolling(Protocol):
    """When to ask about one job. Ages are seconds since its submit."""

    def wait(self, age: float) -> float:
        """Seconds to wait before `wait` is called again; 0 where it is time to ask."""
        ...

    def running(self, age: float) -> None:
        """It was asked about at that age, and has not ended."""
        ...

    def completed(self, age: float) -> None:
        """It was asked about at that age, and is complete."""
        ...

    def leave(self) -> None:
        """It is not asked about any more, however it ended. To be called once."""
        ...


class AdaptivePolling:
    """The policy of this module. `durations` may be shared, so that estimates for people come from the same jobs.

    `typical_seconds` says what is believed of a model that nothing is known of yet.
    """

    def __init__(
        self,
        durations: Durations | None = None,
        bounds: PollBounds = DEFAULT_BOUNDS,
        *,
        typical_seconds: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self.durations = durations if durations is not None else Durations()
        self.bounds = bounds
        self._typical_seconds = typical_seconds
        self._tables: LRUCache[str, LifeTable] = LRUCache(100)
        self._followed = 0

    def follow(self, model: str | None, age: float | None = 0.0) -> JobPolling:
        self._followed += 1
        return _AdaptiveJob(self, model, self.table(model), age, (self._followed * _GOLDEN) % 1.0)

    def table(self, model: str | None) -> LifeTable:
        """What is known of `model`; of all those without a name together for None."""
        name = model or ""
        if name not in self._tables:
            table = LifeTable(self._typical_seconds.get(name, TYPICAL_SECONDS), self.bounds.poll_cost)
            for seconds in self.durations.history(model).seconds:
                table.add(seconds, seconds)
            self._tables[name] = table
        return self._tables[name]


class _AdaptiveJob:
    """Asks each time that one more request is worth it; the first time where its place among the others is."""

    def __init__(
        self, policy: AdaptivePolling, model: str | None, table: LifeTable, age: float | None, place: float
    ) -> None:
        self._policy = policy
        self._model = model
        self._table = table
        self._asked = max(0.0, age or 0.0)
        self._counts = age is not None  # else it would teach wrong ages
        self._weight = table.begin(self._asked) if self._counts else 0.0
        self._wanted = 0.75 + place / 2 if table.settled else place
        self._bounds = policy.bounds
        self._new = age is not None and age < _NEW_SECONDS

    def wait(self, age: float) -> float:
        table = self._table
        pause = table.age_at(table.polls_by(self._asked) + self._wanted) - self._asked
        pause = min(_LATEST_FIRST_SECONDS, max(_SOONEST_SECONDS, pause)) if self._new else self._bounds.hold(pause)
        left = self._asked + pause - age
        if left < _SHORTEST_SECONDS:
            return 0.0
        return left if table.settled else min(left, max(_LISTENING_SECONDS, _LISTENING_SHARE * age))

    def running(self, age: float) -> None:
        if self._counts:
            self._table.ran(self._asked, age, self._weight)
        self._asked = age
        self._wanted = 1.0
        self._new = False

    def completed(self, age: float) -> None:
        if not self._counts:
            return
        self._table.end(self._asked, age, self._weight)
        if self._model is not None:
            self._policy.durations.add(self._model, (self._asked + age) / 2)

    def leave(self) -> None:
        if self._counts:
            self._table.leave()


class FixedPolling:
    """Always the same wait: for tests and for comparison. `first` is the wait before the first request, if another."""

    def __init__(self, seconds: float, *, first: float | None = None) -> None:
        self.seconds = seconds
        self.first = first

    def follow(self, model: str | None, age: float | None = 0.0) -> JobPolling:
        return _FixedJob(self.seconds, (age or 0.0) + (self.seconds if self.first is None else self.first))


class _FixedJob:
    def __init__(self, seconds: float, due: float) -> None:
        self._seconds = seconds
        self._due = due

    def wait(self, age: float) -> float:
        left = self._due - age
        return left if left >= _SHORTEST_SECONDS else 0.0

    def running(self, age: float) -> None:
        self._due = age + self._seconds

    def completed(self, age: float) -> None:
        """Nothing to learn."""

    def leave(self) -> None:
        """Nothing to forget."""
