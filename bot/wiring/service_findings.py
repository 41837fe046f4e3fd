"""What `doctor` finds out from the video services: their keys, and which of the catalogue's models are served."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from bot.errors import QueueError, QueueJobNotFoundError, SettingsError
from bot.fal import FalJob
from bot.http.tuning import Retry
from bot.ops.metrics import Metrics
from bot.rules.catalog import Model, Operation, load_catalog
from bot.rules.clock import Clock
from bot.rules.durations import Durations
from bot.settings import Settings
from bot.wiring.context import fal_client, queue_client, video_services
from bot.wiring.findings import TIMEOUT_SECONDS, Finding
from bot.work.jobs.model_check import Verdict, ask_services

_NO_JOB = "00000000-0000-0000-0000-000000000000"
_ONCE = Retry(attempts=1, submit_attempts=1)
"""Whoever waits for the answer can ask again."""
_FAL_APP = "fal-ai/veo3.1"
_WITHOUT_MODEL = "set the key of the other service, or add a model in CATALOG_FILE"


async def check_services(settings: Settings, clock: Clock) -> list[Finding]:
    """A finding for each service that there is a key for. Asks about a job that can't be: whoever says "there is none"
    has taken the key, and a submit might be paid for."""

    async def ask_decart() -> None:
        async with queue_client(settings, load_catalog(), clock, Durations(), retry=_ONCE) as queue:
            await queue.status(_NO_JOB)

    async def ask_fal() -> None:
        async with fal_client(settings, clock, Durations(), retry=_ONCE) as fal:
            await fal.status(FalJob(_FAL_APP, _NO_JOB))

    checks = {
        "decart": ("DECART_API_KEY", "DECART_BASE_URL", settings.decart_base_url, ask_decart),
        "fal": ("FAL_KEY", "FAL_BASE_URL", settings.fal_base_url, ask_fal),
    }
    return await asyncio.gather(*(_check_key(*checks[service]) for service in checks if service in settings.services))


async def _check_key(name: str, address_name: str, address: str, ask: Callable[[], Awaitable[None]]) -> Finding:
    try:
        await asyncio.wait_for(ask(), TIMEOUT_SECONDS)
    except QueueJobNotFoundError:
        pass
    except SettingsError as exc:
        return Finding(name, False, str(exc).removeprefix(f"{name}, "))
    except QueueError as exc:
        if exc.http_status in {401, 403}:
            return Finding(name, False, f"the service refuses it (HTTP {exc.http_status}): get a new key")
        return Finding(name, False, f"{address} can't be used: {exc}")
    except TimeoutError:
        return Finding(name, False, f"{address} does not answer: check {address_name}")
    return Finding(name, True, f"taken by {address}")


async def model_table(settings: Settings, clock: Clock) -> list[str]:
    """A line for each command, what serves it, and a line for each model. Empty where the settings can't be used."""
    try:
        catalog = load_catalog(settings.catalog_file, settings.services)
        async with AsyncExitStack() as closing:
            services = await video_services(
                settings, catalog, clock, Durations(), closing, metrics=Metrics(), retry=_ONCE
            )
            verdicts = await ask_services(services, catalog, seconds=TIMEOUT_SECONDS)
    except SettingsError:
        return []
    lines = ["", f"{'command':9} {'model':22} {'service':8} served"]
    for operation in Operation:
        models = catalog.of(operation)
        lines += [_model_line(model, verdicts[model.name]) for model in models]
        if not any(verdicts[model.name] is True for model in models):
            lines.append(f"/{operation:8} {'-':22} {'-':8} no model: {_WITHOUT_MODEL}")
    return lines


def _model_line(model: Model, verdict: Verdict) -> str:
    usual = " (the usual one)" if model.default else ""
    if verdict is True:
        said = f"yes{usual}"
    elif verdict is False:
        said = f"no{usual}" + (f", last seen {model.last_seen}" if model.last_seen else "")
    else:
        said = f"not known{usual}: {verdict}"
    return f"/{model.operation:8} {model.name:22} {model.service:8} {said}"
