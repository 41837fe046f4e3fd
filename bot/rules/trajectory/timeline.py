"""Where a motion path is at which second, from its waypoints, of which some have times."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from bot.rules.trajectory.geometry import Place, lengths


class TooSoon(Exception):
    """The waypoint at `index` has a time that leaves none for the way to it and the holds before it."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


class Mark(Protocol):
    """What the text says of a waypoint, in seconds: when it is reached, and how long the path stays there.

    A `hold` of 0 makes it a place where an easing comes to its end; None passes through.
    """

    @property
    def at(self) -> float | None: ...
    @property
    def hold(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class _Leg:
    """From one stop to the next: from the length `start` to `goal`, between the seconds `began` and `ended`."""

    began: float
    ended: float
    start: float
    goal: float


class Timeline:
    """One run along a path, from its first waypoint at second 0 to the end of its last hold at `seconds`."""

    def __init__(
        self, points: tuple[Place, ...], marks: list[Mark], end: float, easing: Callable[[float], float]
    ) -> None:
        """`end` is when the last waypoint is reached where it has no time of its own. Raises `TooSoon`."""
        self._points = points
        self._way = lengths(points)
        self._easing = easing
        self._legs: list[_Leg] = []
        arrivals = self._arrivals(marks, end)
        stops = [i for i, mark in enumerate(marks) if mark.at is not None or mark.hold is not None]
        stops = sorted({0, len(marks) - 1, *stops})
        for a, b in pairwise(stops):
            leave = arrivals[a] + (marks[a].hold or 0)
            self._legs.append(_Leg(leave, arrivals[b], self._way[a], self._way[b]))
        self._starts = [leg.began for leg in self._legs]
        self.seconds = arrivals[-1] + (marks[-1].hold or 0)

    def _arrivals(self, marks: list[Mark], end: float) -> list[float]:
        """When each waypoint is reached. Those without a time share the time between the others by length of way."""
        last = len(marks) - 1
        known = {0: marks[0].at or 0.0, last: end}
        known |= {i: mark.at for i, mark in enumerate(marks) if mark.at is not None}
        arrivals = [0.0] * (last + 1)
        indices = sorted(known)
        arrivals[0] = known[0]
        for a, b in pairwise(indices):
            self._share(marks, arrivals, a, b, known[b])
        return arrivals

    def _share(self, marks: list[Mark], arrivals: list[float], a: int, b: int, goal: float) -> None:
        holds = [marks[i].hold or 0 for i in range(a, b)]
        moving = goal - arrivals[a] - sum(holds)
        if moving <= 0:
            raise TooSoon(b)
        way = self._way[b] - self._way[a]
        held = 0.0
        for i in range(a + 1, b):
            held += holds[i - 1 - a]
            share = (self._way[i] - self._way[a]) / way if way else (i - a) / (b - a)
            arrivals[i] = arrivals[a] + held + moving * share
        arrivals[b] = goal

    def place(self, second: float) -> Place:
        """The place at `second`; before the start the first place, after the end the last."""
        leg = self._legs[max(0, bisect_right(self._starts, second) - 1)]
        if second >= leg.ended:
            return self._along(leg.goal)
        done = max(0.0, second - leg.began) / (leg.ended - leg.began)
        return self._along(leg.start + (leg.goal - leg.start) * self._easing(done))

    def _along(self, way: float) -> Place:
        i = min(bisect_right(self._way, way), len(self._way) - 1)
        before, after = self._points[i - 1], self._points[i]
        piece = self._way[i] - self._way[i - 1]
        part = min(1.0, max(0.0, (way - self._way[i - 1]) / piece)) if piece else 1.0
        return before[0] + (after[0] - before[0]) * part, before[1] + (after[1] - before[1]) * part
