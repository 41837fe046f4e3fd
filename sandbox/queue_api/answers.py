"""The service's HTTP answers: the right ones, and what each kind of fault makes of them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.queue_api.clock import Clock
from sandbox.queue_api.faults import Fault
from sandbox.queue_api.forms import FieldError

PAGE = (
    "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"
)
DETAILS = {
    400: "Bad request", 401: "Invalid API key", 402: "Insufficient credits", 403: "Forbidden", 404: "Not found",
    408: "Request timeout", 409: "Conflict", 413: "Payload too large", 422: "Unprocessable entity",
    429: "Too many requests", 500: "Internal server error", 502: "Bad gateway", 503: "Service unavailable",
    504: "Gateway timeout",
}  # fmt: skip
_CHUNK = 1 << 16


def detail(status: int, what: str | None = None) -> web.Response:
    """An error as the service words most of them."""
    return web.json_response({"detail": what or DETAILS.get(status, "Error")}, status=status)


def unprocessable(problems: Iterable[FieldError]) -> web.Response:
    """A 422 with what is wrong, field by field."""
    return web.json_response({"detail": [problem.as_json() for problem in problems]}, status=422)


def video(path: Path) -> web.StreamResponse:
    """The clip or picture, with its length, streamed from disk."""
    return web.FileResponse(path, headers={"Content-Type": "image/png" if path.suffix == ".png" else "video/mp4"})


async def wrong(
    request: web.Request, fault: Fault, clock: Clock, right: dict[str, Any] | Path | None
) -> web.StreamResponse:
    """The answer that `fault` makes of the right one (a document, a clip, or nothing where there is no job)."""
    match fault.kind:
        case "code":
            return _code(fault)
        case "redirect":
            return web.Response(status=307, headers={"Location": fault.location})
        case "reset":
            return _cut(request)
        case "html":
            return web.Response(text=PAGE, content_type="text/html")
        case "text":
            return web.Response(text=str(fault.body or "upstream connect error"), content_type="text/plain")
        case "null":
            return web.json_response(None)
        case "nothing":
            return web.Response(content_type="video/mp4" if request.path.endswith("/content") else "application/json")
        case "json":
            return web.json_response({"status": "completed", "url": "https://example.org/clip.mp4"})
        case "odd":
            return web.json_response({**(right if isinstance(right, dict) else {}), "status": fault.status})
        case _:
            return await _body(request, fault, clock, right)


def _code(fault: Fault) -> web.Response:
    """A status with a body: text as it is, anything else as JSON, `detail` where none is given."""
    headers = {} if fault.retry_after is None else {"Retry-After": _seconds(fault.retry_after)}
    if isinstance(fault.body, str):
        kind = "text/html" if fault.body.lstrip().startswith("<") else "text/plain"
        return web.Response(text=fault.body, status=fault.code, content_type=kind, headers=headers)
    body = fault.body if fault.body is not None else {"detail": DETAILS.get(fault.code, "Error")}
    return web.json_response(body, status=fault.code, headers=headers)


def _seconds(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _cut(request: web.Request) -> web.Response:
    """Cut the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _body(
    request: web.Request, fault: Fault, clock: Clock, right: dict[str, Any] | Path | None
) -> web.StreamResponse:
    """The right bytes, sent in a wrong way: corrupted, cut short, slowly or with a wrong type."""
    data = await asyncio.to_thread(_bytes, right)
    kind = "video/mp4" if isinstance(right, Path) else "application/json"
    if fault.kind == "corrupt":
        return web.Response(body=os.urandom(max(1024, len(data))), content_type="video/mp4")
    if fault.kind == "wrong_type":
        return web.Response(body=data, content_type="text/plain")
    response = web.StreamResponse(headers={"Content-Type": kind})
    if fault.kind == "chunked":
        response.enable_chunked_encoding()
    else:
        response.content_length = len(data)
    await response.prepare(request)
    if fault.kind == "drip":
        await _drip(response, data, fault.bytes_per_second, clock)
        return response
    if fault.kind == "chunked":
        await response.write(data)
        return response
    await response.write(data[: len(data) // 2])
    if fault.kind == "stall":
        await asyncio.Event().wait()
    elif request.transport is not None:
        request.transport.close()
    return response


async def _drip(response: web.StreamResponse, data: bytes, bytes_per_second: float, clock: Clock) -> None:
    """Ten pieces a second of the clock's time; where that would be less than a byte, a byte as often as it comes."""
    piece = max(1, round(bytes_per_second / 10))
    for start in range(0, len(data), piece):
        await response.write(data[start : start + piece])
        await clock.sleep(piece / bytes_per_second)


def _bytes(right: dict[str, Any] | Path | None) -> bytes:
    if isinstance(right, Path):
        return right.read_bytes()
    response = web.json_response(right)
    return response.body if isinstance(response.body, bytes) else b""
