"""The record of each call, so that a test can check what was sent and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web
from multidict import CIMultiDict

from sandbox.queue_api.forms import FilePart


@dataclass
class Call:
    """One request, at the clock's time `at`. `status` is None while it is answered, and if its handler was cut off."""

    action: Literal["submit", "status", "content"]
    method: str
    path: str
    headers: CIMultiDict[str]
    at: float
    model: str | None = None
    job_id: str | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, FilePart] = field(default_factory=dict)
    status: int | None = None

    @property
    def idempotency_key(self) -> str | None:
        return self.headers.get("Idempotency-Key")

    @property
    def is_empty(self) -> bool:
        return self.headers.get("Content-Length") == "0"

    def answered(self, status: int) -> None:
        self.status = status

    @classmethod
    def of(cls, request: web.Request, at: float) -> Call:
        """The call as far as its first line and headers tell; `path` is as it was sent."""
        read: Literal["status", "content"] = "content" if request.path.endswith("/content") else "status"
        action: Literal["submit", "status", "content"] = "submit" if request.method == "POST" else read
        return cls(action, request.method, request.raw_path, CIMultiDict(request.headers), at)


CALL = web.RequestKey("call", Call)
