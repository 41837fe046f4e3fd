"""SIGHUP: settings that can change while everything goes on. The log says which wait for the next start."""

from __future__ import annotations

import asyncio
import logging

from bot.errors import SettingsError
from bot.ops.logs import set_level
from bot.rules.catalog import load_catalog
from bot.rules.limit_rules import operator_rules
from bot.settings import Settings
from bot.wiring.process import Process
from bot.wiring.work import Parts

log = logging.getLogger(__name__)

AT_ONCE = frozenset({"catalog_file", "operator_limits", "log_level"})


async def reload(process: Process, parts: Parts, found: Settings | None = None) -> bool:
    """Read `.env` and the catalogue's file again (`found`: these settings instead), and heed what can be heeded.

    Where something is wrong nothing changes, one line says what, and False is given.
    """
    try:
        settings = found if found is not None else await asyncio.to_thread(Settings.read)
        catalog = await asyncio.to_thread(load_catalog, settings.catalog_file, process.settings.services)
    except SettingsError as exc:
        log.error("the settings stay as they were: %s", exc)  # noqa: TRY400  # the operator's to mend, no fault of ours
        return False
    rules = operator_rules(settings.operator_limits)
    process.catalog.become(catalog)
    process.metrics.prepare(catalog, process.settings.services)
    parts.services.limits.admission.heed_operator(rules)
    set_level(settings.log_level)
    names = type(settings).model_fields.keys() - AT_ONCE
    later = sorted(name.upper() for name in names if getattr(settings, name) != getattr(process.settings, name))
    models = sum(1 for _ in catalog)
    heeded = f"{models} models, {len(rules)} limits of yours, LOG_LEVEL={settings.log_level}"
    log.warning("the settings were read again: %s%s", heeded, f"; at the next start: {', '.join(later)}" * bool(later))
    return True
