"""The polling schedule: what it promises, and how near it comes to what is possible."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.polling import compare, simulate
from bot.rules.polling import AdaptivePolling, Durations, FixedPolling, History, PollBounds, next_poll

ABOUT_20 = History((16.0, 18.0, 19.0, 20.0, 20.5, 21.0, 23.0, 26.0))


def test_without_durations_the_waits_grow_by_half_from_one_second_to_ten() -> None:
    waits, elapsed = [], 0.0
    for _ in range(9):
        waits.append(next_poll(elapsed, History()))
        elapsed += waits[-1]
    assert waits[:5] == pytest.approx([1.0, 1.5, 2.25, 3.375, 5.0625])
    assert waits[6:] == [10.0, 10.0, 10.0]


def test_two_durations_are_not_yet_believed() -> None:
    assert next_poll(0.0, History((60.0, 60.0))) == 1.0


def test_the_waits_are_long_at_first_and_short_when_the_job_is_due() -> None:
    assert next_poll(0.0, ABOUT_20) > 5
    assert next_poll(20.0, ABOUT_20) < 1.5


def test_a_job_long_overdue_is_asked_about_less_and_less() -> None:
    assert next_poll(25.0, ABOUT_20) < next_poll(120.0, ABOUT_20) <= next_poll(1200.0, ABOUT_20) <= 10


@given(
    elapsed=st.floats(-10, 1e7),
    seconds=st.lists(st.floats(0.001, 1e6), max_size=20),
    low=st.floats(0.01, 5),
    span=st.floats(0, 60),
)
def test_a_wait_always_keeps_its_bounds(elapsed: float, seconds: list[float], low: float, span: float) -> None:
    bounds = PollBounds(poll_min=low, poll_max=low + span)
    assert low <= next_poll(elapsed, History(tuple(seconds)), bounds) <= low + span


@pytest.mark.parametrize("wrong", [{"poll_min": 0.0}, {"poll_min": 11.0}, {"poll_cost": 0.0}])
def test_bounds_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="polling bounds"):
        PollBounds(**wrong)


def test_a_dearer_request_is_made_less_often() -> None:
    cheap, dear = PollBounds(poll_cost=0.02), PollBounds(poll_cost=0.5)
    assert next_poll(18.0, ABOUT_20, cheap) < next_poll(18.0, ABOUT_20, dear)


def test_the_hazard_rate_is_that_of_the_fitted_lognormal() -> None:
    history = History(tuple(20.0 * math.exp(0.3 * z) for z in (-1.5, -1, -0.5, 0, 0.5, 1, 1.5)))
    gone = 1.0
    for step in range(1, 40_000):  # survival from the hazard must match what the fit says of the median
        gone *= math.exp(-history.hazard(step * 0.0005 * 2) * 0.001)
        if step * 0.001 >= 20.0:
            break
    assert gone == pytest.approx(0.5, abs=0.01)


def test_durations_remember_only_the_latest_of_each_model() -> None:
    durations = Durations(per_model=3)
    durations.extend("a", [100.0, 1.0, 2.0, 3.0])
    assert durations.history("a").seconds == (1.0, 2.0, 3.0)


def test_the_model_unused_for_longest_is_forgotten() -> None:
    durations = Durations(models=2)
    for model in ("a", "b", "a", "c"):
        durations.add(model, 1.0)
    assert list(durations) == ["a", "c"]
    assert durations.history("b") == History()


@pytest.mark.parametrize("nonsense", [0.0, -1.0, math.nan, math.inf])
def test_durations_that_can_not_be_are_ignored(nonsense: float) -> None:
    durations = Durations()
    durations.add("a", nonsense)
    assert durations.history("a") == History()


def test_a_history_grows_with_what_is_added() -> None:
    durations = Durations()
    durations.add("a", 1.0)
    assert durations.history("a").seconds == (1.0,)
    durations.add("a", 2.0)
    assert durations.history("a").seconds == (1.0, 2.0)


def test_estimates_come_from_the_catalogue_until_there_are_enough_durations() -> None:
    durations = Durations()
    durations.extend("a", [10.0, 20.0])
    assert durations.median("a", typical=60.0) == 60.0
    assert durations.percentile_90("a", typical=60.0) == pytest.approx(114.0)
    durations.extend("a", [30.0, 40.0, 50.0])
    assert durations.median("a", typical=60.0) == 30.0
    assert durations.percentile_90("a", typical=60.0) == pytest.approx(46.0)


def test_the_policy_learns_and_keeps_models_apart() -> None:
    policy = AdaptivePolling()
    for _ in range(5):
        policy.learn("slow", 60.0)
        policy.learn(None, 1.0)
    assert policy.wait("slow", 0.0) == 10.0
    assert policy.wait("other", 0.0) == 1.0
    assert policy.wait(None, 0.0) == 1.0


def test_polls_times_lag_beats_the_fixed_schedule_by_nearly_all_that_is_possible() -> None:
    """0.47 is the bound with the distribution known beforehand (queue-api.md, section 4); learning costs a little."""
    table = compare(20.0, 0.3, jobs=600, bounds=PollBounds())
    ratios = table["ratios"]
    assert isinstance(ratios, dict)
    assert ratios["polls_times_lag"] < 0.6
    assert ratios["polls"] < 0.75
    assert ratios["lag"] < 1.0


def test_a_service_that_suddenly_slows_down_is_learned_again() -> None:
    before, after = [20.0] * 120, [45.0] * 120
    settled = simulate(AdaptivePolling(), before + after)
    fixed = simulate(FixedPolling(1.5), before + after)
    assert settled.product < fixed.product


def test_the_benchmark_prints_its_ratios_as_json() -> None:
    script = (
        "import benchmarks.polling as b; c = b.compare; b.compare = lambda m, s, **k: c(m, s, jobs=20, **k); b.main()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    report = json.loads(done.stdout)
    assert {"polls", "lag", "polls_times_lag"} == set(report["bot bounds"][0]["ratios"])
