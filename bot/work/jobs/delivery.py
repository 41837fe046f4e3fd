"""From the service's result to the member's message: one rung of a ladder after the other, down to what fits.

As it is → made smaller, saying so → a link with a still picture → a sentence. The file is kept under the job's key from
the download on, so that a restart, or a member who comes for it later, needs the service no more.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypedDict

from bot.errors import (
    FileNotStored,
    FilesUnavailable,
    JobGone,
    JobMoved,
    QueueDiskError,
    QueueResultError,
    ResultInvalid,
    ResultTooLarge,
    Unavailable,
)
from bot.rules.backoff import Backoff, retry
from bot.rules.catalog import FORMS, Kind
from bot.rules.delivery import Clip, DeliveryLost, DeliveryTooLarge, Link
from bot.rules.jobs import Job, Reply, StoredFile
from bot.rules.media import Dimensions
from bot.rules.services import RemoteResult
from bot.store.rows import Facts
from bot.work.jobs.context import JobContext, result_key
from bot.work.jobs.failures import may_succeed_later
from bot.work.jobs.owned import OwnedJob

log = logging.getLogger(__name__)

RESULT_PATIENCE = timedelta(minutes=10)
"""How long after its completion a result is asked for that can't be had for the moment."""
RESULT_PAUSE_SECONDS = 15.0
DISCORD_PAUSE_SECONDS = 60.0
"""Between two tries while Discord itself is out of reach."""
_STORE_TRIES = 3
_BILL_MAX_TIMES = 20
"""A bill of more than so many times what was reckoned is no bill, but an odd header."""
_STORE_BACKOFF = Backoff(first=timedelta(seconds=1), longest=timedelta(seconds=30))
_USUAL_LIMIT_BYTES = 10 * 1024**2
"""What Discord has taken everywhere for years: the announced limit may be of a way that is closed (the member's own
subscription, another place's boosts), and nobody is told the one that holds."""
_LADDER = ("as_it_is", "smaller", "smaller", "link")
"""The second "smaller" is for the limit that holds where Discord refused the one it had announced."""
_UNREACHABLE = "unreachable"
_UNDELIVERABLE_MAX_CHARS = 32
_VIDEO = "video/mp4"
_ENDINGS: Mapping[str, str] = {_VIDEO: ".mp4", "image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}


class _Measured(TypedDict, total=False):
    seconds: float | None
    width: int | None
    height: int | None


class Delivery:
    """Delivers one completed job: downloads and stores its video once, then tries each way to its member."""

    def __init__(self, owned: OwnedJob, context: JobContext) -> None:
        self._owned = owned
        self._context = context
        self._reply: Reply | None = None
        """Where the video goes, if that is not the reply that the row tells of."""
        self._linked = False
        self._smaller_clips: dict[int, Clip | None] = {}
        self._makes = FORMS[owned.row.request.operation].makes
        self._found_type = _VIDEO
        self._shape: Dimensions | None = None

    @property
    def _job(self) -> Job:
        row = self._owned.row
        return row if self._reply is None else row.model_copy(update={"reply": self._reply})

    @property
    def _filename(self) -> str:
        return f"{self._job.request.operation}-{self._job.id[:8]}{_ENDINGS[self._content_type]}"

    @property
    def _content_type(self) -> str:
        """The result's, once it is there."""
        return self._job.result.content_type if self._job.result else self._found_type

    async def run(self) -> bool:
        """Whether the member has the video; else the row says why it is `undeliverable` now.

        Raises `ResultTooLarge` and the other failures of the job, `QueueResultError`, `JobMoved`, and
        `FilesUnavailable` where the video can't be had from our files now: run it again later.
        """
        with self._context.working_folder() as folder:
            video = await self._video(folder)
            # Another process may have taken the job during a long download; the token may be a new one, too.
            await self._owned.confirm_if_stale()
            self._owned.uninterruptible = True
            # Only time can help where Discord itself is out of reach, so nothing is given up: a minute between tries.
            while (lost := await self._lost(video, folder)) == _UNREACHABLE:
                await self._owned.pause(DISCORD_PAUSE_SECONDS)
                await self._owned.confirm()
            if lost is not None:
                await self._owned.note(undeliverable=lost[:_UNDELIVERABLE_MAX_CHARS])
        return lost is None

    async def again(self) -> None:
        """Deliver it once more, to the job's reply as it was given here; the row stays as it is.

        Raises `DeliveryLost`, `QueueResultError` where nobody has the video any more, `ResultTooLarge`, and
        `FilesUnavailable`.
        """
        self._reply = self._job.reply  # the row, when it is written and read, tells of the one that has it already
        with self._context.working_folder() as folder:
            await self._descend(await self._video(folder), folder)

    async def _lost(self, video: Path, folder: Path) -> str | None:
        """Why it was not delivered, or None if it was."""
        try:
            await self._descend(video, folder)
        except DeliveryLost as exc:
            reason = exc.reason or "lost"
            if reason == _UNREACHABLE or self._job.result is not None or await self._store(video):
                return reason
            return _UNREACHABLE  # the member comes for it later, so it has to be stored first
        except FilesUnavailable:
            return _UNREACHABLE
        return None

    def _measured(self) -> _Measured:
        """How long and large the video is, as far as anybody has looked."""
        seen = self._shape or self._job.result
        return {} if seen is None else {"seconds": seen.seconds, "width": seen.width, "height": seen.height}

    def _size_bytes(self, video: Path) -> int:
        return self._job.result.size_bytes if self._job.result else video.stat().st_size

    async def tidy(self) -> None:
        """The member has the video: ours goes, unless it is kept for a while (retention lets it go then)."""
        if self._context.settings.keep_results_hours or self._linked:
            return
        try:
            await self._context.files.delete([result_key(self._job.id)])
            await self._owned.note(result=None)
        except (Unavailable, JobGone, JobMoved) as exc:
            log.warning("the result of job %s was not deleted: %s", self._job.id, exc)

    async def _video(self, folder: Path) -> Path:
        """The result on the local disk: our own copy, or the service's, which is then stored if that can be.

        Writing where it is kept is also how a process that lost the job finds out before it uploads anything.
        """
        local = folder / "result.mp4"
        if self._job.result is not None:
            try:
                return await self._context.files.fetch(self._job.result.key, local)
            except FileNotStored:
                log.warning("the stored result of job %s is gone; asking the service again", self._job.id)
        result = await self._download(folder / "raw.mp4")
        if self._makes is Kind.IMAGE:
            self._found_type = await asyncio.to_thread(_picture_type, result.path)
            await self._store(result.path, self._billed(result))
            return result.path
        try:
            ready, self._shape = await self._context.encoder.faststart(result.path, local, by=self._job.requester)
        except OSError as exc:
            raise FilesUnavailable(f"the video can't be written: {exc}") from exc
        await self._store(ready, self._billed(result))
        return ready

    def _billed(self, result: RemoteResult) -> Facts:
        """What the service says that it billed, to be counted in the place of what was reckoned."""
        request, catalog = self._job.request, self._context.catalog
        if result.billed_units is None or request.model not in catalog:
            return {}
        cost = catalog.get(request.model).billed(result.billed_units, chosen=request.inputs.priced)
        if cost > _BILL_MAX_TIMES * self._job.cost > 0:
            log.warning("job %s: the service says that it billed $%.2f, which is not counted", self._job.id, cost)
            return {}
        return {"cost": cost}

    async def _store(self, ready: Path, billed: Facts | None = None) -> bool:
        """Keep the video under the job's key, trying for some seconds; False while the files are unavailable.

        A member need not wait for the files to be back: what is not stored is handed over from the working folder.
        """
        key, files = result_key(self._job.id), self._context.files

        def pause_after(error: Exception, tries: int) -> float | None:
            passes = isinstance(error, FilesUnavailable) and tries < _STORE_TRIES
            return _STORE_BACKOFF.seconds(tries, chance=random.random()) if passes else None

        try:
            size = await retry(lambda: files.put(key, ready, self._content_type), pause_after, sleep=self._owned.pause)
        except FilesUnavailable as exc:
            log.warning("the result of job %s can't be stored now: %s", self._job.id, exc)
            await self._owned.note(**(billed or Facts()))  # finds out, too, what the write below would have
            return False
        kind = self._content_type
        name = self._job.id + _ENDINGS[kind]
        result = StoredFile(key=key, filename=name, content_type=kind, size_bytes=size, **self._measured())
        try:
            facts: Facts = {**(billed or Facts()), "result": result}
            await self._owned.note(**facts)
        except (JobGone, JobMoved):
            await self._let_go(key)
            raise
        return True

    async def _let_go(self, key: str) -> None:
        """The job was ended meanwhile: nobody asks for its video. If another process has it now, that one does."""
        try:
            job = await self._context.jobs.get(self._job.id)
        except JobGone:
            job = None
        if job is None or (job.ended and job.result is None):
            await self._context.files.delete([key])

    async def _download(self, to: Path) -> RemoteResult:
        job, clock = self._job, self._context.clock
        service, remote_id = self._context.services.of_job(job.remote_id or "")
        give_up_at = (job.completed_at or clock.now()) + RESULT_PATIENCE

        def pause_after(error: Exception, _: int) -> float | None:
            if isinstance(error, QueueDiskError):
                raise FilesUnavailable(str(error)) from error
            passes = isinstance(error, QueueResultError) and may_succeed_later(error)
            if not passes or clock.now() >= give_up_at:
                return None
            log.warning("the result of job %s can't be had yet: %s", job.id, error)
            return RESULT_PAUSE_SECONDS

        most = self._context.settings.max_result_bytes
        return await retry(
            lambda: service.result(remote_id, to, max_bytes=most, makes=self._makes),
            pause_after,
            sleep=self._owned.pause,
        )

    async def _descend(self, video: Path, folder: Path) -> None:
        """The ladder, from the top. Discord's own "too large" is a normal answer, which leads one rung down."""
        limit = self._job.reply.upload_limit_bytes
        sent: set[Path] = set()
        for rung in _LADDER:
            try:
                thing = await self._made_for(rung, video, folder, limit)
                if thing is None or (isinstance(thing, Clip) and thing.path in sent):
                    continue
                if isinstance(thing, Clip):
                    sent.add(thing.path)
                await self._send(thing)
            except DeliveryTooLarge:
                log.info("job %s: Discord takes less than it announced (%s)", self._job.id, rung)
                limit = min(limit // 2, _USUAL_LIMIT_BYTES)
            else:
                self._context.metrics.deliveries.labels(rung).inc()
                return
        raise ResultTooLarge(size_bytes=self._size_bytes(video))

    async def _made_for(self, rung: str, video: Path, folder: Path, limit_bytes: int) -> Clip | Link | None:
        """What this rung would deliver; None where there is no such thing."""
        match rung:
            case "as_it_is":
                size = self._size_bytes(video)
                if size > limit_bytes:
                    return None
                return Clip(path=video, filename=self._filename, size_bytes=size, **self._measured())
            case "smaller" if self._makes is Kind.IMAGE:
                return None
            case "smaller":
                return await self._smaller(video, folder, limit_bytes)
            case _:
                return await self._link(video, folder)

    async def _send(self, thing: Clip | Link) -> None:
        await self._owned.confirm_if_stale()  # to make it smaller may take minutes: it may be cancelled by now
        try:
            self._owned.learn(await self._context.announcer.deliver(self._job, thing))
        except DeliveryTooLarge:
            if not isinstance(thing, Link) or thing.poster is None:
                raise
            # It was the picture, then: that is less than the link.
            await self._context.announcer.deliver(self._job, replace(thing, poster=None))

    async def _smaller(self, video: Path, folder: Path, limit_bytes: int) -> Clip | None:
        """Encoded once for each limit, however often it is sent."""
        if limit_bytes not in self._smaller_clips:
            self._smaller_clips[limit_bytes] = await self._encode(video, folder, limit_bytes)
        return self._smaller_clips[limit_bytes]

    async def _encode(self, video: Path, folder: Path, limit_bytes: int) -> Clip | None:
        try:
            to = folder / f"fitted-{limit_bytes}.mp4"
            fitted = await self._context.encoder.fit(video, to, limit_bytes, by=self._job.requester)
        except ResultInvalid:  # it may take longer than a child is given, and can be watched by a link all the same
            log.warning("the result of job %s can't be made smaller", self._job.id, exc_info=True)
            return None
        if fitted is None:
            return None
        return Clip(
            path=fitted.path,
            filename=self._filename,
            size_bytes=fitted.size_bytes,
            seconds=fitted.seconds,
            width=fitted.width,
            height=fitted.height,
            note="fit_reencoded",
            note_facts={"size_bytes_before": fitted.size_bytes_before},
        )

    async def _link(self, video: Path, folder: Path) -> Link | None:
        if self._job.result is None and not await self._store(video):
            raise FilesUnavailable("a link needs the stored video")
        links, job = self._context.links, self._job
        signed = None if links is None else await links.link(job.id, self._filename, ended_at=job.ended_at)
        if signed is None:
            return None
        url, expires_at = signed
        poster = None
        try:
            if self._makes is Kind.VIDEO:
                poster = await self._context.encoder.poster(video, folder / "poster.jpg", by=self._job.requester)
        except (ResultInvalid, FilesUnavailable):  # the video can be watched all the same, perhaps
            log.info("job %s has no poster", self._job.id)
        self._linked = True
        return Link(url=url, poster=poster, size_bytes=self._size_bytes(video), expires_at=expires_at)


def _picture_type(path: Path) -> str:
    """By its first bytes; the client has taken it for a picture."""
    with path.open("rb") as file:
        head = file.read(4)
    return {b"\x89PNG": "image/png", b"RIFF": "image/webp"}.get(head, "image/jpeg")
