"""The client of fal.ai's queue: what `protocol` makes of a request is sent, what comes back is given to `protocol`."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Self

import aiohttp

from bot.errors import QueueDeadlineError, QueueInputError
from bot.fal import protocol, storage
from bot.fal.addresses import MediaHosts
from bot.fal.calls import FalCalls
from bot.fal.responses import FalJob, FalResult, FalStatus, Json
from bot.fal.wire import FalWire
from bot.http.due import until_due
from bot.http.file_inputs import FileField, opened_inputs
from bot.http.retries import Retries
from bot.http.tuning import Concurrency, Retry, Timeouts
from bot.http.values import FileInput, JobStatus
from bot.rules.catalog import Role
from bot.rules.clock import Clock, SystemClock
from bot.rules.polling import AdaptivePolling, Polling
from bot.rules.services import Cancellation

MEDIA_HOSTS = (".fal.media", "storage.googleapis.com")
USER_AGENT = "Clapper/0.1"
_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 10.0
_NO_REQUEST = "00000000-0000-0000-0000-000000000000"


class FalClient:
    """A client of fal.ai's queue, for many jobs at once.

        async with FalClient(key=key) as fal:
            job = (await fal.submit("fal-ai/veo3.1/lite", {"prompt": "a cat playing piano"})).job
            async for news in fal.watch(job):
                print(news.status, news.place, news.reason or "")
            await fal.result(job, Path("cat.mp4"))

    `str(job)` is all that must be kept to go on after a restart (`FalJob.read`). Everything it raises on purpose is a
    `QueueError`; from the submit on, every error carries the job. The key goes to `base_url` and `rest_url` alone:
    redirects are errors, never followed, and files go to and come from `media_hosts` without it.

    Without a `session` it makes its own (see `FalWire`); one of yours is used as it is and not closed. `uploads_kept`
    is how long the service keeps a job's inputs. Raises `QueueInputError` for a key or address that can't be used.
    """

    def __init__(
        self,
        *,
        key: str,
        base_url: str = "https://queue.fal.run",
        rest_url: str = "https://rest.fal.ai",
        media_hosts: Collection[str] = MEDIA_HOSTS,
        clock: Clock | None = None,
        session: aiohttp.ClientSession | None = None,
        polling: Polling | None = None,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        concurrency: Concurrency | None = None,
        uploads_kept: timedelta = timedelta(days=1),
        user_agent: str = USER_AGENT,
        rng: random.Random | None = None,
    ) -> None:
        self.polling: Polling = polling or AdaptivePolling()
        self._clock = clock or SystemClock()
        timeouts = timeouts or Timeouts()
        hosts = MediaHosts(media_hosts)
        self._wire = FalWire(
            key=key,
            base_url=base_url,
            rest_url=rest_url,
            hosts=hosts,
            user_agent=user_agent,
            session=session,
            timeouts=timeouts,
            clock=self._clock,
        )
        self._calls = FalCalls(self._wire, hosts, timeouts, concurrency or Concurrency())
        self._retry = retry or Retry()
        self._retries = Retries(self._retry, self._clock, rng or random.Random())
        self._expiry = storage.expiry_headers(uploads_kept)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections. Jobs go on at the service and can be watched again."""
        await self._wire.aclose()

    async def submit(
        self,
        endpoint: str,
        arguments: Json,
        *,
        files: Mapping[str, FileInput] | None = None,
        start_within: timedelta | None = None,
    ) -> FalStatus:
        """Hand a job in: the model's own `arguments`, and in the fields of `files` the addresses of what is uploaded.

        The job is sent again only where it was surely not taken (429, 503, no connection), an upload wherever it fails
        for the moment. `start_within`: the service gives the job up that has not begun by then.

        Raises `QueueInputError` (nothing was sent), `QueueModelUnknownError`, `QueueOutOfCreditsError` or
        `QueueSubmitError`, whose `taken` says whether the job may exist all the same.
        """
        protocol.endpoint_path(endpoint)
        protocol.json_body(arguments)  # before anything is uploaded
        addresses = await self._upload_all(files or {})
        body = protocol.json_body({**arguments, **addresses})
        headers = protocol.start_headers(start_within)
        return await self._retries.run(lambda: self._calls.submit(endpoint, body, headers), self._retry.submit_attempts)

    async def serves(self, endpoint: str) -> bool:
        """Whether the service has the endpoint's app now, by a look at a request that can't be. Nothing is submitted,
        so that a sub-path of the app may be missing all the same.

        Raises `QueueInputError` for what is no endpoint, and `QueueStatusError` where the answer says neither.
        """
        job = FalJob(protocol.app_of(endpoint), _NO_REQUEST)
        return await self._retries.run(lambda: self._calls.offer(job), self._retry.attempts)

    async def status(self, job: FalJob) -> FalStatus:
        """Where the job is now. Raises `QueueJobNotFoundError` (expired) or `QueueStatusError`."""
        return await self._retries.run(lambda: self._calls.look(job), self._retry.attempts)

    async def cancel(self, job: FalJob) -> Cancellation:
        """Ask the service to cancel the job. Raises `QueueJobNotFoundError` or `QueueStatusError`."""
        return await self._retries.run(lambda: self._calls.cancel(job), self._retry.attempts)

    async def result(self, job: FalJob, path: Path, *, max_bytes: int | None = None) -> FalResult:
        """The video of a completed job, at `path`, which appears (or is replaced) only once all of it is there.

        Raises `QueueJobFailedError` (the job has no video: its `reason` and `problem` say why),
        `QueueModelUnknownError` (the endpoint does not exist, which the service may say only now),
        `QueueJobNotFoundError` (expired), `QueueDiskError` (`path` can't be written) or `QueueResultError`: not to be
        had, not an MP4, not on one of the media hosts, or larger than `max_bytes` (`too_large`).
        """
        outcome = await self._retries.run(lambda: self._calls.outcome(job), self._retry.attempts)
        await self._retries.run(lambda: self._calls.fetch(job, outcome, Path(path), max_bytes), self._retry.attempts)
        return FalResult(job=job, path=Path(path), billed_units=outcome.billed_units, seed=outcome.seed)

    async def watch(
        self,
        job: FalJob,
        *,
        model: str | None = None,
        last: FalStatus | None = None,
        queue_limit: timedelta = timedelta(hours=2),
        run_limit: timedelta = timedelta(minutes=20),
        queued_since: datetime | None = None,
        running_since: datetime | None = None,
    ) -> AsyncIterator[FalStatus]:
        """The changes of a job's status and place, each once; ends after `completed` or `failed`.

        `model` says whose durations to poll by. `last` is what is known already. A job may be in the service's queue
        for `queue_limit`, since it costs nothing there, and at work for `run_limit`; `queued_since` and `running_since`
        say since when it was, where that is known: now, where they are None. Outages are waited out until then, so the
        errors left are `QueueDeadlineError`, `QueueJobNotFoundError` and `QueueStatusError` (a refusal, or answers
        without sense).
        """
        began = self._clock.monotonic()
        queued = began if queued_since is None else self._since(queued_since)
        running = None if running_since is None else self._since(running_since)
        polling = self.polling.follow(model, None if running is None else began - running)
        until = queued + queue_limit.total_seconds() if running is None else running + run_limit.total_seconds()
        due = began if last is None else began + _queue_pause(began - queued)

        def wait(now: float) -> float:
            # In the queue `due` says when; once it runs, what is known of its model.
            return due - now if running is None else polling.wait(now - running)

        try:
            while True:
                await until_due(self._clock, wait, until)
                news = await self._retries.run(lambda: self._calls.look(job), self._retry.attempts, until)
                now = self._clock.monotonic()
                if running is None and news.status is JobStatus.PROCESSING:
                    polling.leave()
                    polling, running, until = self.polling.follow(model), now, now + run_limit.total_seconds()
                elif running is not None and not news.status.ended:
                    polling.running(now - running)
                elif running is not None and news.status is JobStatus.COMPLETED:
                    polling.completed(now - running)
                if last is None or (news.status, news.place) != (last.status, last.place):
                    last = news
                    yield news
                if news.status.ended:
                    return
                if now >= until:
                    raise QueueDeadlineError(f"the job was still {news.status} at its deadline", job_id=str(job))
                due = now + _queue_pause(now - queued)
        finally:
            polling.leave()

    def _since(self, moment: datetime) -> float:
        return self._clock.monotonic() - (self._clock.now() - moment).total_seconds()

    async def _upload_all(self, files: Mapping[str, FileInput]) -> dict[str, str]:
        """The address of each file, by its field. Raises `QueueInputError`, also for an empty one, before any goes."""
        async with AsyncExitStack() as stack:
            opened = {name: await _opened(stack, name, file) for name, file in files.items()}
            return {name: await self._upload(field) for name, field in opened.items()}

    async def _upload(self, field: FileField) -> str:
        attempts = self._retry.attempts if field.start is not None else 1
        size = field.size_bytes or 0
        in_parts = size > storage.SINGLE_MAX_BYTES
        place = await self._retries.run(
            lambda: self._calls.place(field, self._expiry, in_parts=in_parts), self._retry.attempts
        )
        if not in_parts:
            await self._retries.run(lambda: self._calls.send(field, place.upload_url), attempts)
            return place.file_url
        done = []
        for part in storage.parts_of(size):
            send = partial(self._calls.send_part, field, place.upload_url, part)
            done.append(await self._retries.run(send, attempts))
        await self._retries.run(lambda: self._calls.complete(place.upload_url, done), self._retry.attempts)
        return place.file_url


def _queue_pause(waited_seconds: float) -> float:
    """How long until the next question about a job in the service's queue: a share of how long it has waited there."""
    return min(_LONGEST_PAUSE_SECONDS, _SHORTEST_PAUSE_SECONDS + waited_seconds / 10)


async def _opened(stack: AsyncExitStack, name: str, file: FileInput) -> FileField:
    try:
        [field] = await stack.enter_async_context(opened_inputs({Role.DATA: file}))
    except QueueInputError as exc:
        raise QueueInputError(f"{name}: {exc.message}") from exc.__cause__
    return field
