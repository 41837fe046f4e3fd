"""What the control routes of fal.ai's stand-in change and tell."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from sandbox.fal.jobs import Job


class Times(BaseModel):
    """What `POST /_sandbox/times` takes: seconds, and how many jobs run at once."""

    model_config = ConfigDict(extra="forbid")

    wait_seconds: float | None = Field(default=None, ge=0)
    work_seconds: float | None = Field(default=None, ge=0)
    keep_seconds: float | None = Field(default=None, ge=0)
    at_once: int | None = Field(default=None, ge=1)


def described(job: Job) -> dict[str, Any]:
    """A job, as `GET /_sandbox/jobs` lists it."""
    return {
        "request_id": job.id,
        "endpoint": job.endpoint,
        "arguments": job.arguments,
        "seed": job.seed,
        "told": job.told,
        "results": job.results,
    }
