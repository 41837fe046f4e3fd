"""Connections that ask for nothing: they are closed, so that nobody can hold one for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from weakref import WeakKeyDictionary

from aiohttp import web

from bot.rules.clock import Clock

REQUEST_WITHIN = timedelta(seconds=15)
"""From the connection's start, or from its last answer, until the headers of a request are whole."""
_LOOK_EVERY = timedelta(seconds=5)

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class IdleConnections:
    """Give `middleware` to the application, and `run` beside its server."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._asking: set[asyncio.Transport] = set()
        self._idle_since: WeakKeyDictionary[asyncio.Transport, float] = WeakKeyDictionary()

    async def run(self, server: web.Server) -> None:
        """Close what is idle for too long, again and again."""
        while True:
            await self._clock.sleep(_LOOK_EVERY.total_seconds())
            now = self._clock.monotonic()
            for transport in [connection.transport for connection in server.connections]:
                if transport is None or transport in self._asking:
                    continue
                if now - self._idle_since.setdefault(transport, now) >= REQUEST_WITHIN.total_seconds():
                    transport.abort()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Answer) -> web.StreamResponse:
        """Note whose connection asks for something."""
        transport = request.transport
        if transport is None:
            return await handler(request)
        self._asking.add(transport)
        try:
            return await handler(request)
        finally:
            self._asking.discard(transport)
            self._idle_since[transport] = self._clock.monotonic()
