"""Files that were refused: some an hour are free for each member, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.errors import FileBroken, FileGone, InputRejected, TriesUsedUp
from bot.rules.catalog import Role
from bot.rules.jobs import Failure, Job, JobState, StoredFile
from bot.rules.limits import FREE_TRIES, FREE_TRIES_IN
from bot.store.encryption import Keys
from bot.store.history import JobHistory
from tests.adapters.databases import database, empty_url
from tests.adapters.test_admission import Desk, desk
from tests.adapters.test_store import KEY
from tests.jobs import ADA, GRACE, GUILD, a_member, an_image_request

__all__ = ["database", "desk", "empty_url"]

BROKEN = FileBroken(found="PNG", role="the_image")


async def animate(desk: Desk, user_id: int = ADA, **facts: Any) -> Job:
    return await desk.put(a_member(user_id), request=an_image_request(), **facts)


async def refuse(desk: Desk, error: InputRejected = BROKEN, times: int = 1, **facts: Any) -> None:
    """So many jobs that end since their file can't be used, a minute between them."""
    for _ in range(times):
        job = await animate(desk, **facts)
        await desk.jobs.advance(job, JobState.CANCELLED, failure=Failure.of(error), refunded=True)
        await desk.clock.advance(60)


@pytest.mark.asyncio
async def test_after_the_free_tries_the_next_file_is_refused_until_the_first_is_an_hour_old(desk: Desk) -> None:
    began = desk.clock.now()
    await refuse(desk, times=FREE_TRIES)
    with pytest.raises(TriesUsedUp) as caught:
        await animate(desk)
    assert caught.value.facts == {"amount": FREE_TRIES, "frees_at": began + FREE_TRIES_IN}
    await desk.clock.advance((began + FREE_TRIES_IN - desk.clock.now()).total_seconds() - 0.001)
    with pytest.raises(TriesUsedUp):
        await animate(desk)
    await desk.clock.advance(0.001)
    await animate(desk)


@pytest.mark.asyncio
async def test_it_is_the_members_alone_in_every_server_and_only_where_files_are_fetched(desk: Desk) -> None:
    await refuse(desk, times=FREE_TRIES - 1)
    elsewhere = await desk.put(a_member(guild_id=GUILD + 1), request=an_image_request())
    await desk.jobs.advance(elsewhere, JobState.CANCELLED, failure=Failure.of(BROKEN), refunded=True)
    with pytest.raises(TriesUsedUp):
        await animate(desk)
    await animate(desk, GRACE)
    await desk.ask()
    kept = StoredFile(key="jobs/x/data", filename="cat.png", content_type="image/png", size_bytes=10)
    await animate(desk, stored={Role.DATA: kept})


@pytest.mark.asyncio
async def test_what_the_member_cancelled_and_what_discord_did_not_give_are_no_tries(desk: Desk) -> None:
    for _ in range(FREE_TRIES):
        await desk.jobs.advance(await animate(desk), JobState.CANCELLED, refunded=True)
    await refuse(desk, FileGone(role="the_image"), times=FREE_TRIES)
    await animate(desk)


@pytest.mark.asyncio
async def test_who_is_forgotten_does_not_get_new_tries_by_that(desk: Desk) -> None:
    await refuse(desk, times=FREE_TRIES)
    history, now = JobHistory(desk.database, keys=Keys([KEY])), desk.clock.now()
    gone = await history.forget(
        ADA, counted_since=now - timedelta(days=30), tries_since=now - FREE_TRIES_IN, given_back_since=now
    )
    assert (len(gone.job_ids), gone.counted) == (FREE_TRIES, 0)
    assert (await history.page(ADA, limit=10, offset=0))[1] == 0
    with pytest.raises(TriesUsedUp):
        await animate(desk)
