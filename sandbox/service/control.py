"""The stand-ins' own routes under `/_sandbox/`, which no service has: faults, times and a list of jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from sandbox.service.faults import F, FaultBook

CONTROL = "/_sandbox/"


class Orders(BaseModel, Generic[F]):
    """What `POST /_sandbox/faults` takes, besides the fields of a single fault."""

    model_config = ConfigDict(extra="forbid")

    add: list[F] = []
    clear: bool = False
    seed: int | None = None


def add_control_routes(
    app: web.Application,
    *,
    faults: FaultBook[F],
    fault: type[F],
    times: type[BaseModel],
    change_times: Callable[[dict[str, Any]], None],
    describe_jobs: Callable[[], Mapping[str, Any]],
) -> None:
    """Give `app` the control routes. `times` are the fields that `POST /_sandbox/times` takes, each None by default;
    `change_times` is given those that were sent."""
    orders = Orders[fault]  # type: ignore[valid-type]  # a class that is known only here

    async def list_faults(_: web.Request) -> web.Response:
        return web.json_response(_listed(faults))

    async def change_faults(request: web.Request) -> web.Response:
        said = await _object(request)
        order = orders(add=[fault.model_validate(said)]) if "kind" in said else orders.model_validate(said)
        if order.clear:
            faults.clear()
        if order.seed is not None:
            faults.seed(order.seed)
        faults.add(*order.add)
        return web.json_response(_listed(faults))

    async def set_times(request: web.Request) -> web.Response:
        changes = times.model_validate(await _object(request)).model_dump(exclude_none=True)
        change_times(changes)
        return web.json_response(changes)

    async def list_jobs(_: web.Request) -> web.Response:
        return web.json_response(dict(describe_jobs()))

    app.router.add_get(f"{CONTROL}faults", list_faults)
    app.router.add_post(f"{CONTROL}faults", change_faults)
    app.router.add_post(f"{CONTROL}times", set_times)
    app.router.add_get(f"{CONTROL}jobs", list_jobs)


@web.middleware
async def control_errors(request: web.Request, handler: Any) -> web.StreamResponse:
    """Answers what a control route can't read with 400 and the reason."""
    try:
        answer: web.StreamResponse = await handler(request)
    except ValidationError as exc:
        return web.json_response({"error": str(exc)}, status=400)
    return answer


async def _object(request: web.Request) -> dict[str, Any]:
    try:
        said = await request.json()
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise web.HTTPBadRequest(text='{"error": "Expected a JSON object"}', content_type="application/json")
    return said


def _listed(faults: FaultBook[Any]) -> dict[str, Any]:
    return {
        "faults": [fault.model_dump(exclude_defaults=True) for fault in faults],
        "fired": [{"fault": fault.model_dump(exclude_defaults=True), "job": job} for fault, job in faults.fired],
    }
