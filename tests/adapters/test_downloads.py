"""Signed links: the video for whoever holds the whole of one, a plain sentence for everybody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from bot.errors import FilesUnavailable
from bot.files import StoredFiles, open_files
from bot.ops.downloads import PIECE_BYTES, Downloads
from bot.ops.health import HealthServer
from bot.ops.idle_connections import REQUEST_WITHIN
from bot.ops.metrics import Metrics
from bot.ops.streams import STALLED_AFTER, STREAMS_MAX, STREAMS_MAX_PER_ADDRESS
from bot.work.jobs.links import ResultLinks
from tests.clock import ManualClock

JOB = "ab" * 16
VIDEO = bytes(range(256)) * 100_000  # 25 MB: more than one piece
LIFETIME = timedelta(hours=1)


@dataclass
class Server:
    """A server that members can reach, and one of its links."""

    files: StoredFiles
    downloads: Downloads
    answering: Downloads
    clock: ManualClock
    url: str

    def link(self, name: str = "t2v-abababab.mp4") -> str:
        signed = self.downloads.link(JOB, name, LIFETIME)
        assert signed is not None
        return signed[0]


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    files, clock = open_files("", tmp_path), ManualClock()
    source = tmp_path / "video.mp4"
    await asyncio.to_thread(source.write_bytes, VIDEO)
    await files.put(f"jobs/{JOB}/result", source, "video/mp4")
    answering = Downloads(files, secret=b"s" * 32, public_url="", clock=clock)
    health = HealthServer(
        host="127.0.0.1", port=0, metrics=Metrics(), checks={}, clock=clock, routes=answering.routes()
    )
    url = f"http://127.0.0.1:{await health.start()}"
    named = Downloads(files, secret=b"s" * 32, public_url=f"{url}/", clock=clock)
    yield Server(files, named, answering, clock, url)
    await health.stop()


async def get(url: str, *, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        wanted = {name.replace("_", "-"): value for name, value in headers.items()}
        async with session.request(method, url, headers=wanted, allow_redirects=False) as answer:
            return answer.status, dict(answer.headers), await answer.read()


@pytest.mark.asyncio
async def test_the_link_gives_the_whole_video_under_a_safe_name(server: Server) -> None:
    status, headers, body = await get(server.link())
    assert (status, body) == (200, VIDEO)
    assert headers["Content-Type"] == "video/mp4"
    assert headers["Content-Disposition"] == 'inline; filename="t2v-abababab.mp4"'
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Accept-Ranges"] == "bytes"
    status, headers, body = await get(server.link(), method="HEAD")
    assert (status, headers["Content-Length"], body) == (200, str(len(VIDEO)), b"")
    status, headers, _ = await get(server.link(), method="HEAD", Range="bytes=0-9")
    assert (status, headers["Content-Length"]) == (200, str(len(VIDEO))), "a range is a matter of GET alone"
    assert "Content-Range" not in headers
    link = server.link()
    await server.clock.advance(LIFETIME.total_seconds() + 1)
    status, _, body = await get(link, method="HEAD")
    assert (status, body) == (403, b"")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        (f"bytes={9 * 1024**2}-{17 * 1024**2}", 9 * 1024**2, 17 * 1024**2 + 1),
        ("bytes=25599990-", 25_599_990, len(VIDEO)),
        ("bytes=-7", len(VIDEO) - 7, len(VIDEO)),
        ("bytes=5-999999999", 5, len(VIDEO)),
    ],
)
async def test_players_may_ask_for_a_part(server: Server, asked: str, start: int, end: int) -> None:
    status, headers, body = await get(server.link(), Range=asked)
    assert status == 206
    assert headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(VIDEO)}"
    assert body == VIDEO[start:end]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "asked",
    ["bytes=99999999-", "bytes=9-3", "lines=1-2", "bytes=0-1,4-5", "bytes=-0", "bytes=-", "bytes=" + "9" * 40 + "-"],
)
async def test_a_part_that_is_not_there_is_refused(server: Server, asked: str) -> None:
    status, headers, _ = await get(server.link(), Range=asked)
    assert (status, headers["Content-Range"]) == (416, f"bytes */{len(VIDEO)}")


@pytest.mark.asyncio
async def test_whatever_is_changed_in_a_link_it_is_refused_in_plain_words(server: Server) -> None:
    link = server.link()
    head, job, expires, signature, name = link.rsplit("/", 4)
    for changed in (
        f"{head}/{'cd' * 16}/{expires}/{signature}/{name}",
        f"{head}/{job}/{int(expires) + 1}/{signature}/{name}",
        f"{head}/{job}/{expires}/{signature[:-1]}/{name}",
        f"{head}/{job}/{expires}/{signature}/other.mp4",
        f"{head}/{job}/{expires}/ü/{name}",
    ):
        status, headers, body = await get(changed)
        assert status == 403, changed
        assert headers["Content-Type"].startswith("text/plain")
        assert b"not valid" in body
    for elsewhere in ("/videos/", f"/videos/{JOB}", "/videos/../../etc/passwd", f"{link[len(server.url) :]}/more"):
        status, _, _ = await get(server.url + elsewhere)
        assert status == 404, elsewhere


@pytest.mark.asyncio
async def test_a_link_opens_its_own_video_alone(server: Server, tmp_path: Path) -> None:
    """Neither what the job was made from, nor anybody else's video, whatever is taken from the link."""
    other, secret = "cd" * 16, tmp_path / "input.png"
    await asyncio.to_thread(secret.write_bytes, b"secret")
    for key in (f"jobs/{JOB}/data", f"jobs/{JOB}/reference", f"jobs/{other}/result"):
        await server.files.put(key, secret, "image/png")
    head, job, expires, signature, name = server.link().rsplit("/", 4)
    tails = [f"{job}/{expires}/{signature}/{name}"]
    tails += [f"{swapped}/{expires}/{signature}/{name}" for swapped in (other, f"{job}/data", f"{job}/../{other}")]
    tails += [
        f"{job}/{expires}/{signature}/{swapped}" for swapped in ("data", "data.png", "..%2fdata", "reference.png")
    ]
    answers = [await get(f"{head}/{tail}") for tail in tails]
    assert answers[0][0] == 200
    assert {status for status, _, _ in answers[1:]} == {403, 404}
    assert not any(b"secret" in body for _, _, body in answers)


