"""Submitting, over real sockets: what is sent, what is refused, and what may be sent again."""

from __future__ import annotations

import asyncio
import copy
import io
import json
import re
import socket
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast

import aiohttp
import pytest
from aiohttp import web

from bot.errors import FileEmpty, FileGone, ModelUnknown
from bot.queue import QueueClient, QueueInputError, QueueModelUnknownError, QueueSubmitError, Retry, Timeouts, Upload
from bot.rules.catalog import load_catalog
from bot.rules.requests import Point
from tests.adapters.queue_bench import client, clock, queue, server
from tests.adapters.queue_server import MP4, Reply, ScriptedServer, hang_up, job, raw_server, say
from tests.clock import ManualClock

__all__ = ["clock", "queue", "server"]

T2V = "lucy-pro-t2v"
JPEG = b"\xff\xd8\xff\xe0" + bytes(100)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
TAKEN = job("pending")


def file(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.asyncio
async def test_a_text_job_carries_the_key_and_a_name_of_our_own_and_nothing_else(
    server: ScriptedServer, queue: QueueClient
) -> None:
    server.on_submit(T2V, TAKEN)
    taken = await queue.submit(T2V, prompt="a cat", seed=7, resolution="480p", orientation="portrait")
    assert (taken.job_id, taken.status) == ("job-1", "pending")
    [request] = server.requests
    assert request.fields == {"prompt": "a cat", "seed": "7", "resolution": "480p", "orientation": "portrait"}
    assert request.headers["X-API-KEY"] == "the-key"
    assert request.headers["User-Agent"].startswith("Clapper/")
    assert request.headers["Content-Type"].startswith("multipart/form-data")
    assert not {"Authorization", "Cookie", "Idempotency-Key"} & set(request.headers)


@pytest.mark.asyncio
async def test_a_trailing_slash_of_the_base_makes_no_double_slash(server: ScriptedServer, clock: ManualClock) -> None:
    server.on_submit(T2V, TAKEN)
    async with client(server.url + "/", clock) as queue:
        await queue.submit(T2V, prompt="x")
    assert server.requests[0].raw_path == "/v1/jobs/lucy-pro-t2v"


@pytest.mark.asyncio
async def test_an_idempotency_key_is_sent_if_given_and_stays_the_same_when_sent_again(
    server: ScriptedServer, queue: QueueClient
) -> None:
    server.on_submit(T2V, Reply(503), TAKEN)
    await queue.submit(T2V, prompt="x", idempotency_key="abc-1")
    assert [r.headers["Idempotency-Key"] for r in server.requests] == ["abc-1", "abc-1"]


@pytest.mark.asyncio
@pytest.mark.parametrize("model", [model.name for model in load_catalog()])
async def test_every_model_takes_its_own_inputs(
    model: str, server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    known = load_catalog().get(model)
    content = {"image": JPEG, "video": MP4}
    files = {role.value: file(tmp_path, f"{role}.bin", content[kind]) for role, kind in known.form.files.items()}
    inputs: dict[str, Any] = {"seed": 1, "resolution": known.resolutions[0]}
    if known.form.trajectory:
        inputs["trajectory"] = [Point(frame=0, x=1, y=2), {"frame": 9, "x": 3, "y": 4}]
    else:
        inputs["prompt"] = "snow"
    server.on_submit(known.endpoint or model, TAKEN)
    await queue.submit(known if known.default else model, **inputs, **files)  # type: ignore[arg-type]
    [request] = server.requests
    types = {name: part.content_type for name, part in request.parts.items() if part.filename}
    wanted = {"image": "image/jpeg", "video": "video/mp4"}
    assert types == {role.value: wanted[kind] for role, kind in known.form.files.items()}
    assert request.fields.keys() == inputs.keys()


@pytest.mark.asyncio
async def test_files_go_with_their_names_their_true_types_and_a_known_length(
    server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    server.on_submit("lucy-pro-flf2v", TAKEN)
    first = file(tmp_path, 'кот "1".png', JPEG)
    await queue.submit("lucy-pro-flf2v", prompt="x", start=first, end=Upload(io.BytesIO(PNG), filename="../b\\end.png"))
    [request] = server.requests
    parts = request.parts
    assert (parts["start"].filename, parts["start"].content_type) == ("кот _1_.png", "image/jpeg")
    assert (parts["end"].filename, parts["end"].content_type) == ("end.png", "image/png")
    assert (parts["start"].body, parts["end"].body) == (JPEG, PNG)
    assert int(request.headers["Content-Length"]) == request.size


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (b"RIFF\0\0\0\0WEBPVP8 ", "a.jpg", "image/webp"),
        (b"GIF89a", "a", "image/gif"),
        (b"\0\0\0\x18ftypheic", "a.jpg", "image/heic"),
        (b"\0\0\0\x18ftypavif", "a.jpg", "image/avif"),
        (b"\0\0\0\x14ftypqt  ", "a.mp4", "video/quicktime"),
        (b"\x1aE\xdf\xa3", "a", "video/webm"),
        (b"who knows", "a.jpg", "image/jpeg"),
        (b"who knows", "a", "application/octet-stream"),
    ],
)
async def test_a_files_type_is_what_its_bytes_show_and_else_what_its_name_says(
    content: bytes, name: str, kind: str, server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    server.on_submit("lucy-dev-i2v", TAKEN)
    await queue.submit("lucy-dev-i2v", prompt="x", data=file(tmp_path, name, content))
    assert server.requests[0].parts["data"].content_type == kind


@pytest.mark.asyncio
async def test_a_given_type_is_believed(server: ScriptedServer, queue: QueueClient) -> None:
    server.on_submit("lucy-dev-i2v", TAKEN)
    await queue.submit("lucy-dev-i2v", prompt="x", data=Upload(io.BytesIO(JPEG), content_type="image/x-own"))
    part = server.requests[0].parts["data"]
    assert (part.content_type, part.filename) == ("image/x-own", "data")


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["image/png\r\nX-Evil: 1", "image/é", ""])
async def test_a_given_type_that_can_not_be_a_header_is_refused_or_replaced(
    kind: str, server: ScriptedServer, queue: QueueClient
) -> None:
    server.on_submit("lucy-dev-i2v", TAKEN)
    upload = Upload(io.BytesIO(JPEG), content_type=kind)
    if kind:
        with pytest.raises(QueueInputError, match="content type"):
            await queue.submit("lucy-dev-i2v", prompt="x", data=upload)
        assert server.requests == []
    else:
        await queue.submit("lucy-dev-i2v", prompt="x", data=upload)
        assert server.requests[0].parts["data"].content_type == "image/jpeg"


@pytest.mark.asyncio
async def test_a_form_of_text_is_one_piece_with_its_headers(clock: ManualClock) -> None:
    read: list[bytes] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        read.append(await reader.read(1 << 16))
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"job_id":"yes"}')
        await writer.drain()

    async with raw_server(accept) as url, client(url, clock) as queue:
        await queue.submit(T2V, prompt="zwei\nZeilen 🐈", seed=3)
    [whole] = read
    head, _, body = whole.partition(b"\r\n\r\n")
    [boundary] = re.findall(rb"Content-Type: multipart/form-data; boundary=([0-9a-f]{32})\r\n", head)
    parts = body.split(b"--" + boundary)
    assert parts[0] == b""
    assert parts[1] == '\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nzwei\nZeilen 🐈\r\n'.encode()
    assert parts[2] == b'\r\nContent-Disposition: form-data; name="seed"\r\n\r\n3\r\n'
    assert parts[3:] == [b"--\r\n"]


