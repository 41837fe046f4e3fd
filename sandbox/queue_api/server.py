"""The stand-in itself: an HTTP server on this machine, its jobs, and a record of every call."""

from __future__ import annotations

import asyncio
import hmac
import random
import uuid
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Any, Literal, Self

from aiohttp import web

from sandbox.queue_api import answers, control
from sandbox.queue_api.calls import CALL, Call
from sandbox.queue_api.faults import Fault, read_words
from sandbox.queue_api.forms import FieldError, Form, TooLarge, Unprocessable, read_form
from sandbox.queue_api.jobs import Job, JobState, Plan
from sandbox.queue_api.models import MODELS, MODELS_2026, Model
from sandbox.queue_api.render_task import render_task_of
from sandbox.queue_api.validation import SEED_MAX, Order, check, kinds
from sandbox.render.pool import Pool, Worker, start_worker
from sandbox.service.answers import detail
from sandbox.service.clips import ODD_ID, Duration, draw
from sandbox.service.clock import Clock
from sandbox.service.control import add_control_routes
from sandbox.service.faults import FaultBook
from sandbox.service.server import StandIn
from sandbox.service.sniff import NotThat, check_file

Routes = Literal["all", "2026"]


class QueueStandIn(StandIn):
    """The video service, on this machine: `async with QueueStandIn() as standin: standin.url, standin.api_key`.

    Times are seconds of `clock` and may be 0; they are plain attributes, so that a running stand-in can be slowed.
    `preview_width` makes clips narrower than the model's frame (None: as the model's). `clip_seconds` is the length of
    those that no input gives one. `clip` is a file to answer instead of rendering, for load tests. `cache` is a folder
    where clips are kept for later stand-ins: the same order gives the same clip. `retired` names models that the
    service no longer knows, and `models` can be added to. `routes` "2026" has the service's routes of that year alone,
    and answers for any other model as its router does: 405, as the path is a job's. `honour_idempotency` answers a
    repeated `Idempotency-Key` with the job that it made. Clips are rendered by at most `workers` processes, which
    `start_worker` starts.
    """

    def __init__(
        self,
        *,
        api_key: str = "sandbox-key",
        pending_seconds: Duration = 0.0,
        processing_seconds: Duration = 0.0,
        keep_seconds: float = 3600.0,
        service_limit_seconds: float = 600.0,
        preview_width: int | None = 480,
        clip_seconds: float = 3.0,
        clip: Path | None = None,
        cache: Path | None = None,
        max_file_bytes: int = 200 * 1024 * 1024,
        retired: Collection[str] = (),
        routes: Routes = "all",
        honour_idempotency: bool = False,
        workers: int = 2,
        start_worker: Callable[[], Awaitable[Worker]] = start_worker,
        seed: int = 0,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(name="queue-api", clock=clock, workers=workers, start_worker=start_worker)
        self.api_key = api_key
        self.pending_seconds, self.processing_seconds = pending_seconds, processing_seconds
        self.keep_seconds, self.service_limit_seconds = keep_seconds, service_limit_seconds
        self.preview_width, self.clip_seconds, self.clip = preview_width, min(5.0, max(2.0, clip_seconds)), clip
        self.max_file_bytes, self.honour_idempotency = max_file_bytes, honour_idempotency
        self.models, self.retired = dict(MODELS if routes == "all" else MODELS_2026), set(retired)
        self.routes = routes
        self.faults = FaultBook(read_words, seed)
        self.jobs: dict[str, Job] = {}
        self.requests: list[Call] = []
        self.url = ""
        self._rng = random.Random(seed)
        self._cache = cache

    @property
    def submits(self) -> list[Call]:
        """Every submit that came in, taken or not. Empty forms are none: they ask whether a model is served."""
        return [call for call in self.requests if call.action == "submit" and not call.is_empty]

    def finish(self) -> None:
        """End every job that is under way now; jobs that come later keep their times."""
        now = self._clock.monotonic()
        for job in self.jobs.values():
            job.plan = job.plan.over_by(now - job.created)

    async def drawn(self, job_id: str) -> None:
        """Return once the drawing of the job's clip has ended, whether it succeeded or failed."""
        clip = self.jobs[job_id].clip
        if clip is not None:
            await asyncio.wait({clip})

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> Self:
        """Listen; port 0 takes any free one. `url` is the address afterwards."""
        await self._open(self._cache)
        app = self._app()
        app.router.add_post("/v1/jobs/{model}", self._submit)
        app.router.add_get("/v1/jobs/{job_id}", self._status)
        app.router.add_get("/v1/jobs/{job_id}/content", self._content)
        add_control_routes(
            app,
            faults=self.faults,
            fault=Fault,
            times=control.Times,
            change_times=self.__dict__.update,
            describe_jobs=lambda: {"jobs": [control.described(job) for job in self.jobs.values()]},
        )
        self.url = await self._listen(app, host, port)
        return self

    def describe(self) -> str:
        return f"{self.url}  key: {self.api_key}"

    def pace(self) -> tuple[Duration, Duration]:
        return self.pending_seconds, self.processing_seconds

    def set_pace(self, waits: Duration, takes: Duration) -> None:
        self.pending_seconds, self.processing_seconds = waits, takes

    def fail_next(self, reason: str) -> None:
        self.faults.add(Fault(on="job", kind="fail", reason=reason))

    def forget_faults(self) -> None:
        self.faults.clear()

    def _record(self, request: web.Request) -> Callable[[int], None] | None:
        if not request.path.startswith("/v1/"):
            return None
        call = request[CALL] = Call.of(request, self._clock.monotonic())
        self.requests.append(call)
        return call.answered

    def _refuse(self, request: web.Request) -> web.Response | None:
        said = request.headers.get("X-API-KEY", "").encode()
        return None if hmac.compare_digest(said, self.api_key.encode()) else detail(401)

    async def _submit(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["model"]
        call = request[CALL]
        call.model = name
        model = self.models.get(name)
        if fault := self.faults.take("submit", served_by=name, only=lambda fault: fault.early):
            return await answers.wrong(request, fault, self._clock, None)
        if model is None or name in self.retired:
            if self.routes == "2026":
                raise web.HTTPMethodNotAllowed("POST", ["GET"])
            return detail(404, f"Model '{name}' not found")
        try:
            form = await self._read(request, call)
            prompt = form.texts.get("prompt", "")
            self.faults.add_from_prompt(prompt)
            fault = self.faults.take("submit", served_by=name, prompt=prompt, only=lambda fault: not fault.early)
            if fault is not None and not fault.taken:
                return await answers.wrong(request, fault, self._clock, None)
            order = check(model, form)
            await self._look_into(model, order)
        except TooLarge as exc:
            return detail(413, str(exc))
        except Unprocessable as exc:
            return answers.unprocessable(exc.problems)
        job = self._take(name, model, order, call)
        right = {"job_id": job.id, "status": "pending"}
        if fault is not None:
            return await answers.wrong(request, fault, self._clock, right)
        return web.json_response(right)

    async def _read(self, request: web.Request, call: Call) -> Form:
        folder = self._folder
        if folder is None:
            raise web.HTTPServiceUnavailable
        form = await read_form(request, folder / "uploads", max_file_bytes=self.max_file_bytes)
        call.texts, call.files = form.texts, form.files
        return form

    @staticmethod
    async def _look_into(model: Model, order: Order) -> None:
        """Decode a first picture of every file; raises `Unprocessable` for those that aren't what they should be."""
        problems = []
        for part, kind in kinds(model, order):
            try:
                await asyncio.to_thread(check_file, part.path, kind)
            except NotThat as exc:
                problems.append(FieldError(("body", part.field), str(exc), "invalid_file"))
        if problems:
            raise Unprocessable(*problems)

    def _take(self, name: str, model: Model, order: Order, call: Call) -> Job:
        """A new job, its clip being drawn; or, where keys are honoured, the one that this key made before."""
        if self.honour_idempotency and call.idempotency_key:
            for known in self.jobs.values():
                if known.idempotency_key == call.idempotency_key:
                    call.job_id = known.id
                    return known
        job_id = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        self.faults.add_from_prompt(order.prompt, job_id)
        faults = self.faults.take_all("job", job=job_id, served_by=name, prompt=order.prompt)
        plan = Plan(draw(self.pending_seconds, self._rng), draw(self.processing_seconds, self._rng))
        plan = plan.with_faults(faults, self.service_limit_seconds)
        if plan.odd_id:
            self.faults.rename(job_id, odd := f"{len(self.jobs)} {ODD_ID}")
            job_id = odd
        seed = order.seed if order.seed is not None else self._rng.randrange(SEED_MAX + 1)
        job = Job(job_id, name, order, seed, self._clock.monotonic(), plan, call.idempotency_key)
        ends_well = plan.failure is None and not plan.never and plan.processing <= self.service_limit_seconds
        if ends_well and self._pool is not None:
            job.clip = self._begin(job, model, self._pool)
        call.job_id = job_id
        self.jobs[job_id] = job
        return job

    def _begin(self, job: Job, model: Model, pool: Pool) -> asyncio.Task[Path]:
        """Start drawing the job's clip."""
        if self.clip is not None:
            return pool.ready(self.clip)
        task = render_task_of(job, model, clip_seconds=self.clip_seconds, preview_width=self.preview_width)
        return pool.clip(task)

    async def _status(self, request: web.Request) -> web.StreamResponse:
        job, state, fault = await self._find(request)
        if job is None or state is None:
            return await answers.wrong(request, fault, self._clock, None) if fault else detail(404, "Job not found")
        right: dict[str, Any] = {"job_id": job.id, "status": state.status}
        if state.reason is not None:
            right[job.plan.key] = state.reason
        if fault is not None:
            return await answers.wrong(request, fault, self._clock, right)
        job.told.append(state.status)
        return web.json_response(right)

    async def _content(self, request: web.Request) -> web.StreamResponse:
        job, state, fault = await self._find(request)
        path = None if state is None else state.path
        if fault is not None:
            return await answers.wrong(request, fault, self._clock, path)
        if job is None or state is None:
            return detail(404, "Job not found")
        if path is None:
            return detail(409, f"Job is not completed (status: {state.status})")
        job.downloads += 1
        return answers.video(path)

    async def _find(self, request: web.Request) -> tuple[Job | None, JobState | None, Fault | None]:
        """The job that the path names, its state now, and the fault that this call meets; each may be None."""
        call = request[CALL]
        call.job_id = request.match_info["job_id"]
        job = self.jobs.get(call.job_id)
        on = call.action if call.action != "submit" else "status"
        state = None
        if job is not None:
            call.model = job.model
            state = await job.state(
                self._clock.monotonic(),
                service_limit=self.service_limit_seconds,
                keep_seconds=self.keep_seconds,
            )
        fault = self.faults.take(on, job=call.job_id, served_by=call.model or "")
        return job, state, fault
