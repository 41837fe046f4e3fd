"""The stand-in itself: three HTTP servers on this machine (queue, storage, media host), and a record of every call."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Self

from aiohttp import web
from multidict import CIMultiDict

from sandbox.fal import control
from sandbox.fal.calls import CALL, Call
from sandbox.fal.faults import Fault, read_words
from sandbox.fal.jobs import Job
from sandbox.fal.models import MODELS
from sandbox.fal.queue import Queue
from sandbox.fal.routes import Routes
from sandbox.fal.storage import Storage
from sandbox.render.pool import Worker, start_worker
from sandbox.service.answers import detail
from sandbox.service.clips import Duration
from sandbox.service.clock import Clock
from sandbox.service.control import add_control_routes
from sandbox.service.faults import FaultBook
from sandbox.service.server import StandIn


class FalStandIn(StandIn):
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
        super().__init__(name="fal", clock=clock, workers=workers, start_worker=start_worker)
        self.key = key
        self.requests: list[Call] = []
        self.faults = FaultBook(read_words, seed)
        self.url = self.rest_url = self.media_url = ""
        self.storage = Storage(faults=self.faults, clock=self._clock, max_file_bytes=max_file_bytes)
        self.queue = Queue(models=dict(MODELS), faults=self.faults, storage=self.storage, clock=self._clock, seed=seed)
        self.queue.wait_seconds, self.queue.work_seconds = wait_seconds, work_seconds
        self.queue.keep_seconds, self.queue.retired, self.queue.refuse_early = keep_seconds, retired, refuse_early
        self.queue.preview_width, self.queue.clip = preview_width, clip
        self.queue.clip_seconds = min(5.0, max(2.0, clip_seconds))
        self.queue.line.at_once = at_once

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
        folder = await self._open()
        self.storage.folder, self.queue.pool = folder / "uploads", self._pool
        queue, rest, media = self._app(), self._app(), self._app(keyed=False)
        add_control_routes(
            queue,
            faults=self.faults,
            fault=Fault,
            times=control.Times,
            change_times=self.queue.change,
            describe_jobs=lambda: {
                "jobs": [control.described(job) for job in self.jobs.values()],
                "charged_dollars": self.charged_dollars,
            },
        )
        Routes(self.queue, faults=self.faults, clock=self._clock).add_to(queue)
        self.storage.rest_routes(rest)
        self.storage.media_routes(media)
        self.url = self.queue.url = await self._listen(queue, host, port)
        self.rest_url = await self._listen(rest, host, 0)
        self.media_url = self.storage.url = await self._listen(media, host, 0)
        return self

    async def stop(self) -> None:
        await super().stop()
        self.queue.pool = None

    def describe(self) -> str:
        return f"{self.url}  rest: {self.rest_url}  media: {self.media_url}  key: {self.key}"

    def pace(self) -> tuple[Duration, Duration]:
        return self.queue.wait_seconds, self.queue.work_seconds

    def set_pace(self, waits: Duration, takes: Duration) -> None:
        self.queue.wait_seconds, self.queue.work_seconds = waits, takes

    def fail_next(self, reason: str) -> None:
        self.faults.add(Fault(on="job", kind="runner", reason=reason))

    def forget_faults(self) -> None:
        self.faults.clear()

    def _record(self, request: web.Request) -> Callable[[int], None]:
        headers = CIMultiDict(request.headers)
        call = Call(_action(request), request.method, request.raw_path, headers, self._clock.monotonic())
        request[CALL] = call
        self.requests.append(call)
        return call.answered

    def _refuse(self, request: web.Request) -> web.Response | None:
        said = request.headers.get("Authorization", "").encode()
        fine = hmac.compare_digest(said, f"Key {self.key}".encode())
        return None if fine else detail(401, "Cannot access application. Authentication is required.")


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
