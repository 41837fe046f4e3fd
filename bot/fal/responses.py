"""The types that the client of fal.ai's queue takes and returns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, unquote

from bot.errors import QueueInputError
from bot.http.values import JobStatus

Json = Mapping[str, Any]
"""A model's own input, by its field names: what JSON can hold."""

_ROW = re.compile(r"(?P<app>[\w.-]+(?:/[\w.-]+)+)/requests/(?P<id>[^/]+)(?P<response>/response)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class FalJob:
    """What is needed to ask about a job, now or after a restart: `str(job)` is for a row, and `read` reads it.

    `app` is where the service is asked: the first segments of the endpoint. `response`: the service named the longer
    of its two addresses for the result. Neither a host nor anything secret is in it.
    """

    app: str
    request_id: str
    response: bool = False

    def __str__(self) -> str:
        return f"{self.app}/requests/{quote(self.request_id, safe='', errors='replace')}" + "/response" * self.response

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises `QueueInputError` for a text that is no job's."""
        found = _ROW.fullmatch(text)
        if found is None or any(part in {".", ".."} for part in text.split("/")):
            raise QueueInputError(f"{text!r} can't be a job", job_id=text)
        return cls(found["app"], unquote(found["id"]), found["response"] is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class FalStatus:
    """Where a job is. `place`: how many jobs are before it in the service's queue; None where that is not said.

    `reason` is why it failed in the service's own words, `problem` the service's name for the kind of failure; each is
    None where it gave none.
    """

    job: FalJob
    status: JobStatus
    place: int | None = None
    reason: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FalResult:
    """The video is at `path`. `billed_units` is what the service says that it charges for, in the model's own unit, and
    `seed` the one that it took; each is None where it does not say."""

    job: FalJob
    path: Path
    billed_units: float | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the service answers for a completed job: where its video is, an address that nobody has checked yet."""

    video_url: str
    size_bytes: int | None = None
    billed_units: float | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class StoragePlace:
    """Where a file is to be sent, and under which address the service then finds it."""

    upload_url: str
    file_url: str
