"""The stand-in itself: three HTTP servers on this machine (queue, storage, media host), and a record of every call."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Any, Self

from aiohttp import web
from multidict import CIMultiDict

from sandbox.fal import answers
from sandbox.fal.calls import CALL, Call
from sandbox.fal.control import add_control_routes
from sandbox.fal.faults import FaultBook
from sandbox.fal.jobs import Job
from sandbox.fal.models import MODELS
from sandbox.fal.queue import Duration, Queue
from sandbox.fal.storage import Storage
from sandbox.queue_api.clock import Clock, RealClock
from sandbox.queue_api.render.pool import Pool, Worker, start_worker


class FalStandIn:
    """fal.ai's queue, on this machine: `async with FalStandIn() as standin: standin.url, standin.rest_url,
    standin.media_host, standin.key`.

    Times are seconds of `clock` and may be 0: `wait_seconds` is how long a job is in the queue at least, and `at_once`
    how many are worked on at a time. `preview_width` makes clips narrower than the model's frame (None: as the
    model's), `clip_seconds` bounds their length. `clip` is a file to answer instead of drawing, for load tests.
    `retired` names endpoints that there are no more. `refuse_early`: wrong input is refused by the submit, and not by
    the job. Clips are rendered by at most `workers` processes, which `start_worker` starts.
    """

    def __init__(
        self,
        *,
        key: str = "sandbox-id:sandbox-secret",
        wait_seconds: Duration = 0.0,
        work_seconds: Duration = 0.0,
        at_once: int = 2,
        keep_seconds: float = 3600.0,
        preview_width: int | None = 480,
        clip_seconds: float = 3.0,
        clip: Path | None = None,
        max_file_bytes: int = 500 * 1024 * 1024,
        retired: Collection[str] = (),
        refuse_early: bool = False,
        workers: int = 2,
        start_worker: Callable[[], Awaitable[Worker]] = start_worker,
        seed: int = 0,
        clock: Clock | None = None,
    ) -> None:
        self.key = key
        self.requests: list[Call] = []
        self.faults = FaultBook()
        self.url = self.rest_url = self.media_url = ""
        self.parent: Path | None = None
        """Where `start` makes the folder for uploads and clips; None: in the system's temporary folder."""
        self._clock: Clock = clock or RealClock()
        self.storage = Storage(faults=self.faults, clock=self._clock, max_file_bytes=max_file_bytes)
        self.queue = Queue(models=dict(MODELS), faults=self.faults, storage=self.storage, clock=self._clock, seed=seed)
        self.queue.wait_seconds, self.queue.work_seconds = wait_seconds, work_seconds
        self.queue.keep_seconds, self.queue.retired, self.queue.refuse_early = keep_seconds, retired, refuse_early
        self.queue.preview_width, self.queue.clip = preview_width, clip
        self.queue.clip_seconds = min(5.0, max(2.0, clip_seconds))
        self.queue.line.at_once = at_once
        self._workers, self._start_worker = workers, start_worker
        self._folder: Path | None = None
        self._pool: Pool | None = None
        self._runners: list[web.AppRunner] = []

    @property
    def jobs(self) -> dict[str, Job]:
        return self.queue.jobs

    @property
    def submits(self) -> list[Call]:
        """Every submit that came in, taken or not."""
        return [call for call in self.requests if call.action == "submit"]

    @property
    def media_host(self) -> str:
        """The media host with its port."""
        return self.media_url.removeprefix("http://")

    @property
    def charged_dollars(self) -> float:
        """What all jobs that have ended cost."""
        return self.queue.charged()

    def finish(self) -> None:
        """End every job that is under way now; jobs that come later keep their times."""
        self.queue.line.finish(self._clock.monotonic())

    async def drawn(self, job_id: str) -> None:
        """Return once the drawing of the job's clip has ended, whether it succeeded or failed."""
        clip = self.jobs[job_id].clip
        if clip is not None:
            await asyncio.wait({clip})

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> Self:
        """Listen; `port` is the queue's, and 0 takes any free one. The addresses are there afterwards."""
        self._folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="fal-", dir=self.parent))
        for folder in (self._folder / "uploads", self._folder / "clips"):
            await asyncio.to_thread(folder.mkdir)
        self.storage.folder = self._folder / "uploads"
        self._pool = self.queue.pool = Pool(self._folder / "clips", workers=self._workers, start=self._start_worker)
        queue, rest, media = (
            web.Application(middlewares=[self._gate(keyed=keyed)], client_max_size=8 * 1024 * 1024)
            for keyed in (True, True, False)
        )
        add_control_routes(queue, self.queue)
        self.queue.routes(queue)
        self.storage.rest_routes(rest)
        self.storage.media_routes(media)
        self.url = self.queue.url = await self._listen(queue, host, port)
        self.rest_url = await self._listen(rest, host, 0)
        self.media_url = self.storage.url = await self._listen(media, host, 0)
        return self

    async def _listen(self, app: web.Application, host: str, port: int) -> str:
        # Handlers that a fault has stalled never end by themselves, so a stop doesn't wait for them.
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        self._runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        return f"http://{host}:{runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop listening, end the workers and remove every upload and clip."""
        for runner in self._runners:
            await runner.cleanup()
        if self._pool is not None:
            await self._pool.close()
        if self._folder is not None:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
        self._runners, self._pool, self._folder, self.queue.pool = [], None, None, None

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    def _gate(self, *, keyed: bool) -> Any:
        """A middleware: record the call, check its key, answer errors in JSON where aiohttp would in plain text."""

        @web.middleware
        async def gate(request: web.Request, handler: Any) -> web.StreamResponse:
            if request.path.startswith("/_sandbox/"):
                own: web.StreamResponse = await handler(request)
                return own
            call = self._record(request)
            try:
                if keyed and not self._has_key(request):
                    response: web.StreamResponse = answers.detail(
                        401, "Cannot access application. Authentication is required."
                    )
                else:
                    response = await handler(request)
            except web.HTTPException as exc:
                headers = {"Allow": exc.headers["Allow"]} if "Allow" in exc.headers else {}
                response = web.json_response({"detail": exc.reason}, status=exc.status, headers=headers)
            call.status = response.status
            return response

        return gate

    def _record(self, request: web.Request) -> Call:
        """Note the call as far as its first line and headers tell; `path` is as it was sent."""
        headers = CIMultiDict(request.headers)
        call = Call(_action(request), request.method, request.raw_path, headers, self._clock.monotonic())
        request[CALL] = call
        self.requests.append(call)
        return call

    def _has_key(self, request: web.Request) -> bool:
        """Whether the request has the key."""
        said = request.headers.get("Authorization", "").encode()
        return hmac.compare_digest(said, f"Key {self.key}".encode())


def _action(request: web.Request) -> str:
    """What a call is for, by its method and its path."""
    path, method = request.path, request.method
    if "/requests/" in path and method in {"GET", "PUT"} and not path.startswith(("/files/", "/put/")):
        last = path.rpartition("/")[2]
        return {"status": "status", "stream": "stream", "cancel": "cancel"}.get(last, "result")
    if path.startswith("/storage/"):
        return "token" if path.endswith("/token") else "initiate"
    if path.startswith(("/files/", "/put/")):
        return "media" if method == "GET" else "complete" if path.endswith("/complete") else "upload"
    return "submit"


async def serve(standin: FalStandIn, *, host: str, port: int) -> None:
    """Run until cancelled, and print the addresses and the key."""
    await standin.start(port, host)
    print(f"{standin.url}  rest: {standin.rest_url}  media: {standin.media_url}  key: {standin.key}", flush=True)
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    await standin.stop()
