"""HTTP exchanges with the service and its media hosts. The key goes to the two addresses of the service alone."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import aiohttp
from yarl import URL

from bot.errors import QueueInputError
from bot.fal.addresses import checked_base
from bot.queue.protocol import ANSWER_MAX_BYTES, Answer
from bot.queue.tuning import Timeouts
from bot.queue.wire import NETWORK, never_repeated
from bot.rules.clock import Clock

_READ_BUFFER_BYTES = 256 * 1024
_JSON = {"Content-Type": "application/json"}


class FalWire:
    """The sessions to one service. Redirects are not followed: they could lead anywhere, with the key.

    Without a `session` there are two: one that keeps connections, for what is asked again and again, and one with a
    fresh connection for each submit and transfer, since a kept connection that the service has just closed would leave
    a submit's outcome unknown.
    """

    def __init__(
        self,
        *,
        key: str,
        base_url: str,
        rest_url: str,
        user_agent: str,
        session: aiohttp.ClientSession | None,
        timeouts: Timeouts,
        clock: Clock,
    ) -> None:
        if not key or not all("!" <= char <= "~" for char in key):
            raise QueueInputError("the key is empty or has characters that no key has")
        self.base_url = checked_base(base_url, what="the queue's address")
        self._rest_url = checked_base(rest_url, what="the storage's address")
        self._agent = {"User-Agent": user_agent}
        self._key = {"Authorization": f"Key {key}"}
        self._given_session = session
        self._own_sessions: dict[bool, aiohttp.ClientSession] = {}
        self._closed = False
        self._timeouts = timeouts
        self._clock = clock

    async def aclose(self) -> None:
        """Close the sessions that were made here. What is asked from then on fails as where there is no network."""
        self._closed = True
        sessions, self._own_sessions = list(self._own_sessions.values()), {}
        for session in sessions:
            await session.close()

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
        return self._request(method, url, total, headers, fresh=True, **more)

    def head(self, response: aiohttp.ClientResponse, body: bytes = b"") -> Answer:
        """The status and the headers of a response."""
        return Answer(response.status, response.headers, self._clock.now(), body)

    async def answer(self, response: aiohttp.ClientResponse) -> Answer:
        """The same with its body, up to `ANSWER_MAX_BYTES`. Raises `NETWORK` where the body breaks off."""
        body = bytearray()
        try:
            while len(body) < ANSWER_MAX_BYTES and (chunk := await response.content.readany()):
                body += chunk
        except NETWORK:
            if response.ok:  # a refusal is one however little of its reason came
                raise
        return self.head(response, bytes(body[:ANSWER_MAX_BYTES]))

    def _request(
        self, method: str, url: str, total: timedelta, headers: Mapping[str, str], *, fresh: bool, **more: Any
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        return self._session(fresh=fresh).request(
            method,
            URL(url, encoded=True),
            headers=self._agent | dict(headers),
            timeout=self._timeouts.within(total),
            allow_redirects=False,
            read_bufsize=_READ_BUFFER_BYTES,
            middlewares=(never_repeated,),
            **more,
        )

    def _session(self, *, fresh: bool) -> aiohttp.ClientSession:
        if self._given_session is not None:
            return self._given_session
        if self._closed:
            raise aiohttp.ConnectionTimeoutError("the client is closed")  # a kind that says that nothing was sent
        if fresh not in self._own_sessions:
            self._own_sessions[fresh] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, force_close=fresh), cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._own_sessions[fresh]
