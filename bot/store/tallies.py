"""What limits count, read from the table `tallies`, which the database keeps in step with the jobs' rows by itself.

A window slides by the microsecond, and the table knows minutes, hours and days: only the minute in which a window
begins is added up from rows. So a decision costs the same whatever there is in the window.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from functools import cache, partial
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Delete,
    Float,
    Select,
    bindparam,
    cast,
    delete,
    func,
    literal_column,
    select,
    true,
    tuple_,
    union_all,
)

from bot.rules.clock import Clock
from bot.rules.jobs import Requester
from bot.rules.limit_rules import Scope, Unit, Window
from bot.rules.usage import Asked, Held, Standing, Tally
from bot.store.database import Database
from bot.store.tables import jobs, tallies

CHANNEL = func.coalesce(jobs.c.parent_channel_id, jobs.c.channel_id)
"""A thread counts as the channel that it is of."""
RUNNING, WAITING = 1, 2
"""Periods that hold the live jobs: those that no at-once rule holds back, and those that one does."""
_SHARES = 8
"""All jobs are counted in so many parts by their server, so that servers do not wait for each other to be counted."""
_LAST_DAY, _LAST_HOUR = 99_999_999, 9_999_999_999
_KEPT = timedelta(days=32)
"""Longer than any window."""
_DROPPED_AT_ONCE = 1000

K = TypeVar("K")


class _Whose(Enum):
    """Which rows a rule counts, in the table's terms."""

    BOT = auto()
    USER = auto()
    GUILD = auto()
    CHANNEL = auto()
    MEMBER = auto()


_ROWS: Mapping[_Whose, ColumnElement[bool]] = {
    _Whose.BOT: true(),
    _Whose.USER: jobs.c.user_id == bindparam("user_id"),
    _Whose.GUILD: jobs.c.guild_id == bindparam("guild_id"),
    _Whose.CHANNEL: (jobs.c.guild_id == bindparam("guild_id")) & (bindparam("target_id") == CHANNEL),
    _Whose.MEMBER: (jobs.c.guild_id == bindparam("guild_id"))
    & (jobs.c.user_id == bindparam("user_id"))
    & ~jobs.c.forgiven,
}
"""The same of single rows, for the minute in which a window begins."""


def tallies_in(connection: Connection, requester: Requester, rules: Sequence[Held], now: datetime) -> list[Tally]:
    """What is used of each rule by the jobs that it counts."""
    counted = [_Counted(held, requester) for held in rules]
    live = _live(connection, [one for one in counted if one.held.rule.window is Window.AT_ONCE])
    sums: dict[tuple[tuple[str, ...], timedelta], Sequence[float]] = {}
    found = []
    for one in counted:
        rule = one.held.rule
        match rule.window:
            case Window.AT_ONCE:
                found.append(_at_once(live, one))
            case Window.COOLDOWN:
                found.append(Tally(latest=one.latest(connection, now - rule.span)))
            case _:
                key = (one.scopes, rule.span)
                if key not in sums:
                    sums[key] = one.sums(connection, now - rule.span)
                found.append(Tally(used=_measure(rule.unit, sums[key])))
    return found


def frees_in(
    connection: Connection, requester: Requester, standing: Standing, asked: Asked, now: datetime
) -> datetime | None:
    """When so much has left the rule's sliding window that what is asked fits."""
    rule = standing.held.rule
    excess = standing.used + asked.measure(rule.unit) - rule.amount - 1e-6
    left = _Counted(standing.held, requester).left(connection, now - rule.span, excess)
    return None if left is None else left + rule.span


