"""The queue's jobs: what one is made of, where it stands at any moment, and what it costs."""

from __future__ import annotations

import asyncio
import base64
import math
import random
import uuid
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sandbox.fal.calls import Call
from sandbox.fal.failures import Failure, no_such_path, unprocessable
from sandbox.fal.faults import Fault
from sandbox.fal.fields import Kind
from sandbox.fal.jobs import Job, Line, Plan
from sandbox.fal.models import Model, app_of
from sandbox.fal.render_task import render_task_of
from sandbox.fal.storage import Storage
from sandbox.fal.validation import Order, Unprocessable, check, order_of, price_of, problem
from sandbox.render.pool import Pool
from sandbox.service.clips import ODD_ID, Duration, draw
from sandbox.service.clock import Clock
from sandbox.service.faults import FaultBook


class Queue:
    """The jobs. Its times are plain attributes, so that a running stand-in can be slowed."""

    def __init__(
        self, *, models: dict[str, Model], faults: FaultBook[Fault], storage: Storage, clock: Clock, seed: int
    ) -> None:
        self.models = models
        self.faults = faults
        self._storage = storage
        self._clock = clock
        self._rng = random.Random(seed)
        self.jobs: dict[str, Job] = {}
        self.line = Line(2)
        self.wait_seconds: Duration = 0.0
        self.work_seconds: Duration = 0.0
        self.billed_units: float | None = None
        """What results say was billed, if that is not what was ordered."""
        self.keep_seconds = 3600.0
        self.keep_large_seconds = 360.0
        self.preview_width: int | None = 480
        self.clip_seconds = 3.0
        self.clip: Path | None = None
        self.refuse_early = False
        self.retired: Collection[str] = ()
        self.pool: Pool | None = None
        self.url = ""

    @property
    def apps(self) -> set[str]:
        """The apps that there are: endpoints' first two segments."""
        return {app_of(known) for known in self.models} - {app_of(gone) for gone in self.retired if "/" in gone}

    def now(self) -> float:
        """The moment of its clock, in seconds."""
        return self._clock.monotonic()

    def waiting(self) -> int:
        """How many jobs wait for their turn."""
        return sum(job.created <= self.now() < min(job.starts, job.ends) for job in self.jobs.values())

    def addresses(self, job: Job) -> dict[str, Any]:
        """Where it is asked for."""
        base = f"{self.url}/{job.app}/requests/{quote(job.id, safe='')}"
        return {
            "request_id": job.id,
            "response_url": base,
            "status_url": f"{base}/status",
            "cancel_url": f"{base}/cancel",
        }

    async def order(self, endpoint: str, arguments: object) -> tuple[Order | None, Failure | None]:
        """What is to be drawn, or how the job will end instead: the model itself looks at its input."""
        model = self.models.get(endpoint)
        if model is None or endpoint in self.retired:
            return None, no_such_path(endpoint)
        try:
            given = check(model, arguments)
            files = await self._files(model, given)
            return await asyncio.to_thread(order_of, model, given, files), None
        except Unprocessable as exc:
            return None, unprocessable(exc.problems)

    async def _files(self, model: Model, given: Mapping[str, Any]) -> dict[str, Path]:
        files: dict[str, Path] = {}
        for name, field in model.fields.items():
            if name not in given or field.kind not in {Kind.IMAGE, Kind.VIDEO, Kind.IMAGES}:
                continue
            for address in given[name] if field.kind is Kind.IMAGES else [given[name]]:
                path = await self._storage.local(address)
                if path is None:
                    msg = "Failed to download the file. Please check if the URL is accessible and try again."
                    raise Unprocessable(problem(name, msg, "file_download_error", input=address[:200]))
                files[name] = path
        return files

    def take(self, call: Call, order: Order | None, failure: Failure | None, prompt: str) -> Job:
        """A new job at the end of the line, its clip being drawn if it will have one."""
        endpoint = call.endpoint or ""
        job_id = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        plan = Plan(draw(self.wait_seconds, self._rng), draw(self.work_seconds, self._rng), failure)
        self.faults.add_from_prompt(prompt, job_id)
        plan = plan.with_faults(self.faults.take_all("job", job=job_id, served_by=endpoint, prompt=prompt))
        if plan.odd_id:
            self.faults.rename(job_id, odd := f"{len(self.jobs)} {ODD_ID}")
            job_id = odd
        seed = order.seed if order is not None and order.seed is not None else self._rng.randrange(2**31)
        job = Job(job_id, endpoint, app_of(endpoint), call.arguments, order, seed, self.now(), plan)
        job.start_within = _seconds(call.headers.get("X-Fal-Request-Timeout"), math.inf)
        if order is not None and plan.failure is None and not plan.never and self.pool is not None:
            job.clip = self._begin(job, order, self.pool)
        self.jobs[job_id] = job
        self.line.join(job)
        return job

    def _begin(self, job: Job, order: Order, pool: Pool) -> asyncio.Task[Path]:
        """Start drawing the job's clip."""
        if self.clip is not None:
            return pool.ready(self.clip)
        model = self.models[job.endpoint]
        width = None if job.plan.noise_bytes else self.preview_width
        return pool.clip(render_task_of(job, model, order, clip_seconds=self.clip_seconds, preview_width=width))

    async def described(self, job: Job, *, logs: bool) -> dict[str, Any]:
        """The status now. A job has ended only when its clip is there, too."""
        now, said = self.now(), self.addresses(job)
        if now < min(job.starts, job.ends):
            return {"status": "IN_QUEUE", **said, "queue_position": self.line.place(job, now)}
        lines = [{"message": "Working", "timestamp": "2026-11-27T12:00:00Z", "level": "INFO"}] if logs else None
        drawn = None if now < job.ends or job.failure is not None else await job.drawn()
        if now < job.ends or (job.failure is None and drawn is None):
            return {"status": "IN_PROGRESS", **said, "logs": lines}
        told = dict(job.failure.told) if job.failure is not None else {}
        if isinstance(drawn, str):
            told = {"error": drawn, "error_type": "runner_server_error"}
        metrics = {"inference_time": round(max(0.0, job.ends - min(job.starts, job.ends)), 3)}
        return {"status": "COMPLETED", **said, "logs": lines, "metrics": metrics, **told}

    def expired(self, job: Job) -> bool:
        """Whether it is kept no longer."""
        now = self.now()
        kept = self.keep_large_seconds if _in_the_answer(job) else self.keep_seconds
        return now >= job.ends + kept or (job.plan.expires and "COMPLETED" in job.told)

    async def document(self, job: Job) -> dict[str, Any]:
        """The result of a job that made a video."""
        file = {"url": await self._video_url(job), "content_type": "video/mp4", "file_name": "output.mp4"}
        return {"video": file, "seed": job.seed}

    def units(self, job: Job) -> float:
        """What its result says was billed."""
        return self.billed_units or (job.order.units if job.order is not None else 0)

    async def _video_url(self, job: Job) -> str:
        path = await job.drawn()
        if not isinstance(path, Path):
            return ""
        if _in_the_answer(job):
            return f"data:video/mp4;base64,{base64.b64encode(await asyncio.to_thread(path.read_bytes)).decode()}"
        return self._storage.publish(job.id, path, gone=job.plan.file_gone)

    def cancel(self, job: Job) -> None:
        """It ends now."""
        job.cancelled_at = self.now()
        self.line.settle()

    def change(self, times: dict[str, Any]) -> None:
        """Seconds by their names, and how many jobs run `at_once`, from now on."""
        self.line.at_once = times.pop("at_once", self.line.at_once)
        for name, seconds in times.items():
            setattr(self, name, seconds)
        self.line.settle()

    def charged(self) -> float:
        """What all jobs that have ended cost, in dollars."""
        now = self.now()
        ended = [job for job in self.jobs.values() if job.ends <= now and job.paid and job.order is not None]
        return sum(price_of(self.models[job.endpoint], job.order) for job in ended if job.order is not None)


def _in_the_answer(job: Job) -> bool:
    """Whether the video itself is in the result, which is large then, and kept for minutes only."""
    return isinstance(job.arguments, dict) and job.arguments.get("sync_mode") is True


def _seconds(text: str | None, otherwise: float) -> float:
    try:
        return float(text) if text is not None else otherwise
    except ValueError:
        return otherwise
