"""How likely a job is to end at each age, from the jobs before it and those that run beside it.

A life table, as statisticians call it: time since the submit is divided into bins that grow by 6 %, and of each it is
known how many jobs reached it and how many of these ended in it. A job that still runs counts as having reached its
age: were only ended jobs counted, a burst would seem short, since its shortest jobs end first. What few jobs leave open
is filled in by a lognormal that is fitted to the same counts, and is at first as broad as the catalogue's guess is.

Asking at the rate r(t) costs r requests a second while a job runs and loses 1 / 2r of lag when it ends. Where a request
is worth `cost` seconds of lag, the sum of both is least for r = sqrt(h / (2 * cost)), h being the hazard rate, which is
the chance a second of ending now. `polls_by` is the integral of r.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import pairwise

_FIRST_BIN_SECONDS = 0.04
_GROWTH = 0.06
_BINS = 190
"""The last bin begins after an hour."""
_EDGES = [0.0, *(_FIRST_BIN_SECONDS * math.exp(_GROWTH * number) for number in range(1, _BINS + 1))]
_MIDDLES = [math.log(math.sqrt(max(low, _FIRST_BIN_SECONDS) * high)) for low, high in pairwise(_EDGES)]
_LOG_EDGES = [-math.inf, *map(math.log, _EDGES[1:])]

_LOG_MEAN_DOUBT = 0.7
"""How far off the catalogue's typical time may be, as the standard deviation of its logarithm."""
_LOG_SIGMA, _LOG_SIGMA_DOUBT = math.log(0.35), 0.5
"""The spread of the logarithms that is believed at first, as its own logarithm, and that belief's spread."""
_LOG_SIGMA_LEAST, _LOG_SIGMA_MOST = math.log(0.05), math.log(1.5)
_OUTLIERS = 0.01
"""Share of jobs that are unlike the others (a busy service, a long input): their spread is 1."""
_LEAST_WEIGHT, _LEAST_CHANCE = 1e-3, 1e-12
_SQRT_HALF = math.sqrt(0.5)
_LOGNORMAL_WEIGHT = 20.0
"""For how many jobs in a bin the lognormal counts."""
_INSTANT, _INSTANT_SECONDS, _INSTANT_WEIGHT = 0.1, 0.8, 2.0
"""Chance of being done at once, until about so many jobs have shown otherwise."""
_REFITTED_FROM, _REFITTED = 20.0, 1.25
"""Until the first job has ended the lognormal is fitted again each time that so many times more was told of running
ones: a burst that is past the guess would be asked about as if it were overdue."""
_SETTLED = 20
_REMEMBERED = 50
"""Every job counts for 1 / 50 less than the one that began after it; for less where many run beside it."""
_MOST_WEIGHT = 1e12


def bin_of(seconds: float) -> int:
    if seconds < _EDGES[1]:
        return 0
    return min(_BINS - 1, 1 + int(math.log(seconds / _EDGES[1]) / _GROWTH))


