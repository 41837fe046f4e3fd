"""Past the fifteen minutes of a token, and where the message or the way to it is gone: one outcome each, no storm."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from bot.app import App
from bot.rules.jobs import Job, JobState
from sandbox.discord import Invocation
from sandbox.discord import permissions as bits
from tests.end_to_end.conftest import (
    PATIENCE_SECONDS,
    PENDING_SECONDS,
    PROCESSING_SECONDS,
    Stage,
    buttons_of,
    states_of,
    text_of,
)

SHORT_LIFE = 50.0
"""Seconds that a token is used: less than what is left for the last edit, so that the first is that already."""
DEAD = 901.0
"""Seconds after which every token has died."""

Json = dict[str, Any]


async def ask(stage: Stage, where: Any = "general", **options: Any) -> Invocation:
    return await stage.discord.member("Ada").slash(where, "t2v", **({"prompt": "a cat"} | options))


async def make(stage: Stage) -> None:
    """Have the service make what it was asked for."""
    await stage.clock.advance(PENDING_SECONDS + PROCESSING_SECONDS)


async def in_dm(stage: Stage) -> Json:
    """The video in Ada's direct messages."""
    ada = stage.discord.member("Ada")
    return await ada.wait_for(ada.dm, lambda message: bool(message["attachments"]), PATIENCE_SECONDS)


async def row(app: App, stage: Stage, fits: Callable[[Job], bool], *, of: str = "Ada") -> Job:
    """The member's newest job, once it is as wanted; rows ring no bell."""
    member = int(stage.discord.member(of).id)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            page = await app.parts.services.own_jobs.page(member, 0, size=1)
            if page.jobs and fits(page.jobs[0]):
                return page.jobs[0]
            await asyncio.sleep(0.02)


async def jobs_list(stage: Stage, where: str = "general") -> tuple[Invocation, Json]:
    asked = await stage.discord.member("Ada").slash(where, "jobs")
    return asked, await asked.reply(timeout=PATIENCE_SECONDS)


async def pick_first(stage: Stage, listed: Invocation, message: Json) -> Json:
    """The first job of the list, with its buttons."""
    select = message["components"][0]["components"][0]
    ada = stage.discord.member("Ada")
    await ada.choose(message, "clapper:own-pick", [select["options"][0]["value"]])
    return await listed.reply(lambda m: "All my videos" in labels(m), PATIENCE_SECONDS)


def labels(message: Json) -> list[str]:
    return [part["label"] for row in message["components"] for part in row["components"] if "label" in part]


@pytest.mark.asyncio
async def test_a_private_reply_offers_a_button_before_its_token_dies_and_a_press_fetches_the_video(
    stage: Stage,
) -> None:
    stage.changes["token_life_seconds"] = SHORT_LIFE
    ada = stage.discord.member("Ada")
    async with stage.clapper() as app:
        asked = await ask(stage, private=True)
        message = await stage.see(asked, "pending")
        assert buttons_of(message) == ["Cancel", "Get it"]
        assert "15 minutes" in text_of(message)
        stage.pass_time(DEAD)
        await make(stage)
        assert (await row(app, stage, lambda job: job.undeliverable is not None)).undeliverable == "token_expired"
        assert ada.sees(ada.dm) == [], "it waits for the press"

        pressed = await ada.press(message, "Get it")
        assert await pressed.done() == "answered"
        after = await stage.see(asked, "delivered")
        assert after["id"] == message["id"]
        assert len(after["attachments"]) == 1
        assert stage.discord.invalid_requests == 0


