"""What limits count: added up by the database, and the rows of the waitlist."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    case,
    func,
    literal,
    select,
    true,
    union_all,
    update,
)

from bot.errors import FileGone, RowUnreadable
from bot.rules.guild_settings import GuildSettings
from bot.rules.jobs import Failure, Requester
from bot.rules.limit_rules import OUTSIDE_OF_SERVERS, LimitBook, Scope, Unit, Window
from bot.rules.limits import FREE_TRIES, FREE_TRIES_IN
from bot.rules.usage import Asked, Held, Standing, Tally, Usage
from bot.rules.waitlist import Waiter
from bot.store.guild_settings import all_guild_settings_in
from bot.store.rows import REFUSED, read_requester
from bot.store.tables import jobs

log = logging.getLogger(__name__)

# A job whose video waits for its member keeps no place from others.
# One that waits for a moderator keeps nobody waiting either; it comes to the waitlist when it is approved.
_LIVE = jobs.c.ended_at.is_(None) & jobs.c.undeliverable.is_(None) & ~jobs.c.held
_IN_LINE = _LIVE & (jobs.c.state == "accepted") & jobs.c.place.is_not(None)
_CHANNEL = func.coalesce(jobs.c.parent_channel_id, jobs.c.channel_id)
"""A thread counts as the channel that it is of."""
_COUNTED = (
    jobs.c.id.label("job_id"),
    jobs.c.user_id,
    _CHANNEL.label("channel_id"),
    jobs.c.guild_id,
    jobs.c.accepted_at,
    jobs.c.cost,
    jobs.c.output_seconds.label("seconds"),
    _LIVE.label("live"),
    _IN_LINE.label("waiting"),
    jobs.c.forgiven,
)

_FILE_GONE = Failure(key=FileGone.key).model_dump_json(exclude={"facts"}).removesuffix("}")
"""How the column `failure` begins where a file could not be fetched."""

Lane = int | None | Literal["all"]
"""A line: a server's, the one outside of servers (None), or `all` where an operator's rule goes through all of them."""


_MEASURES: Mapping[Unit, ColumnElement[Any]] = {
    Unit.JOBS: literal(1),
    Unit.COST: jobs.c.cost,
    Unit.SECONDS: jobs.c.output_seconds,
}


def tallies_in(connection: Connection, requester: Requester, rules: Sequence[Held], now: datetime) -> list[Tally]:
    """What is used of each rule by the jobs that it counts, in one statement; loads no rows."""
    if not rules:
        return []
    sums = union_all(*(_tally(number, held, requester, now) for number, held in enumerate(rules)))
    found = {row["number"]: row for row in (connection.execute(sums)).mappings()}
    return [
        Tally(
            used=row["used"] or 0,
            running=row["running"] or 0,
            running_jobs=row["running_jobs"],
            waiting_jobs=row["waiting_jobs"],
            latest=row["latest"],
        )
        for row in (found[number] for number in range(len(rules)))
    ]


def frees_in(
    connection: Connection, requester: Requester, standing: Standing, asked: Asked, now: datetime
) -> datetime | None:
    """When so much has left the rule's sliding window that what is asked fits."""
    rule = standing.held.rule
    left = func.sum(_MEASURES[rule.unit]).over(order_by=(jobs.c.accepted_at, jobs.c.id)).label("left")
    leaving = select(jobs.c.accepted_at, left).where(_counted_by(standing.held, requester, now)).subquery()
    room = standing.used - leaving.c.left + asked.measure(rule.unit) <= rule.amount + 1e-6
    first: datetime | None = connection.scalar(select(func.min(leaving.c.accepted_at)).where(room))
    return None if first is None else first + rule.span


def last_free_try_in(connection: Connection, user_id: int, now: datetime) -> datetime | None:
    """When the member's job was accepted whose refused file was the last free one; None while there are some left.

    A file that Discord did not give us cost nobody anything, and its member can't help it.
    """
    refused = REFUSED & ~jobs.c.failure.startswith(_FILE_GONE)
    theirs = (jobs.c.user_id == user_id, jobs.c.accepted_at > now - FREE_TRIES_IN, refused)
    newest = select(jobs.c.accepted_at).where(*theirs).order_by(jobs.c.accepted_at.desc())
    last: datetime | None = connection.scalar(newest.offset(FREE_TRIES - 1).limit(1))
    return last


