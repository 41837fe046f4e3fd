"""Lag and requests of the adaptive schedule beside the best and the SDKs' fixed one: `python -m benchmarks.polling`.

Each job's duration is drawn from a lognormal around a median. `cold` is a burst of 200 jobs of which nothing is known
but the catalogue's guess, `warm` one after 50 jobs that came one after another. The best schedule knows the
distribution beforehand; it is found by dynamic programming. Lag is the time from a job's end to the request that sees
it. Prints JSON; ratios under 1 are in the adaptive schedule's favour.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from bot.rules.polling import AdaptivePolling, FixedPolling, JobPolling, PollBounds, Polling

FIXED = FixedPolling(1.5, first=0.5)
"""The published SDKs ask first after 0.5 s, then every 1.5 s."""


@dataclass(frozen=True)
class Outcome:
    """Requests a job, and seconds of lag."""

    polls: float
    lag_mean: float
    lag_p50: float = math.nan
    lag_p99: float = math.nan

    @property
    def product(self) -> float:
        return self.polls * self.lag_mean


@dataclass
class _Followed:
    start: float
    duration: float
    job: JobPolling
    polls: int = 0


def simulate(policy: Polling, durations: Sequence[float], *, apart: float = 0.001) -> Outcome:
    """Follow the jobs with `policy`, each begun `apart` seconds after the one before."""
    queue: list[tuple[float, int]] = [(number * apart, number) for number in range(len(durations))]
    followed: dict[int, _Followed] = {}
    lags: list[float] = []
    polls = 0
    while queue:
        now, number = heapq.heappop(queue)
        if number not in followed:
            followed[number] = _Followed(now, durations[number], policy.follow("model"))
        one = followed[number]
        age = now - one.start
        wait = one.job.wait(age)
        if wait <= 0:
            polls += 1
            if age >= one.duration:
                lags.append(age - one.duration)
                one.job.completed(age)
                one.job.leave()
                continue
            one.job.running(age)
            wait = one.job.wait(age)
        heapq.heappush(queue, (now + max(wait, 1e-6), number))
    lags.sort()
    count = len(lags)
    return Outcome(polls / count, math.fsum(lags) / count, lags[count // 2], lags[int(0.99 * count)])


def drawn(median: float, sigma: float, jobs: int, *, seed: int) -> list[float]:
    rng = random.Random(seed)
    return [rng.lognormvariate(math.log(median), sigma) for _ in range(jobs)]


def best(median: float, sigma: float, bounds: PollBounds, *, steps: int = 800) -> Outcome:
    """Of all schedules that know the lognormal, the one with the least lag + poll_cost * polls."""
    last = median * math.exp(4.2 * sigma) + bounds.poll_max
    step = last / steps
    ended = [_share(at * step, median, sigma, 0) for at in range(steps + 1)]
    moment = [_share(at * step, median, sigma, 1) for at in range(steps + 1)]
    shortest, longest = max(1, round(bounds.poll_min / step)), round(bounds.poll_max / step)
    polls, lag = [0.0] * (steps + 1), [0.0] * (steps + 1)
    for at in range(steps - 1, -1, -1):
        reach = range(at + shortest, min(steps, at + longest) + 1) or range(steps, steps + 1)
        worth = ((_lag(at, to, step, ended, moment) + lag[to] + bounds.poll_cost * polls[to], to) for to in reach)
        to = min(worth)[1]
        polls[at] = 1 - ended[at] + polls[to]
        lag[at] = _lag(at, to, step, ended, moment) + lag[to]
    return Outcome(polls[0], lag[0])


def _lag(at: int, to: int, step: float, ended: list[float], moment: list[float]) -> float:
    """What the jobs that end between the two moments lose together, seen at the later one."""
    return to * step * (ended[to] - ended[at]) - (moment[to] - moment[at])


def _share(seconds: float, median: float, sigma: float, power: int) -> float:
    """The integral of t ** power times the lognormal's density, from 0 to `seconds`."""
    if seconds <= 0:
        return 0.0
    z = (math.log(seconds / median) - power * sigma**2) / sigma
    return float(median**power * math.exp(power * sigma**2 / 2) * math.erfc(-z / math.sqrt(2)) / 2)


def compare(
    median: float,
    sigma: float,
    *,
    typical: float,
    jobs: int = 200,
    bounds: PollBounds,
    seeds: Iterable[int] = (1, 2, 3),
    steps: int = 800,
) -> dict[str, object]:
    """Means over the `seeds`."""
    found: dict[str, list[Outcome]] = {"cold": [], "warm": [], "fixed": []}
    for seed in seeds:
        durations = drawn(median, sigma, jobs, seed=seed)
        cold, warm = (AdaptivePolling(bounds=bounds, typical_seconds={"model": typical}) for _ in range(2))
        simulate(warm, drawn(median, sigma, 50, seed=seed + 1000), apart=1000.0)
        found["cold"].append(simulate(cold, durations))
        found["warm"].append(simulate(warm, durations))
        found["fixed"].append(simulate(FIXED, durations))
    means = {name: _mean(outcomes) for name, outcomes in found.items()}
    limit = best(median, sigma, bounds, steps=steps)
    return {
        "median_seconds": median,
        "sigma": sigma,
        "typical_seconds": typical,
        **{name: _rounded(outcome) for name, outcome in means.items()},
        "best": _rounded(limit),
        "ratios": {
            f"{name} to {other}": round(means[name].product / against.product, 3)
            for name in ("cold", "warm")
            for other, against in (("best", limit), ("fixed", means["fixed"]))
        },
    }


def _mean(outcomes: Sequence[Outcome]) -> Outcome:
    rows = [asdict(outcome) for outcome in outcomes]
    return Outcome(**{name: math.fsum(row[name] for row in rows) / len(rows) for name in rows[0]})


def _rounded(outcome: Outcome) -> dict[str, float]:
    return {name: round(value, 3) for name, value in asdict(outcome).items() if not math.isnan(value)}


def main() -> None:
    cases = [(median, sigma) for median in (5.0, 20.0, 60.0) for sigma in (0.1, 0.3, 0.8)]
    tables = {"library bounds": PollBounds(), "bot bounds": PollBounds(poll_min=1.0, poll_max=10.0)}
    report = {name: [compare(m, s, typical=30.0, bounds=bounds) for m, s in cases] for name, bounds in tables.items()}
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    main()
