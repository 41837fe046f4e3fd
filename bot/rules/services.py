"""What the pipeline asks of a video service, whichever it is: submit, look, watch, result, cancel.

`bot.queue` and `bot.fal` each implement it by a thin adapter around their client. All raise the `QueueError`s of
`bot.errors`; from the submit on, each carries the job's remote id.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol

from bot.rules.catalog import Kind, Model, Role
from bot.rules.jobs import JobState
from bot.rules.requests import Inputs


class Cancellation(StrEnum):
    """How a service took the wish to cancel a job."""

    CANCELLED = "cancelled"  # it was still in the service's queue: it does not run, and costs nothing
    REQUESTED = "requested"  # the service will try; it may be too late, and the job be paid for
    TOO_LATE = "too late"  # the job had ended: its video, if it has one, can be fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a service can do besides: cancel a job, tell its place in the queue, say what it billed."""

    cancels: bool = False
    tells_place: bool = False
    tells_price: bool = False


class InputFile(Protocol):
    """A file input: where its bytes are, and its name and content type as the service shall see them."""

    @property
    def source(self) -> Path | BinaryIO: ...
    @property
    def filename(self) -> str | None: ...
    @property
    def content_type(self) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """The service has the job. `place` is how many jobs are before it in the service's queue, where that is told."""

    remote_id: str
    place: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteStatus:
    """What the service says of a job: `pending`, `processing`, `completed` or `failed`.

    `place` is how many jobs are before it in the service's queue. Of a failed one, `reason` are the service's own words
    and `problem` is its name for the kind of failure. Each is None where it is not said.
    """

    state: JobState
    place: int | None = None
    reason: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class RemoteResult:
    """A video at `path`. `billed_units` is how much the service says it billed: seconds or videos, by whichever the
    model's price is; None where it does not say."""

    path: Path
    billed_units: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """What a row tells of a job that is watched (again): its state, and since when it is what it is, where known."""

    state: JobState
    submitted_at: datetime | None = None
    processing_at: datetime | None = None


class VideoService(Protocol):
    """One service. A remote id is a text for a row: it holds all that is needed to ask again, and nothing secret."""

    @property
    def capabilities(self) -> Capabilities: ...

    async def submit(
        self, model: Model, inputs: Inputs, files: Mapping[Role, InputFile], *, idempotency_key: str
    ) -> Submitted:
        """Hand the job in, again only where it was certainly not taken. Raises `QueueSubmitError`, whose `taken` says
        whether it may exist."""
        ...

    async def serves(self, model: Model) -> bool:
        """Whether the service has the model now, asked for nothing. Raises `QueueError` where it says neither."""
        ...

    async def look(self, remote_id: str) -> RemoteStatus:
        """Where the job is now."""
        ...

    def watch(self, remote_id: str, *, model: str, since: Since, deadline: timedelta) -> AsyncIterator[RemoteStatus]:
        """The changes, each once, until the job has ended. `deadline` is how long it may take, as the service counts
        it. Raises `QueueDeadlineError` and the other `QueueStatusError`s."""
        ...

    async def result(
        self, remote_id: str, path: Path, *, max_bytes: int | None = None, makes: Kind = Kind.VIDEO
    ) -> RemoteResult:
        """The video of a completed job, at `path`; a picture where its model `makes` one. Raises `QueueResultError`."""
        ...

    async def cancel(self, remote_id: str) -> Cancellation:
        """Only where the service can. Raises `QueueStatusError`."""
        ...
