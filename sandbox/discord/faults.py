"""What can be made to go wrong: requests, gateway events, downloads."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field
from typing import Any

from sandbox.discord.responses import Json


@dataclass(slots=True)
class RequestFault:
    """What happens to the next `times` requests whose method and path (without /api/v10) match.

    `status` answers so without doing the work; `reset` cuts the connection; `delay` waits that many seconds by the
    stand-in's clock. Both come before the work, or after it where `late` is set: the work is done then, and its answer
    is lost or slow. `after` lets that many matching requests through before.
    """

    method: str = ".*"
    path: str = ".*"
    times: int = 1
    status: int | None = None
    code: int = 0
    message: str = "Fault on request"
    retry_after: float | None = None
    via: bool = True
    is_global: bool = False
    scope: str = "user"
    reset: bool = False
    late: bool = False
    delay: float = 0.0
    after: int = 0

    def matches(self, method: str, path: str) -> bool:
        return bool(re.fullmatch(self.method, method, re.IGNORECASE) and re.search(self.path, path))


@dataclass(slots=True)
class Omission:
    """The next `times` gateway events of that kind lack `field`: names with dots between, `*` for each of a list."""

    event: str
    field: str
    times: int = 1

    def applied(self, data: Json) -> Json:
        """A copy of `data` without the field; a field that is not there is no error."""
        data = copy.deepcopy(data)
        _remove(data, self.field.split("."))
        return data


def _remove(data: Any, steps: list[str]) -> None:
    first, *rest = steps
    if first == "*":
        for item in data if isinstance(data, list) else []:
            _remove(item, rest)
    elif not rest:
        data.pop(first, None)
    elif first in data:
        _remove(data[first], rest)


@dataclass(slots=True)
class Faults:
    """Everything that can go wrong on request.

    `queue`: faults of REST requests. `omissions`: events that lack a field. `announce_bytes`: the upload limit that
    interactions claim, true or not. `duplicate_events`: send each gateway event twice. `deaf`: acknowledge no
    heartbeats and send no events, as on a connection that is dead without being closed. `lose_events`: drop that many
    gateway events. `cdn_delay`: seconds before a download begins; `cdn_status`: what every download answers;
    `cdn_redirect`: where it is sent instead. `gateway_down`: refuse new connections.
    """

    queue: list[RequestFault] = field(default_factory=list)
    omissions: list[Omission] = field(default_factory=list)
    announce_bytes: int | None = None
    duplicate_events: bool = False
    deaf: bool = False
    lose_events: int = 0
    cdn_delay: float = 0.0
    cdn_status: int | None = None
    cdn_redirect: str | None = None
    gateway_down: bool = False

    def add(self, fault: RequestFault) -> RequestFault:
        self.queue.append(fault)
        return fault

    def fail(self, method: str, path: str, status: int, *, times: int = 1, code: int = 0,
             message: str = "Fault on request", after: int = 0) -> RequestFault:  # fmt: skip
        """Answer the next `times` such requests with a status and JSON error code."""
        return self.add(RequestFault(method, path, times, status, code, message, after=after))

    def rate_limit(self, method: str, path: str, retry_after: float, *, times: int = 1, via: bool = True,
                   is_global: bool = False, scope: str = "user", code: int = 0) -> RequestFault:  # fmt: skip
        """429; without `via` it is the answer of a Cloudflare ban."""
        message = "You are being rate limited."
        return self.add(RequestFault(method, path, times, 429, code, message, retry_after, via, is_global, scope))

    def reset(self, method: str, path: str, *, times: int = 1, late: bool = False) -> RequestFault:
        """Cut the connection: before the work, or (`late`) after it, so that only the answer is lost."""
        return self.add(RequestFault(method, path, times, reset=True, late=late))

    def slow(self, method: str, path: str, seconds: float, *, times: int = 1, late: bool = False) -> RequestFault:
        """Wait that long by the stand-in's clock: before the work, or (`late`) between it and its answer."""
        return self.add(RequestFault(method, path, times, delay=seconds, late=late))

    def omit(self, event: str, field: str, *, times: int = 1) -> Omission:
        """Leave a field out of the next `times` such events: `omit("GUILD_CREATE", "channels.*.bitrate")`."""
        omission = Omission(event, field, times)
        self.omissions.append(omission)
        return omission

    def without_omitted(self, event: str, data: Json) -> Json:
        """The event's data as it is sent; every omission for this kind of event is counted down."""
        for omission in self.omissions:
            if omission.event == event and omission.times > 0:
                omission.times -= 1
                data = omission.applied(data)
        return data

    def take(self, method: str, path: str) -> RequestFault | None:
        """The first fault that this request meets, counted down."""
        for fault in self.queue:
            if fault.times > 0 and fault.matches(method, path):
                if fault.after > 0:
                    fault.after -= 1
                    continue
                fault.times -= 1
                return fault
        return None

    def clear(self) -> None:
        """End all faults."""
        self.queue.clear()
        self.omissions.clear()
        self.announce_bytes = self.cdn_status = self.cdn_redirect = None
        self.duplicate_events = self.deaf = self.gateway_down = False
        self.lose_events, self.cdn_delay = 0, 0.0
