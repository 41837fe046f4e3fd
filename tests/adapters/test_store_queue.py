"""The cluster's queue on a real PostgreSQL: entered with the row, fair between servers, and never lost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from cryptography.fernet import Fernet
from sqlalchemy import Connection, text

from bot.errors import DatabaseUnavailable
from bot.rules.jobs import Job, JobState
from bot.rules.limit_rules import operator_rules
from bot.store.admission import Admission
from bot.store.database import Database
from bot.store.encryption import Keys
from bot.store.jobs import Jobs
from bot.store.locks import AdvisoryLock
from bot.store.queue import Entry, WorkQueue
from tests.adapters.databases import MigratedSchemas, execute, held, scalar
from tests.clock import ManualClock
from tests.jobs import GUILD, NOW, a_job, a_member

pytestmark = pytest.mark.postgres

STALLED = timedelta(seconds=10)


async def waits(shop: Shop, job_id: str) -> bool:
    """Whether an entry of the job is there that no worker has taken."""
    query = text("SELECT count(*) FROM procrastinate_jobs WHERE queueing_lock = :job AND status = 'todo'")
    return bool(await scalar(shop.database, query, {"job": job_id}))


class Shop:
    """The queue and the rows that it is about."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database = database
        self.clock = clock
        self.queue = WorkQueue(database)
        self.jobs = Jobs(database, keys=Keys([Fernet.generate_key().decode()]), clock=clock)
        self._made = 0

    async def add(self, guild: int | None = GUILD, **facts: object) -> Job:
        self._made += 1
        facts = {"accepted_at": NOW + timedelta(seconds=self._made), "requester": a_member(guild_id=guild)} | facts
        job = a_job(**facts)
        await self.jobs.insert(job, companion=self.queue.enlist)
        return job

    async def silence(self, worker: int) -> None:
        """As if the worker had not been heard of for longer than is allowed."""
        silenced = text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '11 s' WHERE id = :id")
        await execute(self.database, silenced, {"id": worker})

    async def fetched(self, worker: int) -> Entry:
        entry = await self.queue.fetch(worker)
        assert entry is not None
        return entry


@pytest_asyncio.fixture
async def shop(migrated_schemas: MigratedSchemas) -> AsyncIterator[Shop]:
    url, name = await migrated_schemas.lend()
    clock = ManualClock(auto=True)
    database = Database(url.update_query_dict({"application_name": name}), clock=clock, pool_size=5)
    yield Shop(database, clock)
    await database.close()
    await migrated_schemas.take_back(url, name)


@pytest.mark.asyncio
async def test_a_job_is_in_the_queue_exactly_if_its_row_was_written(shop: Shop) -> None:
    def enlist_and_fail(connection: Connection, job: Job) -> None:
        shop.queue.enlist(connection, job)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await shop.jobs.insert(a_job(), companion=enlist_and_fail)
    assert await shop.queue.lengths() == {}
    job = await shop.add()
    assert await shop.queue.lengths() == {"todo": 1}
    assert await waits(shop, job.id)
    assert (await shop.fetched(await shop.queue.register())).job_id == job.id


@pytest.mark.asyncio
async def test_a_hundred_jobs_of_one_server_do_not_hold_up_the_first_of_another(shop: Shop) -> None:
    crowd = [await shop.add(guild=1) for _ in range(100)]
    other = [await shop.add(guild=2) for _ in range(3)]
    worker = await shop.queue.register()
    first = [(await shop.fetched(worker)).job_id for _ in range(8)]
    expected = [crowd[0], other[0], crowd[1], other[1], crowd[2], other[2], crowd[3], crowd[4]]
    assert first == [job.id for job in expected]
    await shop.queue.sweep(None)
    latest = await shop.add(guild=3)
    assert (await shop.fetched(worker)).job_id == latest.id


