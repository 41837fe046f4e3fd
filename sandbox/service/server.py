"""The server around a service's routes: its folder, its renderers, the ports that it listens on, and its gate."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shutil
import signal
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from sandbox.render.pool import Pool, Worker
from sandbox.service.clips import Duration
from sandbox.service.clock import Clock, RealClock
from sandbox.service.control import CONTROL, control_errors


class StandIn(ABC):
    """A service on this machine. Clips are rendered by at most `workers` processes, which `start_worker` starts."""

    def __init__(
        self, *, name: str, clock: Clock | None, workers: int, start_worker: Callable[[], Awaitable[Worker]]
    ) -> None:
        self._name = name
        self._clock: Clock = clock or RealClock()
        self._workers, self._start_worker = workers, start_worker
        self.parent: Path | None = None
        """Where `start` makes the folder for uploads and clips; None: in the system's temporary folder."""
        self._folder: Path | None = None
        self._pool: Pool | None = None
        self._runners: list[web.AppRunner] = []

    @abstractmethod
    async def start(self, port: int = 0, host: str = "127.0.0.1") -> Self:
        """Listen; port 0 takes any free one. The addresses are there afterwards."""

    @abstractmethod
    def describe(self) -> str:
        """One line: where it listens, and its key."""

    @abstractmethod
    def pace(self) -> tuple[Duration, Duration]:
        """How long a new job waits and how long it then takes, in seconds."""

    @abstractmethod
    def set_pace(self, waits: Duration, takes: Duration) -> None:
        """The same from now on; jobs that there are keep theirs."""

    @abstractmethod
    def fail_next(self, reason: str) -> None:
        """The next job that is submitted fails with that reason."""

    @abstractmethod
    def forget_faults(self) -> None:
        """Misbehave no more."""

    @abstractmethod
    def _record(self, request: web.Request) -> Callable[[int], None] | None:
        """Note a call of the service, and give what is to be told its answer's status; None for one that is none."""

    @abstractmethod
    def _refuse(self, request: web.Request) -> web.Response | None:
        """The answer to a call without the right key; None where it has that."""

    async def _open(self, cache: Path | None = None) -> Path:
        """Make the folder with `uploads` in it, and the renderers, whose clips are in `cache` or in the folder."""
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix=f"{self._name}-", dir=self.parent))
        clips = cache or folder / "clips"
        for made in (folder / "uploads", clips):
            await asyncio.to_thread(made.mkdir, parents=True, exist_ok=True)
        self._folder, self._pool = folder, Pool(clips, workers=self._workers, start=self._start_worker)
        return folder

    def _app(self, *, keyed: bool = True) -> web.Application:
        return web.Application(middlewares=[self._gate(keyed=keyed), control_errors], client_max_size=8 * 1024 * 1024)

    async def _listen(self, app: web.Application, host: str, port: int) -> str:
        """The address, once `app` answers there."""
        # Handlers that a fault has stalled never end by themselves, so a stop doesn't wait for them.
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        self._runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        return f"http://{host}:{runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop listening, end the workers and remove every upload and clip (a cache of clips stays)."""
        for runner in self._runners:
            await runner.cleanup()
        if self._pool is not None:
            await self._pool.close()
        if self._folder is not None:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
        self._runners, self._pool, self._folder = [], None, None

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    def _gate(self, *, keyed: bool) -> Any:
        """A middleware: record the call, check its key, answer errors in JSON where aiohttp would in plain text."""

        @web.middleware
        async def gate(request: web.Request, handler: Any) -> web.StreamResponse:
            answered = None if request.path.startswith(CONTROL) else self._record(request)
            if answered is None:
                own: web.StreamResponse = await handler(request)
                return own
            try:
                refused = self._refuse(request) if keyed else None
                response: web.StreamResponse = await handler(request) if refused is None else refused
            except web.HTTPException as exc:
                headers = {"Allow": exc.headers["Allow"]} if "Allow" in exc.headers else {}
                response = web.json_response({"detail": exc.reason}, status=exc.status, headers=headers)
            answered(response.status)
            return response

        return gate


def add_options(options: argparse.ArgumentParser) -> None:
    """The options that every stand-in alone has."""
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=0, help="0: any free one")
    options.add_argument("--keep-seconds", type=float, default=3600.0, help="how long results are kept")
    options.add_argument("--preview-width", type=int, default=480, help="0: the model's own frame")
    options.add_argument("--clip-seconds", type=float, default=3.0)


def run(standin: StandIn, *, host: str, port: int) -> None:
    """Run until interrupted, and print where."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(standin, host, port))


async def _serve(standin: StandIn, host: str, port: int) -> None:
    serving = asyncio.ensure_future(asyncio.Event().wait())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    await standin.start(port, host)
    print(standin.describe(), flush=True)
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    await standin.stop()
