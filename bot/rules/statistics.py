"""A guild's jobs added up for `/stats`: by day and outcome, by command, by member, and how long they took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from bot.rules.catalog import Operation
from bot.rules.jobs import ENDED, JobState

TOP_MEMBERS = 5
UNDER_WAY = "under_way"
OUTCOMES = (JobState.DELIVERED.value, JobState.FAILED.value, JobState.CANCELLED.value, UNDER_WAY)

WAIT_EDGES = (30, 60, 120, 300, 600)
"""The edges, in seconds, between which waiting times are counted together. The last group has no upper edge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is counted of one job. `completed_at` is when the service had made it. `cost` is in US dollars, and
    `seconds` the video's length, both 0 for a job that was given back."""

    state: JobState
    operation: Operation
    user_id: int
    accepted_at: datetime
    completed_at: datetime | None
    cost: float = 0
    seconds: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """`days` go from the first to the last without a gap, each with the number of each outcome in the order of
    `OUTCOMES`. `waits` holds a number for each group of `WAIT_EDGES`; the percentiles are in seconds from the command
    to the finished video, None where there is none. `cost` and `seconds` are as the limits count them. `cut`: there
    were more jobs than are counted here."""

    days: tuple[tuple[date, tuple[int, ...]], ...]
    outcomes: tuple[int, ...]
    commands: tuple[tuple[Operation, int], ...]
    members: tuple[tuple[int, int], ...]
    waits: tuple[int, ...]
    median_seconds: float | None
    slow_seconds: float | None
    cost: float = 0
    seconds: float = 0
    cut: bool = False

    @property
    def total(self) -> int:
        return sum(self.outcomes)


def count(records: Iterable[Record], *, now: datetime, days: int, cut: bool = False) -> Statistics:
    """Add up the jobs of the last `days` days in UTC, today included."""
    last = now.astimezone(UTC).date()
    calendar = [last - timedelta(days=back) for back in range(days - 1, -1, -1)]
    by_day: dict[date, Counter[str]] = {day: Counter() for day in calendar}
    commands: Counter[Operation] = Counter()
    members: Counter[int] = Counter()
    waits: list[float] = []
    cost = seconds = 0.0
    for record in records:
        day = record.accepted_at.astimezone(UTC).date()
        if day not in by_day:
            continue
        by_day[day][record.state.value if record.state in ENDED else UNDER_WAY] += 1
        commands[record.operation] += 1
        members[record.user_id] += 1
        cost, seconds = cost + record.cost, seconds + record.seconds
        if record.completed_at is not None:
            waits.append((record.completed_at - record.accepted_at).total_seconds())
    waits.sort()
    totals = sum(by_day.values(), Counter())
    return Statistics(
        days=tuple((day, tuple(found[name] for name in OUTCOMES)) for day, found in by_day.items()),
        outcomes=tuple(totals[name] for name in OUTCOMES),
        commands=tuple(sorted(commands.items(), key=lambda item: (-item[1], item[0]))),
        members=tuple(sorted(members.items(), key=lambda item: (-item[1], item[0]))[:TOP_MEMBERS]),
        waits=_grouped(waits),
        median_seconds=_percentile(waits, 0.5),
        slow_seconds=_percentile(waits, 0.9),
        cost=cost,
        seconds=seconds,
        cut=cut,
    )


def _grouped(waits: list[float]) -> tuple[int, ...]:
    groups = [0] * (len(WAIT_EDGES) + 1)
    for seconds in waits:
        groups[sum(seconds >= edge for edge in WAIT_EDGES)] += 1
    return tuple(groups)


def _percentile(ordered: list[float], share: float) -> float | None:
    """The nearest value in the list, so that it is a time that somebody really waited; None for an empty list."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
