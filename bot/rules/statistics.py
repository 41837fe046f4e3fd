"""A guild's jobs added up for `/stats`: by day and outcome, command, model and member, and how long they took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Generic, TypeVar

from bot.rules.catalog import Operation
from bot.rules.jobs import ENDED, JobState

TOP_MEMBERS = 5
Key = TypeVar("Key", bound=Hashable)
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
    model: str
    user_id: int
    accepted_at: datetime
    completed_at: datetime | None
    cost: float = 0
    seconds: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Share(Generic[Key]):
    """What the jobs of one day, command, model or member come to: their number, seconds of video and US dollars."""

    key: Key
    jobs: int
    seconds: float
    cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsLine:
    """The jobs that one member asked for on one day with one command and model: how many of each outcome, in the order
    of `OUTCOMES`, their seconds of video and US dollars."""

    day: date
    operation: Operation
    model: str
    user_id: int
    outcomes: tuple[int, ...]
    seconds: float
    cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """`days` go from the first to the last without a gap, each with the number of each outcome in the order of
    `OUTCOMES`. The shares come largest first, but `latest`, the days with jobs, with the newest first. `waits` holds a
    number for each group of `WAIT_EDGES`; the percentiles are in seconds from the command to the finished video, None
    where there is none. `cost` and `seconds` are as the limits count them. `cut`: there were more jobs than are counted
    here."""

    days: tuple[tuple[date, tuple[int, ...]], ...]
    outcomes: tuple[int, ...]
    latest: tuple[Share[date], ...]
    commands: tuple[Share[Operation], ...]
    models: tuple[Share[str], ...]
    members: tuple[Share[int], ...]
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
    calendar = _calendar(now, days)
    counted = [record for record in records if _day(record) in calendar]
    by_day: dict[date, Counter[str]] = {day: Counter() for day in calendar}
    for record in counted:
        by_day[_day(record)][_outcome(record)] += 1
    waits = sorted(
        (record.completed_at - record.accepted_at).total_seconds()
        for record in counted
        if record.completed_at is not None
    )
    totals = sum(by_day.values(), Counter())
    return Statistics(
        days=tuple((day, tuple(found[name] for name in OUTCOMES)) for day, found in by_day.items()),
        outcomes=tuple(totals[name] for name in OUTCOMES),
        latest=tuple(sorted(_shares(counted, _day), key=lambda share: share.key, reverse=True)),
        commands=_largest(_shares(counted, lambda record: record.operation)),
        models=_largest(_shares(counted, lambda record: record.model)),
        members=_largest(_shares(counted, lambda record: record.user_id))[:TOP_MEMBERS],
        waits=_grouped(waits),
        median_seconds=_percentile(waits, 0.5),
        slow_seconds=_percentile(waits, 0.9),
        cost=sum(record.cost for record in counted),
        seconds=sum(record.seconds for record in counted),
        cut=cut,
    )


def lines(records: Iterable[Record], *, now: datetime, days: int) -> tuple[StatisticsLine, ...]:
    """The same jobs by day, command, model and member at once, the newest day first: what a table is made of."""
    calendar = _calendar(now, days)
    groups: dict[tuple[date, Operation, str, int], list[Record]] = {}
    for record in records:
        if _day(record) in calendar:
            groups.setdefault((_day(record), record.operation, record.model, record.user_id), []).append(record)
    found = []
    for (day, operation, model, user_id), group in groups.items():
        outcomes = Counter(_outcome(record) for record in group)
        line = StatisticsLine(
            day=day,
            operation=operation,
            model=model,
            user_id=user_id,
            outcomes=tuple(outcomes[name] for name in OUTCOMES),
            seconds=sum(record.seconds for record in group),
            cost=sum(record.cost for record in group),
        )
        found.append(line)
    found.sort(key=lambda line: (-line.day.toordinal(), line.operation, line.model, line.user_id))
    return tuple(found)


def _calendar(now: datetime, days: int) -> dict[date, None]:
    """The days in UTC from the first to today, in order."""
    last = now.astimezone(UTC).date()
    return dict.fromkeys(last - timedelta(days=back) for back in range(days - 1, -1, -1))


def _day(record: Record) -> date:
    return record.accepted_at.astimezone(UTC).date()


def _outcome(record: Record) -> str:
    return record.state.value if record.state in ENDED else UNDER_WAY


def _shares(records: Iterable[Record], key: Callable[[Record], Key]) -> list[Share[Key]]:
    groups: dict[Key, list[Record]] = {}
    for record in records:
        groups.setdefault(key(record), []).append(record)
    return [
        Share(key=one, jobs=len(group), seconds=sum(r.seconds for r in group), cost=sum(r.cost for r in group))
        for one, group in groups.items()
    ]


def _largest(shares: Iterable[Share[Key]]) -> tuple[Share[Key], ...]:
    return tuple(sorted(shares, key=lambda share: (-share.jobs, str(share.key))))


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