@pytest.mark.asyncio
async def test_a_link_dies_at_its_time_and_with_its_video(server: Server) -> None:
    link = server.link()
    await server.files.delete([f"jobs/{JOB}/result"])
    status, _, body = await get(link)
    assert (status, b"not kept" in body) == (404, True)
    await server.clock.advance(LIFETIME.total_seconds() + 1)
    status, _, body = await get(link)
    assert (status, b"expired" in body) == (403, True)


@pytest.mark.asyncio
async def test_no_address_means_no_links_and_no_name_leads_out_of_its_header(server: Server) -> None:
    unreachable = Downloads(server.files, secret=b"s" * 32, public_url="", clock=server.clock)
    assert unreachable.link(JOB, "a.mp4", LIFETIME) is None
    for name in ('a".mp4', "a\r\nX: y.mp4", "../a.mp4", "a.exe", ""):
        assert server.downloads.link(JOB, name, LIFETIME) is None
    assert server.downloads.link("../x", "a.mp4", LIFETIME) is None


@pytest.mark.asyncio
async def test_a_bucket_signs_its_own_addresses(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("ACCESS_KEY_ID", "a"), ("SECRET_ACCESS_KEY", "b"), ("REGION", "eu-west-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    bucket = open_files("s3://videos/some", tmp_path)
    links = ResultLinks(bucket, server.downloads, lifetime=LIFETIME, clock=server.clock)
    signed = await links.link(JOB, "a.mp4")
    assert signed is not None
    assert f"jobs/{JOB}/result" in signed[0]
    assert "X-Amz-Signature" in signed[0]
    own = await ResultLinks(server.files, server.downloads, lifetime=LIFETIME, clock=server.clock).link(JOB, "a.mp4")
    assert own is not None
    assert own[0].startswith(server.url)


@pytest.mark.asyncio
async def test_a_link_that_is_given_again_lives_no_longer_than_its_video(server: Server) -> None:
    links = ResultLinks(server.files, server.downloads, lifetime=LIFETIME, clock=server.clock)
    ended_at = server.clock.now() - LIFETIME + timedelta(minutes=5)
    again = await links.link(JOB, "a.mp4", ended_at=ended_at)
    assert again is not None
    assert again[1] == ended_at + LIFETIME
    assert await links.link(JOB, "a.mp4", ended_at=ended_at - timedelta(minutes=6)) is None


@pytest.mark.asyncio
async def test_a_video_that_cannot_be_read_now_is_one_plain_sentence(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "files" / "jobs"
    await asyncio.to_thread(folder.rename, tmp_path / "elsewhere")
    await asyncio.to_thread(folder.write_text, "in the way")
    status, _, body = await get(server.link())
    assert (status, body) == (503, b"This video can't be read at the moment. Please try again in a minute.\n")


@pytest.mark.asyncio
async def test_a_video_that_breaks_off_is_no_whole_answer(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    class Breaking:
        """The stored files, of which no more than the first piece can be read."""

        async def size_bytes(self, key: str) -> int | None:
            return await server.files.size_bytes(key)

        async def read(
            self, key: str, *, start: int = 0, end: int | None = None, piece_bytes: int = PIECE_BYTES
        ) -> AsyncGenerator[bytes]:
            async for piece in server.files.read(key, start=start, end=end, piece_bytes=piece_bytes):
                yield piece
                raise FilesUnavailable("the disk is gone")

    broken = Downloads(Breaking(), secret=b"s" * 32, public_url="", clock=server.clock)
    health = HealthServer(
        host="127.0.0.1", port=0, metrics=Metrics(), checks={}, clock=server.clock, routes=broken.routes()
    )
    url = f"http://127.0.0.1:{await health.start()}"
    with pytest.raises(aiohttp.ClientPayloadError):
        await get(server.link().replace(server.url, url))
    await health.stop()
    assert "broke off: the disk is gone" in caplog.text
    assert "Traceback" not in caplog.text


class SlowReader:
    """A player that asks for the video and reads nothing until it is told to."""

    def __init__(self, server: Server, address: str = "") -> None:
        self._server = server
        self._address = address

    async def ask(self) -> str:
        """Send the request; the first line of the answer, or nothing where the connection was broken off."""
        host, port = self._server.url.removeprefix("http://").split(":")
        self.reader, self.writer = await asyncio.open_connection(host, int(port), limit=1024)
        path = self._server.link().removeprefix(self._server.url)
        headers = f"Host: x\r\nX-Forwarded-For: 1.2.3.4, {self._address}\r\n" if self._address else "Host: x\r\n"
        headers += "Connection: close\r\n"
        self.writer.write(f"GET {path} HTTP/1.1\r\n{headers}\r\n".encode())
        return (await self.reader.readline()).decode().strip()

    async def rest(self) -> bytes:
        """What comes until the connection ends, however it ends."""
        found = bytearray()
        with suppress(ConnectionError):
            while piece := await self.reader.read(65_536):
                found += piece
        return bytes(found)

    def go(self) -> None:
        """Drop the connection."""
        self.writer.transport.abort()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0)


@pytest.mark.asyncio
async def test_slow_readers_hold_one_piece_each_and_are_bounded_by_address_and_in_all(server: Server) -> None:
    streams = server.answering.streams
    readers = []
    for number in range(STREAMS_MAX):
        reader = SlowReader(server, f"203.0.113.{number // STREAMS_MAX_PER_ADDRESS}")
        assert await reader.ask() == "HTTP/1.1 200 OK"
        readers.append(reader)
    assert len(streams) == STREAMS_MAX
    stalled = PIECE_BYTES + 64 * 1024
    await until(lambda: streams.buffered_bytes > STREAMS_MAX * 64 * 1024)
    assert streams.buffered_bytes <= STREAMS_MAX * stalled
    late = SlowReader(server, "198.51.100.1")
    assert await late.ask() == "HTTP/1.1 503 Service Unavailable"
    for reader in readers[1:]:
        reader.go()
    await until(lambda: len(streams) == 1)
    rest = await readers[0].rest()
    assert rest.endswith(VIDEO[-1000:])
    readers[0].go()
    late.go()
    await until(lambda: len(streams) == 0)


@pytest.mark.asyncio
async def test_one_address_has_its_own_bound_and_no_name_of_its_own_choice(server: Server) -> None:
    readers = [SlowReader(server, "203.0.113.7") for _ in range(STREAMS_MAX_PER_ADDRESS)]
    for reader in readers:
        assert await reader.ask() == "HTTP/1.1 200 OK"
    one_more, other = SlowReader(server, "203.0.113.7"), SlowReader(server, "203.0.113.8")
    assert await one_more.ask() == "HTTP/1.1 503 Service Unavailable"
    assert await other.ask() == "HTTP/1.1 200 OK"
    for reader in (*readers, one_more, other):
        reader.go()
    await until(lambda: len(server.answering.streams) == 0)
    assert (await get(server.link()))[0] == 200


@pytest.mark.asyncio
async def test_a_reader_that_stands_still_is_disconnected_and_one_that_was_dropped_is_no_error(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    streams = server.answering.streams
    reader, dropped = SlowReader(server), SlowReader(server)
    await reader.ask()
    await dropped.ask()
    dropped.go()
    await until(lambda: len(streams) == 1 and streams.buffered_bytes > 64 * 1024)
    for _ in range(3):
        await server.clock.advance(STALLED_AFTER.total_seconds())
    await until(lambda: len(streams) == 0)
    assert len(await reader.rest()) < len(VIDEO)
    reader.go()
    assert "Traceback" not in caplog.text
    assert not [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]


@pytest.mark.asyncio
@pytest.mark.parametrize("begun", [b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "])
async def test_a_connection_that_asks_for_nothing_is_closed(server: Server, begun: bytes) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(begun)
    assert (await get(f"{server.url}/healthz"))[0] == 200  # the server has seen the connection by then
    for _ in range(5):
        await server.clock.advance(REQUEST_WITHIN.total_seconds() / 3)
    with suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()


@pytest.mark.asyncio
async def test_a_download_that_goes_on_is_never_closed_as_idle(server: Server) -> None:
    reader = SlowReader(server)
    await reader.ask()
    read = 0
    while read < len(VIDEO) // 2:
        read += len(await reader.reader.read(1_000_000))
        await server.clock.advance(STALLED_AFTER.total_seconds() / 20)
    assert read + len(await reader.rest()) >= len(VIDEO)
    reader.go()
