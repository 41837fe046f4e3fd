"""How the stand-in misbehaves when it is asked to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass(slots=True)
class Fault:
    """What happens to the next `times` requests whose method and path (without /api/v10) match.

    `status` answers so at once; `reset` cuts the connection, after the work was done if `late`; `delay` waits that many
    seconds first. `after` lets that many matching requests through before.
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
class Faults:
    """All switches. `announce_bytes`: the upload limit that interactions claim, true or not. `duplicate_events`: send
    each gateway event twice. `deaf`: acknowledge no heartbeats and say nothing (a zombie connection).
    `lose_events`: drop that many gateway events. `cdn_delay`: seconds before a download begins;
    `cdn_status`: what every download answers; `cdn_redirect`: where it is sent instead.
    `gateway_down`: refuse new connections."""

    queue: list[Fault] = field(default_factory=list)
    announce_bytes: int | None = None
    duplicate_events: bool = False
    deaf: bool = False
    lose_events: int = 0
    cdn_delay: float = 0.0
    cdn_status: int | None = None
    cdn_redirect: str | None = None
    gateway_down: bool = False

    def add(self, fault: Fault) -> Fault:
        self.queue.append(fault)
        return fault

    def fail(self, method: str, path: str, status: int, *, times: int = 1, code: int = 0,
             message: str = "Fault on request", after: int = 0) -> Fault:  # fmt: skip
        """Answer the next `times` such requests with a status and JSON error code."""
        return self.add(Fault(method, path, times, status, code, message, after=after))

    def rate_limit(self, method: str, path: str, retry_after: float, *, times: int = 1, via: bool = True,
                   is_global: bool = False, scope: str = "user", code: int = 0) -> Fault:  # fmt: skip
        """429; without `via` it is the answer of a Cloudflare ban."""
        return self.add(
            Fault(method, path, times, 429, code, "You are being rate limited.", retry_after, via, is_global, scope)
        )  # fmt: skip

    def reset(self, method: str, path: str, *, times: int = 1, late: bool = False) -> Fault:
        """Cut the connection: before the work, or (`late`) after it, so that only the answer is lost."""
        return self.add(Fault(method, path, times, reset=True, late=late))

    def slow(self, method: str, path: str, seconds: float, *, times: int = 1) -> Fault:
        return self.add(Fault(method, path, times, delay=seconds))

    def take(self, method: str, path: str) -> Fault | None:
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
        """Behave again."""
        self.queue.clear()
        self.announce_bytes = self.cdn_status = self.cdn_redirect = None
        self.duplicate_events = self.deaf = self.gateway_down = False
        self.lose_events, self.cdn_delay = 0, 0.0
