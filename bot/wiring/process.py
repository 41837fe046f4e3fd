"""What every layer is given: the settings, the catalogue, the clock and the metrics."""

from __future__ import annotations

from dataclasses import dataclass

from bot.ops.metrics import Metrics
from bot.rules.catalog import Catalog
from bot.rules.clock import Clock
from bot.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """Without `gateway` the process is a worker."""

    settings: Settings
    catalog: Catalog
    clock: Clock
    metrics: Metrics
    gateway: bool
