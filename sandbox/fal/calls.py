"""The record of each call, so that a test can check what was sent, where to and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web
from multidict import CIMultiDict


@dataclass
class Call:
    """One request, at the clock's time `at`. `status` is None while it is answered, and if its handler was cut off.

    `action`: submit, status, stream, result, cancel, initiate, token, upload (a file's bytes, or a part's), complete,
    media (a file fetched). `arguments` is a submit's input, `size_bytes` the length of what was uploaded.
    """

    action: str
    method: str
    path: str
    headers: CIMultiDict[str]
    at: float
    endpoint: str | None = None
    job_id: str | None = None
    arguments: Any = None
    size_bytes: int = 0
    status: int | None = None

    def answered(self, status: int) -> None:
        self.status = status


CALL = web.RequestKey("fal_call", Call)
