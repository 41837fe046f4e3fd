"""A job's inputs: checked by what Discord tells of them, fetched, made as the model takes them, kept, and uploaded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path, PurePosixPath

from bot.download import Downloader
from bot.errors import (
    FileGone,
    FileNotStored,
    FileOfOtherKind,
    FilesUnavailable,
    FileTooLarge,
    FileUnsupported,
    InputRejected,
    JobGone,
    JobMoved,
    PictureTooLarge,
    Refused,
    VideoTooLarge,
)
from bot.fair_semaphore import FairSemaphore
from bot.media import Normaliser, Sketcher
from bot.queue import Upload
from bot.rules.bounds import CLIP_MAX_SIDE, PICTURE_MAX_PIXELS
from bot.rules.catalog import Kind, Model, Role
from bot.rules.drafts import Preview
from bot.rules.jobs import Job, Requester, StoredFile, fairness_group
from bot.rules.media import Files
from bot.rules.requests import Attachment, VideoRequest
from bot.settings import Settings
from bot.work.jobs.context import JobContext, input_key
from bot.work.working_folders import working_folder

INPUTS_AT_ONCE = 16
"""Of how many jobs the inputs are taken at a time: until they are stored they lie on the disk, 100 MB each at most."""
INPUTS_OF_EACH = 4
"""Of them, of how many one member's: whoever attaches files that take long leaves places to others. One file of each
kind is opened at a time, so that more would only wait elsewhere."""
_UNFIT = {
    Kind.IMAGE: frozenset({"text", "audio", "video"}),
    Kind.VIDEO: frozenset({"text", "audio", "image"}),
}
"""Content types that Discord tells of files that can't be used. Others, also none, are decided by the bytes."""
_FIT_FOR_BOTH = frozenset({"gif", "webp", "avif"})
_FOUND = {"text": "text", "audio": "sound"}
_WANTED = {Kind.IMAGE: "picture", Kind.VIDEO: "video"}


class DiscordInputs:
    """`bot.rules.media.Intake`: fetched, brought into form, stored; nothing of it stays on the workbench."""

    def __init__(
        self,
        *,
        downloader: Downloader,
        normaliser: Normaliser,
        files: Files,
        settings: Settings,
        sketcher: Sketcher | None = None,
    ) -> None:
        self._downloader = downloader
        self._normaliser = normaliser
        self._files = files
        self._settings = settings
        self._sketcher = sketcher or Sketcher()
        self._places = FairSemaphore(INPUTS_AT_ONCE, each=INPUTS_OF_EACH)

    async def preview(self, request: VideoRequest, model: Model, by: Requester) -> Preview:
        """The request's path drawn over its picture; nothing of it stays. Raises a leaf of `InputRejected`, or
        `FilesUnavailable`."""
        picture = request.files[Role.DATA]
        points = request.inputs.trajectory or ()
        try:
            check_declared({Role.DATA: picture}, model, max_bytes=self._settings.max_input_bytes)
            with working_folder(self._settings, prefix="preview-") as folder:
                fetched, drawn = folder / "fetched", folder / "drawn"
                with _own_faults():
                    await self._downloader.fetch(picture.url, fetched, max_bytes=self._settings.max_input_bytes)
                    sketched = await self._sketcher.sketch(fetched, drawn, model=model, points=points, by=by)
                return Preview(picture=await asyncio.to_thread(drawn.read_bytes), cropped=sketched.cropped)
        except InputRejected as exc:
            raise type(exc)(**(exc.facts | {"role": _named(Role.DATA, model)})) from exc

    async def take(self, job: Job, model: Model) -> dict[Role, StoredFile]:
        """The job's inputs, stored; servers take turns. Raises a leaf of `InputRejected` that names the role, or
        `FilesUnavailable`."""
        stored: dict[Role, StoredFile] = {}
        try:
            async with self._places.place(fairness_group(job.requester), job.requester.user_id):
                await self._take_each(job, model, stored)
        except BaseException:
            with suppress(FilesUnavailable):  # what stays is deleted with the job's row
                await self._files.delete([file.key for file in stored.values()])
            raise
        return stored

    async def _take_each(self, job: Job, model: Model, stored: dict[Role, StoredFile]) -> None:
        for role, attachment in job.request.files.items():
            try:
                _check_declared(attachment, model.files[role], model, self._settings.max_input_bytes)
                with working_folder(self._settings, prefix="intake-") as folder:
                    stored[role] = await self._one(job, role, attachment, model, folder)
            except InputRejected as exc:
                raise type(exc)(**(exc.facts | {"role": _named(role, model)})) from exc

    async def _one(self, job: Job, role: Role, attachment: Attachment, model: Model, folder: Path) -> StoredFile:
        fetched = folder / "fetched"
        with _own_faults():
            await self._downloader.fetch(attachment.url, fetched, max_bytes=self._settings.max_input_bytes)
            ready = await self._normaliser.ready(
                fetched,
                folder / "ready",
                kind=model.files[role],
                model=model,
                start_seconds=job.request.inputs.start_seconds,
                by=job.requester,
            )
        key = input_key(job.id, role)
        size = await self._files.put(key, ready.path, ready.content_type)
        # The service sees the name: its stem is the member's, its suffix the truth.
        name = f"{_safe_stem(attachment.filename)}{ready.suffix}"
        return StoredFile(
            key=key,
            filename=name,
            content_type=ready.content_type,
            size_bytes=size,
            seconds=ready.seconds,
            shortened="shortened" in ready.done,
        )


