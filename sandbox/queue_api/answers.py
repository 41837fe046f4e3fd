"""The Queue API's HTTP answers: the right ones, and what each kind of fault makes of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from aiohttp import web

from sandbox.queue_api.faults import Fault
from sandbox.queue_api.forms import FieldError
from sandbox.service.answers import Right, faulty
from sandbox.service.clock import Clock


def unprocessable(problems: Iterable[FieldError]) -> web.Response:
    """A 422 with what is wrong, field by field."""
    return web.json_response({"detail": [problem.as_json() for problem in problems]}, status=422)


def video(path: Path) -> web.StreamResponse:
    """The clip or picture, with its length, streamed from disk."""
    return web.FileResponse(path, headers={"Content-Type": "image/png" if path.suffix == ".png" else "video/mp4"})


async def wrong(request: web.Request, fault: Fault, clock: Clock, right: Right) -> web.StreamResponse:
    """The answer that `fault` makes of the right one (a document, a clip, or nothing where there is no job)."""
    answer = await faulty(request, fault, clock, right)
    if answer is not None:
        return answer
    if fault.kind == "json":
        return web.json_response({"status": "completed", "url": "https://example.org/clip.mp4"})
    return web.json_response({**(right if isinstance(right, dict) else {}), "status": fault.status})
