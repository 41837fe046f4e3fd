"""The types that the Queue API client takes and returns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypedDict

from bot.http.values import FileInput, JobStatus
from bot.rules.requests import Orientation, Point, Resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSubmitResponse:
    """The service has the job. Keep `job_id`: the paid video can't be fetched without it."""

    job_id: str
    status: JobStatus = JobStatus.PENDING


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStatusResponse:
    """The job's status. `reason` is why it failed, in the service's own words; None where it gave none."""

    job_id: str
    status: JobStatus
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedJob:
    """The video is at `path`, or, where none was given, it is `data`."""

    job_id: str
    path: Path | None = None
    data: bytes | None = None
    status: Literal[JobStatus.COMPLETED] = JobStatus.COMPLETED


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedJob:
    """The job itself failed at the service. `error` is its reason, or a plain sentence where it gave none."""

    job_id: str
    error: str
    status: Literal[JobStatus.FAILED] = JobStatus.FAILED


QueueJobResult = CompletedJob | FailedJob


class JobInputs(TypedDict, total=False):
    """What `QueueClient.submit` takes besides the model."""

    prompt: str | None
    data: FileInput | None
    start: FileInput | None
    end: FileInput | None
    reference_image: FileInput | None
    trajectory: Iterable[Point | Mapping[str, Any]] | None
    seed: int | None
    resolution: Resolution | None
    orientation: Orientation | None
    enhance_prompt: bool | None
    idempotency_key: str | None
