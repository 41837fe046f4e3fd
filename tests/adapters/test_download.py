"""Fetching attachments: from the listed hosts alone, never more than allowed, and nothing left of what failed."""

from __future__ import annotations

import asyncio
import gzip
import resource
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.download import Downloader
from bot.errors import FileEmpty, FileForbidden, FileGone, FileTooLarge
from tests.clock import ManualClock

MIB = 1024**2
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
DISCORD = ("cdn.discordapp.com", "media.discordapp.net")


class Host:
    """A file host that answers `/<name>` with `handlers[name]`, and keeps what it was asked."""

    def __init__(self) -> None:
        self.handlers: dict[str, Handler] = {}
        self.asked: list[web.Request] = []
        app = web.Application()
        app.router.add_get("/{name}", self._answer)
        self.server = TestServer(app, host="127.0.0.1")

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server.port}/{name}"

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        return await self.handlers[request.match_info["name"]](request)


@pytest_asyncio.fixture
async def host() -> AsyncIterator[Host]:
    host = Host()
    await host.server.start_server()
    yield host
    await host.server.close()


@asynccontextmanager
async def downloader(host: Host) -> AsyncIterator[Downloader]:
    async with Downloader([f"127.0.0.1:{host.server.port}"], clock=ManualClock(auto=True)) as found:
        yield found


def says(body: bytes = b"", status: int = 200, headers: dict[str, str] | None = None) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status, headers=headers)

    return answer


def streams(chunks: int, *, announce: int | None = None, break_off: bool = False) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = announce
        await response.prepare(request)
        for _ in range(chunks):
            await response.write(bytes(64 * 1024))
        if break_off and request.transport is not None:
            request.transport.close()
        return response

    return answer


@pytest.mark.asyncio
async def test_a_file_comes_whole_and_as_it_is(host: Host, tmp_path: Path) -> None:
    host.handlers["a"] = says(b"bytes")
    async with downloader(host) as files:
        assert await files.fetch(host.url("a?ex=1&hm=ab12&"), tmp_path / "f", max_bytes=100) == 5
    assert (tmp_path / "f").read_bytes() == b"bytes"
    assert host.asked[0].raw_path == "/a?ex=1&hm=ab12&"
    assert host.asked[0].headers["Accept-Encoding"] == "identity"
    assert "Authorization" not in host.asked[0].headers
    assert "Cookie" not in host.asked[0].headers


@pytest.mark.asyncio
async def test_packed_bytes_are_never_unpacked(host: Host, tmp_path: Path) -> None:
    packed = gzip.compress(bytes(50 * MIB))
    host.handlers["bomb"] = says(packed, headers={"Content-Encoding": "gzip"})
    async with downloader(host) as files:
        assert await files.fetch(host.url("bomb"), tmp_path / "f", max_bytes=MIB) == len(packed)


@pytest.mark.parametrize("status", [204, 301, 302, 303, 307, 308, 400, 401, 403, 404, 410])
@pytest.mark.asyncio
async def test_any_other_answer_than_the_file_is_asked_for_once(host: Host, tmp_path: Path, status: int) -> None:
    host.handlers["a"] = says(b"" if status == 204 else b"x", status, {"Location": host.url("b")})
    host.handlers["b"] = says(b"somewhere else")
    async with downloader(host) as files:
        with pytest.raises(FileGone):
            await files.fetch(host.url("a"), tmp_path / "f", max_bytes=100)
    assert len(host.asked) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.asyncio
async def test_what_may_pass_is_asked_again_with_growing_pauses(host: Host, tmp_path: Path, status: int) -> None:
    host.handlers["a"] = says(b"x", status)
    clock = ManualClock(auto=True)
    async with Downloader([f"127.0.0.1:{host.server.port}"], clock=clock) as files:
        with pytest.raises(FileGone):
            await files.fetch(host.url("a"), tmp_path / "f", max_bytes=100)
    assert len(host.asked) == 3
    assert clock.slept == [1.0, 2.0]


@pytest.mark.asyncio
async def test_a_connection_that_breaks_off_is_tried_again_from_the_start(host: Host, tmp_path: Path) -> None:
    async def recovers(request: web.Request) -> web.StreamResponse:
        first = len(host.asked) == 1
        return await (streams(2, announce=MIB, break_off=True) if first else says(b"whole"))(request)

    host.handlers["a"] = recovers
    async with downloader(host) as files:
        assert await files.fetch(host.url("a"), tmp_path / "f", max_bytes=MIB) == 5
    assert (tmp_path / "f").read_bytes() == b"whole"


@pytest.mark.asyncio
async def test_a_file_that_always_breaks_off_is_gone_and_leaves_nothing(host: Host, tmp_path: Path) -> None:
    host.handlers["a"] = streams(2, announce=MIB, break_off=True)
    async with downloader(host) as files:
        with pytest.raises(FileGone):
            await files.fetch(host.url("a"), tmp_path / "f", max_bytes=MIB)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.asyncio
