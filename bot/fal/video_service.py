"""The client of fal.ai's queue as a `VideoService`: what the catalogue says of a model becomes its own input."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.errors import QueueInputError
from bot.fal.client import FalClient
from bot.fal.responses import FalJob, FalStatus
from bot.http.values import JobStatus, Upload
from bot.rules.catalog import Kind, Model, Role
from bot.rules.jobs import JobState
from bot.rules.requests import Inputs
from bot.rules.services import Cancellation, Capabilities, InputFile, RemoteResult, RemoteStatus, Since, Submitted

QUEUE_LIMIT = timedelta(hours=2)
"""How long a job may wait in the service's queue, which costs nothing. The service is told, too, and ends it then."""


class FalVideoService:
    """A remote id is `str(FalJob)`."""

    capabilities = Capabilities(cancels=True, tells_place=True, tells_price=True)

    def __init__(self, client: FalClient) -> None:
        self._client = client

    async def submit(
        self, model: Model, inputs: Inputs, files: Mapping[Role, InputFile], *, idempotency_key: str
    ) -> Submitted:
        """The service knows no idempotency key."""
        del idempotency_key
        if model.endpoint is None:
            raise QueueInputError(f"{model.name} has no endpoint")
        uploads = {
            model.fields[role.value]: Upload(file.source, file.filename, file.content_type)
            for role, file in files.items()
        }
        arguments = arguments_of(model, inputs)
        taken = await self._client.submit(model.endpoint, arguments, files=uploads, start_within=QUEUE_LIMIT)
        return Submitted(remote_id=str(taken.job), place=taken.place)

    async def serves(self, model: Model) -> bool:
        """Known of the app alone, which is the first part of the endpoint: what lies below it only a submit could ask
        for, and that might be queued and paid."""
        return model.endpoint is not None and await self._client.serves(model.endpoint)

    async def look(self, remote_id: str) -> RemoteStatus:
        return _status_of(await self._client.status(FalJob.read(remote_id)))

    async def watch(
        self, remote_id: str, *, model: str, since: Since, deadline: timedelta
    ) -> AsyncIterator[RemoteStatus]:
        """`deadline` counts from when the service began to work: until then the job waits in its queue."""
        job = FalJob.read(remote_id)
        changes = self._client.watch(
            job,
            model=model,
            last=FalStatus(job=job, status=JobStatus(since.state.value)),
            queue_limit=QUEUE_LIMIT,
            run_limit=deadline,
            queued_since=since.submitted_at,
            running_since=since.processing_at if since.state is JobState.PROCESSING else None,
        )
        async for news in changes:
            yield _status_of(news)

    async def result(
        self, remote_id: str, path: Path, *, max_bytes: int | None = None, makes: Kind = Kind.VIDEO
    ) -> RemoteResult:
        if makes is not Kind.VIDEO:
            raise QueueInputError("only videos are fetched from this service", job_id=remote_id)
        result = await self._client.result(FalJob.read(remote_id), path, max_bytes=max_bytes)
        return RemoteResult(result.path, result.billed_units)

    async def cancel(self, remote_id: str) -> Cancellation:
        return await self._client.cancel(FalJob.read(remote_id))


def arguments_of(model: Model, inputs: Inputs) -> dict[str, Any]:
    """The model's own input, without its files: what is always sent, and over it what was given, in its own words."""
    given = {
        "prompt": inputs.prompt,
        "seed": inputs.seed,
        "resolution": inputs.resolution,
        "orientation": inputs.orientation,
        "enhance_prompt": inputs.enhance_prompt,
        "duration": inputs.duration,
        "audio": inputs.audio,
        "avoid": inputs.avoid,
    }
    arguments: dict[str, Any] = dict(model.constants)
    for name, value in given.items():
        if value is not None and name in model.fields:
            arguments[model.fields[name]] = model.values.get(name, {}).get(str(value), value)
    return arguments


def _status_of(news: FalStatus) -> RemoteStatus:
    return RemoteStatus(state=JobState(news.status.value), place=news.place, reason=news.reason, problem=news.problem)
