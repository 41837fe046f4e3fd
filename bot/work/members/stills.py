"""Small pictures of finished videos, for a list of them: made when first asked for, then stored beside them."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from bot.errors import FileNotStored, FilesUnavailable, MachineBusy, ResultInvalid
from bot.rules.catalog import FORMS
from bot.rules.jobs import Job
from bot.work.jobs.context import JobContext, still_key

log = logging.getLogger(__name__)


async def still_of(job: Job, context: JobContext) -> bytes | None:
    """The JPEG; None where the job's result is not stored, or can't be opened now.

    It goes when the result does (`bot.work.retention`).
    """
    if job.result is None:
        return None
    try:
        with context.working_folder() as folder:
            path = await _stored(job, context, folder / "still.jpg") or await _made(job, context, folder)
            return await asyncio.to_thread(path.read_bytes)
    except (FileNotStored, FilesUnavailable, MachineBusy, ResultInvalid) as exc:
        log.info("job %s is listed without a picture: %s", job.id, type(exc).__name__)
        return None


async def _stored(job: Job, context: JobContext, to: Path) -> Path | None:
    try:
        return await context.files.fetch(still_key(job.id), to)
    except FileNotStored:
        return None


async def _made(job: Job, context: JobContext, folder: Path) -> Path:
    result = job.result
    if result is None:
        raise FileNotStored(job.id)
    video = await context.files.fetch(result.key, folder / result.filename)
    kind = FORMS[job.request.operation].makes
    still = await context.encoder.still(video, folder / "made.jpg", kind=kind, by=job.requester)
    try:
        await context.files.put(still_key(job.id), still, "image/jpeg")
    except FilesUnavailable as exc:  # it is made anew the next time
        log.warning("the still of job %s can't be stored now: %s", job.id, exc)
    return still
