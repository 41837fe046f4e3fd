"""HTTP answers: an error in words, and what the faults that both services can have make of the right answer."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.service.clock import Clock
from sandbox.service.faults import AnyFault

PAGE = (
    "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"
)
DETAILS = {
    400: "Bad request", 401: "Invalid API key", 402: "Insufficient credits", 403: "Forbidden", 404: "Not found",
    408: "Request timeout", 409: "Conflict", 413: "Payload too large", 422: "Unprocessable entity",
    429: "Too many requests", 500: "Internal server error", 502: "Bad gateway", 503: "Service unavailable",
    504: "Gateway timeout",
}  # fmt: skip

Right = Mapping[str, Any] | Path | None
"""The right answer: a document, a clip, or nothing where there is no job."""


def detail(status: int, what: str | None = None) -> web.Response:
    """An error as services word most of them."""
    return web.json_response({"detail": what or DETAILS.get(status, "Error")}, status=status)


async def faulty(request: web.Request, fault: AnyFault, clock: Clock, right: Right) -> web.StreamResponse | None:
    """The answer that `fault` makes of the right one; None for a kind that only one of the services has."""
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
            return web.Response(content_type=_type_of(right))
        case "corrupt" | "wrong_type" | "chunked" | "drip" | "stall" | "truncate":
            return await _body(request, fault, clock, right)
        case _:
            return None


def _code(fault: AnyFault) -> web.Response:
    """A status with a body: text as it is, anything else as JSON, `detail` where none is given."""
    headers = dict(fault.headers)
    if fault.retry_after is not None:
        after = fault.retry_after
        headers["Retry-After"] = after if isinstance(after, str) else f"{after:g}"
    if isinstance(fault.body, str):
        kind = "text/html" if fault.body.lstrip().startswith("<") else "text/plain"
        return web.Response(text=fault.body, status=fault.code, content_type=kind, headers=headers)
    body = fault.body if fault.body is not None else {"detail": DETAILS.get(fault.code, "Error")}
    return web.json_response(body, status=fault.code, headers=headers)


def _cut(request: web.Request) -> web.Response:
    """Cut the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _body(request: web.Request, fault: AnyFault, clock: Clock, right: Right) -> web.StreamResponse:
    """The right bytes, sent in a wrong way: corrupted, as another type, cut short, slowly, or without their number."""
    data = await asyncio.to_thread(_bytes, right)
    if fault.kind == "corrupt":
        return web.Response(body=os.urandom(max(1024, len(data))), content_type="video/mp4")
    if fault.kind == "wrong_type":
        return web.Response(body=data, content_type="text/plain")
    response = web.StreamResponse(headers={"Content-Type": _type_of(right)})
    if fault.kind == "chunked":
        response.enable_chunked_encoding()
    else:
        response.content_length = len(data)
    await response.prepare(request)
    if fault.kind == "chunked":
        await response.write(data)
        return response
    if fault.kind == "drip":
        await _drip(response, data, fault.bytes_per_second, clock)
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


def _type_of(right: Right) -> str:
    return "video/mp4" if isinstance(right, Path) else "application/json"


def _bytes(right: Right) -> bytes:
    if isinstance(right, Path):
        return right.read_bytes()
    response = web.json_response(None if right is None else dict(right))
    return response.body if isinstance(response.body, bytes) else b""
