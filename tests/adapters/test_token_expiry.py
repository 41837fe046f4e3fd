"""The last edits of private replies that wait: each made once, whatever the number of processes; on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import insert, text

from bot.rules.delivery import Shown
from bot.rules.jobs import LAST_EDIT_BEFORE, Job, JobState
from bot.store.database import Database
from bot.store.encryption import Keys
from bot.store.jobs import Jobs
from bot.store.last_edits import LastEdits
from bot.store.rows import row_of
from bot.store.tables import jobs
from bot.work.token_expiry import TokenExpiry
from tests.adapters.databases import database, empty_url, execute
from tests.adapters.runner_setup import KEY, Recorder
from tests.clock import ManualClock
from tests.jobs import NOW, a_job, a_reply

__all__ = ["database", "empty_url"]

LIFE = timedelta(minutes=15)


class CountingKeys(Keys):
    """Counts what is decrypted."""

    def __init__(self) -> None:
        super().__init__([KEY])
        self.decrypted = 0

    def decrypt(self, encrypted: str) -> str | None:
        self.decrypted += 1
        return super().decrypt(encrypted)


class Announcer(Recorder):
    """Takes as long for an edit as it needs for another process to come to the same one."""

    async def show(self, job: Job) -> Shown:
        await asyncio.sleep(0.01)
        return await super().show(job)


class Process:
    """What looks after token ends in one process of a cluster."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.keys = CountingKeys()
        self.announcer = Announcer()
        self.jobs = Jobs(database, keys=self.keys, clock=clock)
        self.token_expiry = TokenExpiry(
            last_edits=LastEdits(database, clock=clock), jobs=self.jobs, announcer=self.announcer, clock=clock
        )

    @property
    def edited(self) -> list[str]:
        return [job.id for job in self.announcer.shown]


def waiting(*, ends_in: timedelta = LIFE, **facts: object) -> Job:
    """A job whose private reply can be edited for so long."""
    reply = a_reply(ephemeral=True, token_expires_at=NOW + ends_in)
    return a_job(**{"place": 1, "reply": reply} | facts)


@pytest.mark.asyncio
async def test_two_processes_make_each_last_edit_once(database: Database) -> None:
    clock = ManualClock()
    processes = [Process(database, clock) for _ in range(2)]
    rows = [waiting() for _ in range(50)]
    for job in rows:
        await processes[0].jobs.insert(job)
    await clock.advance((LIFE - LAST_EDIT_BEFORE).total_seconds())
    for _ in range(3):
        await asyncio.gather(*(process.token_expiry.edit_due() for process in processes))
    edited = [job_id for process in processes for job_id in process.edited]
    assert sorted(edited) == sorted(job.id for job in rows)


@pytest.mark.asyncio
async def test_a_process_claims_no_more_edits_than_it_can_make_at_once(database: Database) -> None:
    clock = ManualClock()
    process = Process(database, clock)
    rows = [waiting(ends_in=LIFE + timedelta(seconds=number)) for number in range(50)]
    for job in rows:
        await process.jobs.insert(job)
    await clock.advance(LIFE.total_seconds() - 1)
    claimed = [await LastEdits(database, clock=clock).claim(limit=20) for _ in range(4)]
    assert [len(some) for some in claimed] == [20, 20, 10, 0]
    assert set(claimed[0]) == {job.id for job in rows[:20]}, "the most urgent first"


@pytest.mark.asyncio
async def test_of_a_thousand_rows_that_wait_only_what_is_due_is_decrypted(database: Database) -> None:
    clock = ManualClock()
    process = Process(database, clock)
    await execute(database, insert(jobs), [row_of(waiting(), process.keys) for _ in range(1000)])
    due = waiting(ends_in=timedelta(minutes=5))
    await process.jobs.insert(due)
    for _ in range(12):
        await process.token_expiry.edit_due()
        await clock.advance(20)
    assert (process.keys.decrypted, process.edited) == (0, [])
    await process.token_expiry.edit_due()
    assert (process.keys.decrypted, process.edited) == (1, [due.id])


@pytest.mark.asyncio
async def test_what_needs_no_last_edit_is_left_alone(database: Database) -> None:
    clock = ManualClock()
    process = Process(database, clock)
    for job in (
        a_job(reply=a_reply(token_expires_at=NOW + LIFE)),
        waiting(state=JobState.PENDING),
        waiting(ends_in=timedelta(seconds=-1)),
        waiting(ends_in=timedelta(hours=1)),
    ):
        await process.jobs.insert(job)
    await clock.advance((LIFE - LAST_EDIT_BEFORE).total_seconds())
    await process.token_expiry.edit_due()
    assert process.edited == []
    assert process.keys.decrypted == 0


@pytest.mark.asyncio
async def test_edits_that_a_stop_breaks_off_are_given_back(database: Database) -> None:
    clock = ManualClock()
    stopped, other, begun = Process(database, clock), Process(database, clock), asyncio.Event()
    job = await stopped.jobs.insert(waiting())

    async def hang(job: Job) -> Shown:
        del job
        begun.set()
        await asyncio.Event().wait()
        return Shown()

    stopped.announcer.show = hang  # type: ignore[method-assign]  # of the tests' own announcer
    await clock.advance((LIFE - LAST_EDIT_BEFORE).total_seconds())
    editing = asyncio.create_task(stopped.token_expiry.edit_due())
    await begun.wait()
    editing.cancel()
    await asyncio.gather(editing, return_exceptions=True)
    await other.token_expiry.edit_due()
    assert other.edited == [job.id]


@pytest.mark.asyncio
async def test_an_edit_that_fails_is_tried_again_and_takes_no_other_with_it(database: Database) -> None:
    clock = ManualClock()
    process = Process(database, clock)
    refused, unreached, damaged, fine = rows = [waiting() for _ in range(4)]
    for job in rows:
        await process.jobs.insert(job)
    await execute(database, text("UPDATE jobs SET request = '?' WHERE id = :id"), {"id": damaged.id})
    show = process.announcer.show
    failing = {refused.id, unreached.id}

    async def sometimes(job: Job) -> Shown:
        if job.id in failing:
            failing.remove(job.id)
            if job.id == refused.id:
                raise RuntimeError("an error of ours")
            return Shown(reached=False)
        return await show(job)

    process.announcer.show = sometimes  # type: ignore[method-assign]  # of the tests' own announcer
    await clock.advance((LIFE - LAST_EDIT_BEFORE).total_seconds())
    with pytest.raises(RuntimeError, match="an error of ours"):
        await process.token_expiry.edit_due()
    assert process.edited == [fine.id]
    await clock.advance(20)
    await process.token_expiry.edit_due()
    assert sorted(process.edited) == sorted([refused.id, unreached.id, fine.id])


@pytest.mark.asyncio
async def test_a_new_token_has_a_last_edit_of_its_own(database: Database) -> None:
    clock = ManualClock()
    process = Process(database, clock)
    job = waiting()
    await process.jobs.insert(job)
    await clock.advance((LIFE - LAST_EDIT_BEFORE).total_seconds())
    await process.token_expiry.edit_due()
    newer = a_reply(ephemeral=True, message_id=77, token_expires_at=clock.now() + LIFE)
    await process.jobs.move_reply(job.id, newer)
    await process.token_expiry.edit_due()
    assert len(process.edited) == 1
    await clock.advance((LIFE - LAST_EDIT_BEFORE).total_seconds())
    await process.token_expiry.edit_due()
    assert [shown.reply.message_id for shown in process.announcer.shown] == [6, 77]
