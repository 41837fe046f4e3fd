"""One attempt of each call: what can go wrong on the network becomes an error that says what it means for the job."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.errors import QueueDiskError, QueueInputError, QueueResultError, QueueStatusError, QueueSubmitError
from bot.http import results
from bot.http.answers import Passing
from bot.http.arrivals import DiskError, ResultBytes, ResultFile, TooLarge
from bot.http.file_inputs import FileField
from bot.http.sessions import NETWORK, NEVER_CONNECTED, NEVER_TRUSTED, words
from bot.http.slots import Slots
from bot.http.tuning import Concurrency, Timeouts
from bot.queue import protocol
from bot.queue.multipart import FormBody
from bot.queue.responses import JobStatusResponse, JobSubmitResponse
from bot.queue.wire import Wire
from bot.rules.catalog import Kind, Model

_EMPTY_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Calls:
    """The three calls of the API, each made once. Polls and transfers take turns apart from each other."""

    def __init__(self, wire: Wire, timeouts: Timeouts, concurrency: Concurrency) -> None:
        self._wire = wire
        self._idle_seconds = timeouts.idle.total_seconds()
        self._ask_total = timeouts.within(timeouts.ask)
        self._upload_total = timeouts.within(timeouts.upload)
        self._download_total = timeouts.within(timeouts.download)
        self._asks = asyncio.Semaphore(concurrency.asks)
        self._uploads = Slots(concurrency.uploads)
        self._downloads = Slots(concurrency.downloads)

    async def submit(
        self, model: Model, fields: Mapping[str, str], files: Sequence[FileField], extra: Mapping[str, str]
    ) -> JobSubmitResponse:
        """Send the job. Raises `QueueInputError` and `QueueSubmitError`, or `Passing` where it was surely not taken."""
        body = FormBody(fields, files, self._uploads, idle_seconds=self._idle_seconds)
        try:
            async with (
                self._uploads,
                self._wire.post(protocol.submit_path(model), self._upload_total, body=body, headers=extra) as response,
            ):
                answer = await self._wire.answer(response)
        except NETWORK as exc:
            if body.broken is not None:
                raise QueueInputError(f"a file can't be read to its end: {body.broken}") from body.broken
            if isinstance(exc, NEVER_CONNECTED):
                error = QueueSubmitError(f"the service can't be reached: {words(exc)}", taken=False)
            elif not body.complete:
                error = QueueSubmitError(f"the connection broke while sending: {words(exc)}", taken=False)
            else:
                raise QueueSubmitError(f"no answer after sending: {words(exc)}", taken=None) from exc
            if isinstance(exc, NEVER_TRUSTED):
                raise error from exc
            raise Passing(error) from exc
        return protocol.read_submit(answer, model)

    async def offer(self, model: Model) -> bool:
        """Whether the model is served, by an empty form, which begins no work. Raises `QueueSubmitError`, or `Passing`
        around one."""
        try:
            async with (
                self._asks,
                self._wire.post(
                    protocol.submit_path(model), self._ask_total, body=b"", headers=_EMPTY_FORM
                ) as response,
            ):
                answer = await self._wire.answer(response)
        except NETWORK as exc:
            raise Passing(QueueSubmitError(f"no answer: {words(exc)}", taken=False)) from exc
        return protocol.read_offer(answer, model)

    async def status(self, job_id: str, path: str) -> JobStatusResponse:
        """Ask at `path` where the job is. Raises `QueueStatusError`, or `Passing` around one."""
        try:
            async with self._asks, self._wire.get(path, self._ask_total) as response:
                answer = await self._wire.answer(response)
        except NETWORK as exc:
            raise Passing(QueueStatusError(f"no answer to the status: {words(exc)}", job_id=job_id)) from exc
        return protocol.read_status(answer, job_id)

    async def result(
        self, job_id: str, remote: str, path: Path | None, max_bytes: int | None, makes: Kind
    ) -> Path | bytes:
        """Fetch the video or picture at `remote` into `path`, or into memory where that is None.

        Raises `QueueResultError`, or `Passing` around one.
        """
        file = ResultBytes() if path is None else ResultFile(path)
        identity = {"Accept-Encoding": "identity"}
        try:
            async with (
                self._downloads,
                self._wire.get(remote, self._download_total, headers=identity) as response,
            ):
                head = self._wire.head(response)
                if not results.promises_video(head):
                    raise results.no_video(await self._wire.answer(response), job_id)
                if max_bytes is not None and (results.announced_bytes(head) or 0) > max_bytes:
                    raise results.result_too_large(job_id, max_bytes)
                await file.fill(response.content, self._downloads, limit_bytes=max_bytes)
            results.check_result(head, job_id, size=file.size, head=file.head, makes=makes)
            await file.finish()
        except TooLarge as exc:
            raise results.result_too_large(job_id, max_bytes or 0) from exc
        except DiskError as exc:
            raise QueueDiskError(f"the result can't be written: {exc}", job_id=job_id) from exc
        except NETWORK as exc:
            raise Passing(QueueResultError(f"the result did not come: {words(exc)}", job_id=job_id)) from exc
        finally:
            await file.discard()
        return file.data if isinstance(file, ResultBytes) else path or Path()
