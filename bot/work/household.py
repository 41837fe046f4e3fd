"""Everything that stands on servers' own settings, wired together in one place."""

from __future__ import annotations

from dataclasses import dataclass

from bot.media.plotter import Plotter
from bot.rules.notices import Noticeboard
from bot.store.database import Database
from bot.store.notes import Notes
from bot.store.statistics import Ledger
from bot.work.chronicle import Chronicle
from bot.work.doorman import Doorman
from bot.work.engine import Engine
from bot.work.holds import Holds
from bot.work.houses import HouseKeeper
from bot.work.limits import Limits
from bot.work.statistics import Statistician
from bot.work.tools import Tools


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """The rules at the door, the jobs that are held, the audit channels and the numbers."""

    doorman: Doorman
    holds: Holds
    chronicle: Chronicle
    statistician: Statistician


def found(
    *,
    tools: Tools,
    database: Database,
    notes: Notes,
    houses: HouseKeeper,
    noticeboard: Noticeboard,
    engine: Engine,
    limits: Limits,
    chronicle: Chronicle,
) -> Household:
    """The household of these parts; changes of settings are written up from now on."""
    houses.listen(chronicle.amended)
    plotter = Plotter(tools.settings.data_dir / "charts")
    return Household(
        doorman=Doorman(catalog=tools.catalog, houses=houses, chronicle=chronicle),
        holds=Holds(
            jobs=tools.jobs,
            houses=houses,
            notes=notes,
            noticeboard=noticeboard,
            announcer=tools.announcer,
            engine=engine,
            limits=limits,
            chronicle=chronicle,
            metrics=tools.metrics,
        ),
        chronicle=chronicle,
        statistician=Statistician(ledger=Ledger(database), plotter=plotter, clock=tools.clock),
    )
