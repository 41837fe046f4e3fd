"""The rows of the waitlist and those that run beside them; and what was given back."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    func,
    or_,
    select,
    true,
    update,
)

from bot.errors import ContentRefused, FileGone, OutcomeUnknown, RowUnreadable, ServiceRefused, UserFacing
from bot.rules.guild_settings import GuildSettings
from bot.rules.jobs import Failure, JobState, Requester
from bot.rules.limit_rules import OUTSIDE_OF_SERVERS, LimitBook
from bot.rules.limits import FREE_TRIES, FREE_TRIES_IN, GIVEN_BACK_IN
from bot.rules.usage import Usage
from bot.rules.waitlist import Waiter
from bot.store.guild_settings import all_guild_settings_in
from bot.store.rows import REFUSED, read_requester
from bot.store.tables import jobs
from bot.store.tallies import CHANNEL

log = logging.getLogger(__name__)

# A job whose video waits for its member keeps no place from others.
# One that waits for a moderator keeps nobody waiting either; it comes to the waitlist when it is approved.
_LIVE = jobs.c.ended_at.is_(None) & jobs.c.undeliverable.is_(None) & ~jobs.c.held
_IN_LINE = _LIVE & (jobs.c.state == "accepted") & jobs.c.place.is_not(None)
_COUNTED = (
    jobs.c.id.label("job_id"),
    jobs.c.user_id,
    CHANNEL.label("channel_id"),
    jobs.c.guild_id,
    jobs.c.accepted_at,
    jobs.c.cost,
    jobs.c.output_seconds.label("seconds"),
    _LIVE.label("live"),
    _IN_LINE.label("waiting"),
    jobs.c.forgiven,
)


def _begins(error: type[UserFacing]) -> str:
    """How the column `failure` begins for that one."""
    return Failure(key=error.key).model_dump_json(exclude={"facts"}).removesuffix("}")


_FILE_GONE = _begins(FileGone)
_MAY_HAVE_COST = [_begins(error) for error in (OutcomeUnknown, ServiceRefused, ContentRefused)]
SELDOM_GIVEN_BACK = (
    jobs.c.refunded
    & (jobs.c.state == JobState.FAILED.value)
    & (jobs.c.remote_id.is_not(None) | or_(*(jobs.c.failure.startswith(key) for key in _MAY_HAVE_COST)))
)
"""Failed jobs that the limits do not count though they may have cost something."""

Lane = int | None | Literal["all"]
"""A line: a server's, the one outside of servers (None), or `all` where an operator's rule goes through all of them."""


def last_free_try_in(connection: Connection, user_id: int, now: datetime) -> datetime | None:
    """When the member's job was accepted whose refused file was the last free one; None while there are some left.

    A file that Discord did not give us cost nobody anything, and its member can't help it.
    """
    refused = REFUSED & ~jobs.c.failure.startswith(_FILE_GONE)
    theirs = (jobs.c.user_id == user_id, jobs.c.accepted_at > now - FREE_TRIES_IN, refused)
    newest = select(jobs.c.accepted_at).where(*theirs).order_by(jobs.c.accepted_at.desc())
    last: datetime | None = connection.scalar(newest.offset(FREE_TRIES - 1).limit(1))
    return last


def given_back_in(connection: Connection, user_id: int, now: datetime) -> int:
    """How many of the member's failed jobs the limits do not count though they may have cost something."""
    theirs = (jobs.c.user_id == user_id, jobs.c.accepted_at > now - GIVEN_BACK_IN)
    return connection.scalar(select(func.count()).where(*theirs, SELDOM_GIVEN_BACK)) or 0


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
    books = _readable_books_in(connection, {row["guild_id"] for row in rows})
    waiters = []
    for row in rows:
        if row["guild_id"] not in books:
            continue
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


def _readable_books_in(connection: Connection, guild_ids: set[int | None]) -> dict[int | None, LimitBook]:
    """Without those of servers whose settings can't be read: they must not hold up all others."""
    try:
        return books_in(connection, guild_ids)
    except RowUnreadable:
        found: dict[int | None, LimitBook] = {}
    for guild_id in guild_ids:
        try:
            found |= books_in(connection, [guild_id])
        except RowUnreadable as exc:
            log.warning("nobody of the server moves in the line: %s", exc)
    return found


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
