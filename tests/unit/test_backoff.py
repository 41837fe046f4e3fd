"""Pauses between tries, and the loop that makes them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.backoff import Backoff, retry
from tests.clock import ManualClock

BACKOFF = Backoff(first=timedelta(seconds=1), longest=timedelta(seconds=30))


def test_pauses_double_up_to_the_longest() -> None:
    assert [BACKOFF.seconds(tries) for tries in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]


def test_a_pause_that_the_other_side_asks_for_is_kept() -> None:
    assert BACKOFF.seconds(1, at_least=12.5) == 12.5
    assert BACKOFF.seconds(6, at_least=12.5) == 30


@given(st.integers(1, 10**6), st.floats(0, 1, exclude_max=True))
def test_chance_shortens_a_pause_by_up_to_half(tries: int, chance: float) -> None:
    full = BACKOFF.seconds(tries)
    assert full / 2 <= BACKOFF.seconds(tries, chance=chance) <= full


@pytest.mark.asyncio
async def test_an_act_is_repeated_until_it_succeeds() -> None:
    clock, errors = ManualClock(auto=True), [OSError("first"), OSError("second")]

    async def act() -> str:
        if errors:
            raise errors.pop(0)
        return "done"

    def pause_after(error: Exception, tries: int) -> float | None:
        return BACKOFF.seconds(tries) if isinstance(error, OSError) else None

    assert await retry(act, pause_after, sleep=clock.sleep) == "done"
    assert clock.slept == [1, 2]


@pytest.mark.asyncio
async def test_an_error_that_is_given_up_is_raised_as_it_was() -> None:
    clock, tried = ManualClock(auto=True), 0

    async def act() -> None:
        nonlocal tried
        tried += 1
        raise ValueError(tried)

    with pytest.raises(ValueError, match="3"):
        await retry(act, lambda _, tries: 5.0 if tries < 3 else None, sleep=clock.sleep)
    assert clock.slept == [5, 5]
