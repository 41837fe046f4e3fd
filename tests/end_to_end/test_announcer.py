"""The one reply under Discord's refusals: what is tried again, what is not, and what the pipeline is told.

The announcer works as in a worker, with a client that only logged in, on messages that a real `/t2v` left behind.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.chat.client import rest_client
from bot.chat.replies.announcer import DiscordAnnouncer
from bot.rules.catalog import Role, load_catalog
from bot.rules.delivery import Clip, DeliveryLost, DeliveryTooLarge, Link
from bot.rules.jobs import Job, JobState, Reply, Requester
from bot.rules.requests import Attachment, Inputs, compose
from sandbox.discord import Invocation
from tests.clock import ManualClock
from tests.end_to_end.conftest import Stage, state_of, text_of

CATALOG = load_catalog()


def row_of(asked: Invocation, stage: Stage, state: JobState, *, private: bool = False) -> Job:
    """A row about that reply, as another process would read it."""
    message = asked.message or {}
    expires = datetime.now(UTC) + timedelta(minutes=15)
    return Job(
        id="ab" * 16,
        state=state,
        request=compose(CATALOG.get("lucy-pro-t2v"), Inputs(prompt="a forbidden cat", seed=7)),
        requester=Requester(user_id=42, name="Ada", channel_id=int(message["channel_id"])),
        reply=Reply(
            application_id=int(stage.discord.application_id),
            channel_id=int(message["channel_id"]),
            message_id=int(message["id"]),
            token=asked.interaction.token,
            token_expires_at=expires,
            ephemeral=private,
            upload_limit_bytes=20 * 1024**2,
        ),
        accepted_at=datetime.now(UTC),
        completed_at=datetime.now(UTC),
    )


def clip(folder: Path) -> Clip:
    path = folder / "clip.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x00\x00\x00\x18ftypmp42" + b"x" * 1000)
    return Clip(path=path, filename="result.mp4", size_bytes=path.stat().st_size)


@asynccontextmanager
async def on_stage(stage: Stage, *, private: bool = False) -> AsyncIterator[tuple[DiscordAnnouncer, Invocation]]:
    async with stage.clapper():
        asked = await stage.discord.member("Ada").slash("general", "t2v", prompt="a cat", private=private)
        await stage.see(asked, "pending")
    client = rest_client(stage.settings())
    await client.login(stage.discord.token)
    try:
        yield DiscordAnnouncer(client, CATALOG, clock=ManualClock(auto=True, start=datetime.now(UTC))), asked
    finally:
        await client.close()


def patches(stage: Stage) -> int:
    return sum(1 for exchange in stage.discord.record if exchange.method == "PATCH")


@pytest.mark.asyncio
async def test_a_worker_delivers_with_the_stored_token_and_edits_once(stage: Stage) -> None:
    async with on_stage(stage) as (announcer, asked):
        job = row_of(asked, stage, JobState.COMPLETED)
        before = patches(stage)
        await announcer.deliver(job, clip(stage.folder))
        await announcer.show(job.model_copy(update={"state": JobState.DELIVERED}))
        assert patches(stage) == before + 1, "the edit with the video says delivered already"
        message = asked.message or {}
        assert state_of(message) == "delivered"
        assert [a["filename"] for a in message["attachments"]] == ["a-forbidden-cat-abababab.mp4"]
        await announcer.deliver(job, clip(stage.folder))
        assert len((asked.message or {})["attachments"]) == 1, "repeating replaces the video"


@pytest.mark.asyncio
@pytest.mark.parametrize(("status", "code"), [(413, 0), (400, 40005)])
async def test_too_large_is_told_to_the_pipeline_at_once(stage: Stage, status: int, code: int) -> None:
    async with on_stage(stage) as (announcer, asked):
        stage.discord.faults.fail("PATCH", "/webhooks/", status, code=code)
        before = patches(stage)
        with pytest.raises(DeliveryTooLarge):
            await announcer.deliver(row_of(asked, stage, JobState.COMPLETED), clip(stage.folder))
        assert patches(stage) == before + 1


@pytest.mark.asyncio
async def test_a_dead_token_leads_to_the_bots_own_edit(stage: Stage) -> None:
    async with on_stage(stage) as (announcer, asked):
        stage.discord.faults.fail("PATCH", "/webhooks/", 401, code=50027)
        await announcer.deliver(row_of(asked, stage, JobState.COMPLETED), clip(stage.folder))
        assert state_of(asked.message or {}) == "delivered"


@pytest.mark.asyncio
async def test_a_dead_token_of_a_private_reply_is_lost_without_a_retry(stage: Stage) -> None:
    async with on_stage(stage, private=True) as (announcer, asked):
        stage.discord.faults.fail("PATCH", "/webhooks/", 401, code=50027, times=9)
        before = patches(stage)
        with pytest.raises(DeliveryLost, match="token_expired"):
            await announcer.deliver(row_of(asked, stage, JobState.COMPLETED, private=True), clip(stage.folder))
        assert patches(stage) == before + 1
        await announcer.show(row_of(asked, stage, JobState.PROCESSING, private=True))
        assert patches(stage) == before + 1, "a way that Discord has closed is not tried again"


@pytest.mark.asyncio
async def test_a_deleted_message_is_lost_after_one_request(stage: Stage) -> None:
    async with on_stage(stage) as (announcer, asked):
        job = row_of(asked, stage, JobState.COMPLETED)
        await stage.discord.member("Linus").delete(str((asked.message or {})["id"]))
        before = patches(stage)
        with pytest.raises(DeliveryLost, match="message_deleted"):
            await announcer.deliver(job, clip(stage.folder))
        assert patches(stage) == before + 1


@pytest.mark.asyncio
async def test_words_that_automod_blocks_are_left_out(stage: Stage) -> None:
    async with on_stage(stage) as (announcer, asked):
        stage.discord.faults.fail("PATCH", "/webhooks/", 400, code=200000)
        await announcer.deliver(row_of(asked, stage, JobState.COMPLETED), clip(stage.folder))
        message = asked.message or {}
        assert state_of(message) == "delivered"
        assert "forbidden" not in text_of(message)
        assert message["attachments"]


@pytest.mark.asyncio
async def test_a_broken_connection_is_tried_again_with_a_file_of_its_own(stage: Stage) -> None:
    async with on_stage(stage) as (announcer, asked):
        stage.discord.faults.reset("PATCH", "/webhooks/", times=3)
        await announcer.deliver(row_of(asked, stage, JobState.COMPLETED), clip(stage.folder))
        [attachment] = (asked.message or {})["attachments"]
        assert attachment["size"] == clip(stage.folder).size_bytes


@pytest.mark.asyncio
async def test_whether_an_end_was_told_is_known_so_that_it_can_be_told_later(stage: Stage) -> None:
    async with on_stage(stage) as (announcer, asked):
        job = row_of(asked, stage, JobState.CANCELLED)
        cut = stage.discord.faults.reset("PATCH", "/", times=99)
        assert not (await announcer.show(job)).reached
        cut.times = 0
        assert (await announcer.show(job)).reached
        assert state_of(asked.message or {}) == "cancelled"
        await stage.discord.member("Linus").delete(str((asked.message or {})["id"]))
        told = await announcer.show(job.model_copy(update={"state": JobState.FAILED}))
        assert told.reached, "nothing more can be said there"


@pytest.mark.asyncio
async def test_a_reply_that_says_cancelled_is_given_no_video_any_more(stage: Stage, tmp_path: Path) -> None:
    async with on_stage(stage) as (announcer, asked):
        await announcer.show(row_of(asked, stage, JobState.CANCELLED))
        edits = patches(stage)
        await announcer.deliver(row_of(asked, stage, JobState.COMPLETED), clip(tmp_path))
        assert patches(stage) == edits
        assert state_of(asked.message or {}) == "cancelled"


@pytest.mark.asyncio
async def test_a_link_is_shown_with_its_picture(stage: Stage) -> None:
    async with on_stage(stage) as (announcer, asked):
        poster = stage.folder / "poster.jpg"
        poster.write_bytes(b"\xff\xd8\xff\xe0" + b"x" * 100)
        ends = datetime.now(UTC) + timedelta(days=1)
        link = Link(url="https://example.com/v?s=1", poster=poster, size_bytes=300 * 1024**2, expires_at=ends)
        await announcer.deliver(row_of(asked, stage, JobState.COMPLETED), link)
        message = asked.message or {}
        assert "https://example.com/v?s=1" in text_of(message)
        assert message["embeds"][0]["image"]


@pytest.mark.asyncio
async def test_what_a_member_hid_is_hidden_by_an_edit_behind_a_link_and_in_a_direct_message(stage: Stage) -> None:
    ada = stage.discord.member("Ada")
    async with on_stage(stage) as (announcer, asked):
        ends, poster = datetime.now(UTC) + timedelta(days=1), stage.folder / "poster.jpg"
        poster.write_bytes(b"\xff\xd8\xff\xe0" + b"x" * 100)
        link = Link(url="https://example.com/v?s=1", poster=poster, size_bytes=300 * 1024**2, expires_at=ends)
        job = hidden(row_of(asked, stage, JobState.COMPLETED), int(ada.id))
        seen = []
        for thing in (clip(stage.folder), link):
            await announcer.deliver(job, thing)
            seen.append(asked.message or {})
        stage.discord.faults.fail("PATCH", "/", 404, code=10008, times=9)
        await announcer.deliver(job, clip(stage.folder))
        seen.append(ada.sees(ada.dm)[-1])
        names = [[file["filename"] for file in message["attachments"]] for message in seen]
        assert names == [["SPOILER_jump-abababab.mp4"], ["SPOILER_poster-abababab.jpg"], ["SPOILER_jump-abababab.mp4"]]
        assert not any("image" in embed or "thumbnail" in embed for message in seen for embed in message["embeds"])


def hidden(job: Job, user_id: int) -> Job:
    """The same member's job about a picture that they hid."""
    picture = Attachment(url="https://example.com/cat.png", filename="SPOILER_cat.png", size_bytes=1)
    request = compose(CATALOG.get("lucy-pro-i2v"), Inputs(prompt="jump"), {Role.DATA: picture})
    requester = job.requester.model_copy(update={"user_id": user_id})
    return job.model_copy(update={"request": request, "requester": requester})
