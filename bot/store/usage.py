"""What limits count, read from the jobs' rows in one query."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Literal

from sqlalchemy import ColumnElement, RowMapping, Select, false, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import RowUnreadable
from bot.rules.guild_settings import GuildSettings
from bot.rules.jobs import LIVE, Requester
from bot.rules.limit_rules import LimitBook
from bot.rules.limits import Need
from bot.rules.usage import Usage
from bot.rules.waitlist import Waiter
from bot.store.guild_settings import all_guild_settings_in
from bot.store.rows import requester_of
from bot.store.tables import jobs

log = logging.getLogger(__name__)

# One that has its video and waits for its member to come for it keeps no place from others.
_LIVE = jobs.c.state.in_([state.value for state in LIVE]) & jobs.c.waiting.is_(None)
# One that waits for a moderator keeps nobody in the line waiting either; it comes back to it when it is approved.
_IN_LINE = (jobs.c.state == "accepted") & jobs.c.place.is_not(None) & jobs.c.waiting.is_(None)
_COUNTED = (
    jobs.c.id.label("job_id"),
    jobs.c.user_id,
    func.coalesce(jobs.c.parent_channel_id, jobs.c.channel_id).label("channel_id"),
    jobs.c.guild_id,
    jobs.c.accepted_at,
    jobs.c.cost,
    jobs.c.output_seconds.label("seconds"),
    _LIVE.label("live"),
    _IN_LINE.label("waiting"),
    jobs.c.forgiven,
)

Lane = int | None | Literal["all"]
"""A line: a server's, the one outside of servers (None), or `all` where an operator's rule goes through all of them."""

PRIVATELY = LimitBook(when_full="queue")
"""Outside of servers there are no rules but the operator's."""


async def usage_in(connection: AsyncConnection, requester: Requester, need: Need) -> list[Usage]:
    """The rows that a decision on this member needs."""
    here = jobs.c.guild_id == requester.guild_id if requester.guild_id is not None else false()
    theirs = jobs.c.user_id == requester.user_id if need.everywhere else false()
    reach = true() if need.of_all else or_(here, theirs)
    return await _usage(connection, reach & (_LIVE | (jobs.c.accepted_at > need.since)))


async def running_in(connection: AsyncConnection, lane: Lane) -> list[Usage]:
    """The live rows of a line's servers."""
    return await _usage(connection, _reach(lane) & _LIVE)


async def lanes_in(connection: AsyncConnection) -> list[int | None]:
    """The servers in which somebody stands in the line; None is outside of servers."""
    return list(await connection.scalars(select(jobs.c.guild_id).where(_IN_LINE).distinct()))


async def waiters_in(connection: AsyncConnection, lane: Lane) -> list[tuple[Waiter, int]]:
    """Who stands in the line, with the place that their row tells of."""
    query = select(*_COUNTED, jobs.c.requester, jobs.c.place).where(_reach(lane) & _IN_LINE)
    rows = (await connection.execute(query)).mappings().all()
    books = await books_in(connection, (row["guild_id"] for row in rows))
    waiters = []
    for row in rows:
        try:
            asked = requester_of(row["job_id"], row["requester"])
        except RowUnreadable as exc:  # one damaged row must not hold up all others
            log.warning("passed over in the line: %s", exc)
            continue
        waiter = Waiter(job=_usage_of(row), requester=placed(asked), book=books[row["guild_id"]])
        waiters.append((waiter, row["place"]))
    return waiters


async def give_place(connection: AsyncConnection, job_id: str, place: int | None) -> bool:
    """Write a waiting job's place; None lets it start. False: it waits no more (it was cancelled)."""
    changed = await connection.execute(update(jobs).where(jobs.c.id == job_id, _IN_LINE).values(place=place))
    return changed.rowcount == 1


async def books_in(connection: AsyncConnection, guild_ids: Iterable[int | None]) -> dict[int | None, LimitBook]:
    """The limits of several servers, and of nowhere."""
    wanted = {guild_id for guild_id in guild_ids if guild_id is not None}
    guilds: dict[int, GuildSettings] = await all_guild_settings_in(connection, wanted) if wanted else {}
    return {None: PRIVATELY} | {guild_id: guild_settings.limits for guild_id, guild_settings in guilds.items()}


def placed(requester: Requester) -> Requester:
    """As limits see them: a thread counts as the channel that it is of."""
    return requester.model_copy(update={"channel_id": requester.parent_channel_id or requester.channel_id})


def _reach(lane: Lane) -> ColumnElement[bool]:
    return true() if lane == "all" else jobs.c.guild_id == lane


async def _usage(connection: AsyncConnection, where: ColumnElement[bool]) -> list[Usage]:
    query: Select[Any] = select(*_COUNTED).where(where & jobs.c.refunded.is_(False))
    return [_usage_of(row) for row in (await connection.execute(query)).mappings()]


def _usage_of(row: RowMapping) -> Usage:
    # SQLite has no booleans of its own: what it computes comes back as 0 or 1.
    facts = {column.name: row[column.name] for column in _COUNTED}
    return Usage(**facts | {name: bool(facts[name]) for name in ("live", "waiting", "forgiven")})
