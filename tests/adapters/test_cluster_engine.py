"""The cluster's engine on the real queue, with a runner that only writes down what it is asked to run."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.store.queue import Entry, WorkQueue
from bot.work.engines.cluster import ClusterEngine
from tests.adapters.test_store_queue import Shop, shop
from tests.jobs import a_job

__all__ = ["shop"]

pytestmark = pytest.mark.postgres


class Runner:
    def __init__(self) -> None:
        self.ran: list[str] = []

    def nudge(self, _: str) -> bool:
        return False  # no run is under way: each ends at once

    async def run(self, job_id: str) -> None:
        self.ran.append(job_id)


class SlowQueue(WorkQueue):
    """Removes an entry when it is told to."""

    def __init__(self, database: Any) -> None:
        super().__init__(database)
        self.removed, self.go = asyncio.Event(), asyncio.Event()

    async def finish(self, entry: Entry) -> None:
        await super().finish(entry)
        self.removed.set()
        await self.go.wait()  # the answer comes late


@pytest.mark.asyncio
async def test_an_entry_that_comes_while_the_last_one_is_removed_is_run_and_not_kept(shop: Shop) -> None:
    queue, runner = SlowQueue(shop.database), Runner()
    engine = ClusterEngine(runner, shop.jobs, queue, clock=shop.clock, jobs_at_once=5)  # type: ignore[arg-type]
    await engine.resume()
    job = await shop.jobs.insert(a_job(), companion=queue.enlist)
    await engine._fill_places()
    await queue.removed.wait()
    await queue.nudge(job.id)
    await engine._fill_places()
    queue.go.set()
    await asyncio.gather(*engine._running.values())
    assert runner.ran == [job.id] * 2
    assert (await queue.lengths(), engine._running, engine._entries) == ({}, {}, {})
