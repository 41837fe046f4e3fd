"""The polling schedule: what it promises, and how near it comes to the best one that knows the distribution."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.polling import FIXED, best, drawn, simulate
from bot.rules.durations import Durations
from bot.rules.polling import AdaptivePolling, FixedPolling, PollBounds

BOUNDS = PollBounds()
SEEDS = (1, 2, 3)


def policy(typical: float = 30.0, bounds: PollBounds = BOUNDS) -> AdaptivePolling:
    return AdaptivePolling(bounds=bounds, typical_seconds={"model": typical})


def taught(seconds: list[float], typical: float = 30.0, bounds: PollBounds = BOUNDS) -> AdaptivePolling:
    """A policy that has followed such jobs one after another."""
    polling = policy(typical, bounds)
    simulate(polling, seconds, apart=1000.0)
    return polling


def first_look(polling: AdaptivePolling) -> float:
    """The age at which a new job is asked about."""
    job, age = polling.follow("model"), 0.0
    while (wait := job.wait(age)) > 0:
        age += wait
    job.leave()
    return age


def mean_product(median: float, sigma: float, *, known: int, burst: bool) -> float:
    """Polls times lag over that of the best schedule, as the mean of a few seeds."""
    products = []
    for seed in SEEDS:
        polling = taught(drawn(median, sigma, known, seed=seed + 1000)) if known else policy()
        durations = drawn(median, sigma, 200 if burst else 60, seed=seed)
        products.append(simulate(polling, durations, apart=0.001 if burst else 1000.0).product)
    return sum(products) / len(products) / best(median, sigma, BOUNDS).product


@pytest.mark.parametrize("burst", [False, True])
@pytest.mark.parametrize(
    ("median", "sigma"), [(20.0, 0.1), (20.0, 0.3), (20.0, 0.8), (5.0, 0.3), (5.0, 0.8), (60.0, 0.1), (60.0, 0.3)]
)
def test_once_fifty_jobs_are_known_polls_times_lag_is_within_15_percent_of_the_best(
    median: float, sigma: float, burst: bool
) -> None:
    assert mean_product(median, sigma, known=50, burst=burst) < 1.15


@pytest.mark.parametrize("burst", [False, True])
@pytest.mark.parametrize(
    ("median", "sigma"),
    [(20.0, 0.1), (20.0, 0.3), (20.0, 0.8), (5.0, 0.3), (5.0, 0.8), (60.0, 0.1), (60.0, 0.3), (60.0, 0.8)],
)
def test_without_any_job_known_it_is_within_50_percent(median: float, sigma: float, burst: bool) -> None:
    """The catalogue says 30 s, whatever the jobs really take."""
    assert mean_product(median, sigma, known=0, burst=burst) < 1.5


def test_a_burst_of_jobs_like_none_before_is_not_taken_for_shorter_than_it_is() -> None:
    """Its shortest jobs end first; the optimum for 20 s is about 10 requests for 0.5 s of lag."""
    outcome = simulate(policy(typical=60.0), drawn(20.0, 0.3, 1000, seed=4))
    assert outcome.polls < 11
    assert outcome.lag_mean < 0.75


def test_a_burst_needs_fewer_requests_than_the_naive_bot_and_is_seen_sooner() -> None:
    """200 at once of 5 to 33 s, as benchmarks/bot.py has them; a request to submit and one to fetch come on top."""
    durations = [min(33.0, max(5.0, seconds)) for seconds in drawn(18.0, 0.4, 200, seed=2)]
    naive = simulate(FIXED, durations)
    polling = taught(drawn(18.0, 0.4, 50, seed=3))
    ours = simulate(polling, durations)
    assert ours.polls + 2 < 0.8 * (naive.polls + 2)
    assert ours.lag_mean < 0.9 * naive.lag_mean


def test_a_job_that_is_done_at_once_is_seen_at_once() -> None:
    polling = policy(typical=60.0)
    assert simulate(polling, [0.0] * 5, apart=1000.0).lag_p99 < 1.0
    assert simulate(polling, [0.0] * 100, apart=1000.0).polls == 1.0
    assert first_look(polling) < 0.15


def test_the_first_look_is_late_where_no_job_ends_early() -> None:
    assert first_look(taught([20.0] * 100)) > 10


def test_a_first_look_a_moment_after_the_submit_is_as_late_as_one_at_it() -> None:
    job = taught([30.0] * 100).follow("model", 0.02)
    assert job.wait(0.02) > PollBounds().poll_max


@pytest.mark.parametrize("after", [7.0, 45.0])
def test_a_service_that_suddenly_changes_its_pace_is_learned_again(after: float) -> None:
    polling = taught(drawn(20.0, 0.2, 100, seed=1))
    changed = drawn(after, 0.2, 60, seed=2)
    assert simulate(polling, changed, apart=1000.0).product < simulate(FIXED, changed).product
    again = simulate(polling, drawn(after, 0.2, 60, seed=3), apart=1000.0)
    assert again.product < 1.4 * best(after, 0.2, BOUNDS).product


def test_what_other_processes_and_earlier_runs_have_learned_counts() -> None:
    durations = Durations()
    durations.extend("model", drawn(20.0, 0.3, 50, seed=1))
    polling = AdaptivePolling(durations, typical_seconds={"model": 300.0})
    assert simulate(polling, drawn(20.0, 0.3, 200, seed=2)).product < 1.15 * best(20.0, 0.3, BOUNDS).product


def test_a_job_of_unknown_age_teaches_nothing() -> None:
    polling = policy()
    before = polling.table("model").polls_by(20.0)
    for _ in range(20):
        job = polling.follow("model", None)
        job.running(1.0)
        job.completed(2.0)
        job.leave()
    assert polling.table("model").polls_by(20.0) == before
    assert list(polling.durations) == []


def test_models_are_kept_apart() -> None:
    polling = AdaptivePolling()
    for _ in range(50):
        job = polling.follow("slow")
        job.completed(60.0)
        job.leave()
    assert polling.table("slow").polls_by(30.0) < polling.table("other").polls_by(30.0)
    assert list(polling.durations) == ["slow"]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), median=st.floats(0.01, 5000), low=st.floats(0.01, 5), span=st.floats(0, 60))
def test_waits_between_two_requests_keep_their_bounds(seed: int, median: float, low: float, span: float) -> None:
    bounds = PollBounds(poll_min=low, poll_max=low + span)
    rng = random.Random(seed)
    polling = AdaptivePolling(bounds=bounds)
    for _ in range(rng.randrange(10)):
        polling.follow("model").completed(rng.expovariate(1 / median))
    job, age, asked = polling.follow("model"), 0.0, None
    for _ in range(300):
        wait = job.wait(age)
        assert wait >= 0
        age += wait
        if wait == 0:
            if asked is not None:
                assert bounds.poll_min - 0.01 <= age - asked <= bounds.poll_max + 0.01
            asked = age
            job.running(age)


@pytest.mark.parametrize("wrong", [{"poll_min": 0.0}, {"poll_min": 11.0}, {"poll_cost": 0.0}])
def test_bounds_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="polling bounds"):
        PollBounds(**wrong)


def test_a_dearer_request_is_made_less_often() -> None:
    seconds = drawn(20.0, 0.3, 50, seed=1)
    cheap, dear = (simulate(taught(seconds, bounds=PollBounds(poll_cost=cost)), seconds).polls for cost in (0.02, 0.5))
    assert cheap > 2 * dear


def test_a_wait_between_1_4_and_2_seconds_is_2_seconds_as_the_service_asks() -> None:
    assert [BOUNDS.hold(seconds) for seconds in (1.39, 1.4, 1.99, 2.0, 2.1)] == [1.39, 2.0, 2.0, 2.0, 2.1]


def test_the_fixed_schedule_asks_at_fixed_times() -> None:
    outcome = simulate(FixedPolling(1.5, first=0.5), [0.4, 0.6])
    assert outcome.polls == 1.5
    assert outcome.lag_mean == pytest.approx(0.75)


def test_the_benchmark_prints_its_ratios_as_json() -> None:
    script = (
        "import benchmarks.polling as b; c = b.compare;"
        "b.compare = lambda m, s, **k: c(m, s, jobs=20, seeds=(1,), steps=100, **k); b.main()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    report = json.loads(done.stdout)
    assert {"cold to best", "warm to best", "cold to fixed", "warm to fixed"} == set(report["bot bounds"][0]["ratios"])


def test_what_rounding_leaves_of_a_wait_is_no_wait() -> None:
    assert FixedPolling(0.3).follow(None).wait(0.1 + 0.2 - 1e-16) == 0.0
    assert FixedPolling(0.3).follow(None).wait(0.29) == pytest.approx(0.01)