@pytest.mark.asyncio
async def test_places_move_up_as_the_jobs_before_them_end(shop: Shop) -> None:
    crowd = [await shop.add(guild=1) for _ in range(5)]
    worker = await shop.queue.register()
    for _ in range(4):
        entry = await shop.fetched(worker)
        await shop.jobs.advance(await shop.jobs.get(entry.job_id), JobState.FAILED)
        await shop.queue.finish(entry)
    await shop.queue.sweep(None)
    await shop.add(guild=2)
    assert (await shop.fetched(worker)).job_id == crowd[4].id  # both are first now, and it is older


@pytest.mark.asyncio
async def test_a_silent_workers_jobs_go_to_another_and_its_waking_up_takes_nothing_back(shop: Shop) -> None:
    job = await shop.add()
    asleep, awake = await shop.queue.register(), await shop.queue.register()
    stale = await shop.fetched(asleep)
    assert await shop.queue.sweep(STALLED) == []
    await shop.silence(asleep)
    assert await shop.queue.sweep(None) == []
    assert await shop.queue.sweep(STALLED) == [job.id]
    taken = await shop.fetched(awake)
    assert (taken.job_id, taken.id != stale.id) == (job.id, True)
    await shop.queue.finish(stale)
    assert await shop.queue.lengths() == {"doing": 1}
    assert not await shop.queue.beat(asleep)
    assert await shop.queue.beat(awake)
    await shop.add()
    assert await shop.queue.fetch(asleep) is None


@pytest.mark.asyncio
async def test_what_a_worker_leaves_is_for_others_at_once_but_not_what_has_ended(shop: Shop) -> None:
    ended, open_ = await shop.add(), await shop.add()
    worker = await shop.queue.register()
    await shop.fetched(worker)
    await shop.fetched(worker)
    await shop.jobs.advance(ended, JobState.CANCELLED)
    await shop.queue.leave(worker)
    assert await shop.queue.lengths() == {"todo": 1}
    assert await waits(shop, open_.id)


@pytest.mark.asyncio
async def test_rows_without_an_entry_get_one_if_they_have_a_next_step(shop: Shop) -> None:
    lost = a_job(state=JobState.PROCESSING)
    for job in (
        lost,
        a_job(state=JobState.DELIVERED),
        a_job(state=JobState.COMPLETED, undeliverable="token_expired"),
        a_job(place=1),
    ):
        await shop.jobs.insert(job)
    await shop.queue.sweep(None)
    await shop.queue.sweep(None)
    assert await shop.queue.lengths() == {"todo": 1}
    assert await waits(shop, lost.id)


@pytest.mark.asyncio
async def test_a_held_job_of_a_silent_worker_is_entered_again_when_somebody_asks_for_it(shop: Shop) -> None:
    worker = await shop.queue.register()
    job = await shop.add(held=True)
    assert (await shop.fetched(worker)).job_id == job.id
    await shop.silence(worker)
    assert await shop.queue.sweep(STALLED) == [job.id]
    assert not await waits(shop, job.id), "it has no next step"
    await shop.queue.nudge(job.id)
    assert await waits(shop, job.id)


@pytest.mark.asyncio
async def test_one_that_waits_in_line_is_entered_when_it_may_start(shop: Shop) -> None:
    job = await shop.add(place=1)
    await shop.queue.nudge(job.id)
    assert await shop.queue.lengths() == {}
    await execute(shop.database, text("UPDATE jobs SET place = NULL"))
    await asyncio.gather(*(shop.queue.nudge(job.id) for _ in range(5)))
    assert await shop.queue.lengths() == {"todo": 1}


@pytest.mark.asyncio
async def test_listeners_hear_of_new_jobs_and_of_changed_ones_and_of_a_lost_connection(shop: Shop) -> None:
    arrivals: asyncio.Queue[None] = asyncio.Queue()
    nudges: asyncio.Queue[str | None] = asyncio.Queue()
    listening = asyncio.ensure_future(
        shop.queue.listen(on_arrival=lambda: arrivals.put_nowait(None), on_nudge=nudges.put_nowait)
    )
    assert await nudges.get() is None
    await arrivals.get()
    job = await shop.add()
    await arrivals.get()
    await shop.queue.nudge(job.id)
    while (heard := await nudges.get()) != job.id:  # the channel is the whole server's: other tests speak there, too
        assert heard is not None
    cut = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = :name AND pid <> pg_backend_pid()"
    )
    ours = {"name": shop.database.url.query["application_name"]}
    await execute(shop.database, cut, ours)
    with pytest.raises(DatabaseUnavailable):
        await listening


