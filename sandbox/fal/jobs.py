"""A job of the stand-in, and the line in which jobs wait for one of the few that may run at once."""

from __future__ import annotations

import asyncio
import heapq
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sandbox.fal.failures import MODEL, RUNNER, Failure, model_failure, runner_failure
from sandbox.fal.faults import Fault
from sandbox.fal.validation import Order
from sandbox.service.clips import drawn


@dataclass(frozen=True)
class Plan:
    """How a job goes: its times in seconds, and how it ends. `wait` is how long it is in the queue at least."""

    wait: float
    work: float
    failure: Failure | None = None
    never: bool = False
    expires: bool = False
    file_gone: bool = False
    pad_bytes: int = 0
    noise_bytes: int = 0
    odd_id: bool = False

    def with_faults(self, faults: Iterable[Fault]) -> Plan:
        """The plan as these faults change it."""
        plan = self
        for fault in faults:
            plan = replace(plan, **_CHANGES[fault.kind](fault))
        return plan


def _plain(words: str) -> Failure:
    return Failure(422, {"detail": words}, charged=True)


_CHANGES: Mapping[str, Callable[[Fault], dict[str, Any]]] = {
    "runner": lambda fault: {"failure": runner_failure(fault.problem if fault.problem in RUNNER else "", fault.reason)},
    "model": lambda fault: {"failure": model_failure(fault.problem if fault.problem in MODEL else "", fault.reason)},
    "plain": lambda fault: {"failure": _plain(fault.reason)},
    "never": lambda _: {"never": True},
    "expire": lambda _: {"expires": True},
    "file_gone": lambda _: {"file_gone": True},
    "slow": lambda fault: {"work": fault.seconds},
    "wait": lambda fault: {"wait": fault.seconds},
    "big": lambda fault: {"pad_bytes": round(fault.megabytes * 1_000_000)},
    "heavy": lambda fault: {"noise_bytes": round(fault.megabytes * 1_000_000)},
    "odd_id": lambda _: {"odd_id": True},
}


@dataclass
class Job:
    """One job, from its submit until the stand-in stops. `told` lists the statuses that were answered, in order.

    `starts` and `ends` are moments of the clock, as the line has planned them; infinite where they never come.
    """

    id: str
    endpoint: str
    app: str
    arguments: Mapping[str, Any]
    order: Order | None
    seed: int
    created: float
    plan: Plan
    start_within: float = math.inf
    clip: asyncio.Task[Path] | None = None
    cancelled_at: float = math.inf
    starts: float = math.inf
    ends: float = math.inf
    told: list[str] = field(default_factory=list)
    results: int = 0
    downloads: int = 0

    @property
    def paid(self) -> bool:
        """Whether its end costs money: not where it was cancelled in the queue, nor where a server failed."""
        failure, stopped_at_work = self.failure, self.cancelled_at <= self.ends and self.starts < math.inf
        return self.ends < math.inf and (failure is None or failure.charged or stopped_at_work)

    @property
    def failure(self) -> Failure | None:
        """Why it has no video, once it has ended."""
        if self.cancelled_at <= self.ends:
            return runner_failure("client_cancelled", "Request was cancelled")
        if self.starts > self.created + self.start_within:
            return runner_failure("request_timeout", "The request did not start in time")
        return self.plan.failure

    async def drawn(self) -> Path | str | None:
        """The clip's file, or why there is none; None while it is being drawn, which is waited for a while."""
        return await drawn(self.clip)


class Line:
    """Who runs when: at most `at_once` jobs at a time, in the order in which they came."""

    def __init__(self, at_once: int) -> None:
        self.at_once = at_once
        self._jobs: list[Job] = []

    def join(self, job: Job) -> None:
        """The job takes its place at the end."""
        self._jobs.append(job)
        self.settle()

    def settle(self) -> None:
        """Plan anew when every job starts and ends: after each that came, was cancelled or has another plan."""
        free = [0.0] * self.at_once
        self._jobs.sort(key=lambda job: job.created + job.plan.wait)
        for job in self._jobs:
            start = max(job.created + job.plan.wait, free[0])
            late = job.created + job.start_within
            if min(job.cancelled_at, late) < start:
                job.starts, job.ends = (math.inf, job.cancelled_at) if job.cancelled_at < late else (math.inf, late)
                continue
            job.starts = start
            job.ends = min(math.inf if job.plan.never else start + job.plan.work, job.cancelled_at)
            heapq.heapreplace(free, job.ends)

    def place(self, job: Job, now: float) -> int:
        """How many wait before it now."""
        waiting = [other for other in self._jobs if other.created <= now < min(other.starts, other.ends)]
        return waiting.index(job) if job in waiting else 0

    def finish(self, now: float) -> None:
        """End every job that is under way now; jobs that come later keep their times."""
        for job in self._jobs:
            if job.ends > now:
                job.plan = replace(job.plan, wait=0.0, work=0.0)
                job.created = min(job.created, now)
        self.settle()
