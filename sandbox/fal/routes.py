"""The queue's own calls, as they are answered: submit, status, its stream, result and cancel."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from sandbox.fal import answers
from sandbox.fal.calls import CALL
from sandbox.fal.faults import Fault
from sandbox.fal.jobs import Job
from sandbox.fal.models import app_of
from sandbox.fal.queue import Queue
from sandbox.service.answers import detail
from sandbox.service.clock import Clock
from sandbox.service.faults import FaultBook


class Routes:
    """The handlers."""

    def __init__(self, queue: Queue, *, faults: FaultBook[Fault], clock: Clock) -> None:
        self._queue = queue
        self._faults = faults
        self._clock = clock

    def add_to(self, app: web.Application) -> None:
        """An app has two segments, an endpoint one or more below them."""
        app.router.add_get("/{owner}/{app}/requests/{id}/status", self._status)
        app.router.add_get("/{owner}/{app}/requests/{id}/status/stream", self._stream)
        app.router.add_get("/{owner}/{app}/requests/{id}", self._result)
        app.router.add_get("/{owner}/{app}/requests/{id}/response", self._result)
        app.router.add_put("/{owner}/{app}/requests/{id}/cancel", self._cancel)
        app.router.add_post("/{endpoint:.+}", self._submit)

    async def _submit(self, request: web.Request) -> web.StreamResponse:
        call = request[CALL]
        endpoint = call.endpoint = request.match_info["endpoint"]
        try:
            call.arguments = arguments = await request.json()
        except ValueError:
            return detail(422, "There was an error parsing the body")
        prompt = str(arguments.get("prompt", "")) if isinstance(arguments, dict) else ""
        self._faults.add_from_prompt(prompt)
        fault = self._faults.take("submit", served_by=endpoint, prompt=prompt)
        if fault is not None and not fault.taken and fault.kind not in {"foreign", "no_id", "longer"}:
            return await answers.wrong(request, fault, self._clock, None)
        if app_of(endpoint) not in self._queue.apps:
            return _no_app(app_of(endpoint))
        limit = request.query.get("fal_max_queue_length", "")
        if limit.isdecimal() and self._queue.waiting() > int(limit):
            return detail(429, "The queue is longer than fal_max_queue_length")
        order, failure = await self._queue.order(endpoint, arguments)
        if failure is not None and failure.status == 422 and self._queue.refuse_early:
            return web.json_response(failure.body, status=422)
        job = self._queue.take(call, order, failure, prompt)
        call.job_id = job.id
        right = self._queue.addresses(job) | {
            "status": "IN_QUEUE",
            "queue_position": self._queue.line.place(job, self._queue.now()),
        }
        if fault is not None:
            return await answers.wrong(request, fault, self._clock, right)
        return web.json_response(right)

    async def _status(self, request: web.Request) -> web.StreamResponse:
        job, right = await self._look(request)
        fault = self._faults.take("status", job=job.id if job else None, served_by=job.endpoint if job else None)
        if fault is not None:
            return await answers.wrong(request, fault, self._clock, right)
        if job is None and (app := app_of(request.path.strip("/"))) not in self._queue.apps:
            return _no_app(app)
        if job is None or right is None:
            return web.json_response({"status": "NOT_FOUND"}, status=404)
        job.told.append(right["status"])
        return web.json_response(right, status=200 if right["status"] == "COMPLETED" else 202)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        job, right = await self._look(request)
        if job is None or right is None:
            return web.json_response({"status": "NOT_FOUND"}, status=404)
        await response.prepare(request)
        while True:
            await response.write(f"data: {json.dumps(right)}\n\n".encode())
            if right["status"] == "COMPLETED":
                return response
            await self._clock.sleep(0.1)
            right = await self._queue.described(job, logs=True)

    async def _look(self, request: web.Request) -> tuple[Job | None, dict[str, Any] | None]:
        call = request[CALL]
        call.job_id = request.match_info["id"]
        job = self._queue.jobs.get(call.job_id)
        asked = f"{request.match_info['owner']}/{request.match_info['app']}"
        if job is None or job.app != asked:
            return None, None
        call.endpoint = job.endpoint
        if self._queue.expired(job):
            return job, None
        return job, await self._queue.described(job, logs=request.query.get("logs") in {"1", "true"})

    async def _result(self, request: web.Request) -> web.StreamResponse:
        job, status = await self._look(request)
        right: dict[str, Any] | None = None
        if job is not None and status is not None and status["status"] == "COMPLETED" and job.failure is None:
            right = await self._queue.document(job)
        fault = self._faults.take("result", job=job.id if job else None, served_by=job.endpoint if job else None)
        if fault is not None:
            return await answers.wrong(request, fault, self._clock, right)
        if job is None or status is None:
            return web.json_response({"status": "NOT_FOUND"}, status=404)
        headers = {"x-fal-request-id": job.id}
        if status["status"] != "COMPLETED":
            return detail(400, "Request is still in progress")
        if job.failure is not None:
            failure = job.failure
            return web.json_response(failure.body, status=failure.status, headers=headers | dict(failure.headers))
        job.results += 1
        return web.json_response(right, headers=headers | {"X-Fal-Billable-Units": f"{self._queue.units(job):g}"})

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        job, status = await self._look(request)
        fault: Fault | None = self._faults.take("cancel", job=job.id if job else None)
        if fault is not None and not fault.taken:
            return await answers.wrong(request, fault, self._clock, None)
        if job is None or status is None:
            return web.json_response({"status": "NOT_FOUND"}, status=404)
        if status["status"] == "COMPLETED":
            return web.json_response({"status": "ALREADY_COMPLETED"}, status=400)
        was_waiting = status["status"] == "IN_QUEUE"
        self._queue.cancel(job)
        if fault is not None:
            return await answers.wrong(request, fault, self._clock, None)
        if was_waiting:
            return web.json_response({"status": "OK"})
        return web.json_response({"status": "CANCELLATION_REQUESTED"}, status=202)


def _no_app(app: str) -> web.Response:
    return detail(404, f'Application "{app.rpartition("/")[2]}" not found')
