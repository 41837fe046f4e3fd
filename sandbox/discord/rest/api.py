"""What every REST request goes through: faults, the token, rate limits, the record, refusals as JSON."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.discord.core import Core
from sandbox.discord.faults import RequestFault
from sandbox.discord.recording import Exchange
from sandbox.discord.responses import ApiError, TooMany, answer, unauthorized
from sandbox.discord.rest.body import Body, read_body

PREFIX = "/api/v10"
Act = Callable[[web.Request, Body], Awaitable[web.Response]]


class Api:
    """Adds routes to the application. A route is written as in Discord's docs."""

    def __init__(self, core: Core, router: web.UrlDispatcher) -> None:
        self.core = core
        self._router = router

    def add(self, method: str, route: str, act: Act, *, open_route: bool = False) -> None:
        """`open_route`: no bot token is asked for; the token in the path is the key."""

        async def handle(request: web.Request) -> web.Response:
            return await self._through(request, route, act, open_route=open_route)

        self._router.add_route(method, PREFIX + route, handle)

    async def _through(self, request: web.Request, route: str, act: Act, *, open_route: bool) -> web.Response:
        path = request.path.removeprefix(PREFIX)
        exchange = Exchange(
            self.core.clock.now(), request.method, path, route, dict(request.headers), dict(request.query)
        )  # fmt: skip
        fault = self.core.faults.take(request.method, path)
        if fault is not None and not fault.late:
            await self._delay(fault)
        major = "/".join(v for k, v in request.match_info.items() if k not in {"message_id", "command_id", "user_id"})
        response = await self._answered(request, route, act, exchange, fault=fault, major=major, open_route=open_route)
        response.headers.update(self.core.rates.headers(request.method, route, major) | dict(response.headers))
        exchange.status = response.status
        exchange.answer_headers = dict(response.headers)
        raw = response.body if isinstance(response.body, bytes) else b""
        exchange.answer = json.loads(raw) if raw and response.content_type == "application/json" else None
        self.core.record.add(exchange)
        self.core.rates.count(response.status, response.headers.get("X-RateLimit-Scope"))
        if fault is not None and fault.late:
            await self._delay(fault)
            if fault.reset:
                _cut(request)
        return response

    async def _delay(self, fault: RequestFault) -> None:
        if fault.delay:
            self.core.bus.stir()  # a test may wait until the request has come
            await self.core.clock.sleep(fault.delay)

    async def _answered(self, request: web.Request, route: str, act: Act, exchange: Exchange, *,
                        fault: RequestFault | None, major: str, open_route: bool) -> web.Response:  # fmt: skip
        try:
            if fault is not None and fault.reset and not fault.late:
                _cut(request)
                return web.Response(status=500)
            body = await read_body(request, self.core.files)
            exchange.body = body.json
            exchange.files = [(upload.field, upload.filename, upload.size) for upload in body.uploads]
            if fault is not None and fault.status is not None:
                return _faulty(fault)
            self.core.rates.check_ban()
            if not open_route and request.headers.get("Authorization") != f"Bot {self.core.token}":
                raise unauthorized()
            self.core.rates.use(request.method, route, major, bot_route=not open_route)
            return await act(request, body)
        except ApiError as problem:
            return answer(problem.body(), problem.status)
        except TooMany as limit:
            return _too_many(limit)


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _faulty(fault: RequestFault) -> web.Response:
    if fault.status == 429:
        return _too_many(
            TooMany(
                fault.retry_after or 0.0, scope=fault.scope, code=fault.code, via=fault.via, is_global=fault.is_global
            )
        )  # fmt: skip
    if (fault.status or 0) >= 500 and not fault.code:
        return web.Response(status=fault.status or 500, text="upstream error", content_type="text/html")
    return answer({"message": fault.message, "code": fault.code}, fault.status or 500)


def _too_many(limit: TooMany) -> web.Response:
    """Discord's own 429 has `Via` and JSON; Cloudflare's ban has neither."""
    seconds = max(0.0, limit.retry_after)
    if not limit.via:
        page = "<html><body>error code: 1015</body></html>"
        return web.Response(
            status=429, text=page, content_type="text/html", headers={"Retry-After": str(int(seconds) + 1)}
        )  # fmt: skip
    body = {
        "message": "You are being rate limited.", "retry_after": round(seconds, 3), "global": limit.is_global,
        "code": limit.code,
    }  # fmt: skip
    headers = {"Via": "1.1 google", "Retry-After": str(int(seconds) + 1), "X-RateLimit-Scope": limit.scope}
    if limit.is_global:
        headers["X-RateLimit-Global"] = "true"
    return answer(body, 429, headers)
