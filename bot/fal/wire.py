"""HTTP exchanges with the service and its media hosts. The key goes to the two addresses of the service alone."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import aiohttp

from bot.errors import QueueInputError
from bot.fal.addresses import MediaHosts, checked_base
from bot.http.public_addresses import PublicAddresses
from bot.http.sessions import Sessions
from bot.http.tuning import Timeouts
from bot.rules.clock import Clock

_READ_BUFFER_BYTES = 256 * 1024
_JSON = {"Content-Type": "application/json"}


class FalWire(Sessions):
    """The sessions to one service and its media hosts, see `Sessions`: a submit and a transfer have a connection of
    their own. The key goes to `base_url` and `rest_url` alone."""

    def __init__(
        self,
        *,
        key: str,
        base_url: str,
        rest_url: str,
        hosts: MediaHosts,
        user_agent: str,
        session: aiohttp.ClientSession | None,
        timeouts: Timeouts,
        clock: Clock,
    ) -> None:
        if not key or not all("!" <= char <= "~" for char in key):
            raise QueueInputError("the key is empty or has characters that no key has")
        super().__init__(session, clock, user_agent=user_agent)
        self.base_url = checked_base(base_url, what="the queue's address")
        self._rest_url = checked_base(rest_url, what="the storage's address")
        self._key = {"Authorization": f"Key {key}"}
        self._timeouts = timeouts
        self._media = Sessions(
            session, clock, user_agent=user_agent, resolver=lambda: PublicAddresses(hosts.listed_with_port)
        )

    async def aclose(self) -> None:
        await super().aclose()
        await self._media.aclose()

    def ask(
        self, method: str, path: str, total: timedelta, *, headers: Mapping[str, str] | None = None
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """A request without a body to the queue; `path` is escaped already. Raises `NETWORK` on entering, and while
        the body is read."""
        return self._request(method, self.base_url + path, total, self._key | dict(headers or {}), fresh=False)

    def submit(
        self, path: str, total: timedelta, *, body: bytes, headers: Mapping[str, str]
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """The job itself. Raises as `ask` does."""
        sent = self._key | _JSON | dict(headers)
        return self._request("POST", self.base_url + path, total, sent, fresh=True, data=body)

    def initiate(
        self, path: str, total: timedelta, *, body: bytes, headers: Mapping[str, str]
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Ask the storage for a place. Raises as `ask` does."""
        sent = self._key | _JSON | dict(headers)
        return self._request("POST", self._rest_url + path, total, sent, fresh=False, data=body)

    def keyless(
        self, method: str, url: str, total: timedelta, *, headers: Mapping[str, str], **more: Any
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """To a media host, whose address has been checked; never with the key. Raises as `ask` does."""
        timeout = self._timeouts.within(total)
        return self._media.request(
            method, url, timeout, fresh=True, headers=headers, read_bufsize=_READ_BUFFER_BYTES, **more
        )

    def _request(
        self, method: str, url: str, total: timedelta, headers: Mapping[str, str], *, fresh: bool, **more: Any
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        timeout = self._timeouts.within(total)
        return self.request(method, url, timeout, fresh=fresh, headers=headers, read_bufsize=_READ_BUFFER_BYTES, **more)
