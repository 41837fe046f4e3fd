"""HTTP exchanges with a service: sessions, time limits, and what the network can raise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from bot.http.answers import ANSWER_MAX_BYTES, Answer
from bot.rules.clock import Clock

NEVER_CONNECTED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
"""Nothing was sent."""
NEVER_TRUSTED = aiohttp.ClientSSLError
"""Nothing was sent, and trying again would change nothing."""
NETWORK: Final = (aiohttp.ClientError, TimeoutError, OSError)
"""Everything that the network and aiohttp raise."""


class Sessions:
    """The sessions to one service. Redirects are not followed: they could lead anywhere, with the key.

    Without a `given` one there are two: one that keeps connections, for all that is asked, and one with a `fresh`
    connection for each request whose outcome would be unknown on a kept one that the service has just closed.
    """

    def __init__(
        self,
        given: aiohttp.ClientSession | None,
        clock: Clock,
        *,
        user_agent: str,
        resolver: Callable[[], AbstractResolver] | None = None,
    ) -> None:
        """`resolver` makes what knows the addresses of names, once for each session; the system where it is None."""
        self._given = given
        self._resolver = resolver
        self._own: dict[bool, aiohttp.ClientSession] = {}
        self._closed = False
        self._clock = clock
        self._agent = {"User-Agent": user_agent}

    async def aclose(self) -> None:
        """Close the sessions that were made here. What is asked from then on fails as where there is no network."""
        self._closed = True
        sessions, self._own = list(self._own.values()), {}
        for session in sessions:
            await session.close()

    def request(
        self,
        method: str,
        url: str,
        timeout: aiohttp.ClientTimeout,
        *,
        fresh: bool,
        headers: Mapping[str, str],
        **more: Any,
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Ask `url`, which must be escaped already. Raises `NETWORK` on entering, and while the body is read."""
        return self._session(fresh=fresh).request(
            method,
            URL(url, encoded=True),
            headers={**self._agent, **headers},
            timeout=timeout,
            allow_redirects=False,
            middlewares=(_never_repeated,),
            **more,
        )

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

    def _session(self, *, fresh: bool) -> aiohttp.ClientSession:
        if self._given is not None:
            return self._given
        if self._closed:
            raise aiohttp.ConnectionTimeoutError("the client is closed")  # a kind that says that nothing was sent
        if fresh not in self._own:
            resolver = None if self._resolver is None else self._resolver()
            connector = aiohttp.TCPConnector(limit=0, force_close=fresh, resolver=resolver)
            self._own[fresh] = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        return self._own[fresh]


def words(exc: BaseException) -> str:
    """One line about a network error, without the address that some of them hold."""
    return getattr(exc, "strerror", None) or type(exc.__cause__ or exc).__name__


class _Dropped(aiohttp.ClientConnectionError):
    """A dropped connection, as a type that aiohttp does not retry."""


async def _never_repeated(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """A middleware. aiohttp repeats a GET or PUT once by itself after a dropped connection, which the count of attempts
    would not see; and a body that was read once would be sent short."""
    try:
        return await handler(request)
    except NEVER_CONNECTED:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as exc:
        raise _Dropped from exc
