"""Fetching what members attached: from Discord's own hosts alone, to disk, and never more than was allowed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import aiohttp
from yarl import URL

from bot.errors import FileEmpty, FileForbidden, FileGone, FileTooLarge
from bot.rules.backoff import Backoff, retry
from bot.rules.clock import Clock, SystemClock
from bot.rules.unencrypted import is_loopback_host

_TIMEOUT = aiohttp.ClientTimeout(total=300, sock_connect=10, sock_read=30)
_AS_IT_IS = {"Accept-Encoding": "identity"}
"""Packed bytes could unpack to any size, and would be stored packed."""
_CHUNK_BYTES = 256 * 1024
_TRIES = 3
_BACKOFF = Backoff(first=timedelta(seconds=1), longest=timedelta(seconds=10))
_PASSING = frozenset({429, 500, 502, 503, 504})


class Downloader:
    """Fetches from `hosts` ("host" or "host:port") alone. Redirects are not followed: they could lead anywhere.

    Plain http is taken from loopback addresses that are listed with their port, and from nowhere else.
    """

    def __init__(self, hosts: Collection[str], *, clock: Clock | None = None) -> None:
        self._hosts = {host.casefold() for host in hosts}
        self._clock = clock or SystemClock()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            timeout=_TIMEOUT, headers=_AS_IT_IS, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    def allowed(self, address: str) -> URL:
        """The address, parsed. Raises `FileForbidden` for every other place, way or trick."""
        try:
            url = URL(address)
            host, port = (url.host or "").casefold(), url.explicit_port
        except ValueError:
            raise FileForbidden(host="") from None
        named = {host, f"{host}:{port}"} if port is not None else {host}
        secure = url.scheme == "https" and (port is None or f"{host}:{port}" in self._hosts)
        local = url.scheme == "http" and f"{host}:{port}" in self._hosts and is_loopback_host(host)
        if not (named & self._hosts and (secure or local)) or url.user or url.password:
            raise FileForbidden(host=host[:100])
        return url

    async def fetch(self, address: str, to: Path, *, max_bytes: int) -> int:
        """Stream to `to`; gives the number of bytes. Nothing is left of a file that can't be had whole.

        Raises `FileForbidden`, `FileGone` (any other answer than the file), `FileTooLarge`, `FileEmpty`; and `OSError`
        where our own disk is at fault, which is nothing to tell the member of as theirs.
        """
        url = self.allowed(address)
        if self._session is None:
            raise RuntimeError("the downloader has not been entered")
        session = self._session
        return await retry(lambda: self._once(session, url, to, max_bytes), _pause_after, sleep=self._clock.sleep)

    async def _once(self, session: aiohttp.ClientSession, url: URL, to: Path, max_bytes: int) -> int:
        try:
            return await self._read(session, url, to, max_bytes)
        except BaseException:
            await asyncio.to_thread(to.unlink, missing_ok=True)
            raise

    async def _read(self, session: aiohttp.ClientSession, url: URL, to: Path, max_bytes: int) -> int:
        async with session.get(url, allow_redirects=False) as response:
            if response.status != 200:
                response.raise_for_status()
                raise FileGone  # a redirect, or an answer without the file
            announced = response.content_length
            if announced is not None and announced > max_bytes:
                raise FileTooLarge(size_bytes=announced, limit_bytes=max_bytes)
            with _opened(to) as file:
                size = await _spool(response, file, max_bytes)
        if not size:
            raise FileEmpty
        return size


def _pause_after(error: Exception, tries: int) -> float | None:
    """Seconds until the next try; None for an error that is not the network's. Raises `FileGone` after the last."""
    if not isinstance(error, aiohttp.ClientError | TimeoutError | ConnectionError):
        return None
    passing = not isinstance(error, aiohttp.ClientResponseError) or error.status in _PASSING
    if not passing or tries >= _TRIES:
        raise FileGone from error
    return _BACKOFF.seconds(tries)


def _opened(to: Path) -> IO[bytes]:
    """Not in a thread, as the rest is: a caller who is cancelled meanwhile could not close it."""
    return to.open("wb")


async def _spool(response: aiohttp.ClientResponse, file: IO[bytes], max_bytes: int) -> int:
    size = 0
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        size += len(chunk)
        if size > max_bytes:
            raise FileTooLarge(size_bytes=size, limit_bytes=max_bytes)
        await asyncio.to_thread(file.write, chunk)
    return size
