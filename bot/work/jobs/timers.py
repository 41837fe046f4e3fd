"""The moments at which a job that is being watched has its reply edited though its state has not changed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.errors import ModelUnknown
from bot.rules.jobs import Job
from bot.work.jobs.context import JobContext

DEADLINE_WITHOUT_MODEL = timedelta(minutes=20)
"""For a job whose model the operator has taken out of the catalogue meanwhile."""


async def until_last_edit(job: Job, context: JobContext) -> None:
    """Until the last edit that the reply's token allows; for ever where that is past or needless."""
    at, now = job.reply.last_edit_at, context.clock.now()
    if at is None or at <= now:
        await asyncio.Event().wait()
        return
    await context.clock.sleep((at - now).total_seconds())


async def until_unusual(job: Job, context: JobContext) -> None:
    """Until the job has taken longer than nine in ten of its model's recent ones."""
    try:
        typical = context.catalog.get(job.request.model).typical_seconds
    except ModelUnknown:
        typical = job.expected_seconds or DEADLINE_WITHOUT_MODEL.total_seconds()
    unusual = context.durations.percentile_90(job.request.model, typical)
    gone = (context.clock.now() - (job.submitted_at or job.accepted_at)).total_seconds()
    await context.clock.sleep(unusual - gone)
