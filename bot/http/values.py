"""The types that both clients take and return."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO


class JobStatus(StrEnum):
    """A job's status in the Queue API's words. They follow each other in this order; one of the last two is the end."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        return self in {JobStatus.COMPLETED, JobStatus.FAILED}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file input. Where `filename` or `content_type` is None, the source's name or the type of its bytes is used."""

    source: Path | BinaryIO
    filename: str | None = None
    content_type: str | None = None


FileInput = Path | BinaryIO | Upload
"""Not a `str`: text may come from anybody, and would open a local file."""
