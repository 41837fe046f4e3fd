"""Models that the service calls unknown rest for a while, so that nobody waits for the same refusal twice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.errors import ModelUnavailable
from bot.rules.catalog import Model
from bot.rules.clock import Clock
from bot.store.notes import Notes
from bot.work.periodic import PeriodicTask

REST = timedelta(hours=1)
"""Long enough to spare refusals, short enough that a service's slip of an hour is forgotten by itself."""

FRESH_FOR = timedelta(seconds=30)
"""How old what a process remembers may be: others write, too."""

_PREFIX = "model_rests:"


class Availability:
    """Kept in memory, and in the notes for other processes and for after a restart."""

    def __init__(self, notes: Notes, *, clock: Clock) -> None:
        self._notes = notes
        self._clock = clock
        self._until: dict[str, datetime] = {}
        self.task = PeriodicTask("availability", self.refresh, every=FRESH_FOR)

    async def refresh(self) -> None:
        """Read which models rest: at a start, and now and then where other processes find out, too.

        Raises `DatabaseUnavailable`.
        """
        found = await self._notes.between(_PREFIX, f"{_PREFIX}~")  # model names are ASCII letters, digits and hyphens
        moments = {key.removeprefix(_PREFIX): _moment(text) for key, text in found.items()}
        self._until = {name: until for name, until in moments.items() if until is not None}

    async def rest(self, model: Model) -> ModelUnavailable:
        """From now on the model is refused until an hour has passed; gives what to tell the member."""
        until = self._clock.now() + REST
        self._until[model.name] = until
        await self._notes.put(f"{_PREFIX}{model.name}", until.isoformat())
        return ModelUnavailable(model=model.title, until=until)

    def check(self, model: Model) -> None:
        """Raises `ModelUnavailable` while the model rests."""
        until = self._until.get(model.name)
        if until is not None and until > self._clock.now():
            raise ModelUnavailable(model=model.title, until=until)

    def resting(self, models: Iterable[Model]) -> dict[str, datetime]:
        """Until when each model rests that does, by name."""
        now = self._clock.now()
        found = {model.name: self._until.get(model.name) for model in models}
        return {name: until for name, until in found.items() if until is not None and until > now}


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
