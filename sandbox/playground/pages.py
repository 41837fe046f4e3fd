"""The page's routes: `/`, `/static/…`, and `/_playground/…` for samples and for faults of the services and the bot."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web

from sandbox.playground.samples import SAMPLES, SampleRenderer
from sandbox.service.server import StandIn

STATIC = Path(__file__).with_name("static")
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}

HEADERS = {
    # The page loads nothing from anywhere else and runs no script that is not its own.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

MOST_SECONDS = 3600.0


class Bot(Protocol):
    """The bot's process, as far as the page controls it."""

    async def start(self) -> None: ...

    def kill(self) -> None: ...

    async def stop(self) -> None: ...


def add_playground(app: web.Application, services: Sequence[StandIn] = (), bot: Bot | None = None) -> None:
    """Give `app`, the stand-in Discord's, the page. Its switches for what isn't there answer 404."""
    pages = Pages(services, bot)
    app.router.add_get("/", pages.index)
    app.router.add_get("/favicon.ico", pages.icon)
    app.router.add_get("/static/{name:.+}", pages.static)
    app.router.add_get("/_playground/samples", pages.samples)
    app.router.add_get("/_playground/samples/{name}", pages.sample)
    app.router.add_post("/_playground/queue", pages.change_queue)
    app.router.add_post("/_playground/bot", pages.process)


class Pages:
    """The handlers. Files are read once and kept, for they are few and small."""

    def __init__(self, services: Sequence[StandIn], bot: Bot | None) -> None:
        self._services, self._bot = services, bot
        self._usual = [service.pace() for service in services]
        self._samples = SampleRenderer()
        self._files: dict[str, bytes] = {}

    async def index(self, _: web.Request) -> web.Response:
        return await self._file("index.html")

    async def icon(self, _: web.Request) -> web.Response:
        return await self._file("icon.svg")

    async def static(self, request: web.Request) -> web.Response:
        return await self._file(request.match_info["name"])

    async def _file(self, name: str) -> web.Response:
        """404 for whatever is not one of the page's own files."""
        if not self._files:
            self._files = await asyncio.to_thread(_read_all)
        body = self._files.get(name)
        if body is None:
            raise web.HTTPNotFound
        kind = TYPES[Path(name).suffix]
        return web.Response(body=body, headers=HEADERS, content_type=kind, charset="utf-8")

    async def samples(self, _: web.Request) -> web.Response:
        return web.json_response([sample.json() for sample in SAMPLES])

    async def sample(self, request: web.Request) -> web.Response:
        """The picture or clip itself, drawn when it is first asked for."""
        found = next((sample for sample in SAMPLES if sample.name == request.match_info["name"]), None)
        if found is None:
            raise web.HTTPNotFound
        body = await self._samples.make(found)
        return web.Response(body=body, content_type=found.content_type, headers={"Cache-Control": "max-age=3600"})

    async def change_queue(self, request: web.Request) -> web.Response:
        """`{pending_seconds, processing_seconds, fail_next, reset}`: what each video service does from now on."""
        if not self._services:
            return web.json_response({"error": "There is no stand-in of a video service here."}, status=404)
        try:
            wanted = _orders(await request.json())
        except (TypeError, ValueError) as exc:
            return web.json_response({"error": str(exc) or "Expected a JSON object"}, status=400)
        for service, usual in zip(self._services, self._usual, strict=True):
            if wanted.get("reset"):
                service.forget_faults()
            waits, takes = usual if wanted.get("reset") else service.pace()
            service.set_pace(wanted.get("pending_seconds", waits), wanted.get("processing_seconds", takes))
            if wanted.get("fail_next"):
                service.fail_next(wanted["fail_next"])
        return web.json_response({"ok": True})

    async def process(self, request: web.Request) -> web.Response:
        """`{"action": "kill" | "stop" | "start"}`: kill, stop or start the bot."""
        if self._bot is None:
            return web.json_response({"error": "The bot was not started from here (--no-bot)."}, status=404)
        action = (await request.json()).get("action")
        match action:
            case "kill":
                self._bot.kill()
            case "stop":
                await self._bot.stop()
            case "start":
                await self._bot.start()
            case _:
                return web.json_response({"error": "action is kill, stop or start"}, status=400)
        return web.json_response({"ok": True})


def _read_all() -> dict[str, bytes]:
    return {
        path.relative_to(STATIC).as_posix(): path.read_bytes() for path in STATIC.rglob("*") if path.suffix in TYPES
    }


def _orders(said: object) -> Mapping[str, Any]:
    """The orders; TypeError or ValueError with a sentence otherwise."""
    if not isinstance(said, dict):
        raise TypeError("Expected a JSON object")
    for name in ("pending_seconds", "processing_seconds"):
        value = said.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST_SECONDS:
            raise ValueError(f"{name} must be a number of seconds from 0 to {MOST_SECONDS:.0f}")
    if not isinstance(said.get("fail_next", ""), str):
        raise TypeError("fail_next must be the reason to give")
    return said
