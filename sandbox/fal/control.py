"""The stand-in's own routes under `/_sandbox/`, which the service doesn't have: faults, times and a list of jobs."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sandbox.fal.faults import Fault, FaultBook
from sandbox.fal.jobs import Job
from sandbox.fal.queue import Queue


class Orders(BaseModel):
    """What `POST /_sandbox/faults` takes, besides the fields of a single fault."""

    model_config = ConfigDict(extra="forbid")

    add: list[Fault] = []
    clear: bool = False


class Times(BaseModel):
    """What `POST /_sandbox/times` takes: seconds, and how many jobs run at once."""

    model_config = ConfigDict(extra="forbid")

    wait_seconds: float | None = Field(default=None, ge=0)
    work_seconds: float | None = Field(default=None, ge=0)
    keep_seconds: float | None = Field(default=None, ge=0)
    at_once: int | None = Field(default=None, ge=1)


def add_control_routes(app: web.Application, queue: Queue) -> None:
    """Give `app` the control routes."""

    async def list_faults(_: web.Request) -> web.Response:
        return web.json_response(_listed(queue.faults))

    async def change_faults(request: web.Request) -> web.Response:
        try:
            said = await _object(request)
            orders = Orders(add=[Fault.model_validate(said)]) if "kind" in said else Orders.model_validate(said)
        except ValidationError as exc:
            return web.json_response({"error": str(exc)}, status=400)
        if orders.clear:
            queue.faults.clear()
        queue.faults.add(*orders.add)
        return web.json_response(_listed(queue.faults))

    async def change_times(request: web.Request) -> web.Response:
        try:
            times = Times.model_validate(await _object(request))
        except ValidationError as exc:
            return web.json_response({"error": str(exc)}, status=400)
        changes = times.model_dump(exclude_none=True)
        queue.line.at_once = changes.pop("at_once", queue.line.at_once)
        for name, seconds in changes.items():
            setattr(queue, name, seconds)
        queue.line.settle()
        return web.json_response(times.model_dump(exclude_none=True))

    async def list_jobs(_: web.Request) -> web.Response:
        jobs = [_job(job) for job in queue.jobs.values()]
        return web.json_response({"jobs": jobs, "charged_dollars": queue.charged()})

    app.router.add_get("/_sandbox/faults", list_faults)
    app.router.add_post("/_sandbox/faults", change_faults)
    app.router.add_post("/_sandbox/times", change_times)
    app.router.add_get("/_sandbox/jobs", list_jobs)


async def _object(request: web.Request) -> dict[str, Any]:
    try:
        said = await request.json()
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise web.HTTPBadRequest(text='{"error": "Expected a JSON object"}', content_type="application/json")
    return said


def _listed(faults: FaultBook) -> dict[str, Any]:
    return {
        "faults": [fault.model_dump(exclude_defaults=True) for fault in faults],
        "fired": [{"fault": fault.model_dump(exclude_defaults=True), "job": job} for fault, job in faults.fired],
    }


def _job(job: Job) -> dict[str, Any]:
    return {
        "request_id": job.id,
        "endpoint": job.endpoint,
        "arguments": job.arguments,
        "seed": job.seed,
        "told": job.told,
        "results": job.results,
    }