class _Counted:
    """The jobs that a rule counts for this member."""

    def __init__(self, held: Held, requester: Requester) -> None:
        self.held = held
        self.scopes: tuple[str, ...]
        guild = f"guild {requester.guild_id}"
        match held.rule.scope:
            case Scope.EVERYONE | Scope.ROLE if held.operator:
                self._whose, self.scopes = _Whose.USER, (f"user {requester.user_id}",)
            case Scope.EVERYONE | Scope.ROLE:
                self._whose, self.scopes = _Whose.MEMBER, (f"{guild} user {requester.user_id}",)
            case Scope.CHANNEL:
                self._whose, self.scopes = _Whose.CHANNEL, (f"{guild} channel {held.rule.target_id}",)
            case Scope.SERVER:
                self._whose, self.scopes = _Whose.GUILD, (guild,)
            case Scope.BOT:
                self._whose, self.scopes = _Whose.BOT, tuple(f"bot {share}" for share in range(_SHARES))
        self._facts = {
            "scope": self.scopes[0],
            "user_id": requester.user_id,
            "guild_id": requester.guild_id,
            "target_id": held.rule.target_id,
        }

    def sums(self, connection: Connection, since: datetime) -> Sequence[float]:
        """Jobs, cost and seconds since then."""
        minute, hour, day = _periods(since)
        given = {
            "since": since, "until": _end(minute),
            "minute": minute, "minute_to": _last_of(hour, 59),
            "hour": hour, "hour_to": _last_of(day, 23),
            "day": day, "day_to": _LAST_DAY,
        }  # fmt: skip
        parts = connection.execute(_sums(self._whose), self._facts | given).all()
        jobs_made, cost, seconds = (sum(part[column] or 0 for part in parts) for column in range(3))
        return int(jobs_made), float(cost), float(seconds)

    def latest(self, connection: Connection, since: datetime) -> datetime | None:
        """When the newest was accepted, if that was since then or less than a minute before."""
        minute, _, _ = _periods(since)
        newest = [connection.scalar(_NEWEST_MINUTE, {"scope": scope, "minute": minute}) for scope in self.scopes]
        begin = max(filter(None, newest), default=None)
        if begin is None:
            return None
        return max((at for at, _ in self._rows(connection, _just_before(begin), _end(begin))), default=None)

    def left(self, connection: Connection, since: datetime, excess: float) -> datetime | None:
        """When the job was accepted with which so much has been added up, from the oldest on since then."""
        minute, hour, day = _periods(since)
        at, excess = _reached(self._rows(connection, since, _end(minute)), excess)
        if at is not None:
            return at
        found: int | None = None
        for after, to in ((minute, _last_of(hour, 59)), (hour, _last_of(day, 23)), (day, _LAST_DAY)):
            found, excess = _reached(self._parts(connection, after, to), excess)
            if found is not None:
                break
        while found is not None and found <= _LAST_HOUR:  # a day, and then its hour
            last = 23 if found <= _LAST_DAY else 59
            found, excess = _reached(self._parts(connection, found * 100 - 1, _last_of(found, last)), excess)
        if found is None:
            return None
        return _reached(self._rows(connection, _just_before(found), _end(found)), excess)[0]

    def _rows(self, connection: Connection, after: datetime, until: datetime) -> list[tuple[datetime, float]]:
        """Times and measures of the jobs in between, oldest first."""
        rows = connection.execute(_rows(self._whose), self._facts | {"since": after, "until": until})
        return [(at, _measure(self.held.rule.unit, measures)) for at, *measures in rows]

    def _parts(self, connection: Connection, after: int, to: int) -> list[tuple[int, float]]:
        """Periods and their measures, oldest first."""
        rows = connection.execute(_parts(self._whose), self._facts | {"after": after, "to": to})
        return [(period, float(_measure(self.held.rule.unit, measures))) for period, *measures in rows]


def _live(connection: Connection, counted: Iterable[_Counted]) -> dict[tuple[str, int], Sequence[float]]:
    """Jobs, cost and seconds of the live jobs, by scope and `RUNNING` or `WAITING`."""
    scopes = {scope for one in counted for scope in one.scopes}
    if not scopes:
        return {}
    rows = connection.execute(_LIVE, {"scopes": sorted(scopes)})
    return {(scope, period): measures for scope, period, *measures in rows}


def _at_once(live: Mapping[tuple[str, int], Sequence[float]], one: _Counted) -> Tally:
    nothing = (0, 0, 0.0)
    running, waiting = (
        [sum(values) for values in zip(*(live.get((scope, period), nothing) for scope in one.scopes), strict=True)]
        for period in (RUNNING, WAITING)
    )
    unit = one.held.rule.unit
    return Tally(
        used=_measure(unit, running) + _measure(unit, waiting),
        running=_measure(unit, running),
        running_jobs=round(running[0]),
        waiting_jobs=round(waiting[0]),
    )


_SECONDS = cast(tallies.c.microseconds, Float) / 1_000_000
_MEASURES: tuple[ColumnElement[Any], ...] = (tallies.c.jobs, tallies.c.cost, _SECONDS)
_LIVE = select(tallies.c.scope, tallies.c.period, *_MEASURES).where(
    tallies.c.scope.in_(bindparam("scopes", expanding=True)), tallies.c.period <= WAITING
)
_NEWEST_MINUTE = (
    select(tallies.c.period)
    .where(tallies.c.scope == bindparam("scope"), tallies.c.period >= bindparam("minute"), tallies.c.jobs > 0)
    .order_by(tallies.c.period.desc())
    .limit(1)
)
_WITHIN = (
    jobs.c.accepted_at > bindparam("since", type_=jobs.c.accepted_at.type),
    jobs.c.accepted_at < bindparam("until", type_=jobs.c.accepted_at.type),
    ~jobs.c.refunded,
)


