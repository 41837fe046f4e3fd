"""Events for the page: server-sent, filtered for the user who watches."""

from __future__ import annotations

import asyncio
import contextlib
import json

from aiohttp import web

from sandbox.discord import permissions as bits
from sandbox.discord.bus import Event
from sandbox.discord.core import Core
from sandbox.discord.responses import Json
from sandbox.discord.world import User

_KEEP_ALIVE = 15.0


class Feeds:
    """Open streams, ended when the server stops."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self._queues: set[asyncio.Queue[Json | None]] = set()

    def _shown(self, event: Event, user: User) -> bool:
        if event.only_for not in {None, user.id}:
            return False
        channel_id = event.data.get("channel_id")
        channel = self.core.world.channels.get(channel_id) if channel_id else None
        return channel is None or bool(self.core.world.permissions(channel, user.id) & bits.VIEW_CHANNEL)

    async def stream(self, request: web.Request, user: User) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        queue: asyncio.Queue[Json | None] = asyncio.Queue()

        def hear(event: Event) -> None:
            if self._shown(event, user):
                queue.put_nowait({"type": event.kind} | shape(event))

        stop = self.core.bus.listen(hear)
        self._queues.add(queue)
        try:
            await response.prepare(request)
            await response.write(_line({"type": "ready" if self.core.gateway.online else "offline"}))
            while True:
                with contextlib.suppress(TimeoutError):
                    item = await asyncio.wait_for(queue.get(), _KEEP_ALIVE)
                    if item is None:
                        break
                    await response.write(_line(item))
                    continue
                await response.write(b": still here\n\n")
        except (ConnectionError, RuntimeError):
            pass
        finally:
            stop()
            self._queues.discard(queue)
        return response

    def close(self) -> None:
        for queue in self._queues:
            queue.put_nowait(None)


def shape(event: Event) -> Json:
    """Messages lie under `message`; everything else beside `type`."""
    if event.message is None:
        return event.data
    return {"message": event.data, "channel_id": event.message.channel_id, "message_id": event.message.id}


def _line(data: Json) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()
