"""A server that does what a test's script says, over real sockets: for the Queue API client's tests."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

KEEP_BYTES = 1024 * 1024
FTYP = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"
MP4 = FTYP + b"\x00\x00\x00\x10mdat" + bytes(8)


@dataclass
class Part:
    """One part of a multipart body."""

    body: bytes
    filename: str | None
    content_type: str | None


@dataclass
class Recorded:
    """A request as it came. `body` ends at `KEEP_BYTES`; `size` counts all."""

    method: str
    raw_path: str
    headers: dict[str, str]
    connection: int
    body: bytes = b""
    size: int = 0
    largest_chunk: int = 0

    @property
    def parts(self) -> dict[str, Part]:
        boundary = re.search(r'boundary="?([^";]+)', self.headers["Content-Type"])
        assert boundary
        found = {}
        for raw in self.body.split(b"--" + boundary[1].encode())[1:-1]:
            head, _, body = raw.partition(b"\r\n\r\n")
            text = head.decode()
            name = re.search(r'[; ]name="([^"]*)"', text)
            filename = re.search(r'filename="([^"]*)"', text)
            kind = re.search(r"Content-Type: ([^\r\n]+)", text, re.IGNORECASE)
            assert name
            found[name[1]] = Part(body[:-2], filename and filename[1], kind and kind[1])
        return found

    @property
    def fields(self) -> dict[str, str]:
        """The parts that are not files."""
        return {name: part.body.decode() for name, part in self.parts.items() if part.filename is None}


Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Reply:
    """An answer to give; `json` wins over `body`."""

    status: int = 200
    json: Any = None
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if self.json is None:
            return web.Response(status=self.status, body=self.body, headers=self.headers)
        return web.Response(
            status=self.status,
            body=json.dumps(self.json).encode(),
            headers={"Content-Type": "application/json"} | self.headers,
        )


def job(status: str, job_id: str = "job-1", **more: Any) -> Reply:
    return Reply(json={"job_id": job_id, "status": status} | more)


async def hang_up(request: web.Request) -> web.StreamResponse:
    """Close the connection without an answer."""
    assert request.transport
    request.transport.abort()
    return web.Response()


class ScriptedServer:
    """Answers each path from its own list; the last answer is repeated. What has no list is a 599."""

    def __init__(self) -> None:
        self.requests: list[Recorded] = []
        self._scripts: dict[tuple[str, str], list[Answering]] = {}
        self._connections: dict[Any, int] = {}
        self.url = ""

    def on(self, method: str, path: str, *answers: Answering) -> None:
        self._scripts[method, path] = list(answers)

    def on_submit(self, model: str, *answers: Answering) -> None:
        self.on("POST", f"/v1/jobs/{model}", *answers)

    def on_status(self, *answers: Answering, job_id: str = "job-1") -> None:
        self.on("GET", f"/v1/jobs/{job_id}", *answers)

    def on_result(self, *answers: Answering, job_id: str = "job-1") -> None:
        self.on("GET", f"/v1/jobs/{job_id}/content", *answers)

    def count(self, method: str, path: str) -> int:
        return sum(r.method == method and r.raw_path == path for r in self.requests)

    async def __aenter__(self) -> Self:
        runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=0.01)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self._runner = runner
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        number = self._connections.setdefault(request.transport, len(self._connections))
        recorded = Recorded(request.method, request.raw_path, dict(request.headers), number)
        self.requests.append(recorded)
        async for chunk in request.content.iter_any():
            recorded.size += len(chunk)
            recorded.largest_chunk = max(recorded.largest_chunk, len(chunk))
            recorded.body += chunk[: max(0, KEEP_BYTES - len(recorded.body))]
        script = self._scripts.get((request.method, request.raw_path.partition("?")[0]))
        if not script:
            return web.Response(status=599, text=f"no script for {request.method} {request.raw_path}")
        answer = script.pop(0) if len(script) > 1 else script[0]
        return await answer(request)  # type: ignore[arg-type]


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw_server(*talks: Talk) -> AsyncIterator[str]:
    """A bare socket server: the first connection gets the first talk, and so on; the last is repeated."""
    left = list(talks)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = left.pop(0) if len(left) > 1 else left[0]
        try:
            await talk(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        server.close()


def say(raw: bytes, *, then_reset: bool = False) -> Talk:
    """Read the request's head, answer `raw`, then close the connection or reset it."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()
        if then_reset:
            writer.transport.abort()

    return talk