class LifeTable:
    """Of one model. What is told costs a step or two; `polls_by` is brought up to date after about 5 % of news."""

    def __init__(self, typical_seconds: float, cost: float) -> None:
        self._cost = cost
        self._guess = math.log(typical_seconds)
        self.log_mean, self.sigma = self._guess, math.exp(_LOG_SIGMA)
        self._ended = [0.0] * _BINS
        self._running = [0.0] * _BINS
        self._newest = 1.0
        self._live = 0
        self._news = 0.0
        self._told = 0.0
        self._ended_weight = 0.0
        self._fitted_weight = -1.0
        self._fitted_told = 0.0
        self._polls = [0.0] * (_BINS + 1)
        self._rebuild()

    @property
    def settled(self) -> bool:
        """Whether it rests on so many ended jobs that the next one changes little."""
        return self._ended_weight >= self._newest * max(_SETTLED, self._live / 4)

    def begin(self, age: float = 0.0) -> float:
        """A job of that age is followed from now on. Its weight, which goes with all that is told of it later."""
        self._live += 1
        self._newest *= 1 + 1 / max(_REMEMBERED, 3 * self._live)
        if self._newest > _MOST_WEIGHT:
            self._forget(self._newest)
        self._running[bin_of(age)] += self._newest
        return self._newest

    def leave(self) -> None:
        """A job is not followed any more. What was seen of it stays."""
        self._live -= 1

    def ran(self, before: float, now: float, weight: float) -> None:
        """A job that was seen at age `before` still runs at age `now`."""
        old, new = bin_of(before), bin_of(now)
        if new != old:
            self._running[old] = max(0.0, self._running[old] - weight)
            self._running[new] += weight
        self._told_more(weight)

    def end(self, before: float, now: float, weight: float) -> None:
        """A job that was seen at age `before` was complete at age `now`."""
        old = bin_of(before)
        self._running[old] = max(0.0, self._running[old] - weight)
        self.add(before, now, weight)

    def add(self, after: float, before: float, weight: float = 0.0) -> None:
        """A job ended between these ages; without a `weight` one that was not followed."""
        if not weight:
            weight = self.begin()
            self._running[0] = max(0.0, self._running[0] - weight)
            self.leave()
        first, last = bin_of(max(after, before / 4)), bin_of(before)
        likely = [self._ends[number] + _LEAST_CHANCE for number in range(first, last + 1)]
        for number, share in enumerate(likely, first):
            self._ended[number] += weight * share / sum(likely)
        self._ended_weight += weight
        self._told_more(weight)

    def polls_by(self, age: float) -> float:
        """How many requests a job that reaches that age is worth."""
        number = bin_of(age)
        low, high = _EDGES[number], _EDGES[number + 1]
        share = min(1.0, (age - low) / (high - low))
        return self._polls[number] + share * (self._polls[number + 1] - self._polls[number])

    def age_at(self, polls: float) -> float:
        """The age at which `polls_by` is that; infinite where it never is."""
        number = bisect_left(self._polls, polls)
        if number > _BINS:
            return math.inf
        if number == 0:
            return 0.0
        share = (polls - self._polls[number - 1]) / (self._polls[number] - self._polls[number - 1])
        return _EDGES[number - 1] + share * (_EDGES[number] - _EDGES[number - 1])

    def _told_more(self, weight: float) -> None:
        self._news += weight / self._newest
        self._told += weight / self._newest
        if self._news >= max(0.9, min(0.05 * self._told, 0.2 * max(_REMEMBERED, 3 * self._live))):
            self._rebuild()

    def _forget(self, weight: float) -> None:
        """Weights grow from job to job; here they begin again at 1."""
        self._ended = [each / weight for each in self._ended]
        self._running = [each / weight for each in self._running]
        self._ended_weight /= weight
        self._fitted_weight /= weight
        self._newest /= weight

    def _rebuild(self) -> None:
        self._news = 0.0
        ended = [each / self._newest for each in self._ended]
        running = [each / self._newest for each in self._running]
        if self._ended_weight > 1.1 * self._fitted_weight or (
            not self._ended_weight and self._told > max(_REFITTED_FROM, _REFITTED * self._fitted_told)
        ):
            self._fitted_weight = self._ended_weight
            self._fitted_told = self._told
            self.log_mean, self.sigma = _fit(ended, running, self._guess, self.log_mean, self.sigma)
        doubt = 1 / (_LOG_MEAN_DOUBT**-2 + self._ended_weight / self._newest / self.sigma**2)
        chances, self._ends = _chances(self.log_mean, math.sqrt(self.sigma**2 + doubt))
        reached = 0.0
        rates = [0.0] * _BINS
        for number in range(_BINS - 1, -1, -1):
            here = ended[number] + running[number]
            at_risk = reached + here / 2
            reached += here
            chance = (_LOGNORMAL_WEIGHT * chances[number] + ended[number]) / (_LOGNORMAL_WEIGHT + at_risk)
            width = _EDGES[number + 1] - _EDGES[number]
            if _EDGES[number] < _INSTANT_SECONDS:
                unlike = _INSTANT_WEIGHT / (_INSTANT_WEIGHT + at_risk)
                chance += _INSTANT * width / _INSTANT_SECONDS * unlike**2
            rates[number] = math.sqrt(-math.log1p(-min(chance, 0.99)) * width / (2 * self._cost))
        total = 0.0
        for number, rate in enumerate(rates):
            total += rate
            self._polls[number + 1] = total


def _chances(log_mean: float, sigma: float) -> tuple[list[float], list[float]]:
    """For each bin, how likely a job is to end in it: one that reached it, and any."""
    left = 1.0
    chances: list[float] = []
    ends: list[float] = []
    for edge in _LOG_EDGES[1:]:
        z = (edge - log_mean) * _SQRT_HALF
        after = (1 - _OUTLIERS) * math.erfc(z / sigma) / 2 + _OUTLIERS * math.erfc(z / max(sigma, 1.0)) / 2
        chances.append(1 - after / left if left > _LEAST_CHANCE else chances[-1])
        ends.append(left - after)
        left = after
    return chances, ends


def _fit(ended: list[float], running: list[float], guess: float, log_mean: float, sigma: float) -> tuple[float, float]:
    """The likeliest mean and spread of the logarithms: from what they were last, or from the ended jobs' own where that
    is likelier, by steps that halve."""
    ends = [(_MIDDLES[number], weight) for number, weight in enumerate(ended) if weight > _LEAST_WEIGHT]
    runs = [(_MIDDLES[number], weight) for number, weight in enumerate(running) if number and weight > _LEAST_WEIGHT]

    def unlikeliness(mean: float, log_sigma: float) -> float:
        spread = math.exp(log_sigma)
        found = ((mean - guess) / _LOG_MEAN_DOUBT) ** 2 / 2 + ((log_sigma - _LOG_SIGMA) / _LOG_SIGMA_DOUBT) ** 2 / 2
        for at, weight in ends:
            z = at - mean
            often, seldom = math.exp(-((z / spread) ** 2) / 2) / spread, math.exp(-(z**2) / 2)
            found -= weight * math.log((1 - _OUTLIERS) * often + _OUTLIERS * seldom + _LEAST_CHANCE)
        for at, weight in runs:
            z = (at - mean) * _SQRT_HALF
            still = (1 - _OUTLIERS) * math.erfc(z / spread) + _OUTLIERS * math.erfc(z)
            found -= weight * math.log(still / 2 + _LEAST_CHANCE)
        return found

    starts = [(log_mean, math.log(sigma))]
    if ends:
        starts.append((math.fsum(at * weight for at, weight in ends) / math.fsum(w for _, w in ends), _LOG_SIGMA))
    found, at = min((unlikeliness(*start), start) for start in starts)
    step = 0.2
    while step > 0.01:
        width = step * math.exp(at[1] - _LOG_SIGMA)
        for mean, spread in ((width, 0.0), (-width, 0.0), (0.0, step), (0.0, -step), (width, step), (-width, -step)):
            tried = (at[0] + mean, min(_LOG_SIGMA_MOST, max(_LOG_SIGMA_LEAST, at[1] + spread)))
            better = unlikeliness(*tried)
            if better < found - 1e-6:
                found, at = better, tried
                break
        else:
            step /= 2
    return at[0], math.exp(at[1])