@pytest.mark.asyncio
async def test_an_open_stream_is_sent_from_where_it_stands_and_left_open_there(
    server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    server.on_submit("lucy-dev-i2v", Reply(429), TAKEN)
    with file(tmp_path, "cat.jpg", b"skipped" + JPEG).open("rb") as stream:
        stream.seek(7)
        await queue.submit("lucy-dev-i2v", prompt="x", data=stream)
        assert stream.tell() == 7
    assert [r.parts["data"].body for r in server.requests] == [JPEG, JPEG]
    assert server.requests[1].parts["data"].filename == "cat.jpg"


class OneWay(io.RawIOBase):
    """A stream that can't be rewound, like a pipe."""

    def __init__(self, content: bytes) -> None:
        self._left = content

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        chunk, self._left = self._left[:size], self._left[size:]
        return chunk


@pytest.mark.asyncio
async def test_a_stream_that_can_not_be_rewound_is_sent_chunked_and_once(
    server: ScriptedServer, queue: QueueClient
) -> None:
    server.on_submit("lucy-dev-i2v", Reply(429), TAKEN)
    with pytest.raises(QueueSubmitError) as caught:
        await queue.submit("lucy-dev-i2v", prompt="x", data=cast("BinaryIO", OneWay(JPEG)))
    assert caught.value.taken is False
    [request] = server.requests
    assert request.headers["Transfer-Encoding"] == "chunked"
    assert JPEG in request.body


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["missing", "folder", "empty", "empty stream", "spent stream", "null byte"])
async def test_missing_and_empty_files_are_refused_before_the_call(
    kind: str, server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    spent = io.BytesIO(JPEG)
    spent.read()
    given: dict[str, Path | BinaryIO] = {
        "missing": tmp_path / "none.jpg",
        "folder": tmp_path,
        "empty": file(tmp_path, "empty.jpg", b""),
        "empty stream": io.BytesIO(),
        "spent stream": spent,
        "null byte": tmp_path / "a\0b",
    }
    with pytest.raises(QueueInputError) as caught:
        await queue.submit("lucy-dev-i2v", prompt="x", data=given[kind])
    assert isinstance(caught.value.__cause__, FileEmpty | FileGone)
    assert server.requests == []


@pytest.mark.asyncio
@pytest.mark.parametrize("given", ["/etc/passwd", "http://127.0.0.1/x.png", b"bytes", 3, io.StringIO("text")])
async def test_anything_but_a_path_or_a_binary_stream_is_refused(
    given: Any, server: ScriptedServer, queue: QueueClient
) -> None:
    for file_input in (given, Upload(given)):
        with pytest.raises(QueueInputError, match="data must be"):
            await queue.submit("lucy-dev-i2v", prompt="x", data=file_input)
    assert server.requests == []


@pytest.mark.asyncio
async def test_a_model_that_is_not_in_the_catalogue_is_refused_before_the_call(
    server: ScriptedServer, queue: QueueClient
) -> None:
    with pytest.raises(QueueInputError) as caught:
        await queue.submit("lucy-nope", prompt="x")
    assert isinstance(caught.value.__cause__, ModelUnknown)
    assert server.requests == []


@pytest.mark.asyncio
async def test_what_was_handed_in_is_not_changed(server: ScriptedServer, queue: QueueClient) -> None:
    server.on_submit("lucy-motion", TAKEN)
    points = [{"frame": 0, "x": 1.0, "y": 1.0}, {"frame": 1, "x": 2.0, "y": 2.0}]
    options: dict[str, Any] = {"data": io.BytesIO(JPEG), "trajectory": points}
    before = copy.deepcopy(points)
    for _ in range(2):
        await queue.submit("lucy-motion", **options)
    assert points == before
    assert json.loads(server.requests[1].fields["trajectory"]) == points
    assert server.requests[1].parts["data"].body == JPEG


# ---- what may be sent again


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [429, 503])
async def test_a_job_that_was_not_taken_is_sent_again_after_the_time_asked_for(
    status: int, server: ScriptedServer, queue: QueueClient, clock: ManualClock
) -> None:
    server.on_submit(T2V, Reply(status, headers={"Retry-After": "42"}), TAKEN)
    assert (await queue.submit(T2V, prompt="x")).job_id == "job-1"
    assert clock.slept == [42.0]


