"""HTTP exchanges with the service: sessions, headers and time limits. What an answer means is decided in `protocol`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from bot.errors import QueueInputError
from bot.queue import protocol
from bot.queue.protocol import Answer
from bot.rules.clock import Clock

NEVER_CONNECTED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
"""Nothing was sent."""
NEVER_TRUSTED = aiohttp.ClientSSLError
"""Nothing was sent, and trying again would change nothing."""
NETWORK = (aiohttp.ClientError, TimeoutError, OSError)
"""Everything that the network and aiohttp raise."""


class Wire:
    """The sessions to one service. The key goes to `base_url` alone: redirects are not followed.

    Without a `session` there are two: one that keeps connections, for all that is asked, and one with a `fresh`
    connection for each submit, since a kept one that the service has just closed would leave the outcome unknown.
    """

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
        self._headers = {protocol.KEY_HEADER: api_key, "User-Agent": user_agent}
        self._base = base_url.rstrip("/")
        self._given_session = session
        self._own_sessions: dict[bool, aiohttp.ClientSession] = {}
        self._closed = False
        self._clock = clock

    async def aclose(self) -> None:
        """Close the sessions that were made here. What is asked from then on fails as where there is no network."""
        self._closed = True
        sessions, self._own_sessions = list(self._own_sessions.values()), {}
        for session in sessions:
            await session.close()

    def get(
        self, path: str, timeout: aiohttp.ClientTimeout, *, headers: Mapping[str, str] | None = None
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Ask for `path`, which must be escaped already. Raises `NETWORK` on entering and while the body is read."""
        return self._request("GET", path, timeout, fresh=False, headers=headers or {})

    def post(
        self, path: str, timeout: aiohttp.ClientTimeout, *, body: aiohttp.Payload | bytes, headers: Mapping[str, str]
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Send `body` to `path` over a fresh connection. Raises as `get` does."""
        return self._request("POST", path, timeout, fresh=True, headers=headers, data=body)

    def head(self, response: aiohttp.ClientResponse, body: bytes = b"") -> Answer:
        """The status and the headers of a response."""
        return Answer(response.status, response.headers, self._clock.now(), body)

    async def answer(self, response: aiohttp.ClientResponse) -> Answer:
        """The same with its body, up to `ANSWER_MAX_BYTES`. Raises `NETWORK` where the body breaks off."""
        body = bytearray()
        try:
            while len(body) < protocol.ANSWER_MAX_BYTES and (chunk := await response.content.readany()):
                body += chunk
        except NETWORK:
            if response.ok:  # a refusal is one however little of its reason came
                raise
        return self.head(response, bytes(body[: protocol.ANSWER_MAX_BYTES]))

    def _request(
        self,
        method: str,
        path: str,
        timeout: aiohttp.ClientTimeout,
        *,
        fresh: bool,
        headers: Mapping[str, str],
        **more: Any,
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        return self._session(fresh=fresh).request(
            method,
            URL(self._base + path, encoded=True),
            headers={**self._headers, **headers},
            timeout=timeout,
            allow_redirects=False,
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


def words(exc: BaseException) -> str:
    """One line about a network error, without the address that some of them hold."""
    return getattr(exc, "strerror", None) or type(exc.__cause__ or exc).__name__


class _Dropped(aiohttp.ClientConnectionError):
    """A dropped connection, as a type that aiohttp does not retry."""


async def never_repeated(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """A middleware. aiohttp repeats a GET or PUT once by itself after a dropped connection, which the count of attempts
    would not see; and a body that was read once would be sent short."""
    try:
        return await handler(request)
    except NEVER_CONNECTED:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as exc:
        raise _Dropped from exc