@cache
def _rows(whose: _Whose) -> Select[*tuple[Any, ...]]:
    measures: tuple[ColumnElement[Any], ...] = (literal_column("1"), jobs.c.cost, jobs.c.output_seconds)
    return select(jobs.c.accepted_at, *measures).where(*_WITHIN, _ROWS[whose]).order_by(jobs.c.accepted_at)


@cache
def _parts(whose: _Whose) -> Select[*tuple[Any, ...]]:
    measures: list[ColumnElement[Any]] = [func.sum(measure) for measure in _MEASURES]
    within = (tallies.c.period > bindparam("after"), tallies.c.period <= bindparam("to"))
    return (
        select(tallies.c.period, *measures)
        .where(_of(whose), *within)
        .group_by(tallies.c.period)
        .order_by(tallies.c.period)
    )


@cache
def _sums(whose: _Whose) -> CompoundSelect[*tuple[Any, ...]]:
    """The rows of the first minute, the other minutes of its hour, the other hours of its day, and the days after."""
    edge = select(func.count(), func.sum(jobs.c.cost), func.sum(jobs.c.output_seconds))
    whole = select(*(func.sum(measure) for measure in _MEASURES)).where(_of(whose))
    ranges = [("minute", "minute_to"), ("hour", "hour_to"), ("day", "day_to")]
    return union_all(
        edge.where(*_WITHIN, _ROWS[whose]),
        *(whole.where(tallies.c.period > bindparam(after), tallies.c.period <= bindparam(to)) for after, to in ranges),
    )


def _of(whose: _Whose) -> ColumnElement[bool]:
    if whose is _Whose.BOT:
        return tallies.c.scope.in_([literal_column(f"'bot {share}'") for share in range(_SHARES)])
    return tallies.c.scope == bindparam("scope")


def _measure(unit: Unit, measures: Sequence[float]) -> float:
    return measures[{Unit.JOBS: 0, Unit.COST: 1, Unit.SECONDS: 2}[unit]]


def _reached(entries: Iterable[tuple[K, float]], excess: float) -> tuple[K | None, float]:
    """The entry with which that much is reached, and what is to be reached within it; None, and what is left of it."""
    for key, amount in entries:
        if amount >= excess:
            return key, excess
        excess -= amount
    return None, excess


def _periods(at: datetime) -> tuple[int, int, int]:
    """The minute, the hour and the day of that time, as the table has them."""
    utc = at.astimezone(UTC)
    day = (utc.year * 100 + utc.month) * 100 + utc.day
    hour = day * 100 + utc.hour
    return hour * 100 + utc.minute, hour, day


def _last_of(period: int, number: int) -> int:
    """The last hour of a day (23), or the last minute of an hour (59)."""
    return period * 100 + number


def _just_before(minute: int) -> datetime:
    return _start(minute) - timedelta(microseconds=1)


def _end(minute: int) -> datetime:
    return _start(minute) + timedelta(minutes=1)


def _start(minute: int) -> datetime:
    return datetime.strptime(str(minute), "%Y%m%d%H%M").replace(tzinfo=UTC)


class OldTallies:
    """What no window reaches any more. Every method may raise `DatabaseUnavailable`."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def drop(self) -> int:
        """Delete it; gives the number of periods."""
        minute, hour, day = _periods(self._clock.now() - _KEPT)
        old = (
            (tallies.c.jobs == 0)
            | tallies.c.period.between(WAITING + 1, day - 1)
            | tallies.c.period.between(_LAST_DAY, hour - 1)
            | tallies.c.period.between(_LAST_HOUR, minute - 1)
        )
        some = select(tallies.c.scope, tallies.c.period).where(old).limit(_DROPPED_AT_ONCE)
        dropped = 0
        while found := await self._database.read(lambda connection: [tuple(row) for row in connection.execute(some)]):
            # What is looked for takes long, but is only read; what was found may have changed since.
            removal = delete(tallies).where(tuple_(tallies.c.scope, tallies.c.period).in_(found), old)
            dropped += await self._database.write(partial(_execute, removal))
        return dropped


def _execute(removal: Delete, connection: Connection) -> int:
    return connection.execute(removal).rowcount
