"""The Queue API client: what `protocol` makes of a request is sent, what comes back is given to `protocol`."""

from __future__ import annotations

import inspect
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self, Unpack, overload

import aiohttp

from bot.errors import QueueDeadlineError, QueueInputError, Refused
from bot.http.due import until_due
from bot.http.file_inputs import opened_inputs
from bot.http.retries import Retries
from bot.http.tuning import Concurrency, Retry, Timeouts
from bot.http.values import FileInput, JobStatus
from bot.queue import protocol
from bot.queue.calls import Calls
from bot.queue.checks import checked_inputs
from bot.queue.responses import (
    CompletedJob,
    FailedJob,
    JobInputs,
    JobStatusResponse,
    JobSubmitResponse,
    QueueJobResult,
)
from bot.queue.wire import Wire
from bot.rules.catalog import Catalog, Kind, Model, Role, load_catalog
from bot.rules.clock import Clock, SystemClock
from bot.rules.polling import AdaptivePolling, Polling
from bot.rules.requests import Orientation, Point, Resolution

OnStatusChange = Callable[[JobStatusResponse], Awaitable[None] | None]

USER_AGENT = "Clapper/0.1"
MEMORY_MAX_BYTES = 100 * 1024 * 1024
"""The most that a result without a path may have."""


class QueueClient:
    """A client of the video service's Queue API, for many jobs at once.

        async with QueueClient(api_key=key) as queue:
            job = await queue.submit("lucy-pro-i2v", prompt="make it snow", data=Path("cat.jpg"))
            async for news in queue.watch(job.job_id, model="lucy-pro-i2v"):
                print(news.status, news.reason or "")
            await queue.result(job.job_id, Path("snow.mp4"))

    or all of it in one call, `submit_and_poll`. Everything it raises on purpose is a `QueueError`; from the submit on,
    every error carries the job's id. The key goes to `base_url` alone: redirects are errors, never followed.

    Without a `session` it makes its own (see `Wire`); one of yours is used as it is and not closed. `polling` decides
    when to ask and learns from completed jobs. Raises `QueueInputError` for a key or an address that can't be used.
    """

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str = "https://api.decart.ai",
        catalog: Catalog | None = None,
        clock: Clock | None = None,
        session: aiohttp.ClientSession | None = None,
        polling: Polling | None = None,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        concurrency: Concurrency | None = None,
        deadline: timedelta = timedelta(minutes=20),
        user_agent: str = USER_AGENT,
        rng: random.Random | None = None,
    ) -> None:
        self._catalog = catalog or load_catalog()
        typical = {known.name: known.typical_seconds for known in self._catalog}
        self.polling: Polling = polling or AdaptivePolling(typical_seconds=typical)
        self._clock = clock or SystemClock()
        self._wire = Wire(
            api_key=api_key,
            base_url=base_url,
            user_agent=user_agent,
            session=session,
            clock=self._clock,
        )
        self._calls = Calls(self._wire, timeouts or Timeouts(), concurrency or Concurrency())
        self._retry = retry or Retry()
        self._retries = Retries(self._retry, self._clock, rng or random.Random())
        self._deadline = deadline

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections. Jobs go on at the service and can be watched again by their ids."""
        await self._wire.aclose()

    async def submit(
        self,
        model: str | Model,
        *,
        prompt: str | None = None,
        data: FileInput | None = None,
        start: FileInput | None = None,
        end: FileInput | None = None,
        reference_image: FileInput | None = None,
        trajectory: Iterable[Point | Mapping[str, Any]] | None = None,
        seed: int | None = None,
        resolution: Resolution | None = None,
        orientation: Orientation | None = None,
        enhance_prompt: bool | None = None,
        idempotency_key: str | None = None,
    ) -> JobSubmitResponse:
        """Hand a job in. It is sent again only where it was surely not taken: 429, 503, no connection, or one that
        broke before all was sent.

        Raises `QueueInputError` (nothing was sent), `QueueModelUnknownError` or `QueueSubmitError`, whose `taken` says
        whether the job may exist all the same. A stream that can't be rewound gets one attempt.
        """
        known = self._model(model)
        given = {Role.DATA: data, Role.START: start, Role.END: end, Role.REFERENCE: reference_image}
        files = {role: file for role, file in given.items() if file is not None}
        inputs = checked_inputs(
            known,
            files.keys(),
            prompt=prompt,
            seed=seed,
            resolution=resolution,
            orientation=orientation,
            enhance_prompt=enhance_prompt,
            trajectory=None if trajectory is None else tuple(trajectory),
        )
        fields = protocol.form_fields(known, inputs)
        extra = protocol.submit_headers(idempotency_key)
        async with opened_inputs(files) as opened:
            attempts = self._retry.submit_attempts if all(f.start is not None for f in opened) else 1
            return await self._retries.run(lambda: self._calls.submit(known, fields, opened, extra), attempts)

    async def serves(self, model: str | Model) -> bool:
        """Whether the service has the model now. Nothing is submitted: it is sent a form that lacks everything.

        Raises `QueueSubmitError` where the answer says neither, such as for a key that is refused.
        """
        known = self._model(model)
        return await self._retries.run(lambda: self._calls.offer(known), self._retry.attempts)

    async def status(self, job_id: str) -> JobStatusResponse:
        """Where the job is now. Raises `QueueJobNotFoundError` (expired) or `QueueStatusError`."""
        path = protocol.status_path(job_id)
        return await self._retries.run(lambda: self._calls.status(job_id, path), self._retry.attempts)

    @overload
    async def result(
        self, job_id: str, path: Path, *, max_bytes: int | None = None, makes: Kind = Kind.VIDEO
    ) -> Path: ...

    @overload
    async def result(
        self, job_id: str, path: None = None, *, max_bytes: int | None = None, makes: Kind = Kind.VIDEO
    ) -> bytes: ...

    async def result(
        self, job_id: str, path: Path | None = None, *, max_bytes: int | None = None, makes: Kind = Kind.VIDEO
    ) -> Path | bytes:
        """The video of a completed job, at `path`, which appears (or is replaced) only once all of it is there; a
        picture where its model `makes` one. Without a path its bytes, at most `MEMORY_MAX_BYTES` where `max_bytes` says
        nothing else.

        Raises `QueueJobNotFoundError` (expired), `QueueDiskError` (`path` can't be written) or `QueueResultError`: not
        to be had, not an MP4 (or no picture), or larger than `max_bytes` (`too_large`).
        """
        remote = protocol.content_path(job_id)
        to = None if path is None else Path(path)
        most = MEMORY_MAX_BYTES if to is None and max_bytes is None else max_bytes
        return await self._retries.run(
            lambda: self._calls.result(job_id, remote, to, most, makes), self._retry.attempts
        )

    async def watch(
        self,
        job_id: str,
        *,
        model: str | Model | None = None,
        deadline: timedelta | datetime | None = None,
        last: JobStatus | str | None = None,
        since: datetime | None = None,
    ) -> AsyncIterator[JobStatusResponse]:
        """The changes of a job's status, each once; ends after `completed` or `failed`.

        `model` says whose durations to poll by. `last` is what is known already. `since` is when the job was
        submitted, if known: without it the service is asked at once. `deadline` is a moment, or a time from now; the
        model's own, or the client's, where it is None. Outages are waited out until then, so the errors left are
        `QueueDeadlineError`, `QueueJobNotFoundError` and `QueueStatusError` (a refusal, or answers without sense).
        """
        path = protocol.status_path(job_id)
        name = model.name if isinstance(model, Model) else model
        now = self._clock.monotonic()
        submitted = now - (self._clock.now() - since).total_seconds() if since else now
        until = now + self._seconds_left(deadline, model)
        job = self.polling.follow(name, now - submitted if since else None)

        def due(now: float) -> float:
            return job.wait(now - submitted)

        try:
            if since:
                await until_due(self._clock, due, until)
            while True:
                news = await self._retries.run(lambda: self._calls.status(job_id, path), self._retry.attempts, until)
                now = self._clock.monotonic()
                if not news.status.ended:
                    job.running(now - submitted)
                elif news.status is JobStatus.COMPLETED:
                    job.completed(now - submitted)
                if news.status != last:
                    last = news.status
                    yield news
                if news.status.ended:
                    return
                if now >= until:
                    raise QueueDeadlineError(f"the job was still {news.status} at its deadline", job_id=job_id)
                await until_due(self._clock, due, until)
        finally:
            job.leave()

    async def submit_and_poll(
        self,
        model: str | Model,
        *,
        path: Path | None = None,
        on_status_change: OnStatusChange | None = None,
        deadline: timedelta | datetime | None = None,
        max_bytes: int | None = None,
        **inputs: Unpack[JobInputs],
    ) -> QueueJobResult:
        """`submit` with `inputs`, `watch`, and `result` at `path`, or in memory without one. A job that failed is
        returned, not raised; whatever is raised once there is a job, a cancellation too, has a note with its id.

        `on_status_change` is called, and awaited if it is async, on each change of status, from the first on.
        """
        job = await self.submit(model, **inputs)
        submitted_at = self._clock.now()
        news = JobStatusResponse(job_id=job.job_id, status=job.status)
        try:
            await _tell(on_status_change, news)
            if news.status is JobStatus.FAILED:
                news = await self.status(job.job_id)  # for its reason
            elif news.status is not JobStatus.COMPLETED:
                changes = self.watch(job.job_id, model=model, deadline=deadline, last=news.status, since=submitted_at)
                async for news in changes:
                    await _tell(on_status_change, news)
            if news.status is JobStatus.FAILED:
                return FailedJob(job_id=job.job_id, error=news.reason or "the service gave no reason")
            makes = self._model(model).form.makes
            if path is None:
                data = await self.result(job.job_id, max_bytes=max_bytes, makes=makes)
                return CompletedJob(job_id=job.job_id, data=data)
            made = await self.result(job.job_id, path, max_bytes=max_bytes, makes=makes)
            return CompletedJob(job_id=job.job_id, path=made)
        except BaseException as exc:
            # Also to what the caller's callback raised, and to a cancellation: the job is paid for and goes on.
            exc.add_note(f"job id: {job.job_id}")
            raise

    def _model(self, model: str | Model) -> Model:
        try:
            return model if isinstance(model, Model) else self._catalog.get(model)
        except Refused as exc:
            raise QueueInputError(f"there is no model {model!r} in the catalogue") from exc

    def _seconds_left(self, deadline: timedelta | datetime | None, model: str | Model | None) -> float:
        if isinstance(deadline, datetime):
            return (deadline - self._clock.now()).total_seconds()
        if deadline is None and isinstance(model, str) and model in self._catalog:
            model = self._catalog.get(model)
        if deadline is None:
            deadline = model.deadline if isinstance(model, Model) else self._deadline
        return deadline.total_seconds()


async def _tell(on_status_change: OnStatusChange | None, news: JobStatusResponse) -> None:
    if on_status_change is not None:
        outcome = on_status_change(news)
        if inspect.isawaitable(outcome):
            await outcome