@pytest.mark.asyncio
async def test_a_private_reply_in_line_offers_the_button_before_its_token_dies(stage: Stage) -> None:
    ada = stage.discord.member("Ada")
    async with stage.clapper() as app:
        linus = stage.discord.member("Linus")
        for command, rule in (
            ("limits remove", {"rule": "server jobs at once"}),
            ("limits set", {"scope": "server", "amount": 1, "window": "at once"}),
        ):
            await (await linus.slash("general", command, **rule)).reply(timeout=PATIENCE_SECONDS)
        first = await stage.discord.member("Grace").slash("general", "t2v", prompt="the first")
        await stage.see(first, "pending")
        asked = await ask(stage, private=True)
        message = await asked.reply(lambda m: "Place 1" in text_of(m), PATIENCE_SECONDS)
        await app.parts.token_expiry.edit_due()
        assert buttons_of(asked.message or {}) == ["Cancel"], "there is time yet"
        stage.pass_time(850)
        await app.parts.token_expiry.edit_due()
        told = await asked.reply(lambda m: buttons_of(m) == ["Cancel", "Get it"], PATIENCE_SECONDS)
        assert "15 minutes" in text_of(told)
        assert "Place 1" in text_of(told)
        stage.pass_time(DEAD)
        await app.parts.token_expiry.edit_due()
        await make(stage)
        await stage.see(first, "delivered")
        await row(app, stage, lambda job: job.state in {JobState.PENDING, JobState.PROCESSING})
        await make(stage)
        assert (await row(app, stage, lambda job: job.undeliverable is not None)).undeliverable == "token_expired"
        assert ada.sees(ada.dm) == [], "it waits for the press"
        await ada.press(message, "Get it")
        after = await stage.see(asked, "delivered")
        assert after["id"] == message["id"]
        assert after["attachments"]


@pytest.mark.asyncio
async def test_a_press_on_a_running_job_shows_how_far_it_is(stage: Stage) -> None:
    stage.changes["token_life_seconds"] = SHORT_LIFE
    async with stage.clapper():
        asked = await ask(stage, private=True)
        message = await stage.see(asked, "pending")
        stage.pass_time(DEAD)
        await stage.clock.advance(PENDING_SECONDS)
        await stage.discord.member("Ada").press(message, "Get it")
        await stage.see(asked, "processing")
        await stage.clock.advance(PROCESSING_SECONDS)
        assert (await stage.see(asked, "delivered"))["attachments"]


@pytest.mark.asyncio
async def test_an_app_of_ones_own_account_offers_the_button_too(stage: Stage) -> None:
    stage.changes["token_life_seconds"] = SHORT_LIFE
    stage.discord.add_guild("Elsewhere", bot_installed=False, channels=("lounge",))
    stage.discord.install_for("Ada")
    async with stage.clapper() as app:
        asked = await ask(stage, "lounge")
        message = await stage.see(asked, "pending")
        assert buttons_of(message) == ["Cancel", "Get it"]
        stage.pass_time(DEAD)
        await make(stage)
        await row(app, stage, lambda job: job.undeliverable is not None)
        stranger = await stage.discord.member("Grace").press(message, "Get it")
        assert "Only" in text_of(await stranger.reply(timeout=PATIENCE_SECONDS))
        await stage.discord.member("Ada").press(message, "Get it")
        assert (await stage.see(asked, "delivered"))["attachments"]
        assert stage.discord.invalid_requests == 0


@pytest.mark.asyncio
async def test_a_private_reply_that_died_while_the_bot_was_away_is_answered_directly(stage: Stage) -> None:
    async with stage.clapper():
        asked = await ask(stage, private=True)
        assert buttons_of(await stage.see(asked, "pending")) == ["Cancel"]
    stage.pass_time(DEAD)
    async with stage.clapper() as app:
        await make(stage)
        sent = await in_dm(stage)
        assert len(sent["attachments"]) == 1
        assert "couldn't put it" in text_of(sent)
        await row(app, stage, lambda job: job.state is JobState.DELIVERED)
        assert stage.discord.invalid_requests == 0


async def delete_message(stage: Stage, asked: Invocation) -> None:
    await stage.discord.member("Linus").delete(str((asked.message or {})["id"]))


async def delete_channel(stage: Stage, asked: Invocation) -> None:
    stage.discord.delete_channel(stage.discord.channel(asked.interaction.channel_id))


async def lock(stage: Stage, asked: Invocation) -> None:
    """A thread that is archived only is opened again."""
    stage.discord.archive(stage.discord.channel(asked.interaction.channel_id), locked=True)


