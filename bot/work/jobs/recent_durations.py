"""How long each model's newest jobs took, as the rows tell: at the start, and again while others run jobs, too."""

from __future__ import annotations

from datetime import timedelta

from bot.rules.catalog import Catalog
from bot.rules.durations import Durations
from bot.store.jobs import Jobs
from bot.work.periodic import PeriodicTask

_EVERY = timedelta(minutes=1)


class RecentDurations:
    """Fills the `durations` of this process from everybody's rows."""

    def __init__(self, durations: Durations, *, jobs: Jobs, catalog: Catalog) -> None:
        self._durations = durations
        self._jobs = jobs
        self._catalog = catalog
        self.task = PeriodicTask("durations", self.read, every=_EVERY)

    async def read(self) -> None:
        """Have them be what the rows say now. Raises `DatabaseUnavailable`."""
        for model in self._catalog:
            if seconds := await self._jobs.durations(model.name):
                self._durations.replace(model.name, seconds)
