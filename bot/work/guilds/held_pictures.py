"""What a held job was given, as pictures for the moderators who decide on it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.errors import FileNotStored, FilesUnavailable, ResultInvalid
from bot.rules.catalog import Kind, Role
from bot.rules.jobs import Job, StoredFile
from bot.rules.notices import Picture
from bot.rules.requests import SPOILER
from bot.work.jobs.context import JobContext

log = logging.getLogger(__name__)

PICTURE_MAX_BYTES = 8_000_000
"""Every channel takes files of that size."""


@asynccontextmanager
async def held_pictures(job: Job, context: JobContext) -> AsyncIterator[list[Picture]]:
    """The job's stored inputs as files that last as long as the block: pictures as they are, of a video a still.

    What can't be shown is left out, with a line in the log.
    """
    with context.working_folder() as folder:
        pictures = []
        for role, file in job.stored.items():
            try:
                path = await _picture(job, role, file, context, folder)
            except (FileNotStored, FilesUnavailable, ResultInvalid) as exc:
                log.info("the moderators of job %s don't see its %s: %s", job.id, role, type(exc).__name__)
                continue
            if path is not None:
                pictures.append(Picture(path=path, hidden=_is_hidden(job, role)))
        yield pictures


async def _picture(job: Job, role: Role, file: StoredFile, context: JobContext, folder: Path) -> Path | None:
    is_video = context.catalog.get(job.request.model).files.get(role) is Kind.VIDEO
    if file.size_bytes > PICTURE_MAX_BYTES and not is_video:
        log.info("the moderators of job %s don't see its %s, which is too large", job.id, role)
        return None
    stored = await context.files.fetch(file.key, folder / f"{role}{Path(file.filename).suffix}")
    return await context.encoder.poster(stored, folder / f"{role}-still.jpg") if is_video else stored


def _is_hidden(job: Job, role: Role) -> bool:
    """What its member hid, and what comes from a channel that not everybody may see, is not shown unasked."""
    given = job.request.files.get(role)
    return job.requester.age_restricted or (given is not None and given.filename.startswith(SPOILER))
