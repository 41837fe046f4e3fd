"""The life table behind the polling: jobs that still run count as having reached their age."""

from __future__ import annotations

import math

import pytest

from benchmarks.polling import drawn
from bot.rules.life_table import LifeTable, bin_of


def observed(durations: list[float], age: float) -> LifeTable:
    """What is known of jobs that began together, that many seconds later."""
    table = LifeTable(30.0, cost=0.055)
    for seconds in durations:
        weight = table.begin()
        if seconds <= age:
            table.end(max(0.0, seconds - 0.5), seconds + 0.5, weight)
            table.leave()
        else:
            table.ran(0.0, age, weight)
    return table


def test_jobs_that_still_run_are_not_taken_for_jobs_that_never_were() -> None:
    """At 15 s a sixth of the burst has ended; those alone have a median of 13 s."""
    durations = drawn(20.0, 0.3, 200, seed=1)
    table = observed(durations, 15.0)
    ended = sorted(seconds for seconds in durations if seconds <= 15.0)
    assert ended[len(ended) // 2] < 14
    assert math.exp(table.log_mean) == pytest.approx(20.0, rel=0.15)
    assert table.sigma == pytest.approx(0.3, abs=0.08)


@pytest.mark.parametrize(("median", "sigma"), [(5.0, 0.1), (20.0, 0.3), (60.0, 0.8)])
def test_the_lognormal_is_found_from_jobs_that_have_ended(median: float, sigma: float) -> None:
    table = observed(drawn(median, sigma, 200, seed=2), 10_000.0)
    assert math.exp(table.log_mean) == pytest.approx(median, rel=0.25 * sigma + 0.05)
    assert table.sigma == pytest.approx(sigma, rel=0.25, abs=0.03)


def test_ages_that_many_jobs_have_passed_are_worth_fewer_requests() -> None:
    before = LifeTable(20.0, cost=0.055).polls_by(5.0)
    assert observed([100.0] * 200, 6.0).polls_by(5.0) < before / 2


def test_polls_and_ages_are_each_others_inverse() -> None:
    table = observed(drawn(20.0, 0.3, 50, seed=3), 10_000.0)
    for age in (0.01, 0.5, 7.0, 20.0, 33.3, 900.0):
        assert table.age_at(table.polls_by(age)) == pytest.approx(age, rel=0.07)
    assert table.polls_by(1e9) == table.polls_by(3e9)
    assert table.age_at(1e9) == math.inf


def test_bins_are_in_order_and_hold_every_age() -> None:
    bins = [bin_of(seconds / 100) for seconds in range(100_000)]
    assert bins == sorted(bins)
    assert (bin_of(0.0), bin_of(1e12)) == (0, 189)


def test_old_jobs_fade_and_weights_never_grow_without_bound() -> None:
    table = LifeTable(30.0, cost=0.055)
    for _ in range(3000):
        table.add(59.0, 61.0)
    for _ in range(200):
        table.add(9.0, 11.0)
    assert math.exp(table.log_mean) == pytest.approx(10.0, rel=0.15)


class Counting(LifeTable):
    """Counts how often all bins are gone through."""

    rebuilt = 0

    def _rebuild(self) -> None:
        self.rebuilt += 1
        super()._rebuild()


def test_a_job_among_5000_costs_no_more_than_one_among_100() -> None:
    """A question costs a step or two; how often all bins are gone through does not grow with the jobs in flight."""
    shares = []
    for jobs in (100, 5000):
        table = Counting(30.0, cost=0.055)
        weights = [table.begin() for _ in range(jobs)]
        for age in range(1, 20):
            for weight in weights:
                table.ran(age - 1, age, weight)
        shares.append(table.rebuilt / jobs / 19)
    assert shares[1] < shares[0] < 0.2
