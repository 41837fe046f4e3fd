"""The jobs' table, on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Connection, select, text, update

from bot.errors import (
    AlreadyAsked,
    DatabaseUnavailable,
    JobGone,
    JobMoved,
    RowUnreadable,
    ServiceFailed,
)
from bot.rules.catalog import Role
from bot.rules.durations import Durations
from bot.rules.jobs import LIVE, MOVES, Failure, Job, JobState, StoredFile
from bot.store import tables
from bot.store.database import Database
from bot.store.encryption import Keys
from bot.store.jobs import Jobs
from bot.store.notes import Notes, TemporaryNotes
from bot.store.threads import Unit
from bot.store.upgrade import NEWEST
from bot.work.jobs.recent_durations import RecentDurations
from tests.adapters.databases import database, empty_url, execute, scalar
from tests.clock import ManualClock
from tests.jobs import ADA, CATALOG, GRACE, NOW, a_job, a_member, a_reply, an_image_request

__all__ = ["database", "empty_url"]

KEY = Fernet.generate_key().decode()
S = JobState


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return Jobs(database, keys=Keys([KEY]), clock=ManualClock(auto=True))


async def _put(jobs: Jobs, **facts: object) -> Job:
    job = a_job(**facts)
    return await jobs.insert(job)


async def _spoil(database: Database, job_id: str, **columns: str) -> None:
    await execute(database, update(tables.jobs).where(tables.jobs.c.id == job_id).values(**columns))


@pytest.mark.asyncio
async def test_a_job_comes_back_as_it_went_in(jobs: Jobs) -> None:
    file = StoredFile(key="jobs/x/data", filename="cat.png", content_type="image/png", size_bytes=10)
    job = await _put(
        jobs,
        request=an_image_request("snøw \u202e @everyone 😀"),
        stored={Role.DATA: file},
        result=file,
        failure=Failure.of(ServiceFailed(reason="no")),
        expected_seconds=12.5,
        again_of="0" * 32,
        undeliverable="token_expired",
        cost=7,
    )
    assert await jobs.get(job.id) == job


@pytest.mark.asyncio
async def test_an_unknown_id_is_a_job_that_is_gone(jobs: Jobs) -> None:
    with pytest.raises(JobGone):
        await jobs.get("nope")
    with pytest.raises(JobGone):
        await jobs.move_reply("nope", a_reply())
    with pytest.raises(JobGone):
        await jobs.drop_files("nope")


@pytest.mark.asyncio
async def test_the_interaction_token_is_not_in_the_database_in_plain(jobs: Jobs, database: Database) -> None:
    job = await _put(jobs)
    row = await database.read(lambda connection: connection.execute(select(tables.jobs)).mappings().one())
    assert "a-secret-interaction-token" not in str(dict(row))
    assert (await jobs.get(job.id)).reply.token == "a-secret-interaction-token"


@pytest.mark.asyncio
async def test_tokens_survive_a_new_key_in_front_and_end_with_their_own(jobs: Jobs, database: Database) -> None:
    job = await _put(jobs)
    new = Fernet.generate_key().decode()
    both = Jobs(database, keys=Keys([new, KEY]), clock=ManualClock())
    assert (await both.get(job.id)).reply.token == "a-secret-interaction-token"
    only_new = Jobs(database, keys=Keys([new]), clock=ManualClock())
    assert (await only_new.get(job.id)).reply.token is None


@pytest.mark.asyncio
async def test_advance_writes_the_state_its_time_and_the_facts(jobs: Jobs) -> None:
    job = await _put(jobs)
    job = await jobs.advance(job, S.SUBMITTING)
    job = await jobs.advance(job, S.PENDING, remote_id="r1")
    job = await jobs.advance(job, S.PROCESSING)
    job = await jobs.advance(job, S.COMPLETED)
    job = await jobs.advance(job, S.DELIVERED)
    assert job == await jobs.get(job.id)
    assert (job.state, job.remote_id, job.submitted_at, job.processing_at) == (S.DELIVERED, "r1", NOW, NOW)
    assert job.completed_at == job.ended_at == NOW


@pytest.mark.asyncio
async def test_the_first_time_of_a_state_stays_when_the_service_puts_a_job_back(database: Database) -> None:
    clock = ManualClock(auto=True)
    jobs = Jobs(database, keys=Keys([KEY]), clock=clock)
    job = await jobs.advance(await _put(jobs), S.SUBMITTING)
    job = await jobs.advance(job, S.PENDING, remote_id="r")
    await clock.sleep(60)
    job = await jobs.advance(job, S.PROCESSING)
    job = await jobs.advance(job, S.PENDING)
    assert job.submitted_at == NOW
    assert job.processing_at == NOW + timedelta(seconds=60)


@pytest.mark.asyncio
async def test_a_writer_whose_belief_is_out_of_date_is_told_that_the_job_moved(jobs: Jobs) -> None:
    old = await _put(jobs)
    new = await jobs.advance(old, S.SUBMITTING)
    with pytest.raises(JobMoved):
        await jobs.advance(old, S.CANCELLED)
    with pytest.raises(JobMoved):
        await jobs.note(old, slow=True)
    with pytest.raises(JobMoved):
        await jobs.confirm(old)
    assert await jobs.get(old.id) == new


@pytest.mark.asyncio
async def test_who_claims_a_job_locks_out_whoever_had_it(jobs: Jobs) -> None:
    first = await jobs.claim(await _put(jobs))
    second = await jobs.claim(first)
    assert second.epoch == first.epoch + 1
    with pytest.raises(JobMoved):
        await jobs.advance(first, S.SUBMITTING)
    with pytest.raises(JobMoved):
        await jobs.claim(first)
    assert (await jobs.advance(second, S.SUBMITTING)).state is S.SUBMITTING


@pytest.mark.asyncio
async def test_of_many_that_move_a_job_at_once_exactly_one_does(jobs: Jobs) -> None:
    job = await _put(jobs)
    outcomes = await asyncio.gather(
        *(jobs.advance(job, S.CANCELLED if n % 2 else S.SUBMITTING) for n in range(20)), return_exceptions=True
    )
    moved = [outcome for outcome in outcomes if isinstance(outcome, Job)]
    # A cancel is never mistaken for a repeat; a repeated advance to the same state under one epoch is.
    assert len({job.state for job in moved}) == 1
    assert all(isinstance(outcome, Job | JobMoved) for outcome in outcomes)


@pytest.mark.asyncio
async def test_moves_that_the_table_does_not_have_are_mistakes(jobs: Jobs) -> None:
    job = await _put(jobs)
    for to in frozenset(S) - MOVES[S.ACCEPTED]:
        with pytest.raises(ValueError, match="no move"):
            await jobs.advance(job, to)


@pytest.mark.asyncio
async def test_a_write_whose_confirmation_was_lost_is_found_done(
    jobs: Jobs, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await _put(jobs)
    really, calls = database.write, []

    async def commit_and_lose_the_answer(unit: Unit[Any], **options: Any) -> Any:
        calls.append(unit)
        row = await really(unit, **options)
        if len(calls) == 1:
            raise DatabaseUnavailable("connection reset")
        return row

    monkeypatch.setattr(database, "write", commit_and_lose_the_answer)
    job = await jobs.advance(job, S.SUBMITTING)
    assert (job.state, len(calls)) == (S.SUBMITTING, 2)


@pytest.mark.asyncio
async def test_live_jobs_are_those_with_a_next_step_oldest_first(jobs: Jobs) -> None:
    made = {
        state: await _put(jobs, state=state, accepted_at=NOW + timedelta(seconds=n)) for n, state in enumerate(JobState)
    }
    await _put(jobs, state=S.COMPLETED, undeliverable="message_deleted")
    assert await jobs.live() == [job.id for state, job in made.items() if state in LIVE]
    assert (await jobs.counts())[S.COMPLETED] == 2


@pytest.mark.asyncio
async def test_a_members_jobs_are_paged_newest_first(jobs: Jobs) -> None:
    mine = [await _put(jobs, accepted_at=NOW + timedelta(seconds=n)) for n in range(5)]
    await _put(jobs, requester=a_member(GRACE))
    page = await jobs.of_user(ADA, limit=2, offset=1)
    assert [job.id for job in page] == [mine[3].id, mine[2].id]
    assert await jobs.of_user(ADA, states={S.DELIVERED}) == []


@pytest.mark.asyncio
async def test_recent_durations_are_a_models_own_oldest_first(jobs: Jobs) -> None:
    for seconds in (30, 10, 20):
        done = NOW + timedelta(minutes=seconds)
        await _put(
            jobs, state=S.DELIVERED, submitted_at=done - timedelta(seconds=seconds), completed_at=done, ended_at=done
        )
    await _put(jobs)
    assert await jobs.durations("lucy-pro-t2v") == [10.0, 20.0, 30.0]
    assert await jobs.durations("lucy-pro-t2v", limit=1) == [30.0]
    assert await jobs.durations("lucy-motion") == []


@pytest.mark.asyncio
async def test_a_process_hears_how_long_the_jobs_of_others_took_lately(jobs: Jobs) -> None:
    durations = Durations()
    durations.add("lucy-pro-t2v", 5.0)
    recent = RecentDurations(durations, jobs=jobs, catalog=CATALOG)
    await recent.read()
    assert durations.history("lucy-pro-t2v").seconds == (5.0,)
    for seconds in (30, 10):
        done = NOW + timedelta(seconds=seconds)
        await _put(jobs, state=S.DELIVERED, submitted_at=NOW, completed_at=done, ended_at=done)
        await recent.read()
    assert durations.history("lucy-pro-t2v").seconds == (10.0, 30.0)


@pytest.mark.asyncio
async def test_stale_jobs_which_are_removed_are_ended_or_waiting_ones_from_before(jobs: Jobs) -> None:
    old = NOW - timedelta(days=40)
    ended = await _put(jobs, state=S.FAILED, ended_at=old)
    waiting = await _put(jobs, state=S.COMPLETED, undeliverable="channel_gone", completed_at=old)
    await _put(jobs, state=S.PROCESSING, accepted_at=old)
    await _put(jobs, state=S.ACCEPTED, held=True, accepted_at=old)
    await _put(jobs, state=S.DELIVERED, ended_at=NOW)
    removed = await jobs.remove_stale(NOW - timedelta(days=30))
    assert sorted(removed) == sorted([ended.id, waiting.id])
    with pytest.raises(JobGone):
        await jobs.get(ended.id)


@pytest.mark.asyncio
@pytest.mark.parametrize("column", ["request", "requester", "reply", "stored", "state"])
async def test_a_row_that_can_not_be_read_is_skipped_or_named_without_its_value(
    jobs: Jobs,
    database: Database,
    column: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    job = await _put(jobs)
    good = await _put(jobs)
    await _spoil(database, job.id, **{column: "{secret"})
    with pytest.raises(RowUnreadable) as caught:
        await jobs.get(job.id)
    assert column in str(caught.value)
    assert "{secret" not in str(caught.value)
    assert [found.id for found in await jobs.of_user(ADA)] == [good.id]
    assert await jobs.fail_unreadable(job.id, Failure(key="internal_failure"))
    assert not await jobs.fail_unreadable(job.id, Failure(key="internal_failure"))
    assert job.id not in await jobs.live()
    assert column == "state" or job.id in caplog.text


@pytest.mark.asyncio
async def test_what_is_asked_once_and_sent_twice_gets_one_job(jobs: Jobs) -> None:
    assert not await jobs.answered(77)
    twins = [jobs.insert(a_job(reply=a_reply(answers=77))) for _ in range(5)]
    outcomes = await asyncio.gather(*twins, return_exceptions=True)
    assert sum(isinstance(outcome, AlreadyAsked) for outcome in outcomes) == 4
    assert await jobs.answered(77)
    assert not await jobs.answered(78)
    await jobs.insert(a_job())
    await jobs.insert(a_job())  # what answers nothing in particular is never a repetition


@pytest.mark.asyncio
async def test_what_accompanies_an_insert_is_undone_with_it(jobs: Jobs, database: Database) -> None:
    def fails(connection: Connection, job: Job) -> None:
        raise RuntimeError("no queue entry")

    with pytest.raises(RuntimeError, match="no queue entry"):
        await jobs.insert(a_job(), companion=fails)
    assert (await jobs.counts())[S.ACCEPTED] == 0


@pytest.mark.asyncio
async def test_notes_are_kept_overwritten_and_dropped(database: Database) -> None:
    notes = Notes(database)
    assert await notes.get("k") is None
    await notes.put("k", "one")
    await notes.put("k", "two")
    assert await notes.get("k") == "two"
    await notes.drop("k")
    assert await notes.get("k") is None


@pytest.mark.asyncio
async def test_a_note_is_added_once_whatever_it_says(database: Database) -> None:
    notes = Notes(database)
    assert sorted(await asyncio.gather(*(notes.add("k", "yes") for _ in range(5)))) == [False] * 4 + [True]
    assert not await notes.add("k", "yes")
    assert await notes.get("k") == "yes"


@pytest.mark.asyncio
async def test_temporary_notes_are_there_for_their_life_and_then_dropped(database: Database) -> None:
    clock, hour = ManualClock(), timedelta(hours=1)
    drafts = TemporaryNotes(database, kind="draft", life=hour, clock=clock)
    imports = TemporaryNotes(database, kind="import", life=hour, clock=clock)
    await drafts.put("a", "one")
    await imports.put("a", "another")
    await clock.advance(1800)
    await drafts.put("b", "two")
    assert await drafts.all() == {"a": "one", "b": "two"}
    await clock.advance(1800)
    assert [await drafts.get(key) for key in "ab"] == [None, "two"]
    assert await drafts.take("a") is None
    assert await imports.get("a") is None
    assert (await drafts.all(), await drafts.drop_expired()) == ({"b": "two"}, 1)
    assert await Notes(database).get("import:a") == "another", "each kind by itself"
    assert await imports.drop_expired() == 1
    await drafts.put("b", "again")
    await clock.advance(3599)
    assert sorted(await asyncio.gather(drafts.take("b"), drafts.take("b")), key=str) == [None, "again"]
    assert await drafts.get("b") is None
    await drafts.put("c", "three")
    await drafts.drop("c")
    assert await drafts.all() == {}


@pytest.mark.asyncio
async def test_temporary_notes_of_versions_that_knew_no_time_are_dropped(database: Database) -> None:
    imports = TemporaryNotes(database, kind="import", life=timedelta(hours=1), clock=ManualClock())
    notes = Notes(database)
    for key in ("import:1:2", "important", "welcomed:1"):
        await notes.put(key, "x")
    assert await imports.get("1:2") is None
    assert await imports.drop_expired() == 1
    assert [await notes.get(key) for key in ("import:1:2", "important", "welcomed:1")] == [None, "x", "x"]


@pytest.mark.asyncio
async def test_a_new_database_is_of_the_newest_migration(database: Database) -> None:
    query = text("SELECT version_num FROM alembic_version")
    assert await scalar(database, query) == NEWEST


@pytest.mark.asyncio
async def test_whether_a_job_has_a_next_step_is_said_alike_by_row_list_and_insert(jobs: Jobs) -> None:
    ended = {"ended_at": NOW}
    cases: list[tuple[dict[str, Any], bool]] = [
        ({"state": S.ACCEPTED}, True),
        ({"state": S.ACCEPTED, "held": True}, False),
        ({"state": S.ACCEPTED, "place": 1}, False),
        *(({"state": state}, True) for state in (S.SUBMITTING, S.PENDING, S.PROCESSING, S.COMPLETED)),
        ({"state": S.COMPLETED, "undeliverable": "no_access"}, False),
        *(({"state": state, **ended}, False) for state in (S.DELIVERED, S.FAILED, S.CANCELLED)),
        *(({"state": state, "untold": True, **ended}, True) for state in (S.FAILED, S.CANCELLED)),
    ]
    for facts, has_next_step in cases:
        written = await jobs.insert(a_job(**facts))
        assert written.has_next_step is has_next_step, facts
        assert (await jobs.get(written.id)).has_next_step is has_next_step, facts
        assert (written.id in await jobs.live()) is has_next_step, facts
