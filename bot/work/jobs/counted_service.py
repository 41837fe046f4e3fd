"""A video service whose calls are counted, whichever it is."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from bot.errors import QueueDeadlineError, QueueError
from bot.ops.metrics import Metrics, outcome_of
from bot.rules.catalog import Kind, Model, Role
from bot.rules.requests import Inputs
from bot.rules.services import (
    Cancellation,
    Capabilities,
    InputFile,
    RemoteResult,
    RemoteStatus,
    Since,
    Submitted,
    VideoService,
)


class CountedService:
    """A `VideoService`. A watch counts each change that it tells of, however often it asked."""

    def __init__(self, service: VideoService, name: str, metrics: Metrics) -> None:
        self._service = service
        self._name = name
        self._metrics = metrics

    @property
    def capabilities(self) -> Capabilities:
        return self._service.capabilities

    async def submit(
        self, model: Model, inputs: Inputs, files: Mapping[Role, InputFile], *, idempotency_key: str
    ) -> Submitted:
        with self._counted("submit"):
            return await self._service.submit(model, inputs, files, idempotency_key=idempotency_key)

    async def serves(self, model: Model) -> bool:
        with self._counted("serves"):
            return await self._service.serves(model)

    async def look(self, remote_id: str) -> RemoteStatus:
        with self._counted("look"):
            return await self._service.look(remote_id)

    async def watch(
        self, remote_id: str, *, model: str, since: Since, deadline: timedelta
    ) -> AsyncIterator[RemoteStatus]:
        watching = self._service.watch(remote_id, model=model, since=since, deadline=deadline)
        try:
            async for status in watching:
                self._count("watch", "ok")
                yield status
        except QueueDeadlineError:
            raise  # it answered all along, and the job took too long
        except QueueError as exc:
            self._count("watch", outcome_of(exc.http_status))
            raise
        finally:
            if isinstance(watching, AsyncGenerator):
                await watching.aclose()

    async def result(
        self, remote_id: str, path: Path, *, max_bytes: int | None = None, makes: Kind = Kind.VIDEO
    ) -> RemoteResult:
        with self._counted("result"):
            return await self._service.result(remote_id, path, max_bytes=max_bytes, makes=makes)

    async def cancel(self, remote_id: str) -> Cancellation:
        with self._counted("cancel"):
            return await self._service.cancel(remote_id)

    @contextmanager
    def _counted(self, kind: str) -> Iterator[None]:
        """What is broken off by us is not counted: the service had no part in it."""
        try:
            yield
        except QueueError as exc:
            self._count(kind, outcome_of(exc.http_status))
            raise
        else:
            self._count(kind, "ok")

    def _count(self, kind: str, outcome: str) -> None:
        self._metrics.service_calls.labels(self._name, kind, outcome).inc()
