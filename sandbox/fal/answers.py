"""What each kind of fault makes of the right answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from sandbox.fal.faults import Fault
from sandbox.service.answers import Right, detail, faulty
from sandbox.service.clock import Clock

EXHAUSTED = "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."
LOCKED = "User is locked. Reason: Admin lock."


async def wrong(request: web.Request, fault: Fault, clock: Clock, right: Right) -> web.StreamResponse:
    """The answer that `fault` makes of the right one (a document, a clip, or nothing where there is no job)."""
    answer = await faulty(request, fault, clock, right)
    if answer is not None:
        return answer
    match fault.kind:
        case "balance":
            return detail(403, EXHAUSTED)
        case "locked":
            return detail(403, LOCKED)
        case "json":
            return web.json_response({"status": "COMPLETED"})
        case _:
            return web.json_response(_document(fault, dict(right) if isinstance(right, Mapping) else {}))


def _document(fault: Fault, right: dict[str, Any]) -> dict[str, Any]:
    """The right document with something wrong in it."""
    match fault.kind:
        case "odd":
            return right | {"status": fault.word}
        case "other_job":
            return right | {"request_id": "00000000-0000-0000-0000-000000000000"}
        case "no_id":
            return {name: value for name, value in right.items() if name != "request_id"}
        case "longer":
            return right | {"response_url": f"{right.get('response_url', '')}/response"}
        case "no_video":
            return {name: value for name, value in right.items() if name != "video"}
        case "string":
            return right | {"video": right.get("video", {}).get("url", "")}
        case _:
            return {name: _moved(value, fault.location) for name, value in right.items()}


def _moved(value: Any, location: str) -> Any:
    """Every address in it at another host."""
    if isinstance(value, dict):
        return {name: _moved(inner, location) for name, inner in value.items()}
    if isinstance(value, str) and value.startswith("http"):
        return f"{location}/{value.partition('://')[2].partition('/')[2]}"
    return value
