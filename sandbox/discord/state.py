"""What all parts of the stand-in share: time, the world, its messages, the faults that are asked for, the record."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from sandbox.discord.bus import Bus
from sandbox.discord.clock import StandInClock
from sandbox.discord.commands import Commands
from sandbox.discord.faults import Faults
from sandbox.discord.files import Files
from sandbox.discord.ids import Snowflakes
from sandbox.discord.messages import Messages
from sandbox.discord.rates import Rates
from sandbox.discord.recording import Recording
from sandbox.discord.world import World


class SharedState:
    """One of each. `application_flags` are the portal's toggles."""

    def __init__(self, clock: StandInClock, token: str) -> None:
        self.clock = clock
        self.token = token
        self.base = ""
        self.application_flags = 0
        self.recommended_shards = 1
        self.ids = Snowflakes(clock)
        self.bus = Bus()
        self.faults = Faults()
        self.rates = Rates(clock)
        self.record = Recording()
        self.world = World(clock, self.ids)
        self.files = Files(clock, self.ids)
        self.messages = Messages(self.world, self.files, self.bus)
        self.commands = Commands(self.world)
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def gateway_url(self) -> str:
        return self.base.replace("http", "ws", 1) + "/gateway"

    @property
    def content_granted(self) -> bool:
        """Whether the portal allows the message content intent."""
        return bool(self.application_flags & (0b11 << 18))

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def cancel_tasks(self) -> None:
        """End everything that was spawned."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
