"""Lag and requests of the adaptive schedule beside a fixed one: `python -m benchmarks.polling`.

Each job's duration is drawn from a lognormal around a median; both schedules see the same jobs. The adaptive one
learns from what it saw itself (the middle of the last two requests), as the client does. Lag is the time from a job's
end to the request that sees it. Prints JSON; ratios under 1 are in the adaptive schedule's favour.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from bot.rules.polling import AdaptivePolling, Durations, FixedPolling, PollBounds, Polling

FIRST_FIXED_WAIT = 0.5
"""The published SDKs ask first after 0.5 s, then every 1.5 s."""


@dataclass(frozen=True)
class Outcome:
    polls: float
    lag_mean: float
    lag_p95: float

    @property
    def product(self) -> float:
        return self.polls * self.lag_mean


def simulate(policy: Polling, durations: Iterable[float], *, first: float | None = None) -> Outcome:
    """Follow each job with `policy`, one after another; `first` overrides the wait before the first request."""
    polls = 0
    lags: list[float] = []
    for duration in durations:
        at, before, asked = 0.0, 0.0, 0
        while at < duration or not asked:
            wait = first if first is not None and not asked else policy.wait("model", at)
            before, at, asked = at, at + wait, asked + 1
        polls += asked
        lags.append(at - duration)
        policy.learn("model", (before + at) / 2)
    lags.sort()
    return Outcome(polls / len(lags), math.fsum(lags) / len(lags), lags[int(0.95 * len(lags))])


def compare(median: float, sigma: float, *, jobs: int = 2000, bounds: PollBounds, seed: int = 1) -> dict[str, object]:
    """The same `jobs` under both schedules."""
    rng = random.Random(seed)
    durations = [rng.lognormvariate(math.log(median), sigma) for _ in range(jobs)]
    adaptive = simulate(AdaptivePolling(Durations(), bounds), durations)
    fixed = simulate(FixedPolling(1.5), durations, first=FIRST_FIXED_WAIT)
    return {
        "median_seconds": median,
        "sigma": sigma,
        "adaptive": rounded(adaptive),
        "fixed": rounded(fixed),
        "ratios": {
            "polls": round(adaptive.polls / fixed.polls, 3),
            "lag": round(adaptive.lag_mean / fixed.lag_mean, 3),
            "polls_times_lag": round(adaptive.product / fixed.product, 3),
        },
    }


def rounded(outcome: Outcome) -> dict[str, float]:
    return {name: round(value, 3) for name, value in asdict(outcome).items()}


def main() -> None:
    cases = [(20.0, 0.1), (20.0, 0.3), (20.0, 0.6), (60.0, 0.3), (5.0, 0.3)]
    tables = {
        "library bounds": PollBounds(),
        "bot bounds": PollBounds(poll_min=1.0, poll_max=10.0),
    }
    report = {name: [compare(m, s, bounds=bounds) for m, s in cases] for name, bounds in tables.items()}
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