@pytest.mark.asyncio
async def test_a_date_in_retry_after_is_obeyed_too(
    server: ScriptedServer, queue: QueueClient, clock: ManualClock
) -> None:
    server.on_submit(T2V, Reply(429, headers={"Retry-After": "Sun, 22 Nov 2026 12:01:30 GMT"}), TAKEN)
    await queue.submit(T2V, prompt="x")
    assert clock.slept == [90.0]


@pytest.mark.asyncio
async def test_a_service_that_asks_for_more_than_our_patience_is_not_asked_early(
    server: ScriptedServer, queue: QueueClient, clock: ManualClock
) -> None:
    server.on_submit(T2V, Reply(429, headers={"Retry-After": "86400"}))
    with pytest.raises(QueueSubmitError) as caught:
        await queue.submit(T2V, prompt="x")
    assert (caught.value.taken, caught.value.http_status) == (False, 429)
    assert (caught.value.may_pass, caught.value.retry_after) == (True, 86400.0)
    assert len(server.requests) == 1
    assert clock.slept == []


@pytest.mark.asyncio
async def test_without_retry_after_the_waits_double_with_jitter_and_end(
    server: ScriptedServer, queue: QueueClient, clock: ManualClock
) -> None:
    server.on_submit(T2V, Reply(429, json={"detail": "too many"}))
    with pytest.raises(QueueSubmitError, match="too many") as caught:
        await queue.submit(T2V, prompt="x")
    assert caught.value.taken is False
    assert len(server.requests) == 5
    for wait, full in zip(clock.slept, [0.5, 1, 2, 4], strict=True):
        assert full / 2 <= wait <= full
    assert len({wait / full for wait, full in zip(clock.slept, [0.5, 1, 2, 4], strict=True)}) > 1


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [400, 401, 402, 403, 408, 409, 413, 422, 500, 502, 504])
async def test_no_other_refusal_is_sent_again(status: int, server: ScriptedServer, queue: QueueClient) -> None:
    server.on_submit(T2V, Reply(status, json={"detail": "no"}), TAKEN)
    with pytest.raises(QueueSubmitError) as caught:
        await queue.submit(T2V, prompt="x")
    assert (caught.value.http_status, caught.value.reason) == (status, "no")
    assert caught.value.taken is (None if status >= 500 or status == 409 else False)
    assert len(server.requests) == 1