def _tally(number: int, held: Held, requester: Requester, now: datetime) -> Select[*tuple[Any, ...]]:
    measure = _MEASURES[held.rule.unit]
    return select(
        literal(number).label("number"),
        func.sum(measure).label("used"),
        func.sum(case((_IN_LINE, 0), else_=measure)).label("running"),
        func.count(case((~_IN_LINE, 1))).label("running_jobs"),
        func.count(case((_IN_LINE, 1))).label("waiting_jobs"),
        func.max(jobs.c.accepted_at).label("latest"),
    ).where(_counted_by(held, requester, now))


def _counted_by(held: Held, requester: Requester, now: datetime) -> ColumnElement[bool]:
    """The rows that the rule counts for this member now: as `bot.rules.usage.counts` says it of one row."""
    rule = held.rule
    at_once = rule.window is Window.AT_ONCE
    return and_(
        jobs.c.refunded.is_(False),
        _LIVE if at_once else jobs.c.accepted_at > now - rule.span,
        *_scope(held, requester, forgiving=not at_once and not held.operator),
    )


def _scope(held: Held, requester: Requester, *, forgiving: bool) -> list[ColumnElement[bool]]:
    here: ColumnElement[bool] = jobs.c.guild_id == requester.guild_id
    match held.rule.scope:
        case Scope.EVERYONE | Scope.ROLE:
            theirs: list[ColumnElement[bool]] = [
                jobs.c.user_id == requester.user_id,
                *([] if held.operator else [here]),
            ]
            return [*theirs, jobs.c.forgiven.is_(False)] if forgiving else theirs
        case Scope.CHANNEL:
            return [here, _CHANNEL.in_([held.rule.target_id])]
        case Scope.SERVER:
            return [here]
        case Scope.BOT:
            return []


def running_in(connection: Connection, lane: Lane) -> list[Usage]:
    """The live rows of a line's servers."""
    return _usage(connection, _reach(lane) & _LIVE)


def lanes_in(connection: Connection) -> list[int | None]:
    """The servers in which somebody stands in the line; None is outside of servers."""
    return list(connection.scalars(select(jobs.c.guild_id).where(_IN_LINE).distinct()))


def waiters_in(connection: Connection, lane: Lane) -> list[tuple[Waiter, int]]:
    """Who stands in the line, with the place that their row tells of."""
    query = select(*_COUNTED, jobs.c.requester, jobs.c.place).where(_reach(lane) & _IN_LINE)
    rows = (connection.execute(query)).mappings().all()
    books = books_in(connection, (row["guild_id"] for row in rows))
    waiters = []
    for row in rows:
        try:
            asked = read_requester(row["job_id"], row["requester"])
        except RowUnreadable as exc:  # one damaged row must not hold up all others
            log.warning("passed over in the line: %s", exc)
            continue
        waiter = Waiter(job=_usage_of(row), requester=placed(asked), book=books[row["guild_id"]])
        waiters.append((waiter, row["place"]))
    return waiters


def give_place(connection: Connection, job_id: str, place: int | None) -> bool:
    """Write a waiting job's place; None lets it start. False: it waits no more (it was cancelled)."""
    changed = connection.execute(update(jobs).where(jobs.c.id == job_id, _IN_LINE).values(place=place))
    return changed.rowcount == 1


def books_in(connection: Connection, guild_ids: Iterable[int | None]) -> dict[int | None, LimitBook]:
    """The limits of several servers, and of nowhere."""
    wanted = {guild_id for guild_id in guild_ids if guild_id is not None}
    guilds: dict[int, GuildSettings] = all_guild_settings_in(connection, wanted) if wanted else {}
    return {None: OUTSIDE_OF_SERVERS} | {guild_id: guild_settings.limits for guild_id, guild_settings in guilds.items()}


def placed(requester: Requester) -> Requester:
    """As limits see them: a thread counts as the channel that it is of."""
    return requester.model_copy(update={"channel_id": requester.parent_channel_id or requester.channel_id})


def _reach(lane: Lane) -> ColumnElement[bool]:
    return true() if lane == "all" else jobs.c.guild_id == lane


def _usage(connection: Connection, where: ColumnElement[bool]) -> list[Usage]:
    query: Select[Any] = select(*_COUNTED).where(where & jobs.c.refunded.is_(False))
    return [_usage_of(row) for row in (connection.execute(query)).mappings()]


def _usage_of(row: RowMapping) -> Usage:
    # SQLite has no booleans of its own: what it computes comes back as 0 or 1.
    facts = {column.name: row[column.name] for column in _COUNTED}
    return Usage(**facts | {name: bool(facts[name]) for name in ("live", "waiting", "forgiven")})
