"""A server's numbers for its moderators, a member's own for themselves, and the charts of them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.errors import ModeratorsOnly
from bot.media.plotter import ChartFailed, Plotter
from bot.rules.chart import Chart
from bot.rules.clock import Clock
from bot.rules.jobs import Requester
from bot.rules.statistics import Record, Statistics, StatisticsLine, count, lines
from bot.store.statistics import StatisticsTable

log = logging.getLogger(__name__)

JOBS_MAX = 20_000
"""The newest jobs that are counted: reading more of them would hold the loop up."""

NAMES_MAX = 1000
"""The most members whose names are looked up: each is a look of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The numbers, and what the busiest members are called."""

    statistics: Statistics
    names: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The numbers line by line, and what members are called. `cut`: there were more jobs than are counted here."""

    lines: Sequence[StatisticsLine]
    names: Mapping[int, str]
    cut: bool


class StatisticsService:
    """What `/stats` and `/usage` may ask. `draw` needs no database."""

    def __init__(self, *, statistics_table: StatisticsTable, plotter: Plotter, clock: Clock) -> None:
        self._statistics_table = statistics_table
        self._plotter = plotter
        self._clock = clock

    async def report(self, by: Requester, *, days: int) -> Report:
        """Of the server where they ask. Raises `ModeratorsOnly`, `DatabaseUnavailable`."""
        guild_id = _moderated(by)
        found = await self._count(days, guild_id=guild_id)
        names = await self._statistics_table.names(guild_id, [share.key for share in found.members])
        return Report(statistics=found, names=names)

    async def table(self, by: Requester, *, days: int) -> Table:
        """The same line by line. Raises `ModeratorsOnly`, `DatabaseUnavailable`."""
        guild_id = _moderated(by)
        records = await self._recent(days, guild_id=guild_id)
        found = lines(records[:JOBS_MAX], now=self._clock.now(), days=days)
        busiest = Counter(line.user_id for line in found).most_common(NAMES_MAX)
        names = await self._statistics_table.names(guild_id, [user_id for user_id, _ in busiest])
        return Table(lines=found, names=names, cut=len(records) > JOBS_MAX)

    async def of_member(self, member: Requester, *, days: int) -> Report:
        """What this member made in the server where they are; in a direct message, wherever they made it.

        Who may look at another member's is for the caller to decide. Raises `DatabaseUnavailable`.
        """
        found = await self._count(days, guild_id=member.guild_id, user_id=member.user_id)
        return Report(statistics=found, names={member.user_id: member.name})

    async def _count(self, days: int, *, guild_id: int | None, user_id: int | None = None) -> Statistics:
        records = await self._recent(days, guild_id=guild_id, user_id=user_id)
        return count(records[:JOBS_MAX], now=self._clock.now(), days=days, cut=len(records) > JOBS_MAX)

    async def _recent(self, days: int, *, guild_id: int | None, user_id: int | None = None) -> list[Record]:
        since = self._clock.now() - timedelta(days=days)
        return await self._statistics_table.recent(since, limit=JOBS_MAX + 1, guild_id=guild_id, user_id=user_id)

    async def draw(self, chart: Chart) -> bytes | None:
        """The picture, as a PNG; None where it could not be drawn: the numbers are told all the same."""
        try:
            return await self._plotter.draw(chart)
        except ChartFailed as exc:
            log.warning("a chart was not drawn: %s", exc)
            return None


def _moderated(by: Requester) -> int:
    """The server where they ask. Raises `ModeratorsOnly` where they may not look at its numbers."""
    if by.guild_id is None or not (by.server_moderator or by.admin):
        raise ModeratorsOnly
    return by.guild_id