@pytest.mark.asyncio
async def test_a_retired_model_has_an_error_of_its_own(server: ScriptedServer, queue: QueueClient) -> None:
    server.on_submit("lucy-pro-t2v", Reply(404, json={"detail": "Unknown model"}))
    with pytest.raises(QueueModelUnknownError):
        await queue.submit(T2V, prompt="x")


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_the_key_does_not_follow_a_redirect(status: int, server: ScriptedServer, queue: QueueClient) -> None:
    async with ScriptedServer() as elsewhere:
        elsewhere.on("POST", "/x", TAKEN)
        elsewhere.on("GET", "/x", TAKEN)
        server.on_submit(T2V, Reply(status, headers={"Location": f"{elsewhere.url}/x"}))
        with pytest.raises(QueueSubmitError, match="redirects are not followed") as caught:
            await queue.submit(T2V, prompt="x")
        assert elsewhere.requests == []
    assert caught.value.taken is None


@pytest.mark.asyncio
async def test_a_refused_connection_is_tried_again_and_then_known_not_to_be_taken(clock: ManualClock) -> None:
    with socket.socket() as held:  # its port is taken, so that no other process listens there, and nobody answers
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        async with client(url, clock, retry=Retry(submit_attempts=3)) as queue:
            with pytest.raises(QueueSubmitError, match="can't be reached") as caught:
                await queue.submit(T2V, prompt="x")
    assert (caught.value.taken, caught.value.http_status) == (False, None)
    assert isinstance(caught.value.__cause__, aiohttp.ClientConnectorError)
    assert len(clock.slept) == 2


@pytest.mark.asyncio
async def test_a_lost_answer_after_sending_is_reported_as_unknown_and_not_sent_again(
    server: ScriptedServer, queue: QueueClient
) -> None:
    server.on_submit(T2V, hang_up, TAKEN)
    with pytest.raises(QueueSubmitError) as caught:
        await queue.submit(T2V, prompt="x")
    assert caught.value.taken is None
    assert len(server.requests) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b'{"job_id": "j',
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
        b"no HTTP at all\r\n\r\n",
        b"",
    ],
)
async def test_an_unreadable_answer_is_reported_as_unknown(raw: bytes, clock: ManualClock) -> None:
    async with raw_server(say(raw)) as url, client(url, clock) as queue:
        with pytest.raises(QueueSubmitError) as caught:
            await queue.submit(T2V, prompt="x")
    assert caught.value.taken is None
    assert clock.slept == []


@pytest.mark.asyncio
async def test_a_refusal_whose_reason_is_cut_off_is_still_a_refusal(clock: ManualClock) -> None:
    raw = b"HTTP/1.1 402 Payment Required\r\nContent-Length: 100\r\n\r\nno cred"
    async with raw_server(say(raw)) as url, client(url, clock) as queue:
        with pytest.raises(QueueSubmitError) as caught:
            await queue.submit(T2V, prompt="x")
    assert (caught.value.http_status, caught.value.taken) == (402, False)


@pytest.mark.asyncio
async def test_an_upload_that_broke_before_its_end_was_not_taken_and_is_sent_again(
    clock: ManualClock, tmp_path: Path
) -> None:
    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(300_000)
        writer.transport.abort()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        end = b""
        while not end.endswith(b"--\r\n"):  # which may come in two pieces
            piece = await reader.read(1 << 20)
            if not piece:
                return
            end = (end + piece)[-4:]
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"job_id":"yes"}')
        await writer.drain()

    video = file(tmp_path, "big.mp4", MP4 + bytes(20_000_000))
    async with raw_server(break_off, accept) as url, client(url, clock) as queue:
        assert (await queue.submit("lucy-fast-v2v", prompt="x", data=video)).job_id == "yes"
    assert len(clock.slept) == 1