@pytest.mark.asyncio
async def test_many_workers_fetch_every_job_once(shop: Shop) -> None:
    jobs = {(await shop.add(guild=number % 3)).id for number in range(30)}
    found: list[str] = []

    async def work() -> None:
        worker = await shop.queue.register()
        while (entry := await shop.queue.fetch(worker)) is not None:
            found.append(entry.job_id)

    await asyncio.gather(*(work() for _ in range(4)))
    while len(found) < len(jobs):  # a fetch may find the one free row locked by another and come back empty
        await work()
    assert sorted(found) == sorted(jobs)


@pytest.mark.asyncio
async def test_the_queue_and_limits_of_all_servers_do_not_wait_for_each_other(shop: Shop) -> None:
    everywhere = operator_rules("bot 5 jobs day")
    admission = Admission(shop.database, operator=everywhere, clock=shop.clock)
    job = await shop.add()
    async with asyncio.timeout(60), held(shop.database, lock=admission.lock(a_member())):
        await shop.queue.sweep(STALLED)
        await shop.queue.nudge(job.id)
    async with asyncio.timeout(60), held(shop.database, lock=AdvisoryLock.QUEUE_ENTRIES):
        await shop.jobs.insert(a_job(), admission=admission)


@pytest.mark.asyncio
async def test_a_heartbeat_waits_for_no_lock_that_a_frozen_process_holds(shop: Shop) -> None:
    worker = await shop.queue.register()
    async with held(shop.database, lock=AdvisoryLock.ALL_LIMITS):
        waiting = [
            asyncio.ensure_future(shop.database.write(lambda _: None, lock=AdvisoryLock.ALL_LIMITS)) for _ in range(5)
        ]
        async with asyncio.timeout(5):
            assert await shop.queue.beat(worker)
        assert not any(task.done() for task in waiting)
    await asyncio.gather(*waiting)


@pytest.mark.asyncio
async def test_neither_a_lock_nor_who_holds_it_is_waited_for_without_end(shop: Shop) -> None:
    query = text(
        "SELECT name, setting FROM pg_settings WHERE name IN ('lock_timeout', 'idle_in_transaction_session_timeout')"
    )
    found = await shop.database.read(lambda connection: dict(map(tuple, connection.execute(query))))
    assert found == {"lock_timeout": "10000", "idle_in_transaction_session_timeout": "10000"}
    migrating = Database(shop.database.url, clock=shop.clock, patient=True)
    assert await migrating.read(lambda connection: connection.scalar(text("SHOW lock_timeout"))) == "0"
    await migrating.close()
    options = f"{shop.database.url.query['options']} -c lock_timeout=20"
    impatient = Database(shop.database.url.update_query_dict({"options": options}), clock=shop.clock)
    async with held(shop.database, lock=AdvisoryLock.ALL_LIMITS):
        with pytest.raises(DatabaseUnavailable):
            await impatient.write(lambda _: None, lock=AdvisoryLock.ALL_LIMITS)
    await impatient.close()


@pytest.mark.asyncio
async def test_an_absent_database_is_unavailable_and_nothing_else(shop: Shop) -> None:
    worker = await shop.queue.register()
    await shop.add()
    cut = Database(shop.database.url.set(port=1), clock=shop.clock)
    queue = WorkQueue(cut)
    for act in (queue.register(), queue.fetch(worker), queue.beat(worker), queue.sweep(None), queue.nudge("x")):
        with pytest.raises(DatabaseUnavailable):
            await act
    with pytest.raises(DatabaseUnavailable):
        await queue.listen(on_arrival=lambda: None, on_nudge=lambda _: None)
    with contextlib.suppress(DatabaseUnavailable):
        await cut.close()
