"""The page's switches reach whichever video service the bot has a key for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from sandbox.fal import FalStandIn
from sandbox.playground import add_playground
from sandbox.queue_api import QueueStandIn
from tests.adapters.sandbox_fal import T2V
from tests.adapters.sandbox_material import clip
from tests.clock import ManualClock

Json = dict[str, Any]


class Switches:
    """The page's routes over both services, and a job at each of them."""

    def __init__(self, session: aiohttp.ClientSession, url: str, queue: QueueStandIn, fal: FalStandIn) -> None:
        self._session = session
        self._url = url
        self._queue = queue
        self._fal = fal

    async def order(self, **orders: Any) -> int:
        async with self._session.post(f"{self._url}/_playground/queue", json=orders) as answer:
            return answer.status

    async def jobs(self) -> tuple[Json, Json]:
        """The status of a new job at each service."""
        key = {"X-API-KEY": self._queue.api_key}
        job = await self._said("POST", f"{self._queue.url}/v1/jobs/lucy-pro-t2v", key, data={"prompt": "a cat"})
        status = await self._said("GET", f"{self._queue.url}/v1/jobs/{job['job_id']}", key)
        key = {"Authorization": f"Key {self._fal.key}"}
        job = await self._said("POST", f"{self._fal.url}/{T2V}", key, json={"prompt": "a cat"})
        return status, await self._said("GET", job["status_url"], key)

    async def _said(self, method: str, url: str, headers: dict[str, str], **more: Any) -> Json:
        async with self._session.request(method, url, headers=headers, **more) as answer:
            said: Json = await answer.json()
            return said


@pytest_asyncio.fixture
async def switches(tmp_path: Path) -> AsyncIterator[Switches]:
    ready, clock = tmp_path / "ready.mp4", ManualClock()
    ready.write_bytes(clip(seconds=0.4))
    async with QueueStandIn(clip=ready, clock=clock) as queue, FalStandIn(clip=ready, clock=clock, at_once=9) as fal:
        app = web.Application()
        add_playground(app, (queue, fal))
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with aiohttp.ClientSession() as session:
            yield Switches(session, f"http://127.0.0.1:{runner.addresses[0][1]}", queue, fal)
        await runner.cleanup()


@pytest.mark.asyncio
async def test_slow_and_fast_hold_at_both_services(switches: Switches) -> None:
    assert [said["status"] for said in await switches.jobs()] == ["completed", "COMPLETED"]
    assert await switches.order(pending_seconds=20, processing_seconds=40) == 200
    assert [said["status"] for said in await switches.jobs()] == ["pending", "IN_QUEUE"]
    assert await switches.order(pending_seconds=0) == 200
    assert [said["status"] for said in await switches.jobs()] == ["processing", "IN_PROGRESS"]
    assert await switches.order(reset=True) == 200
    assert [said["status"] for said in await switches.jobs()] == ["completed", "COMPLETED"]


@pytest.mark.asyncio
async def test_the_next_job_of_each_service_fails_with_the_reason(switches: Switches) -> None:
    assert await switches.order(fail_next="The camera ran out of film.") == 200
    assert [said.get("error") for said in await switches.jobs()] == ["The camera ran out of film."] * 2
    assert [said.get("error") for said in await switches.jobs()] == [None, None]


@pytest.mark.asyncio
@pytest.mark.parametrize("wrong", [{"pending_seconds": "20"}, {"processing_seconds": -1}, {"fail_next": 3}])
async def test_an_order_that_makes_no_sense_is_refused(switches: Switches, wrong: Json) -> None:
    assert await switches.order(**wrong) == 400
    assert [said["status"] for said in await switches.jobs()] == ["completed", "COMPLETED"]