async def kick(stage: Stage, asked: Invocation) -> None:
    del asked
    stage.discord.kick_bot(stage.discord.guild("Film Club"))


async def forbid_files(stage: Stage, asked: Invocation) -> None:
    channel = stage.discord.channel(asked.interaction.channel_id)
    stage.discord.set_permissions(channel, stage.discord.bot, deny=bits.ATTACH_FILES)


async def hide_channel(stage: Stage, asked: Invocation) -> None:
    channel = stage.discord.channel(asked.interaction.channel_id)
    stage.discord.set_permissions(channel, stage.discord.bot, deny=bits.VIEW_CHANNEL)


LOSSES = {
    "message_deleted": delete_message,
    "channel_gone": delete_channel,
    "thread_archived": lock,
    "no_access": kick,
    "no_permission": forbid_files,
    "hidden": hide_channel,
}


@pytest.mark.asyncio
@pytest.mark.parametrize("dms_open", [True, False])
@pytest.mark.parametrize("loss", LOSSES)
async def test_where_the_reply_is_out_of_reach_the_video_goes_directly_or_waits_in_the_list(
    stage: Stage, loss: str, dms_open: bool
) -> None:
    ada = stage.discord.member("Ada")
    ada.user.dms_open = dms_open
    general = stage.discord.channel("Film Club#general")
    where = stage.discord.add_thread(general, "a thread") if loss == "thread_archived" else general
    async with stage.clapper() as app:
        asked = await ada.slash(where, "t2v", prompt="a cat")
        await stage.see(asked, "pending")
        await LOSSES[loss](stage, asked)
        stage.pass_time(DEAD)
        await make(stage)
        if dms_open:
            assert len((await in_dm(stage))["attachments"]) == 1
            done = await row(app, stage, lambda job: job.state is JobState.DELIVERED)
            assert done.undeliverable is None
            if loss == "no_permission":
                told = await asked.reply(lambda m: "sent it" in text_of(m), PATIENCE_SECONDS)
                assert told["attachments"] == []
        else:
            waiting = await row(app, stage, lambda job: job.undeliverable is not None)
            refused = [(e.method, e.path, e.status) for e in stage.discord.record if e.status >= 400]
            assert waiting.undeliverable == ("no_access" if loss == "hidden" else loss), refused
            listed, message = await jobs_list(stage, "Test Kitchen#general")
            shown = await pick_first(stage, listed, message)
            assert "Get it" in text_of(shown)
            here = await ada.press(shown, "Show it here")
            there = await stage.see(here, "delivered")
            assert there["attachments"]
            await row(app, stage, lambda job: job.state is JobState.DELIVERED)
        assert len(stage.queue.submits) == 1
        # An edit or two for the states, one or two for the video, one for the direct message: never a storm.
        assert stage.discord.invalid_requests <= 4


@pytest.mark.asyncio
@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("late", [False, True])
async def test_an_archived_thread_is_opened_again_for_the_video(stage: Stage, late: bool, private: bool) -> None:
    ada, thread = stage.discord.member("Ada"), stage.discord.add_thread(stage.discord.channel("general"), "a thread")
    async with stage.clapper() as app:
        asked = await ada.slash(thread, "t2v", prompt="a cat", private=private and not late)
        message = await stage.see(asked, "pending")
        stage.discord.archive(thread)
        if late:
            stage.pass_time(DEAD)
        await make(stage)
        after = await stage.see(asked, "delivered")
        assert after["id"] == message["id"]
        assert after["attachments"]
        assert not thread.archived
        assert ada.sees(ada.dm) == []
        await row(app, stage, lambda job: job.state is JobState.DELIVERED)


