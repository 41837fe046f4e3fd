"""Everything that stands on servers' own settings, wired together in one place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bot.media.plotter import Plotter
from bot.ops.metrics import Metrics
from bot.rules.catalog import Catalog
from bot.rules.clock import Clock
from bot.rules.delivery import Announcer
from bot.rules.notices import Noticeboard
from bot.store.database import Database
from bot.store.jobs import Jobs
from bot.store.notes import Notes
from bot.store.statistics import Ledger
from bot.work.chronicle import Chronicle
from bot.work.doorman import Doorman
from bot.work.engine import Engine
from bot.work.holds import Holds
from bot.work.houses import HouseKeeper
from bot.work.limits import Limits
from bot.work.statistics import Statistician


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """The rules at the door, the jobs that are held, the audit channels and the numbers."""

    doorman: Doorman
    holds: Holds
    chronicle: Chronicle
    statistician: Statistician


def found(
    *,
    catalog: Catalog,
    database: Database,
    jobs: Jobs,
    notes: Notes,
    houses: HouseKeeper,
    noticeboard: Noticeboard,
    announcer: Announcer,
    engine: Engine,
    limits: Limits,
    chronicle: Chronicle,
    metrics: Metrics,
    clock: Clock,
    data_dir: Path,
) -> Household:
    """The household of these parts; changes of settings are written up from now on."""
    houses.listen(chronicle.amended)
    return Household(
        doorman=Doorman(catalog=catalog, houses=houses, chronicle=chronicle),
        holds=Holds(
            jobs=jobs,
            houses=houses,
            notes=notes,
            noticeboard=noticeboard,
            announcer=announcer,
            engine=engine,
            limits=limits,
            chronicle=chronicle,
            metrics=metrics,
        ),
        chronicle=chronicle,
        statistician=Statistician(ledger=Ledger(database), plotter=Plotter(data_dir / "charts"), clock=clock),
    )
