"""What is remembered of how long jobs took, and what members are told from it."""

from __future__ import annotations

import math

import pytest

from bot.rules.durations import Durations, History


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
