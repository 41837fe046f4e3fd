"""A job of the stand-in: what was ordered, what is to become of it, and what it is at a given time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sandbox.queue_api.faults import Fault
from sandbox.queue_api.render.pool import RenderFailed
from sandbox.queue_api.validation import Order

ODD_ID = "a b/../c?x=1#%2F"
"""What an id may look like if the service has a bad day; a number is put before it."""
_PATIENCE = 5.0
"""Seconds of real time that one call waits for a clip; less than what clients allow a call."""


@dataclass(frozen=True)
class Plan:
    """What is to become of a job; times in seconds."""

    pending: float
    processing: float
    failure: Any = None
    key: str = "error"
    never: bool = False
    expires: bool = False
    pad_bytes: int = 0
    noise_bytes: int = 0
    odd_id: bool = False

    def with_fates(self, fates: Iterable[Fault], service_limit: float) -> Plan:
        """The plan as these faults change it."""
        plan = self
        for fate in fates:
            plan = replace(plan, **_CHANGES[fate.kind](fate, service_limit))
        return plan

    def over_by(self, age: float) -> Plan:
        """The plan of a job that is that old, in seconds, and goes on no longer."""
        pending = min(self.pending, age)
        return replace(self, pending=pending, processing=min(self.processing, age - pending))


_CHANGES: Mapping[str, Callable[[Fault, float], dict[str, Any]]] = {
    "fail": lambda fate, _: {"failure": fate.reason, "key": fate.key},
    "never": lambda fate, _: {"never": True},
    "timeout": lambda fate, limit: {"processing": limit * 2},
    "expire": lambda fate, _: {"expires": True},
    "slow": lambda fate, _: {"processing": fate.seconds},
    "wait": lambda fate, _: {"pending": fate.seconds},
    "big": lambda fate, _: {"pad_bytes": round(fate.megabytes * 1_000_000)},
    "heavy": lambda fate, _: {"noise_bytes": round(fate.megabytes * 1_000_000)},
    "odd_id": lambda fate, _: {"odd_id": True},
}


@dataclass(frozen=True)
class State:
    """What a job is now. `reason` belongs to a failed one, `path` to a completed one."""

    status: str
    reason: Any = None
    path: Path | None = None


@dataclass
class Job:
    """One job, from its submit until the stand-in stops. `told` lists the statuses that were answered, in order."""

    id: str
    model: str
    order: Order
    seed: int
    created: float
    plan: Plan
    idempotency_key: str | None = None
    clip: asyncio.Task[Path] | None = None
    told: list[str] = field(default_factory=list)
    downloads: int = 0

    async def state(self, now: float, *, service_limit: float, keep_seconds: float) -> State | None:
        """What it is at `now`, or None once it has expired.

        Waits for the drawing where only that is late, since the clock may stand still in tests: up to `_PATIENCE`.
        """
        plan, age = self.plan, now - self.created
        if age < plan.pending:
            return State("pending")
        if plan.never or age - plan.pending < min(plan.processing, service_limit):
            return State("processing")
        ended = plan.pending + min(plan.processing, service_limit)
        if age - ended >= keep_seconds or (plan.expires and "completed" in self.told):
            return None
        if plan.processing > service_limit:
            return State("failed", "The job timed out")
        if plan.failure is not None:
            return State("failed", plan.failure)
        if self.clip is None:
            return State("failed", "Internal error")
        await asyncio.wait({self.clip}, timeout=_PATIENCE)
        if not self.clip.done():
            return State("processing")
        try:
            return State("completed", path=self.clip.result())
        except RenderFailed as exc:
            return State("failed", str(exc))