async def test_nobody_listening_is_gone_too(tmp_path: Path, unused_tcp_port: int) -> None:
    async with Downloader([f"127.0.0.1:{unused_tcp_port}"], clock=ManualClock(auto=True)) as files:
        with pytest.raises(FileGone):
            await files.fetch(f"http://127.0.0.1:{unused_tcp_port}/a", tmp_path / "f", max_bytes=1)


@pytest.mark.asyncio
async def test_an_empty_file_is_called_empty(host: Host, tmp_path: Path) -> None:
    host.handlers["a"] = says(b"")
    async with downloader(host) as files:
        with pytest.raises(FileEmpty):
            await files.fetch(host.url("a"), tmp_path / "f", max_bytes=1)


@pytest.mark.asyncio
async def test_an_announced_size_over_the_limit_is_refused_before_a_byte_is_stored(host: Host, tmp_path: Path) -> None:
    host.handlers["a"] = says(bytes(101))
    async with downloader(host) as files:
        with pytest.raises(FileTooLarge) as caught:
            await files.fetch(host.url("a"), tmp_path / "f", max_bytes=100)
    assert caught.value.facts == {"size_bytes": 101, "limit_bytes": 100}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.asyncio
async def test_a_stream_without_a_size_stops_at_the_limit(host: Host, tmp_path: Path) -> None:
    host.handlers["a"] = streams(100_000)
    before = psutil.Process().memory_info().rss
    async with downloader(host) as files:
        with pytest.raises(FileTooLarge):
            await files.fetch(host.url("a"), tmp_path / "f", max_bytes=2 * MIB)
    assert psutil.Process().memory_info().rss - before < 50 * MIB
    assert list(tmp_path.iterdir()) == []


@pytest.mark.asyncio
async def test_a_fetch_that_is_cancelled_leaves_nothing(host: Host, tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def hangs(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(bytes(1024))
        begun.set()
        await asyncio.Event().wait()
        return response

    host.handlers["a"] = hangs
    async with downloader(host) as files:
        fetching = asyncio.create_task(files.fetch(host.url("a"), tmp_path / "f", max_bytes=MIB))
        await begun.wait()
        fetching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetching
    assert list(tmp_path.iterdir()) == []


@pytest.mark.asyncio
async def test_a_disk_without_room_is_no_fault_of_the_members(host: Host, tmp_path: Path) -> None:
    host.handlers["a"] = streams(64)
    async with downloader(host) as files:
        usual = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, usual[1]))
        try:
            with pytest.raises(OSError, match="large") as caught:
                await files.fetch(host.url("a"), tmp_path / "f", max_bytes=10 * MIB)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert not isinstance(caught.value, ConnectionError)
    assert len(host.asked) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "address",
    [
        "http://cdn.discordapp.com/a",
        "https://cdn.discordapp.com:8443/a",
        "https://cdn.discordapp.com.evil.example/a",
        "https://evil.example/cdn.discordapp.com",
        "https://cdn.discordapp.com@evil.example/a",
        "https://user:word@cdn.discordapp.com/a",
        "https://evil.example#@cdn.discordapp.com/",
        "https://evil.example\\@cdn.discordapp.com/",
        "//cdn.discordapp.com/a",
        "cdn.discordapp.com/a",
        "ftp://cdn.discordapp.com/a",
        "file:///etc/passwd",
        "file://cdn.discordapp.com/etc/passwd",
        "https://[::1/a",
        "https://127.0.0.1/a",
        "https://169.254.169.254/latest/meta-data",
        "",
        "\0",
    ],
)
def test_other_addresses_are_forbidden(address: str) -> None:
    with pytest.raises(FileForbidden):
        Downloader(DISCORD).allowed(address)


def test_discords_hosts_are_allowed_however_they_are_written() -> None:
    files = Downloader(DISCORD)
    for address in ("https://cdn.discordapp.com/attachments/1/2/a.png?ex=1", "HTTPS://CDN.DiscordApp.com/a"):
        assert files.allowed(address).host == "cdn.discordapp.com"


def test_plain_http_is_for_listed_ports_of_this_machine_alone() -> None:
    files = Downloader(["127.0.0.1:8080", "cdn.example:8080", "127.0.0.1"])
    assert files.allowed("http://127.0.0.1:8080/a").port == 8080
    assert files.allowed("https://cdn.example:8080/a").port == 8080
    for address in ("http://127.0.0.1/a", "http://127.0.0.1:8081/a", "http://cdn.example:8080/a"):
        with pytest.raises(FileForbidden):
            files.allowed(address)


@given(st.one_of(st.text(max_size=60), st.text(max_size=30).map(lambda tail: f"https://cdn.discordapp.com{tail}")))
@settings(max_examples=300, deadline=None)
def test_whatever_is_allowed_leads_to_a_listed_host(address: str) -> None:
    try:
        url = Downloader(DISCORD).allowed(address)
    except FileForbidden:
        return
    assert url.host in DISCORD
    assert url.scheme == "https"
    assert url.port == 443
    assert not url.user
