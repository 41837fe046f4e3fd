"""The Queue API's client as a `VideoService`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path

from bot.errors import QueueInputError
from bot.http.values import JobStatus, Upload
from bot.queue.client import QueueClient
from bot.queue.responses import JobStatusResponse
from bot.rules.catalog import Kind, Model, Role
from bot.rules.jobs import JobState
from bot.rules.requests import Inputs
from bot.rules.services import Cancellation, Capabilities, InputFile, RemoteResult, RemoteStatus, Since, Submitted


class QueueVideoService:
    """A remote id is the job's id as the service gave it."""

    capabilities = Capabilities()

    def __init__(self, client: QueueClient) -> None:
        self._client = client

    async def submit(
        self, model: Model, inputs: Inputs, files: Mapping[Role, InputFile], *, idempotency_key: str
    ) -> Submitted:
        uploads = {role: Upload(file.source, file.filename, file.content_type) for role, file in files.items()}
        taken = await self._client.submit(
            model,
            prompt=inputs.prompt,
            data=uploads.get(Role.DATA),
            start=uploads.get(Role.START),
            end=uploads.get(Role.END),
            reference_image=uploads.get(Role.REFERENCE),
            trajectory=inputs.trajectory,
            seed=inputs.seed,
            resolution=inputs.resolution,
            orientation=inputs.orientation,
            enhance_prompt=inputs.enhance_prompt,
            idempotency_key=idempotency_key,
        )
        return Submitted(remote_id=taken.job_id)

    async def serves(self, model: Model) -> bool:
        return await self._client.serves(model)

    async def look(self, remote_id: str) -> RemoteStatus:
        return _status_of(await self._client.status(remote_id))

    async def watch(
        self, remote_id: str, *, model: str, since: Since, deadline: timedelta
    ) -> AsyncIterator[RemoteStatus]:
        """`deadline` counts from the submit: the service begins at once."""
        changes = self._client.watch(
            remote_id,
            model=model,
            deadline=deadline if since.submitted_at is None else since.submitted_at + deadline,
            last=JobStatus(since.state.value),
            since=since.submitted_at,
        )
        async for news in changes:
            yield _status_of(news)

    async def result(
        self, remote_id: str, path: Path, *, max_bytes: int | None = None, makes: Kind = Kind.VIDEO
    ) -> RemoteResult:
        return RemoteResult(await self._client.result(remote_id, path, max_bytes=max_bytes, makes=makes))

    async def cancel(self, remote_id: str) -> Cancellation:
        raise QueueInputError("the Queue API can't cancel a job", job_id=remote_id)


def _status_of(news: JobStatusResponse) -> RemoteStatus:
    return RemoteStatus(state=JobState(news.status.value), reason=news.reason)
