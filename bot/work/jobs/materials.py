"""A job's inputs in `files`: fetched, or copied from an earlier job's, and made ready for a submit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from bot.errors import FileGone, FileNotStored, JobGone, JobMoved
from bot.queue import Upload
from bot.rules.catalog import Role
from bot.rules.jobs import Job, StoredFile
from bot.work.jobs.context import JobContext, input_key


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


@asynccontextmanager
async def belonging(job: Job, context: JobContext) -> AsyncIterator[None]:
    """For writing where the inputs are. If the job was ended while they came they go; another process, if it is that
    which has the job now, needs them."""
    try:
        yield
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