@pytest.mark.asyncio
async def test_an_archived_thread_is_opened_again_to_say_how_it_ended_and_for_nothing_less(stage: Stage) -> None:
    thread = stage.discord.add_thread(stage.discord.channel("general"), "a thread")
    async with stage.clapper() as app:
        asked = await ask(stage, thread, prompt="a cat [fail: no cats]")
        await stage.see(asked, "pending")
        stage.discord.archive(thread)
        await stage.clock.advance(PENDING_SECONDS)
        await row(app, stage, lambda job: job.state is JobState.PROCESSING)
        await stage.clock.advance(PROCESSING_SECONDS)
        assert "no cats" in text_of(await stage.see(asked, "failed"))
        assert "processing" not in states_of(asked)
        assert not thread.archived


@pytest.mark.asyncio
async def test_a_video_that_waits_for_a_permission_is_fetched_by_the_button_once_it_is_given(stage: Stage) -> None:
    ada = stage.discord.member("Ada")
    ada.user.dms_open = False
    async with stage.clapper() as app:
        asked = await ask(stage)
        await stage.see(asked, "pending")
        await forbid_files(stage, asked)
        await make(stage)
        await row(app, stage, lambda job: job.undeliverable is not None)
        message = await asked.reply(lambda m: buttons_of(m) == ["Get it"], PATIENCE_SECONDS)
        assert "couldn't bring it" in text_of(message)
        channel = stage.discord.channel(asked.interaction.channel_id)
        stage.discord.set_permissions(channel, stage.discord.bot)
        await ada.press(message, "Get it")
        assert (await stage.see(asked, "delivered"))["attachments"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("denied", "named"),
    [(bits.ATTACH_FILES, "Attach Files"), (bits.EMBED_LINKS, "Embed Links"), (bits.VIEW_CHANNEL, "View Channel")],
)
async def test_a_missing_permission_is_named_when_the_video_is_asked_for(stage: Stage, denied: int, named: str) -> None:
    channel = stage.discord.channel("general")
    stage.discord.set_permissions(channel, stage.discord.bot, deny=denied)
    async with stage.clapper():
        asked = await ask(stage)
        told = await asked.reply(timeout=PATIENCE_SECONDS)
        assert named in text_of(told)
        assert told["flags"] & 64
        assert stage.queue.submits == []


@pytest.mark.asyncio
async def test_edits_after_an_hour_wait_for_their_own_limit(stage: Stage) -> None:
    async with stage.clapper():
        asked = await ask(stage)
        message = await stage.see(asked, "pending")
        stage.discord.clock.advance(3700)  # for the bot its token lives on: it learns better once
        stage.discord.faults.rate_limit("PATCH", "/channels/", 0.05, code=30046, times=3)
        await make(stage)
        after = await stage.see(asked, "delivered")
        assert after["id"] == message["id"]
        assert after["attachments"]
        assert stage.discord.invalid_requests <= 1 + 3


@pytest.mark.asyncio
async def test_a_job_that_the_service_has_forgotten_says_so(stage: Stage) -> None:
    async with stage.clapper():
        asked = await ask(stage, prompt="a cat [expire]")
        await stage.see(asked, "pending")
        await make(stage)
        assert "doesn't know this job any more" in text_of(await stage.see(asked, "failed"))


@pytest.mark.asyncio
@pytest.mark.parametrize("in_a_group", [False, True])
async def test_who_presses_again_on_somebody_elses_own_app_gets_the_button_too(stage: Stage, in_a_group: bool) -> None:
    stage.changes["token_life_seconds"] = SHORT_LIFE
    stage.discord.add_guild("Elsewhere", bot_installed=False, channels=("lounge",))
    stage.discord.install_for("Ada")
    grace = stage.discord.member("Grace")
    where: Any = stage.discord.private_group("Ada", "Grace") if in_a_group else "lounge"
    async with stage.clapper() as app:
        done = await stage.see_through(await ask(stage, where))
        again = await grace.press(done, "Again")
        message = await stage.see(again, "pending")
        assert buttons_of(message) == ["Cancel", "Get it"]
        stage.pass_time(DEAD)
        await make(stage)
        await row(app, stage, lambda job: job.undeliverable is not None, of="Grace")
        await grace.press(message, "Get it")
        assert (await stage.see(again, "delivered"))["attachments"]
        assert stage.discord.invalid_requests == 0
