"""What goes into the Queue API client and what comes out of it, as types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypedDict

from pydantic import BaseModel, ConfigDict, Field

from bot.rules.requests import Orientation, Point, Resolution


class JobStatus(StrEnum):
    """The service's words for where a job is; normally in this order, with one of the last two at the end."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        return self in {JobStatus.COMPLETED, JobStatus.FAILED}


class JobSubmitResponse(BaseModel):
    """The service has the job. Keep `job_id`: it is all that leads to the paid video."""

    model_config = ConfigDict(frozen=True)

    job_id: str = Field(min_length=1)
    status: JobStatus = JobStatus.PENDING


class JobStatusResponse(BaseModel):
    """Where the job is. `reason` is why it failed, in the service's own words, or None where it gave none."""

    model_config = ConfigDict(frozen=True)

    job_id: str = Field(min_length=1)
    status: JobStatus
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedJob:
    """The video is at `path`."""

    job_id: str
    path: Path
    status: Literal[JobStatus.COMPLETED] = JobStatus.COMPLETED


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedJob:
    """The job itself failed at the service. `error` is its reason, or a plain sentence where it gave none."""

    job_id: str
    error: str
    status: Literal[JobStatus.FAILED] = JobStatus.FAILED


QueueJobResult = CompletedJob | FailedJob


@dataclass(frozen=True, slots=True)
class Upload:
    """A file input with a name or type of its own; None: the source's own name, the type that its bytes show."""

    source: Path | BinaryIO
    filename: str | None = None
    content_type: str | None = None


FileInput = Path | BinaryIO | Upload
"""Never a `str`: what is text might be anybody's, and would open a local file."""


class JobInputs(TypedDict, total=False):
    """What `QueueClient.submit` takes besides the model, as a type to hand it on with."""

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
