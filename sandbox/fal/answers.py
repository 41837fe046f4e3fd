"""What each kind of fault makes of the right answer."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.fal.faults import Fault
from sandbox.queue_api.answers import DETAILS, PAGE
from sandbox.queue_api.clock import Clock

EXHAUSTED = "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."
LOCKED = "User is locked. Reason: Admin lock."

Right = Mapping[str, Any] | Path | None


def detail(status: int, what: str | None = None) -> web.Response:
    """An error in words."""
    return web.json_response({"detail": what or DETAILS.get(status, "Error")}, status=status)


async def wrong(request: web.Request, fault: Fault, clock: Clock, right: Right) -> web.StreamResponse:
    """The answer that `fault` makes of the right one (a document, a clip, or nothing where there is no job)."""
    if (whole := _WHOLE.get(fault.kind)) is not None:
        return whole(fault)
    match fault.kind:
        case "reset":
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        case "nothing":
            return web.Response(content_type="video/mp4" if isinstance(right, Path) else "application/json")
        case "stall" | "drip" | "truncate" | "corrupt" | "chunked":
            return await _body(request, fault, clock, right)
        case _:
            return web.json_response(_document(fault, dict(right) if isinstance(right, Mapping) else {}))


def _code(fault: Fault) -> web.Response:
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


_WHOLE: Mapping[str, Callable[[Fault], web.Response]] = {
    "code": _code,
    "balance": lambda _: detail(403, EXHAUSTED),
    "locked": lambda _: detail(403, LOCKED),
    "redirect": lambda fault: web.Response(status=307, headers={"Location": fault.location}),
    "html": lambda _: web.Response(text=PAGE, content_type="text/html"),
    "text": lambda fault: web.Response(text=str(fault.body or "upstream connect error"), content_type="text/plain"),
    "null": lambda _: web.json_response(None),
    "json": lambda _: web.json_response({"status": "COMPLETED"}),
}
"""Answers in which nothing of the right one is left."""


def _document(fault: Fault, right: dict[str, Any]) -> dict[str, Any]:
    """The right document with something wrong in it."""
    match fault.kind:
        case "odd":
            return right | {"status": fault.word}
        case "other_job":
            return right | {"request_id": "00000000-0000-0000-0000-000000000000"}
        case "no_id":
            return {name: value for name, value in right.items() if name != "request_id"}
        case "longer":
            return right | {"response_url": f"{right.get('response_url', '')}/response"}
        case "no_video":
            return {name: value for name, value in right.items() if name != "video"}
        case "string":
            return right | {"video": right.get("video", {}).get("url", "")}
        case _:
            return {name: _moved(value, fault.location) for name, value in right.items()}


def _moved(value: Any, location: str) -> Any:
    """Every address in it at another host."""
    if isinstance(value, dict):
        return {name: _moved(inner, location) for name, inner in value.items()}
    if isinstance(value, str) and value.startswith("http"):
        return f"{location}/{value.partition('://')[2].partition('/')[2]}"
    return value


async def _body(request: web.Request, fault: Fault, clock: Clock, right: Right) -> web.StreamResponse:
    """The right bytes, sent in a wrong way: corrupted, cut short, or slowly."""
    data = await asyncio.to_thread(_bytes, right)
    kind = "video/mp4" if isinstance(right, Path) else "application/json"
    if fault.kind == "corrupt":
        return web.Response(body=os.urandom(max(1024, len(data))), content_type="video/mp4")
    response = web.StreamResponse(headers={"Content-Type": kind})
    if fault.kind == "chunked":
        response.enable_chunked_encoding()
    else:
        response.content_length = len(data)
    await response.prepare(request)
    if fault.kind == "chunked":
        await response.write(data)
        return response
    if fault.kind == "drip":
        piece = max(1, round(fault.bytes_per_second / 10))
        for start in range(0, len(data), piece):
            await response.write(data[start : start + piece])
            await clock.sleep(piece / fault.bytes_per_second)
        return response
    await response.write(data[: len(data) // 2])
    if fault.kind == "stall":
        await asyncio.Event().wait()
    elif request.transport is not None:
        request.transport.close()
    return response


def _bytes(right: Right) -> bytes:
    if isinstance(right, Path):
        return right.read_bytes()
    response = web.json_response(None if right is None else dict(right))
    return response.body if isinstance(response.body, bytes) else b""
