"""Asks each service, for nothing, which of the catalogue's models it has: at a start and once a day."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from datetime import timedelta

from bot.errors import KeyRefused, QueueError
from bot.ops.metrics import Metrics
from bot.rules.catalog import Catalog, Model
from bot.work.jobs.availability import Availability
from bot.work.jobs.video_services import VideoServices
from bot.work.periodic import PeriodicTask

log = logging.getLogger(__name__)

ANSWER_SECONDS = 30.0
"""How long one question may take, with its repetitions."""
FIRST_SECONDS = 2.0
"""How long a start waits for what the services answer."""
_LATE = timedelta(hours=2)
"""How much longer than until the next check what was found holds: it may come late."""

Verdict = bool | str
"""Whether a model is served, or why that is not known."""


async def ask_services(
    services: VideoServices, models: Iterable[Model], *, seconds: float = ANSWER_SECONDS
) -> dict[str, Verdict]:
    """Of each model, by name, whether its service has it. A service that does not answer for its first one within
    `seconds` is asked no more."""
    by_service: dict[str, list[Model]] = {}
    for model in models:
        by_service.setdefault(model.service, []).append(model)
    found = await asyncio.gather(*(_ask_one(services, asked, seconds) for asked in by_service.values()))
    return {name: verdict for verdicts in found for name, verdict in verdicts.items()}


async def _ask_one(services: VideoServices, models: list[Model], seconds: float) -> dict[str, Verdict]:
    first = await _ask(services, models[0], seconds)
    if isinstance(first, str):
        return dict.fromkeys((model.name for model in models), first)
    verdicts = [first, *await asyncio.gather(*(_ask(services, model, seconds) for model in models[1:]))]
    return {model.name: verdict for model, verdict in zip(models, verdicts, strict=True)}


async def _ask(services: VideoServices, model: Model, seconds: float) -> Verdict:
    try:
        async with asyncio.timeout(seconds):
            return await services.of_model(model).serves(model)
    except (QueueError, KeyRefused, TimeoutError) as exc:
        return str(exc) or type(exc).__name__


class ModelCheck:
    """The periodic task. What can't be found out leaves everything as it was."""

    def __init__(
        self,
        *,
        services: VideoServices,
        catalog: Catalog,
        availability: Availability,
        metrics: Metrics,
        every: timedelta,
    ) -> None:
        self._services = services
        self._catalog = catalog
        self._availability = availability
        self._metrics = metrics
        self._every = every
        self._checked = asyncio.Event()
        self.task = PeriodicTask("models", self.check, every=every, shared=True)

    async def wait_for_first(self) -> None:
        """Until the first check has ended, for `FIRST_SECONDS` at most: members should not meet what is gone."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_SECONDS):
                await self._checked.wait()

    async def check(self) -> None:
        """Ask now. Raises `DatabaseUnavailable`."""
        verdicts = await ask_services(self._services, self._catalog)
        known = {name: verdict for name, verdict in verdicts.items() if isinstance(verdict, bool)}
        gone = await self._availability.note_checked(known, good_for=self._every + _LATE)
        self._checked.set()
        if gone:
            log.warning("not served (`python -m bot doctor` shows all): %s", ", ".join(sorted(gone)))
        for service in {model.service for model in self._catalog}:
            names = [model.name for model in self._catalog if model.service == service]
            unknown = [verdicts[name] for name in names if name not in known]
            self._metrics.models_missing.labels(service).set(sum(known.get(name) is False for name in names))
            self._metrics.service_answers.labels(service).set(not unknown)
            if unknown:
                log.warning("the service %s did not say of %d models: %s", service, len(unknown), unknown[0])