class LateRead(io.FileIO):
    """Its first read of a whole piece waits in its thread until it is let go."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.begun, self.let_go = threading.Event(), threading.Event()

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > 1000 and not self.begun.is_set():
            self.begun.set()
            self.let_go.wait(30)
        return super().read(size)


@pytest.mark.asyncio
async def test_a_read_of_a_broken_attempt_takes_nothing_from_the_next_one(clock: ManualClock, tmp_path: Path) -> None:
    content = MP4 + bytes(range(256)) * 20_000
    stream = LateRead(file(tmp_path, "big.mp4", content))
    sent = b""

    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.to_thread(stream.begun.wait, 30)
        writer.transport.abort()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        stream.let_go.set()
        while not sent.endswith(b"--\r\n"):
            piece = await reader.read(1 << 20)
            if not piece:
                return
            sent += piece
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"job_id":"yes"}')
        await writer.drain()

    with stream:
        async with raw_server(break_off, accept) as url, client(url, clock) as queue:
            await queue.submit("lucy-fast-v2v", prompt="x", data=stream)
    assert content in sent


@pytest.mark.asyncio
async def test_an_answer_before_the_upload_has_ended_is_heard(clock: ManualClock, tmp_path: Path) -> None:
    async def refuse_early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntoo large")
        await writer.drain()
        while await reader.read(1 << 20):
            pass

    video = file(tmp_path, "big.mp4", MP4 + bytes(20_000_000))
    async with raw_server(refuse_early) as url, client(url, clock) as queue:
        with pytest.raises(QueueSubmitError, match="too large") as caught:
            await queue.submit("lucy-fast-v2v", prompt="x", data=video)
    assert (caught.value.http_status, caught.value.taken) == (413, False)


@pytest.mark.asyncio
async def test_a_file_that_shrinks_while_it_is_sent_is_an_input_error(
    server: ScriptedServer, queue: QueueClient, tmp_path: Path
) -> None:
    video = file(tmp_path, "big.mp4", MP4 + bytes(20_000_000))

    class Shrinking(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(size) if self.tell() < 1_000_000 else b""

    server.on_submit("lucy-fast-v2v", TAKEN)
    with Shrinking(video) as stream, pytest.raises(QueueInputError, match="can't be read to its end"):
        await queue.submit("lucy-fast-v2v", prompt="x", data=cast("BinaryIO", stream))


@pytest.mark.asyncio
async def test_each_submit_uses_a_fresh_connection(server: ScriptedServer, queue: QueueClient) -> None:
    """A kept connection that the service has just closed would leave the outcome unknown."""
    server.on_submit(T2V, TAKEN)
    for _ in range(3):
        await queue.submit(T2V, prompt="x")
    assert len({r.connection for r in server.requests}) == 3


@pytest.mark.asyncio
async def test_a_session_of_the_callers_own_is_used_and_left_open(server: ScriptedServer, clock: ManualClock) -> None:
    server.on_submit(T2V, TAKEN)
    async with aiohttp.ClientSession(headers={"X-Mine": "1"}) as session:
        async with client(server.url, clock, session=session) as queue:
            await queue.submit(T2V, prompt="x")
        assert not session.closed
    assert server.requests[0].headers["X-Mine"] == "1"


@pytest.mark.asyncio
async def test_a_service_that_never_answers_a_submit_is_given_up_as_unknown(clock: ManualClock) -> None:
    async def never(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    async with ScriptedServer() as server:
        server.on_submit(T2V, never)
        async with client(server.url, clock, timeouts=Timeouts(idle=timedelta(seconds=0.05))) as queue:
            with pytest.raises(QueueSubmitError) as caught:
                await queue.submit(T2V, prompt="x")
    assert caught.value.taken is None
    assert isinstance(caught.value.__cause__, TimeoutError)


@pytest.mark.parametrize("key", ["", "a\nb", "ключ", "a b"])
def test_a_key_that_can_not_be_a_header_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(QueueInputError) as caught:
        QueueClient(api_key=key)
    assert not key or key not in str(caught.value)


@pytest.mark.parametrize("url", ["", "api.decart.ai", "ftp://x", "https://", "https://x/?a=1"])
def test_a_base_that_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(QueueInputError):
        QueueClient(api_key="k", base_url=url)
