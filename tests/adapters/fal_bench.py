"""A client of fal.ai's queue and a server that answers by script: what the client's tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bot.fal import FalClient, FalJob
from bot.rules.polling import FixedPolling
from tests.adapters.queue_server import MP4, Reply, ScriptedServer
from tests.clock import ManualClock

KEY = "key-id:key-secret"
T2V = "fal-ai/veo3.1/lite"
JOB = FalJob("fal-ai/veo3.1", "req-1")
AT = "/fal-ai/veo3.1/requests/req-1"
VIDEO = Reply(body=MP4, headers={"Content-Type": "video/mp4"})


def fal_client(url: str, clock: ManualClock, **more: Any) -> FalClient:
    """With the queue, the storage and the media host at one address."""
    made = {"base_url": url, "rest_url": url, "media_hosts": [url.removeprefix("http://")]}
    return FalClient(key=KEY, clock=clock, **made | {"polling": FixedPolling(2.0)} | more)


def taken(server: ScriptedServer, request_id: str = "req-1", **more: Any) -> Reply:
    base = f"{server.url}/fal-ai/veo3.1/requests/{request_id}"
    said = {"status": "IN_QUEUE", "request_id": request_id, "response_url": base, "status_url": f"{base}/status"}
    return Reply(json=said | {"cancel_url": f"{base}/cancel", "queue_position": 3} | more)


def said(status: str, **more: Any) -> Reply:
    return Reply(200 if status == "COMPLETED" else 202, json={"status": status, "request_id": "req-1"} | more)


def video_at(server: ScriptedServer, path: str = "/files/b/1/out.mp4", **more: Any) -> Reply:
    """The result that names a video on the server itself."""
    return Reply(json={"video": {"url": server.url + path} | more, "seed": 7}, headers={"X-Fal-Billable-Units": "8"})


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as running:
        yield running


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(auto=True)


@pytest_asyncio.fixture
async def fal(server: ScriptedServer, clock: ManualClock) -> AsyncIterator[FalClient]:
    async with fal_client(server.url, clock) as made:
        yield made
