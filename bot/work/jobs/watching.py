"""While the service works: its changes of state are written and told, and the reply is edited at two moments more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from typing import cast

from bot.errors import ModelUnknown, OutcomeUnknown
from bot.rules.catalog import Catalog
from bot.rules.durations import LONGEST_FACTOR
from bot.rules.jobs import Job, JobState
from bot.rules.services import RemoteStatus, Since
from bot.work.jobs.context import JobContext
from bot.work.jobs.failures import failure_of_job
from bot.work.jobs.owned import OwnedJob

DEADLINE_WITHOUT_MODEL = timedelta(minutes=20)
"""For a job whose model the operator has taken out of the catalogue meanwhile."""


def deadline_of(job: Job, catalog: Catalog) -> timedelta:
    """How long after its submit the job is given up."""
    try:
        return catalog.get(job.request.model).deadline
    except ModelUnknown:
        return DEADLINE_WITHOUT_MODEL


async def watch(owned: OwnedJob, context: JobContext) -> None:
    """Until the service has ended the job. Once it takes longer than usual the member is told so, and before the
    reply's token dies the reply offers a way to come for the video.

    Raises the job's failure, a `QueueError`, `JobMoved`, and `OutcomeUnknown` for a damaged row.
    """
    async with _changes(owned.row, context) as changes:
        late = asyncio.ensure_future(_until_unusual(owned.row, context))
        last_edit = asyncio.ensure_future(_until_last_edit(owned.row, context))
        news = asyncio.ensure_future(anext(changes))
        try:
            while owned.row.state is not JobState.COMPLETED:
                reply = owned.row.reply
                await owned.first_of(news, last_edit, *([] if owned.row.slow else [late]))
                if news.done():
                    await _take_in(owned, news.result())
                    news = asyncio.ensure_future(anext(changes))
                elif late.done() and not owned.row.slow:
                    await owned.note(slow=True)
                    await owned.tell()
                said = last_edit.done()
                if said:
                    await owned.tell()
                if said or owned.row.reply.token != reply.token:  # a press brought another one, which ends later
                    last_edit.cancel()
                    last_edit = asyncio.ensure_future(_until_last_edit(owned.row, context))
        finally:
            for waiter in (late, last_edit, news):
                waiter.cancel()
            await asyncio.gather(late, last_edit, news, return_exceptions=True)


@asynccontextmanager
async def _changes(job: Job, context: JobContext) -> AsyncIterator[AsyncGenerator[RemoteStatus]]:
    if job.remote_id is None:  # only a damaged row
        raise OutcomeUnknown
    service, remote_id = context.services.of_job(job.remote_id)
    changes = service.watch(
        remote_id,
        model=job.request.model,
        since=Since(state=job.state, submitted_at=job.submitted_at or job.accepted_at, processing_at=job.processing_at),
        deadline=deadline_of(job, context.catalog),
    )
    async with aclosing(cast("AsyncGenerator[RemoteStatus]", changes)) as stream:
        yield stream


async def _take_in(owned: OwnedJob, news: RemoteStatus) -> None:
    match news.state:
        case JobState.FAILED:
            raise failure_of_job(news.problem, news.reason)
        case JobState.PENDING:
            owned.learn_place(news.place)
            if owned.row.state is JobState.PROCESSING:
                await owned.advance(JobState.PENDING)
        case JobState.PROCESSING if owned.row.state is JobState.PENDING:
            await owned.advance(JobState.PROCESSING)
        case JobState.COMPLETED:
            # Untold: the edit that brings the video follows.
            await owned.advance(JobState.COMPLETED, tell=False)


async def _until_last_edit(job: Job, context: JobContext) -> None:
    """Until the last edit that the reply's token allows; for ever where that is past or needless."""
    at, now = job.reply.last_edit_at, context.clock.now()
    if at is None or at <= now:
        await asyncio.Event().wait()
        return
    await context.clock.sleep((at - now).total_seconds())


async def _until_unusual(job: Job, context: JobContext) -> None:
    """Until the job has taken longer than nine in ten of its model's recent ones, or than its member was told."""
    try:
        typical = context.catalog.get(job.request.model).typical_seconds
    except ModelUnknown:
        typical = job.expected_seconds or DEADLINE_WITHOUT_MODEL.total_seconds()
    unusual = context.durations.percentile_90(job.request.model, typical)
    if job.expected_seconds is not None:
        unusual = min(unusual, job.expected_seconds * LONGEST_FACTOR)
    gone = (context.clock.now() - (job.submitted_at or job.accepted_at)).total_seconds()
    await context.clock.sleep(unusual - gone)
