"""Waiting until a job is due: waits that end at about the same time end together."""

from __future__ import annotations

import asyncio

import pytest

from bot.http.due import TICK_SECONDS, until_due
from tests.clock import ManualClock


@pytest.mark.asyncio
async def test_jobs_due_at_about_the_same_time_are_due_together() -> None:
    clock = ManualClock()
    woken: dict[float, float] = {}

    async def wait(due: float) -> None:
        await until_due(clock, lambda now: due - now, 100.0)
        woken[due] = clock.monotonic()

    dues = [5.0 + number / 1000 for number in range(100)]
    async with asyncio.TaskGroup() as group:
        for due in dues:
            group.create_task(wait(due))
        await asyncio.sleep(0)
        await clock.advance(6.0)
    assert len(set(woken.values())) == 3
    assert all(abs(at - due) <= TICK_SECONDS / 2 for due, at in woken.items())


@pytest.mark.asyncio
async def test_a_short_wait_is_kept_as_it_is() -> None:
    clock = ManualClock(auto=True)
    await until_due(clock, lambda now: 0.26 - now, 100.0)
    assert clock.slept == [0.26]


@pytest.mark.asyncio
async def test_the_deadline_is_neither_early_nor_late() -> None:
    clock = ManualClock(auto=True)
    await until_due(clock, lambda now: 50.0 - now, 7.01)
    assert clock.monotonic() == 7.01


@pytest.mark.asyncio
async def test_what_is_learned_while_waiting_counts() -> None:
    clock = ManualClock(auto=True)
    await until_due(clock, lambda now: min(1.0, 3.3 - now), 100.0)
    assert abs(clock.monotonic() - 3.3) <= TICK_SECONDS / 2
    assert len(clock.slept) == 4
