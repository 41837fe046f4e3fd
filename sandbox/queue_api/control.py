"""What the control routes of the Queue API's stand-in change and tell."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from sandbox.queue_api.jobs import Job


class Times(BaseModel):
    """What `POST /_sandbox/times` takes: seconds."""

    model_config = ConfigDict(extra="forbid")

    pending_seconds: float | None = Field(default=None, ge=0)
    processing_seconds: float | None = Field(default=None, ge=0)
    keep_seconds: float | None = Field(default=None, ge=0)


def described(job: Job) -> dict[str, Any]:
    """A job, as `GET /_sandbox/jobs` lists it."""
    return {
        "job_id": job.id,
        "model": job.model,
        "prompt": job.order.prompt,
        "seed": job.seed,
        "idempotency_key": job.idempotency_key,
        "told": job.told,
        "downloads": job.downloads,
    }
