"""Fetching results, over real sockets: whole, checked, capped, and never half there."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.queue import QueueClient, QueueInputError, QueueJobNotFoundError, QueueResultError
from tests.adapters.queue_bench import VIDEO, client, clock, queue, server
from tests.adapters.queue_server import MP4, Answering, Reply, ScriptedServer, hang_up, raw_server, say
from tests.clock import ManualClock

__all__ = ["clock", "queue", "server"]

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.asyncio
async def test_a_result_is_written_and_nothing_else_is_left(
    server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    server.on_result(VIDEO)
    target = tmp_path / "out.mp4"
    assert await queue.result("job-1", target) == target
    assert target.read_bytes() == MP4
    assert names(tmp_path) == ["out.mp4"]
    assert server.requests[0].headers["X-API-KEY"] == "the-key"
    assert server.requests[0].headers["Accept-Encoding"] == "identity"


@pytest.mark.asyncio
async def test_a_result_without_a_length_is_written_too(tmp_path: Path, clock: ManualClock) -> None:
    async with raw_server(say(HEAD + b"\r\n" + MP4)) as url, client(url, clock) as queue:
        assert (await queue.result("job-1", tmp_path / "a.mp4")).read_bytes() == MP4


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "bad",
    [
        Reply(body=b"", headers={"Content-Type": "video/mp4"}),
        Reply(json={"status": "processing"}),
        Reply(body=b"<html>sorry</html>", headers={"Content-Type": "text/html"}),
        Reply(body=b"<html>sorry</html>", headers={"Content-Type": "video/mp4"}),
        Reply(body=b"RIFF\0\0\0\0AVI video", headers={"Content-Type": "video/mp4"}),
        Reply(204),
        Reply(500),
        Reply(409, json={"detail": "not ready"}),
        hang_up,
    ],
)
async def test_what_is_no_video_is_fetched_again_and_at_last_refused(
    bad: Answering, server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    server.on_result(bad, bad, VIDEO)
    assert (await queue.result("job-1", tmp_path / "a.mp4")).read_bytes() == MP4
    server.on_result(bad)
    with pytest.raises(QueueResultError) as caught:
        await queue.result("job-1", tmp_path / "b.mp4")
    assert (caught.value.job_id, caught.value.too_large) == ("job-1", False)
    assert len(server.requests) == 3 + 5
    assert names(tmp_path) == ["a.mp4"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "cut",
    [
        say(HEAD + b"Content-Length: 1000\r\n\r\n" + MP4),
        say(HEAD + b"Content-Length: 1000\r\n\r\n" + MP4, then_reset=True),
        say(HEAD + b"Transfer-Encoding: chunked\r\n\r\n28\r\n" + MP4 + b"\r\n"),
    ],
)
async def test_a_truncated_result_is_fetched_again_and_never_shown_half(
    cut: Any, tmp_path: Path, clock: ManualClock
) -> None:
    whole = say(HEAD + f"Content-Length: {len(MP4)}\r\n\r\n".encode() + MP4)
    async with raw_server(cut, cut, whole) as url, client(url, clock) as queue:
        assert (await queue.result("job-1", tmp_path / "a.mp4")).read_bytes() == MP4
    async with raw_server(cut) as url, client(url, clock) as queue:
        with pytest.raises(QueueResultError) as caught:
            await queue.result("job-1", tmp_path / "b.mp4")
    assert caught.value.job_id == "job-1"
    assert names(tmp_path) == ["a.mp4"]


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [400, 401, 402, 403, 410])
async def test_a_lasting_refusal_is_not_repeated(
    status: int, server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    server.on_result(Reply(status, json={"detail": "no"}))
    with pytest.raises(QueueResultError) as caught:
        await queue.result("job-1", tmp_path / "a.mp4")
    assert (caught.value.http_status, caught.value.reason, caught.value.job_id) == (status, "no", "job-1")
    assert len(server.requests) == 1


@pytest.mark.asyncio
async def test_an_expired_result_has_an_error_of_its_own(
    server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    server.on_result(Reply(404))
    with pytest.raises(QueueJobNotFoundError) as caught:
        await queue.result("job-1", tmp_path / "a.mp4")
    assert caught.value.job_id == "job-1"


@pytest.mark.asyncio
async def test_a_redirect_to_another_origin_is_an_error_and_gets_no_key(
    server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    async with ScriptedServer() as elsewhere:
        elsewhere.on("GET", "/video", VIDEO)
        server.on_result(Reply(302, headers={"Location": f"{elsewhere.url}/video"}))
        with pytest.raises(QueueResultError, match="redirects are not followed"):
            await queue.result("job-1", tmp_path / "a.mp4")
        assert elsewhere.requests == []


@pytest.mark.asyncio
async def test_a_result_that_says_it_is_too_large_is_not_fetched(
    server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    server.on_result(VIDEO)
    with pytest.raises(QueueResultError) as caught:
        await queue.result("job-1", tmp_path / "a.mp4", max_bytes=len(MP4) - 1)
    assert (caught.value.too_large, caught.value.job_id) == (True, "job-1")
    assert len(server.requests) == 1
    assert (await queue.result("job-1", tmp_path / "a.mp4", max_bytes=len(MP4))).read_bytes() == MP4


@pytest.mark.asyncio
async def test_a_result_that_grows_past_the_cap_without_saying_so_is_cut_off(
    server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    written = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal written
        response = web.StreamResponse(headers={"Content-Type": "video/mp4"})
        await response.prepare(request)
        await response.write(MP4)
        while True:
            await response.write(bytes(65536))
            written += 65536

    server.on_result(endless)
    with pytest.raises(QueueResultError) as caught:
        await queue.result("job-1", tmp_path / "a.mp4", max_bytes=1_000_000)
    assert caught.value.too_large
    assert written < 20_000_000
    assert names(tmp_path) == []


@pytest.mark.asyncio
async def test_an_older_file_is_replaced_only_by_a_whole_one(
    server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    target = tmp_path / "a.mp4"
    target.write_bytes(b"older")
    server.on_result(Reply(json={}))
    with pytest.raises(QueueResultError):
        await queue.result("job-1", target)
    assert target.read_bytes() == b"older"
    server.on_result(VIDEO)
    await queue.result("job-1", target)
    assert target.read_bytes() == MP4


@pytest.mark.asyncio
@pytest.mark.parametrize("target", ["none/a.mp4", "folder"])
async def test_a_path_that_can_not_be_written_is_an_error_with_the_job_id_and_not_repeated(
    target: str, server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    (tmp_path / "folder" / "full").mkdir(parents=True)
    server.on_result(VIDEO)
    with pytest.raises(QueueResultError, match="can't be written") as caught:
        await queue.result("job-1", tmp_path / target)
    assert caught.value.job_id == "job-1"
    assert len(server.requests) == 1
    assert names(tmp_path) == ["folder"]


@pytest.mark.asyncio
async def test_an_odd_job_id_can_not_reach_another_resource(
    server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    server.on_result(VIDEO, job_id="a%2F..%2Fb%3Fc")
    await queue.result("a/../b?c", tmp_path / "a.mp4")
    with pytest.raises(QueueInputError):
        await queue.result("..", tmp_path / "b.mp4")


@pytest.mark.asyncio
async def test_a_result_is_readable_as_any_file_of_ours_is(
    server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    server.on_result(VIDEO)
    ordinary = tmp_path / "ordinary"
    ordinary.touch()
    made = await queue.result("job-1", tmp_path / "a.mp4")
    assert stat.S_IMODE(made.stat().st_mode) == stat.S_IMODE(ordinary.stat().st_mode)
