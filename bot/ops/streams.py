"""Bounds on the downloads under way: so many in all and for each address, and none that stands still."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from aiohttp import web

from bot.rules.clock import Clock

log = logging.getLogger(__name__)

STREAMS_MAX = 100
STREAMS_MAX_PER_ADDRESS = 10
"""A browser opens six connections to one server."""
STALLED_AFTER = timedelta(seconds=30)
"""A reader that takes no piece for so long, or at the latest twice as long, is disconnected."""


class TooManyStreams(Exception):
    """The address, or all of them together, have as many downloads under way as they may."""


class Streams:
    """The downloads under way."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_address: Counter[str] = Counter()
        self._transports: dict[asyncio.Transport, int] = {}

    def __len__(self) -> int:
        return len(self._transports)

    @property
    def buffered_bytes(self) -> int:
        """What was handed to the connections and is not with the system yet."""
        return sum(transport.get_write_buffer_size() for transport in self._transports)

    def moved(self, request: web.Request) -> None:
        """The reader has taken a piece."""
        transport = request.transport
        if transport is not None and transport in self._transports:
            self._transports[transport] += 1

    @contextmanager
    def place(self, request: web.Request) -> Iterator[None]:
        """Count the download as long as the block lasts, and break its connection off where it stands still.

        Raises `TooManyStreams`, and `ConnectionResetError` where the reader has gone already.
        """
        transport, address = request.transport, address_of(request)
        if transport is None:
            raise ConnectionResetError("the reader has gone")
        if len(self._transports) >= STREAMS_MAX or self._by_address[address] >= STREAMS_MAX_PER_ADDRESS:
            raise TooManyStreams
        self._by_address[address] += 1
        self._transports[transport] = 0
        watching = asyncio.create_task(self._watch(transport))
        try:
            yield
        finally:
            watching.cancel()
            del self._transports[transport]
            self._by_address[address] -= 1
            self._by_address += Counter()  # forgets the addresses that have none

    async def _watch(self, transport: asyncio.Transport) -> None:
        pieces = -1
        while pieces != self._transports[transport]:
            pieces = self._transports[transport]
            await self._clock.sleep(STALLED_AFTER.total_seconds())
        log.info("a download stood still and was broken off")
        transport.abort()


def address_of(request: web.Request) -> str:
    """Who asks. A proxy in our own network names them last in `X-Forwarded-For`; of others that header is no proof."""
    peer = request.remote or ""
    named = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    try:
        is_ours = ipaddress.ip_address(peer).is_private
        return str(ipaddress.ip_address(named)) if named and is_ours else peer
    except ValueError:
        return peer
