"""A draft is taken once, by whichever process its member's presses of Go come to."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.engine import URL

from bot.errors import DraftGone
from bot.rules.catalog import Model
from bot.rules.drafts import LIFE, Draft, Preview
from bot.rules.jobs import Requester
from bot.rules.requests import VideoRequest
from bot.store.database import Database
from bot.store.notes import TemporaryNotes
from bot.work.members.drafts import Drafts
from tests.adapters.databases import database
from tests.clock import ManualClock
from tests.jobs import ADA, CATALOG, GRACE, a_request

__all__ = ["database"]


class NoPreviews:
    """Nobody looks at one here."""

    async def preview(self, request: VideoRequest, model: Model, by: Requester) -> Preview:
        raise AssertionError(request, model, by)


def drafts_of(database: Database, clock: ManualClock) -> Drafts:
    notes = TemporaryNotes(database, kind="draft", life=LIFE, clock=clock)
    return Drafts(notes, previewer=NoPreviews(), catalog=CATALOG, clock=clock)


@pytest.mark.asyncio
async def test_of_presses_that_come_to_two_processes_at_once_one_takes_it_and_the_others_are_silent(
    database: Database, migrated_url: URL
) -> None:
    clock = ManualClock()
    other = Database(migrated_url, clock=clock)
    both = [drafts_of(database, clock), drafts_of(other, clock)]
    key = await both[0].keep(Draft(user_id=ADA, request=a_request()))

    async def press(drafts: Drafts) -> str:
        try:
            await drafts.take(key, ADA)
        except DraftGone:
            return "silent" if await drafts.just_taken(key, ADA) else "gone"
        return "taken"

    try:
        outcomes = await asyncio.gather(*(press(drafts) for drafts in both * 20))
        assert sorted(outcomes) == ["silent"] * 39 + ["taken"]
        assert not await both[1].just_taken(key, GRACE), "somebody else's press is refused"
        await clock.advance(5)
        assert await press(both[1]) == "gone", "later it is another wish"
    finally:
        await other.close()
