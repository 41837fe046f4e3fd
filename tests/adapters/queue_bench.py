"""A client of the Queue API and a server that answers by script: what the client's tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bot.queue import QueueClient
from bot.rules.polling import FixedPolling
from tests.adapters.queue_server import MP4, Reply, ScriptedServer
from tests.clock import ManualClock

VIDEO = Reply(body=MP4, headers={"Content-Type": "video/mp4"})


def client(url: str, clock: ManualClock, **more: Any) -> QueueClient:
    return QueueClient(api_key="the-key", base_url=url, clock=clock, **{"polling": FixedPolling(2.0)} | more)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as running:
        yield running


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(auto=True)


@pytest_asyncio.fixture
async def queue(server: ScriptedServer, clock: ManualClock) -> AsyncIterator[QueueClient]:
    async with client(server.url, clock) as made:
        yield made
