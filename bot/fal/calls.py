"""One attempt of each call: what can go wrong on the network becomes an error that says what it means for the job."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from bot.errors import (
    QueueDiskError,
    QueueInputError,
    QueueJobNotFoundError,
    QueueResultError,
    QueueStatusError,
    QueueSubmitError,
)
from bot.fal import protocol, storage
from bot.fal.addresses import MediaHosts, completion_address, part_address
from bot.fal.file_body import FileBody
from bot.fal.responses import FalJob, FalStatus, Outcome, StoragePlace
from bot.fal.wire import FalWire
from bot.http.answers import Answer, Passing
from bot.http.arrivals import DiskError, ResultFile, TooLarge
from bot.http.file_inputs import FileField
from bot.http.results import announced_bytes, check_result, no_video, promises_video, result_too_large
from bot.http.sessions import NETWORK, NEVER_CONNECTED, NEVER_TRUSTED, words
from bot.http.slots import Slots
from bot.http.tuning import Concurrency, Timeouts
from bot.rules.services import Cancellation

_AS_IT_IS = {"Accept-Encoding": "identity"}
_GONE = frozenset({403, 404, 410})
"""What storages answer for a file that has expired. None of it is about our key, which they never see."""


class FalCalls:
    """The calls of the API, each made once. Questions and transfers take turns apart from each other."""

    def __init__(self, wire: FalWire, hosts: MediaHosts, timeouts: Timeouts, concurrency: Concurrency) -> None:
        self._wire = wire
        self._hosts = hosts
        self._timeouts = timeouts
        self._asks = asyncio.Semaphore(concurrency.asks)
        self._uploads = Slots(concurrency.uploads)
        self._downloads = Slots(concurrency.downloads)

    async def submit(self, endpoint: str, body: bytes, headers: Mapping[str, str]) -> FalStatus:
        """Send the job. Raises `QueueSubmitError`, or `Passing` where it was surely not taken: the service honours no
        idempotency key, so that a POST which may have arrived is never sent again."""
        path = protocol.endpoint_path(endpoint)
        try:
            async with self._wire.submit(path, self._timeouts.ask, body=body, headers=headers) as response:
                answer = await self._wire.answer(response)
        except NETWORK as exc:
            if not isinstance(exc, NEVER_CONNECTED):
                raise QueueSubmitError(f"no answer after sending: {words(exc)}", taken=None) from exc
            error = QueueSubmitError(f"the service can't be reached: {words(exc)}", taken=False)
            if isinstance(exc, NEVER_TRUSTED):
                raise error from exc
            raise Passing(error) from exc
        return protocol.read_submission(answer, endpoint, self._wire.base_url)

    async def place(self, field: FileField, headers: Mapping[str, str], *, in_parts: bool) -> StoragePlace:
        """Ask the storage where the file goes. Raises `QueueSubmitError`, or `Passing` around one."""
        body = json.dumps({"content_type": field.content_type, "file_name": field.filename}).encode()
        path = storage.initiation_path(in_parts=in_parts)
        async with (
            _before_the_job(),
            self._wire.initiate(path, self._timeouts.ask, body=body, headers=headers) as response,
        ):
            answer = await self._wire.answer(response)
        return storage.read_place(answer, self._hosts)

    async def send(self, field: FileField, url: str) -> None:
        """The whole file to its place. Raises `QueueInputError`, `QueueSubmitError`, or `Passing` around that."""
        storage.check_stored(await self._put(url, self._body(field), field.content_type), "the upload was refused")

    async def send_part(self, field: FileField, url: str, part: tuple[int, int, int]) -> dict[str, Any]:
        """One part of a large file, as `storage.parts_of` gives it. Raises as `send` does."""
        number, offset, size = part
        body = self._body(field, offset_bytes=offset, size_bytes=size)
        return storage.read_part(await self._put(part_address(url, number), body, field.content_type), number)

    async def complete(self, url: str, parts: Sequence[Mapping[str, Any]]) -> None:
        """Make the parts one file. Raises `QueueSubmitError`, or `Passing` around one."""
        body = json.dumps({"parts": list(parts)}).encode()
        headers = {"Content-Type": "application/json"}
        address = completion_address(url)
        async with (
            _before_the_job(),
            self._wire.keyless("POST", address, self._timeouts.ask, headers=headers, data=body) as response,
        ):
            answer = await self._wire.answer(response)
        storage.check_stored(answer, "the upload could not be completed")

    def _body(self, field: FileField, *, offset_bytes: int = 0, size_bytes: int | None = None) -> FileBody:
        idle = self._timeouts.idle.total_seconds()
        return FileBody(field, self._uploads, idle_seconds=idle, offset_bytes=offset_bytes, size_bytes=size_bytes)

    async def _put(self, url: str, body: FileBody, content_type: str) -> Answer:
        headers = {"Content-Type": content_type}
        try:
            async with (
                self._uploads,
                self._wire.keyless("PUT", url, self._timeouts.upload, headers=headers, data=body) as response,
            ):
                return await self._wire.answer(response)
        except NETWORK as exc:
            if body.broken is not None:
                raise QueueInputError(f"a file can't be read to its end: {body.broken}") from body.broken
            raise Passing(QueueSubmitError(f"the upload broke: {words(exc)}", taken=False)) from exc

    async def look(self, job: FalJob) -> FalStatus:
        """Where the job is. Raises `QueueStatusError`, or `Passing` around one."""
        answer = await self._answer("GET", protocol.look_path(job), job, QueueStatusError, "status")
        return protocol.read_look(answer, job)

    async def offer(self, job: FalJob) -> bool:
        """Whether the app of a request that can't be is there. Raises as `look` does."""
        try:
            await self.look(job)
        except QueueJobNotFoundError as exc:
            return not protocol.says_no_app(exc.reason)
        return True

    async def outcome(self, job: FalJob) -> Outcome:
        """What became of a completed job. Raises `QueueResultError`, or `Passing` around one."""
        answer = await self._answer("GET", protocol.outcome_path(job), job, QueueResultError, "result")
        return protocol.read_outcome(answer, job)

    async def cancel(self, job: FalJob) -> Cancellation:
        """Ask the service to cancel the job. Raises `QueueStatusError`, or `Passing` around one."""
        answer = await self._answer("PUT", protocol.cancel_path(job), job, QueueStatusError, "cancelling")
        return protocol.read_cancellation(answer, job)

    async def _answer(
        self, method: str, path: str, job: FalJob, kind: type[QueueStatusError | QueueResultError], what: str
    ) -> Answer:
        """What the service answers about the job; `Passing` around an error of that kind where it does not."""
        try:
            async with self._asks, self._wire.ask(method, path, self._timeouts.ask) as response:
                return await self._wire.answer(response)
        except NETWORK as exc:
            raise Passing(kind(f"no answer to the {what}: {words(exc)}", job_id=str(job))) from exc

    async def fetch(self, job: FalJob, outcome: Outcome, path: Path, max_bytes: int | None) -> None:
        """The video to `path`, without the key. Raises `QueueResultError`, or `Passing` around one."""
        job_id = str(job)
        if not self._hosts.allowed(outcome.video_url):
            message = "the result is on a host that is not one of the service's media hosts"
            raise QueueResultError(message, job_id=job_id, http_status=200)
        if max_bytes is not None and (outcome.size_bytes or 0) > max_bytes:
            raise result_too_large(job_id, max_bytes)
        file = ResultFile(path)
        try:
            async with (
                self._downloads,
                self._wire.keyless("GET", outcome.video_url, self._timeouts.download, headers=_AS_IT_IS) as response,
            ):
                head = self._wire.head(response)
                await self._check_head(response, head, job_id, max_bytes)
                await file.fill(response.content, self._downloads, limit_bytes=max_bytes)
            check_result(head, job_id, size=file.size, head=file.head)
            _check_size(outcome, file.size, job_id)
            await file.finish()
        except TooLarge as exc:
            raise result_too_large(job_id, max_bytes or 0) from exc
        except DiskError as exc:
            raise QueueDiskError(f"the result can't be written: {exc}", job_id=job_id) from exc
        except NETWORK as exc:
            raise Passing(QueueResultError(f"the result did not come: {words(exc)}", job_id=job_id)) from exc
        finally:
            await file.discard()

    async def _check_head(
        self, response: aiohttp.ClientResponse, head: Answer, job_id: str, max_bytes: int | None
    ) -> None:
        if head.status in _GONE:
            message = f"the file of the result is gone: {head.status}"
            raise QueueJobNotFoundError(message, job_id=job_id, http_status=head.status)
        if not promises_video(head):
            raise no_video(await self._wire.answer(response), job_id)
        if max_bytes is not None and (announced_bytes(head) or 0) > max_bytes:
            raise result_too_large(job_id, max_bytes)


def _check_size(outcome: Outcome, size: int, job_id: str) -> None:
    if outcome.size_bytes is not None and outcome.size_bytes != size:
        message = f"the result has {size} bytes and not the {outcome.size_bytes} that the service told of"
        raise Passing(QueueResultError(message, job_id=job_id, http_status=200), garbled=True)


@asynccontextmanager
async def _before_the_job() -> AsyncIterator[None]:
    """Errors of the network while there is no job yet: asking the storage again costs nothing."""
    try:
        yield
    except NETWORK as exc:
        error = QueueSubmitError(f"the storage can't be reached: {words(exc)}", taken=False)
        if isinstance(exc, NEVER_TRUSTED):
            raise error from exc
        raise Passing(error) from exc
