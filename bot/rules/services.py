"""What the pipeline may ask of any video service."""

from __future__ import annotations

from enum import StrEnum


class Cancellation(StrEnum):
    """How a service took the wish to cancel a job."""

    CANCELLED = "cancelled"  # it was still in the service's queue: it does not run, and costs nothing
    REQUESTED = "requested"  # the service will try; it may be too late, and the job be paid for
    TOO_LATE = "too late"  # the job had ended: its video, if it has one, can be fetched
