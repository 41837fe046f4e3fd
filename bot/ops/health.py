"""A small HTTP server for supervisors and Prometheus: is the process alive, is it ready, what has it counted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping

from aiohttp import web

from bot.errors import SettingsError
from bot.ops.idle_connections import IdleConnections
from bot.ops.metrics import CONTENT_TYPE, Metrics
from bot.rules.clock import Clock

log = logging.getLogger(__name__)

CHECK_TIMEOUT_SECONDS = 5.0
STOP_SECONDS = 1.0
"""How long a stop waits for answers under way. A download goes on where it broke off, once the bot is there again."""

Check = Callable[[], Awaitable[bool]]


class HealthServer:
    """`/healthz` answers while the event loop runs. `/readyz` says whether every check holds, with 503 where one does
    not. `/metrics` is for Prometheus. `routes` are further pages, such as the downloads of large results.

    Connections that ask for nothing are closed.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        metrics: Metrics,
        checks: Mapping[str, Check],
        clock: Clock,
        routes: Iterable[web.AbstractRouteDef] = (),
    ) -> None:
        self._host = host
        self._port = port
        self._metrics = metrics
        self._checks = dict(checks)
        self._idle = IdleConnections(clock)
        self._closing_idle: asyncio.Task[None] | None = None
        app = web.Application(middlewares=[self._idle.middleware])
        app.add_routes([
            web.get("/healthz", self._healthz),
            web.get("/readyz", self._readyz),
            web.get("/metrics", self._metrics_page),
            *routes,
        ])  # fmt: skip
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_SECONDS)

    async def start(self) -> int:
        """Listen; gives the port. Raises `SettingsError` where the address can't be had."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as exc:
            await self._runner.cleanup()
            raise SettingsError(
                f"HTTP_HOST {self._host} and HTTP_PORT {self._port} can't be listened on ({exc.strerror}): "
                "choose another port, or 0 for any free one"
            ) from exc
        if self._runner.server is not None:
            self._closing_idle = asyncio.create_task(self._idle.run(self._runner.server))
        port: int = self._runner.addresses[0][1]
        log.info("health and metrics are on http://%s:%d", self._host, port)
        return port

    async def stop(self) -> None:
        if self._closing_idle is not None:
            self._closing_idle.cancel()
        await self._runner.cleanup()

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _readyz(self, _: web.Request) -> web.Response:
        answers = await asyncio.gather(*(_holds(check) for check in self._checks.values()))
        checks = dict(zip(self._checks, answers, strict=True))
        return web.json_response({"ready": all(answers), "checks": checks}, status=200 if all(answers) else 503)

    async def _metrics_page(self, _: web.Request) -> web.Response:
        await self._metrics.look()
        return web.Response(body=self._metrics.page(), headers={"Content-Type": CONTENT_TYPE})


async def _holds(check: Check) -> bool:
    """Whether the check says yes in time; a check that raises does not hold."""
    try:
        return await asyncio.wait_for(check(), CHECK_TIMEOUT_SECONDS)
    except Exception:  # noqa: BLE001  # whatever it is, the process is not ready
        return False
