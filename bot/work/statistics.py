"""A server's numbers for its moderators, and the chart of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.errors import ModeratorsOnly
from bot.media.plotter import ChartFailed, Plotter
from bot.rules.chart import Chart
from bot.rules.clock import Clock
from bot.rules.job import Requester
from bot.rules.statistics import Statistics, count
from bot.store.statistics import Ledger

log = logging.getLogger(__name__)

JOBS_MAX = 20_000
"""The newest jobs that are counted: reading more of them would hold the loop up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The numbers, and what the busiest members are called."""

    statistics: Statistics
    names: Mapping[int, str]


class Statistician:
    """What `/stats` may ask. `draw` needs no database."""

    def __init__(self, *, ledger: Ledger, plotter: Plotter, clock: Clock) -> None:
        self._ledger = ledger
        self._plotter = plotter
        self._clock = clock

    async def report(self, by: Requester, *, days: int) -> Report:
        """Of the server where they ask. Raises `ModeratorsOnly`, `DatabaseUnavailable`."""
        if by.guild_id is None or not (by.moderator or by.admin):
            raise ModeratorsOnly
        now = self._clock.now()
        since = now - timedelta(days=days)
        records = await self._ledger.of_guild(by.guild_id, since, limit=JOBS_MAX + 1)
        found = count(records[:JOBS_MAX], now=now, days=days, cut=len(records) > JOBS_MAX)
        names = await self._ledger.names(by.guild_id, [user_id for user_id, _ in found.members])
        return Report(statistics=found, names=names)

    async def draw(self, chart: Chart) -> bytes | None:
        """The picture, as a PNG; None where it could not be drawn: the numbers are told all the same."""
        try:
            return await self._plotter.draw(chart)
        except ChartFailed as exc:
            log.warning("a chart was not drawn: %s", exc)
            return None
