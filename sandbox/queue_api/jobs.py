"""A job of the stand-in: its order, the plan of how it goes, and its state at a given time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sandbox.queue_api.faults import Fault
from sandbox.queue_api.validation import Order
from sandbox.service.clips import drawn


@dataclass(frozen=True)
class Plan:
    """How a job goes: its times in seconds, and how it ends."""

    pending: float
    processing: float
    failure: Any = None
    key: str = "error"
    never: bool = False
    expires: bool = False
    pad_bytes: int = 0
    noise_bytes: int = 0
    odd_id: bool = False

    def with_faults(self, faults: Iterable[Fault], service_limit: float) -> Plan:
        """The plan as these faults change it."""
        plan = self
        for fault in faults:
            plan = replace(plan, **_CHANGES[fault.kind](fault, service_limit))
        return plan

    def over_by(self, age: float) -> Plan:
        """The plan of a job that is that old, in seconds, and goes on no longer."""
        pending = min(self.pending, age)
        return replace(self, pending=pending, processing=min(self.processing, age - pending))


_CHANGES: Mapping[str, Callable[[Fault, float], dict[str, Any]]] = {
    "fail": lambda fault, _: {"failure": fault.reason, "key": fault.key},
    "never": lambda fault, _: {"never": True},
    "timeout": lambda fault, limit: {"processing": limit * 2},
    "expire": lambda fault, _: {"expires": True},
    "slow": lambda fault, _: {"processing": fault.seconds},
    "wait": lambda fault, _: {"pending": fault.seconds},
    "big": lambda fault, _: {"pad_bytes": round(fault.megabytes * 1_000_000)},
    "heavy": lambda fault, _: {"noise_bytes": round(fault.megabytes * 1_000_000)},
    "odd_id": lambda fault, _: {"odd_id": True},
}


@dataclass(frozen=True)
class JobState:
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

    async def state(self, now: float, *, service_limit: float, keep_seconds: float) -> JobState | None:
        """What it is at `now`, or None once it has expired. Waits a while where only the drawing is missing."""
        plan, age = self.plan, now - self.created
        if age < plan.pending:
            return JobState("pending")
        if plan.never or age - plan.pending < min(plan.processing, service_limit):
            return JobState("processing")
        ended = plan.pending + min(plan.processing, service_limit)
        if age - ended >= keep_seconds or (plan.expires and "completed" in self.told):
            return None
        if plan.processing > service_limit:
            return JobState("failed", "The job timed out")
        if plan.failure is not None:
            return JobState("failed", plan.failure)
        clip = await drawn(self.clip)
        if clip is None:
            return JobState("processing")
        return JobState("completed", path=clip) if isinstance(clip, Path) else JobState("failed", clip)
