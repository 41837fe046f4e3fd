"""Programs that the tests start by forking: a start that is given up leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import psutil
import pytest

from tests.fork_server import ForkedProcess, start_renderer


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def ended(process: ForkedProcess) -> None:
    process.kill()
    await process.communicate()


@pytest.mark.asyncio
@pytest.mark.parametrize("steps", range(12))
async def test_a_start_that_is_cancelled_at_any_step_ends_its_process_and_no_other(steps: int) -> None:
    other = await start_renderer()
    before, open_before = children(), descriptors()
    starting = asyncio.create_task(start_renderer())
    for _ in range(steps):
        await asyncio.sleep(0)
    starting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await ended(await starting)
    assert children() == before
    assert descriptors() <= open_before
    after = await start_renderer()
    assert (other.returncode, after.returncode) == (None, None)
    for process in (other, after):
        await ended(process)