@contextmanager
def _own_faults() -> Iterator[None]:
    """A full disk, or no room for a process, is no fault of the file's: the same file may be fine later."""
    try:
        yield
    except OSError as exc:
        raise FilesUnavailable(f"a member's file can't be opened here: {exc}") from exc


def check_declared(files: Mapping[Role, Attachment], model: Model, *, max_bytes: int) -> None:
    """By what Discord tells of the files, before a byte of them is fetched. Raises a leaf of `InputRejected`."""
    for role, attachment in files.items():
        try:
            _check_declared(attachment, model.files[role], model, max_bytes)
        except InputRejected as exc:
            raise type(exc)(**(exc.facts | {"role": _named(role, model)})) from exc


def _check_declared(attachment: Attachment, kind: Kind, model: Model, max_bytes: int) -> None:
    declared, _, subtype = (attachment.content_type or "").partition(";")[0].strip().partition("/")
    if declared in _UNFIT[kind] and subtype not in _FIT_FOR_BOTH:
        found = _FOUND.get(declared) or PurePosixPath(attachment.filename).suffix[1:].upper() or "unknown"
        refused = FileUnsupported if declared in _FOUND else FileOfOtherKind  # text and sound are neither
        raise refused(found=found, wanted=_WANTED[kind])
    if attachment.size_bytes > max_bytes:
        raise FileTooLarge(size_bytes=attachment.size_bytes, limit_bytes=max_bytes)
    width, height = attachment.width or 0, attachment.height or 0
    if kind is Kind.IMAGE and width * height > PICTURE_MAX_PIXELS:
        raise PictureTooLarge(width=width, height=height, limit_pixels=PICTURE_MAX_PIXELS)
    if kind is Kind.VIDEO and max(width, height) > CLIP_MAX_SIDE:
        raise VideoTooLarge(width=width, height=height, limit_side=CLIP_MAX_SIDE)


def _named(role: Role, model: Model) -> str:
    """The file's part in the sentence about it; what comes as `data` is called by what it should have been."""
    return f"the_{model.files[role]}" if role is Role.DATA else role.value


def _safe_stem(filename: str) -> str:
    stem = PurePosixPath(filename.replace("\\", "/")).stem
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in stem)[:60].strip("_") or "input"


def gathered(job: Job) -> bool:
    """Whether the job has all the inputs that it needs, under its own keys."""
    return not job.request.files or (
        job.stored.keys() == job.request.files.keys()
        and all(file.key == input_key(job.id, role) for role, file in job.stored.items())
    )


async def gather(job: Job, context: JobContext) -> Mapping[Role, StoredFile]:
    """The inputs as the model takes them, under the job's own keys; those that are there already are not fetched.

    Raises a leaf of `InputRejected`, `ModelUnknown`, `FilesUnavailable`.
    """
    if gathered(job):
        return job.stored
    return await _inherit(job, context) or await context.intake.take(job, context.catalog.get(job.request.model))


def clip_seconds(stored: Mapping[Role, StoredFile]) -> float | None:
    """How long the clip is that the model gets; None where there is none."""
    return stored[Role.DATA].seconds if Role.DATA in stored else None


def declared_seconds(request: VideoRequest) -> float | None:
    """How long the clip is from where it is used on, by what Discord says; None where it says nothing."""
    clip = request.files.get(Role.DATA)
    if clip is None or clip.seconds is None:
        return None
    return max(0.1, clip.seconds - (request.inputs.start_seconds or 0))


@asynccontextmanager
async def belonging(job: Job, context: JobContext) -> AsyncIterator[None]:
    """For writing where the inputs are. If the job was ended while they came they go, and if a limit refuses it;
    another process, if it is that which has the job now, needs them."""
    try:
        yield
    except Refused:
        await context.files.delete([input_key(job.id, role) for role in job.request.files])
        raise
    except (JobGone, JobMoved):
        keys = {input_key(job.id, role) for role in job.request.files}
        try:
            now = await context.jobs.get(job.id)
            keys = keys - {file.key for file in now.stored.values()} if now.ended else set()
        except JobGone:
            pass
        await context.files.delete(keys)
        raise


@asynccontextmanager
async def uploads(job: Job, context: JobContext) -> AsyncIterator[dict[Role, Upload]]:
    """The inputs as files in a folder that lasts as long as the block. Raises `FileGone`, `FilesUnavailable`."""
    if not job.stored:
        yield {}
        return
    found = {}
    with context.working_folder() as folder:
        for role, file in job.stored.items():
            try:
                local = await context.files.fetch(file.key, folder / role)
            except FileNotStored:
                raise FileGone(role=role) from None
            found[role] = Upload(local, file.filename, file.content_type)
        yield found


async def _inherit(job: Job, context: JobContext) -> dict[Role, StoredFile] | None:
    """Copies of an earlier job's inputs under this job's keys; None where they are not all there any more."""
    if job.stored.keys() != job.request.files.keys():
        return None
    own: dict[Role, StoredFile] = {}
    with context.working_folder() as folder:
        for role, file in job.stored.items():
            try:
                local = await context.files.fetch(file.key, folder / role)
            except FileNotStored:
                return None
            key = input_key(job.id, role)
            await context.files.put(key, local, file.content_type)
            own[role] = file.model_copy(update={"key": key})
    return own
