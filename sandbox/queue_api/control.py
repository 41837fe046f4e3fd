"""The stand-in's own routes under `/_sandbox/`, which the service doesn't have: faults, times and a list of jobs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sandbox.queue_api.faults import Fault, FaultBook
from sandbox.queue_api.jobs import Job


class Orders(BaseModel):
    """What `POST /_sandbox/faults` takes, besides the fields of a single fault."""

    model_config = ConfigDict(extra="forbid")

    add: list[Fault] = []
    clear: bool = False
    seed: int | None = None


class Times(BaseModel):
    """What `POST /_sandbox/times` takes: seconds."""

    model_config = ConfigDict(extra="forbid")

    pending_seconds: float | None = Field(default=None, ge=0)
    processing_seconds: float | None = Field(default=None, ge=0)
    keep_seconds: float | None = Field(default=None, ge=0)


def add_routes(
    app: web.Application, *, faults: FaultBook, jobs: Mapping[str, Job], set_seconds: Callable[[str, float], None]
) -> None:
    """Give `app` the control routes. `set_seconds` changes one of the stand-in's times by its name in `Times`."""

    async def list_faults(_: web.Request) -> web.Response:
        return web.json_response(_faults(faults))

    async def change_faults(request: web.Request) -> web.Response:
        try:
            said = await _object(request)
            orders = Orders(add=[Fault.model_validate(said)]) if "kind" in said else Orders.model_validate(said)
        except ValidationError as exc:
            return web.json_response({"error": str(exc)}, status=400)
        if orders.clear:
            faults.clear()
        if orders.seed is not None:
            faults.seed(orders.seed)
        faults.add(*orders.add)
        return web.json_response(_faults(faults))

    async def change_times(request: web.Request) -> web.Response:
        try:
            times = Times.model_validate(await _object(request))
        except ValidationError as exc:
            return web.json_response({"error": str(exc)}, status=400)
        for name, seconds in times.model_dump(exclude_none=True).items():
            set_seconds(name, seconds)
        return web.json_response(times.model_dump(exclude_none=True))

    async def list_jobs(_: web.Request) -> web.Response:
        return web.json_response({"jobs": [_job(job) for job in jobs.values()]})

    app.router.add_get("/_sandbox/faults", list_faults)
    app.router.add_post("/_sandbox/faults", change_faults)
    app.router.add_post("/_sandbox/times", change_times)
    app.router.add_get("/_sandbox/jobs", list_jobs)


async def _object(request: web.Request) -> dict[str, Any]:
    try:
        said = await request.json()
    except json.JSONDecodeError:
        said = None
    if not isinstance(said, dict):
        raise web.HTTPBadRequest(text='{"error": "Expected a JSON object"}', content_type="application/json")
    return said


def _faults(faults: FaultBook) -> dict[str, Any]:
    return {
        "faults": [fault.model_dump(exclude_defaults=True) for fault in faults],
        "fired": [{"fault": f.model_dump(exclude_defaults=True), "job": job} for f, job in faults.fired],
    }


def _job(job: Job) -> dict[str, Any]:
    return {
        "job_id": job.id,
        "model": job.model,
        "prompt": job.order.prompt,
        "seed": job.seed,
        "idempotency_key": job.idempotency_key,
        "told": job.told,
        "downloads": job.downloads,
    }
