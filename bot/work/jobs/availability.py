"""Which models are not to be had: those that the service called unknown when one was asked for, and those that it was
found not to have when it was asked for nothing. Nobody waits for the same refusal twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from bot.errors import ModelUnavailable, NothingServed, Refused
from bot.rules.catalog import Catalog, Model
from bot.rules.clock import Clock
from bot.store.notes import Notes
from bot.work.periodic import PeriodicTask

REST = timedelta(hours=1)
"""Long enough to spare refusals, short enough that a service's slip of an hour is forgotten by itself."""

FRESH_FOR = timedelta(seconds=30)
"""How old what a process remembers may be: others write, too."""

_RESTS, _MISSING = "model_rests:", "model_missing:"


class Availability:
    """Kept in memory, and in the notes for other processes and for after a restart."""

    def __init__(self, notes: Notes, *, catalog: Catalog, clock: Clock) -> None:
        self._notes = notes
        self._catalog = catalog
        self._clock = clock
        self._until: dict[str, dict[str, datetime]] = {_RESTS: {}, _MISSING: {}}
        self.task = PeriodicTask("availability", self.refresh, every=FRESH_FOR)

    async def refresh(self) -> None:
        """Read which models rest: at a start, and now and then where other processes find out, too.

        Raises `DatabaseUnavailable`.
        """
        for prefix in self._until:
            found = await self._notes.between(prefix, f"{prefix}~")  # names are ASCII letters, digits, dots and hyphens
            moments = {key.removeprefix(prefix): _moment(text) for key, text in found.items()}
            self._until[prefix] = {name: until for name, until in moments.items() if until is not None}

    async def rest(self, model: Model) -> Refused:
        """From now on the model is refused until an hour has passed; gives what to tell the member."""
        await self._note(_RESTS, model.name, self._clock.now() + REST)
        return self._refusal(model)

    async def note_checked(self, served: Mapping[str, bool], *, good_for: timedelta) -> frozenset[str]:
        """What the services answered when they were asked which models they have; it holds until the next time.

        Gives the names of the models that are missing and were not before. Raises `DatabaseUnavailable`.
        """
        before = {name for name in served if self._missing_until(name) is not None}
        until = self._clock.now() + good_for
        missing = frozenset(name for name, there in served.items() if not there)
        back = self._until[_MISSING].keys() & (served.keys() - missing)
        # In memory at once: members must not meet the half of it while the rows are written.
        kept = {name: at for name, at in self._until[_MISSING].items() if name not in back}
        self._until[_MISSING] = kept | dict.fromkeys(missing, until)
        for name in sorted(missing):
            await self._notes.put(f"{_MISSING}{name}", until.isoformat())
        await self._notes.drop(*(f"{_MISSING}{name}" for name in back))
        return missing - before

    def check(self, model: Model, among: Iterable[Model] | None = None) -> None:
        """Raises `ModelUnavailable` while the model rests, with the first of `among` (all of its command) that does
        not; `NothingServed` where all of them rest."""
        if self._missing_until(model.name) is not None:
            raise self._refusal(model, among)

    def served(self, models: Iterable[Model]) -> tuple[Model, ...]:
        """Those that do not rest, in their order."""
        return tuple(model for model in models if self._missing_until(model.name) is None)

    def resting(self, models: Iterable[Model]) -> dict[str, datetime]:
        """Until when each model rests that does, by name."""
        found = {model.name: self._missing_until(model.name) for model in models}
        return {name: until for name, until in found.items() if until is not None}

    def _refusal(self, model: Model, among: Iterable[Model] | None = None) -> Refused:
        others = tuple(self._catalog.of(model.operation) if among is None else among)
        first = next(iter(self.served(others)), None)
        if first is None:
            titles = ", ".join(other.title for other in others) or model.title
            return NothingServed(command=model.operation.value, models=titles)
        return ModelUnavailable(model=model.title, other=first.title, until=self._missing_until(model.name))

    def _missing_until(self, name: str) -> datetime | None:
        now = self._clock.now()
        return max((at for known in self._until.values() if (at := known.get(name, now)) > now), default=None)

    async def _note(self, prefix: str, name: str, until: datetime) -> None:
        self._until[prefix][name] = until
        await self._notes.put(f"{prefix}{name}", until.isoformat())


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
