"""A video service without videos: every job takes a drawn time and then gives the same clip.

`python -m benchmarks.load.queue_server --clip clip.mp4`. Runs with the same `--seed` give the job of a number the same
time; the number is read from the prompt, `… job 17`. `/_load/report` lists what happened to each job.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from benchmarks.load.serving import answer, json_of, processor_seconds, serve

_NUMBER = re.compile(rb"job(?: |\+|%20)(\d+)")
"""In a multipart form or an urlencoded one."""
_SEARCHED_BYTES = 1 << 16
_IN_MEMORY_BYTES = 1 << 20


@dataclass(slots=True)
class Durations:
    """Seconds from submit to completion: lognormal with that median and sigma, from `low` to `high`, times `scale`.

    Numbers from `QUICK_FROM` on are for warming up and take a second.
    """

    median: float
    sigma: float
    low: float
    high: float
    scale: float
    seed: int

    def of(self, number: int) -> float:
        if number >= QUICK_FROM:
            return min(1.0, self.median * self.scale)
        if not self.median:
            return 0.0
        drawn = random.Random(self.seed * 1_000_003 + number).lognormvariate(math.log(self.median), self.sigma)
        return min(self.high, max(self.low, drawn)) * self.scale


QUICK_FROM = 1_000_000


@dataclass(slots=True)
class Job:
    """`seen` is when `completed` was first answered, `fetched` when the clip was sent; None before."""

    number: int
    submitted: float
    seconds: float
    polls: int = 0
    seen: float | None = None
    fetched: float | None = None

    @property
    def completed(self) -> float:
        return self.submitted + self.seconds


@dataclass(slots=True)
class QueueServer:
    """`any_id`: a job that was never submitted here is one that began when it was first asked about."""

    clip: Path
    durations: Durations
    any_id: bool = False
    jobs: dict[str, Job] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    _body: bytes = b""

    def __post_init__(self) -> None:
        if self.clip.stat().st_size <= _IN_MEMORY_BYTES:
            self._body = self.clip.read_bytes()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        parts = request.path.split("/")[1:]
        match request.method, parts:
            case "POST", ["v1", "jobs", _]:
                return await self._submit(request)
            case "GET", ["v1", "jobs", job_id]:
                return self._status(job_id)
            case "GET", ["v1", "jobs", job_id, "content"]:
                return await self._content(request, job_id)
            case "GET", ["_load", "report"]:
                return answer(self._report())
            case "POST", ["_load", "reset"]:
                changes = await json_of(request)
                for name, value in changes.items():
                    setattr(self.durations, name, value)
                self.jobs.clear()
                self.counts.clear()
                return answer({})
        return answer({"detail": "Not found"}, 404)

    async def _submit(self, request: web.BaseRequest) -> web.Response:
        head = b""
        async for chunk in request.content.iter_any():
            if len(head) < _SEARCHED_BYTES:
                head += chunk
        self.counts["submit"] += 1
        found = _NUMBER.search(head)
        if found is None:
            return answer({"detail": "the prompt has no number"}, 422)
        number = int(found[1])
        job_id = f"job-{number}-{len(self.jobs)}"
        self.jobs[job_id] = Job(number, time.monotonic(), self.durations.of(number))
        return answer({"job_id": job_id, "status": "pending"})

    def _job(self, job_id: str) -> Job | None:
        if job_id not in self.jobs and self.any_id:
            self.jobs[job_id] = Job(len(self.jobs), time.monotonic(), self.durations.of(len(self.jobs)))
        return self.jobs.get(job_id)

    def _status(self, job_id: str) -> web.Response:
        self.counts["status"] += 1
        job, now = self._job(job_id), time.monotonic()
        if job is None:
            return answer({"detail": "Job not found"}, 404)
        job.polls += 1
        status = "processing" if now < job.completed else "completed"
        if status == "completed" and job.seen is None:
            job.seen = now
        if now - job.submitted < job.seconds / 20:
            status = "pending"
        return answer({"job_id": job_id, "status": status})

    async def _content(self, request: web.BaseRequest, job_id: str) -> web.StreamResponse:
        self.counts["content"] += 1
        job = self._job(job_id)
        if job is None or time.monotonic() < job.completed:
            return answer({"detail": "Job is not completed"}, 409)
        headers = {"Content-Type": "video/mp4"}
        if self._body:
            job.fetched = time.monotonic()
            return web.Response(body=self._body, headers=headers)
        # Sent here and not by a FileResponse, so that it is known when the last byte was handed over.
        response = web.StreamResponse(headers=headers)
        response.content_length = self.clip.stat().st_size
        await response.prepare(request)
        assert request.transport is not None
        with self.clip.open("rb") as file:
            await asyncio.get_running_loop().sendfile(request.transport, file)
        await response.write_eof()
        job.fetched = time.monotonic()
        return response

    def _report(self) -> dict[str, object]:
        """`jobs`: number, submitted, completed, polls, seen and fetched of each."""
        jobs = [[j.number, j.submitted, j.completed, j.polls, j.seen, j.fetched] for j in self.jobs.values()]
        return {"jobs": jobs, "counts": dict(self.counts), "processor_seconds": processor_seconds()}


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.load.queue_server", description=__doc__)
    options.add_argument("--clip", type=Path, required=True)
    options.add_argument("--median", type=float, default=18.0, help="seconds; 0: every job is done at once")
    options.add_argument("--sigma", type=float, default=0.4)
    options.add_argument("--low", type=float, default=5.0)
    options.add_argument("--high", type=float, default=33.0)
    options.add_argument("--scale", type=float, default=1.0)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--any-id", action="store_true")
    o = options.parse_args()
    durations = Durations(o.median, o.sigma, o.low, o.high, o.scale, o.seed)
    asyncio.run(serve(QueueServer(o.clip, durations, o.any_id).handle))


if __name__ == "__main__":
    main()
