"""What both servers share: listening, JSON in and out, and saying what they cost themselves."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web

Json = dict[str, Any]
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

BACKLOG = 4096
"""Connections that may wait to be accepted: a burst opens hundreds at once, and a full backlog costs each a second."""


async def serve(handler: Handler) -> None:
    """Listen on a free port of 127.0.0.1, print the address, and run until SIGTERM or SIGINT."""
    runner = web.ServerRunner(web.Server(handler, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=BACKLOG)
    await site.start()
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await ended.wait()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(runner.cleanup(), 2)


def answer(data: Any, status: int = 200) -> web.Response:
    """JSON. The type has no charset behind it: with one, discord.py leaves the body as text."""
    return web.Response(body=orjson.dumps(data), status=status, headers={"Content-Type": "application/json"})


async def body_of(request: web.BaseRequest) -> bytes:
    """The whole body, whatever its size."""
    return b"".join([chunk async for chunk in request.content.iter_any()])


async def json_of(request: web.BaseRequest) -> Json:
    """The body as a JSON object; an empty body is an empty object."""
    body = await body_of(request)
    data: Json = orjson.loads(body) if body else {}
    return data


def processor_seconds() -> float:
    """What this process has used so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
