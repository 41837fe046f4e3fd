"""How a member hears of a job that was ended by somebody's word, and not by a step of its own."""

from __future__ import annotations

from bot.errors import JobGone, JobMoved
from bot.rules.delivery import Announcer
from bot.rules.jobs import Job
from bot.store.jobs import Jobs
from bot.work.engines.base import Engine


async def tell_end(job: Job, *, jobs: Jobs, announcer: Announcer, engine: Engine) -> Job:
    """Have the reply say how the job, whose row is `untold`, ended; where Discord is out of reach the engine goes on
    trying. Raises `DatabaseUnavailable`."""
    if not await announcer.show(job):
        await engine.start(job.id)
        return job
    try:
        return await jobs.note(job, untold=False)
    except (JobGone, JobMoved):  # the engine has come to say so first
        return job
