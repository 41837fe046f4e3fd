"""Models that the service calls unknown rest for a while, so that nobody waits for the same refusal twice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.errors import ModelUnavailable
from bot.rules.catalog import Model
from bot.rules.clock import Clock
from bot.store.notes import Notes

REST = timedelta(hours=1)
"""Long enough to spare refusals, short enough that a service's slip of an hour is forgotten by itself."""


class Availability:
    """Kept in the notes: all processes know it, and a restart does not forget it."""

    def __init__(self, notes: Notes, *, clock: Clock) -> None:
        self._notes = notes
        self._clock = clock

    async def rest(self, model: Model) -> ModelUnavailable:
        """From now on the model is refused until an hour has passed; gives what to tell the member."""
        until = self._clock.now() + REST
        await self._notes.put(_key(model), until.isoformat())
        return ModelUnavailable(model=model.title, until=until)

    async def check(self, model: Model) -> None:
        """Raises `ModelUnavailable` while the model rests."""
        until = _moment(await self._notes.get(_key(model)))
        if until is not None and until > self._clock.now():
            raise ModelUnavailable(model=model.title, until=until)

    async def resting(self, models: Iterable[Model]) -> dict[str, datetime]:
        """Until when each model rests that does, by name."""
        now = self._clock.now()
        found = {model.name: _moment(await self._notes.get(_key(model))) for model in models}
        return {name: until for name, until in found.items() if until is not None and until > now}


def _key(model: Model) -> str:
    return f"model_rests:{model.name}"


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None
