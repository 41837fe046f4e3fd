"""Requests to the Queue API, with its key. What an answer means is decided in `protocol`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from urllib.parse import urlsplit

import aiohttp

from bot.errors import QueueInputError
from bot.http.sessions import Sessions
from bot.queue.protocol import KEY_HEADER
from bot.rules.clock import Clock


class Wire(Sessions):
    """The sessions to the service, see `Sessions`. The key goes to `base_url` alone."""

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str,
        user_agent: str,
        session: aiohttp.ClientSession | None,
        clock: Clock,
    ) -> None:
        if not api_key or not all(" " < c <= "~" for c in api_key):
            raise QueueInputError("the API key is empty or has characters that no key has")
        address = urlsplit(base_url)
        if address.scheme not in {"http", "https"} or not address.hostname or address.query or address.fragment:
            raise QueueInputError(f"{base_url!r} is not the address of a service")
        super().__init__(session, clock, user_agent=user_agent)
        self._key = {KEY_HEADER: api_key}
        self._base = base_url.rstrip("/")

    def get(
        self, path: str, timeout: aiohttp.ClientTimeout, *, headers: Mapping[str, str] | None = None
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Ask for `path`, which must be escaped already. Raises `NETWORK` on entering and while the body is read."""
        return self.request("GET", self._base + path, timeout, fresh=False, headers=self._key | dict(headers or {}))

    def post(
        self, path: str, timeout: aiohttp.ClientTimeout, *, body: aiohttp.Payload | bytes, headers: Mapping[str, str]
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Send `body` to `path` over a fresh connection. Raises as `get` does."""
        return self.request(
            "POST", self._base + path, timeout, fresh=True, headers=self._key | dict(headers), data=body
        )
