"""Prompts that a moderator decides on, the audit channel, and pings after slow jobs, as their people live them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from bot.app import App
from bot.errors import ModeratorsOnly
from bot.rules.guild_settings import GuildSettings
from bot.rules.jobs import Requester
from bot.rules.prompts import WordAction, WordRule
from bot.store.notes import Notes
from sandbox.discord import Invocation
from sandbox.discord.member import Where
from sandbox.discord.permissions import ATTACH_FILES, SEND_MESSAGES
from tests.end_to_end.conftest import PATIENCE_SECONDS, PENDING_SECONDS, PROCESSING_SECONDS, Stage, buttons_of, text_of
from tests.end_to_end.material import sample

Json = dict[str, Any]
HOLD = WordRule(pattern="piano", action=WordAction.HOLD)
CLIPS = "Film Club#clips"


async def arrange(stage: Stage, app: App, **changes: object) -> GuildSettings:
    """What the panel would save for an admin of Film Club."""
    guild, linus = int(stage.discord.guild("Film Club").id), stage.discord.member("Linus")
    by = Requester(user_id=int(linus.id), name="Linus", guild_id=guild, channel_id=1, admin=True)
    return await app.parts.services.guilds.rework(guild, by, lambda _: changes)


def clips_of(stage: Stage) -> int:
    return int(stage.discord.channel(CLIPS).id)


async def ask(stage: Stage, prompt: str = "a cat playing piano", **options: Any) -> Invocation:
    return await stage.discord.member("Ada").slash("Film Club#general", "t2v", prompt=prompt, **options)


async def seen(stage: Stage, until: Callable[[Json], bool], where: Where = CLIPS) -> Json:
    return await stage.discord.member("Linus").wait_for(where, until, PATIENCE_SECONDS)


def says(word: str) -> Callable[[Json], bool]:
    return lambda message: word in text_of(message)


@pytest.mark.asyncio
async def test_a_held_prompt_waits_until_a_moderator_approves(stage: Stage) -> None:
    async with stage.clapper() as app:
        await arrange(stage, app, mod_channel_id=clips_of(stage), word_rules=(HOLD,))
        asked = await ask(stage)
        await asked.reply(says("Waiting for a moderator"), PATIENCE_SECONDS)
        question = await seen(stage, says("May this be made?"))
        assert stage.discord.member("Ada").mention in text_of(question)
        assert "a cat playing piano" in text_of(question)
        assert "“piano”" in text_of(question)
        assert buttons_of(question) == ["Approve", "Refuse with a reason", "Refuse and block for a day"]
        assert stage.queue.submits == []

        grace = await stage.discord.member("Grace").press(question, "Approve")
        refused = await grace.reply(timeout=PATIENCE_SECONDS)
        assert "manage messages" in text_of(refused)
        assert stage.queue.submits == []

        await stage.discord.member("Linus").press(question, "Approve")
        await stage.see(asked, "pending")
        settled = await seen(stage, says("Approved by"))
        assert settled["id"] == question["id"]
        assert settled["components"] == []
        await stage.see_through(asked)


@pytest.mark.asyncio
@pytest.mark.parametrize("action", [WordAction.BLOCK, WordAction.HOLD])
async def test_a_prompt_that_grows_when_it_is_folded_meets_the_same_rules(stage: Stage, action: WordAction) -> None:
    async with stage.clapper() as app:
        rule = HOLD.model_copy(update={"action": action, "note": "No pianos."})
        others = tuple(WordRule(pattern=f"*q{n:02}" * 20) for n in range(99))
        await arrange(stage, app, mod_channel_id=clips_of(stage), word_rules=(*others, rule))
        asked = await ask(stage, "\u3300" * 900 + " p\u200bi\u0430n0")
        if action is WordAction.BLOCK:
            told = await asked.reply(says("No pianos."), PATIENCE_SECONDS)
            assert told["flags"] & 64
        else:
            await asked.reply(says("Waiting for a moderator"), PATIENCE_SECONDS)
            await seen(stage, says("“piano”"))
        assert stage.queue.submits == []


@pytest.mark.asyncio
@pytest.mark.parametrize("reason", ["", "No **pianos**\n@everyone"])
async def test_a_refused_prompt_fails_with_the_reason_and_does_not_count(stage: Stage, reason: str) -> None:
    async with stage.clapper() as app:
        await arrange(stage, app, mod_channel_id=clips_of(stage), word_rules=(HOLD,))
        asked = await ask(stage)
        question = await seen(stage, says("May this be made?"))
        linus = stage.discord.member("Linus")
        opened = await linus.press(question, "Refuse with a reason")
        first = await linus.submit_modal(opened, {"Reason": reason})
        message = await stage.see(asked, "failed")
        assert "A moderator of this server didn't allow" in text_of(message)
        assert (r"“No \*\*pianos\*\* " in text_of(message)) is bool(reason)
        assert await first.done() == "answered"
        settled = await seen(stage, says("Refused by"))
        assert settled["id"] == question["id"]
        assert settled["components"] == []
        assert (r"Reason: “No \*\*pianos\*\* " in text_of(settled)) is bool(reason)
        assert stage.discord.pinged(message["id"]) == stage.discord.pinged(settled["id"]) == []
        late = await linus.press(settled["id"], buttons_of_custom_id(question, "Approve"), raw=True)
        assert await late.done() == "answered" or late.state == "failed"
        assert stage.queue.submits == []
        job = (await app.parts.jobs.of_user(int(stage.discord.member("Ada").id)))[0]
        assert job.refunded


@pytest.mark.asyncio
async def test_a_member_whose_prompt_is_refused_can_be_blocked_for_a_day(stage: Stage) -> None:
    async with stage.clapper() as app:
        await arrange(stage, app, mod_channel_id=clips_of(stage), audit_channel_id=clips_of(stage), word_rules=(HOLD,))
        asked = await ask(stage)
        question = await seen(stage, says("May this be made?"))
        await stage.discord.member("Linus").press(question, "Refuse and block for a day")
        await stage.see(asked, "failed")
        settled = await seen(stage, lambda message: message["id"] == question["id"] and not message["components"])
        assert "is blocked for a day" in text_of(settled)
        await seen(stage, says("Settings changed"))
        held = [one for one in stage.discord.member("Linus").sees(CLIPS) if "a cat playing piano" in text_of(one)]
        about = [one for one in held if "Video failed" not in text_of(one)]
        assert [one["id"] for one in about] == [question["id"]], "one held job is one message there"
        told = await (await ask(stage, "a dog")).reply(says("You can't make videos here"), PATIENCE_SECONDS)
        assert "A moderator refused a prompt." in text_of(told)
        assert told["flags"] & 64
        stage.pass_time(86_400 + 60)
        await stage.see_through(await ask(stage, "a dog"))


@pytest.mark.asyncio
async def test_moderators_are_asked_once_and_see_the_picture_until_they_have_decided(stage: Stage) -> None:
    async with stage.clapper() as app:
        await arrange(stage, app, mod_channel_id=clips_of(stage), word_rules=(HOLD,))
        ada, linus = stage.discord.member("Ada"), stage.discord.member("Linus")
        files = {"image": sample("cat.png")}
        asked = await ada.slash("Film Club#general", "animate", files=files, prompt="a piano")
        question = await seen(stage, says("May this be made?"))
        assert "/input1.png" in question["embeds"][0]["image"]["url"]
        [job] = await app.parts.jobs.of_user(int(ada.id))
        await app.parts.services.moderation.ask(job)
        await app.parts.services.moderation.resume()
        await app.parts.services.background.drain()
    async with stage.clapper() as app:
        await app.parts.services.background.drain()
        questions = [message for message in linus.sees(CLIPS) if "May this be made?" in text_of(message)]
        assert [message["id"] for message in questions] == [question["id"]]
        await linus.press(question, "Approve")
        await stage.see(asked, "pending")
        settled = await seen(stage, says("Approved by"))
        assert settled["id"] == question["id"]
        assert (settled["attachments"], settled["embeds"][0].get("image")) == ([], None)


@pytest.mark.asyncio
async def test_a_crash_between_the_question_and_its_note_makes_no_second_question(stage: Stage) -> None:
    async with stage.clapper() as app:
        await arrange(stage, app, mod_channel_id=clips_of(stage), word_rules=(HOLD,))
        await ask(stage)
        await seen(stage, says("May this be made?"))
        await app.parts.services.background.drain()
        [job] = await app.parts.jobs.of_user(int(stage.discord.member("Ada").id))
        await Notes(app.parts.database).put(f"hold:{job.id}", "asking:2000-01-01T00:00:00+00:00")
    async with stage.clapper() as app:
        linus = stage.discord.member("Linus")
        while ":" not in (note := str(await Notes(app.parts.database).get(f"hold:{job.id}"))) or "asking" in note:
            await asyncio.sleep(0.01)
        questions = [message for message in linus.sees(CLIPS) if "May this be made?" in text_of(message)]
        assert len(questions) == 1
        assert note == f"{clips_of(stage)}:{questions[0]['id']}"


@pytest.mark.asyncio
@pytest.mark.parametrize("of_adults", [False, True])
async def test_a_hidden_picture_stays_hidden_from_moderators_who_do_not_open_it(stage: Stage, of_adults: bool) -> None:
    where = stage.discord.channel("Film Club#general")
    if of_adults:
        where = stage.discord.add_channel(stage.discord.guild("Film Club"), "late", nsfw=True)
    async with stage.clapper() as app:
        await arrange(stage, app, mod_channel_id=clips_of(stage), word_rules=(HOLD,))
        hidden = ("cat.png" if of_adults else "SPOILER_cat.png", sample("cat.png")[1])
        await stage.discord.member("Ada").slash(where, "animate", files={"image": hidden}, prompt="a piano")
        question = await seen(stage, says("May this be made?"))
        assert [file["filename"] for file in question["attachments"]] == ["SPOILER_input1.png"]
        assert "image" not in question["embeds"][0]


@pytest.mark.asyncio
async def test_a_moderators_channel_that_takes_no_files_gets_the_question_without_the_picture(stage: Stage) -> None:
    async with stage.clapper() as app:
        await arrange(stage, app, mod_channel_id=clips_of(stage), word_rules=(HOLD,))
        clips = stage.discord.channel(CLIPS)
        stage.discord.set_permissions(clips, stage.discord.core.world.bot, deny=ATTACH_FILES)
        files = {"image": sample("cat.png")}
        await stage.discord.member("Ada").slash("Film Club#general", "animate", files=files, prompt="a piano")
        question = await seen(stage, says("May this be made?"))
        assert question["attachments"] == []


@pytest.mark.asyncio
async def test_forged_presses_and_forms_decide_nothing(stage: Stage) -> None:
    async with stage.clapper() as app:
        await arrange(stage, app, mod_channel_id=clips_of(stage), word_rules=(HOLD,))
        asked = await ask(stage)
        await asked.reply(says("Waiting for a moderator"), PATIENCE_SECONDS)
        question = await seen(stage, says("May this be made?"))
        [job] = await app.parts.jobs.of_user(int(stage.discord.member("Ada").id))
        for name in ("Ada", "Grace"):
            member = stage.discord.member(name)
            for label in buttons_of(question):
                pressed = await member.press(question, label)
                told = await pressed.reply(timeout=PATIENCE_SECONDS)
                assert told["flags"] & 64
                assert "manage messages" in text_of(told)
        guild = int(stage.discord.guild("Film Club").id)
        strangers = [
            Requester(user_id=5, name="G", guild_id=guild, channel_id=1),
            Requester(user_id=5, name="G", guild_id=guild + 1, channel_id=1, moderator=True, admin=True),
            Requester(user_id=5, name="G", guild_id=None, channel_id=1, moderator=True, admin=True),
        ]
        for stranger in strangers:  # a form that was sent once its member was no moderator any more, or elsewhere
            with pytest.raises(ModeratorsOnly):
                await app.parts.services.moderation.deny(job.id, stranger, reason="mine", block=True)
        assert (await app.parts.jobs.get(job.id)).held
        assert stage.queue.submits == []
        assert (await app.parts.services.guilds.settings(guild)).limits.blocks == ()


def buttons_of_custom_id(message: Json, label: str) -> str:
    [found] = [b["custom_id"] for row in message["components"] for b in row["components"] if b["label"] == label]
    return str(found)


@pytest.mark.asyncio
async def test_a_held_job_outlives_a_restart_and_a_press_of_cancel(stage: Stage) -> None:
    async with stage.clapper() as app:
        await arrange(stage, app, mod_channel_id=clips_of(stage), word_rules=(HOLD,))
        asked, other = await ask(stage), await ask(stage, "another piano")
        await asked.reply(says("Waiting for a moderator"), PATIENCE_SECONDS)
        await other.reply(says("Waiting for a moderator"), PATIENCE_SECONDS)
        question = await seen(stage, says("a cat playing piano"))
        withdrawn = await seen(stage, says("another piano"))
    async with stage.clapper():
        assert stage.queue.submits == []
        await stage.discord.member("Ada").press(other, "Cancel")
        await stage.see(other, "cancelled")
        settled = await seen(stage, says("before anybody decided"))
        assert settled["id"] == withdrawn["id"]
        await stage.discord.member("Linus").press(question, "Approve")
        await stage.see(asked, "pending")
        assert [submit.texts["prompt"] for submit in stage.queue.submits] == ["a cat playing piano"]


@pytest.mark.asyncio
async def test_a_prompt_is_not_held_for_ever_where_no_moderator_can_be_asked(stage: Stage) -> None:
    async with stage.clapper() as app:
        await arrange(stage, app, mod_channel_id=clips_of(stage), word_rules=(HOLD,))
        clips = stage.discord.channel(CLIPS)
        stage.discord.set_permissions(clips, stage.discord.core.world.bot, deny=SEND_MESSAGES)
        message = await stage.see(await ask(stage), "failed")
        assert "needs a moderator's approval" in text_of(message)


@pytest.mark.asyncio
async def test_what_no_moderator_decides_on_ends_with_a_sentence_instead_of_being_forgotten(stage: Stage) -> None:
    async with stage.clapper() as app:
        await arrange(stage, app, mod_channel_id=clips_of(stage), word_rules=(HOLD,))
        asked = await ask(stage)
        await asked.reply(says("Waiting for a moderator"), PATIENCE_SECONDS)
        question = await seen(stage, says("May this be made?"))
    stage.pass_time(31 * 86_400)
    async with stage.clapper():
        message = await stage.see(asked, "failed")
        assert "none of them decided" in text_of(message)
        closed = await seen(stage, says("Nobody decided in time"))
        assert (closed["id"], closed["components"]) == (question["id"], [])
        approve = buttons_of_custom_id(question, "Approve")
        late = await stage.discord.member("Linus").press(question["id"], approve, raw=True)
        assert "settled already" in text_of(await late.followup(timeout=PATIENCE_SECONDS))
        assert stage.queue.submits == []


@pytest.mark.asyncio
async def test_again_meets_the_same_rules(stage: Stage) -> None:
    async with stage.clapper() as app:
        message = await stage.see_through(await ask(stage))
        block = HOLD.model_copy(update={"action": WordAction.BLOCK, "note": "No pianos."})
        await arrange(stage, app, word_rules=(block,))
        again = await stage.discord.member("Ada").press(message, "Again")
        told = await again.reply(timeout=PATIENCE_SECONDS)
        assert "No pianos." in text_of(told)
        assert told["flags"] & 64


@pytest.mark.asyncio
async def test_the_audit_channel_tells_who_what_where_and_outcome_and_pings_nobody(stage: Stage) -> None:
    async with stage.clapper() as app:
        record = WordRule(pattern="everyone", action=WordAction.RECORD)
        await arrange(stage, app, audit_channel_id=clips_of(stage), word_rules=(record,))
        changed = await seen(stage, says("Settings changed"))
        assert stage.discord.member("Linus").mention in text_of(changed)
        assert "everyone" in text_of(changed)
        asked = await ask(stage, "@everyone **look** [fail: too dark]")
        await stage.see(asked, "pending")
        noted = await seen(stage, says("Prompt recorded"))
        await stage.clock.advance(PENDING_SECONDS)
        await stage.clock.advance(PROCESSING_SECONDS)
        failed = await seen(stage, says("Video failed"))
        for message in (noted, failed):
            text = text_of(message)
            assert stage.discord.member("Ada").mention in text
            assert "/t2v" in text
            assert f"<#{stage.discord.channel('Film Club#general').id}>" in text
            assert r"\*\*look\*\*" in text
            assert "@everyone" not in text
            assert stage.discord.pinged(message["id"]) == []
        assert "too dark" in text_of(failed)
        await stage.see_through(await ask(stage, "a dog"))
        assert "Lucy Pro" in text_of(await seen(stage, says("Video delivered")))


@pytest.mark.asyncio
async def test_the_audit_channel_tells_whose_limits_were_reset_and_by_whom(stage: Stage) -> None:
    async with stage.clapper() as app:
        await arrange(stage, app, audit_channel_id=clips_of(stage))
        ada, linus = stage.discord.member("Ada"), stage.discord.member("Linus")
        await stage.see(await ask(stage), "pending")
        for member in ("Ada", "Grace"):
            asked = await linus.slash("Film Club#general", "limits reset", member=member)
            await asked.reply(timeout=PATIENCE_SECONDS)
        entry = await seen(stage, says("Limits reset"))
        assert f"By {linus.mention}." in text_of(entry)
        assert f"{ada.mention} starts anew: 1 " in text_of(entry)
        assert stage.discord.pinged(entry["id"]) == []
        await app.parts.services.background.drain()
        entries = [text_of(message) for message in linus.sees(CLIPS)]
        assert sum("Limits reset" in text for text in entries) == 1, "nothing was given back to Grace"


@pytest.mark.asyncio
async def test_an_audit_channel_that_is_gone_is_left_alone(stage: Stage) -> None:
    async with stage.clapper() as app:
        await arrange(stage, app, audit_channel_id=clips_of(stage))
        await seen(stage, says("Settings changed"))
        stage.discord.set_permissions(stage.discord.channel(CLIPS), stage.discord.core.world.bot, deny=SEND_MESSAGES)
        guild = int(stage.discord.guild("Film Club").id)
        for private in (True, False, True):
            await arrange(stage, app, private_by_default=private)
            await app.parts.services.background.drain()
        assert await app.parts.services.audit_log.silenced(guild) is not None
        route = f"/channels/{clips_of(stage)}/messages"
        sent = sum(exchange.path.endswith(route) for exchange in stage.discord.record)
        await arrange(stage, app, private_by_default=False)
        await app.parts.services.background.drain()
        assert sum(exchange.path.endswith(route) for exchange in stage.discord.record) == sent, "no more is tried"


@pytest.mark.asyncio
@pytest.mark.parametrize("wanted", [True, False])
async def test_whoever_waited_long_is_pinged_alone_where_the_server_wants_it(stage: Stage, wanted: bool) -> None:
    async with stage.clapper() as app:
        await arrange(stage, app, ping_when_slow=wanted)
        asked = await ask(stage)
        await stage.see(asked, "pending")
        stage.pass_time(180)
        await stage.see_through(asked)
        if wanted:
            ping = await seen(stage, says("your video is ready"), "Film Club#general")
            assert stage.discord.pinged(ping["id"]) == [stage.discord.member("Ada").id]
            assert ping["message_reference"]["message_id"] == asked.message_id
        else:
            await app.parts.services.background.drain()
            texts = [text_of(message) for message in stage.discord.member("Ada").sees("Film Club#general")]
            assert not any("ready" in text for text in texts)


@pytest.mark.asyncio
async def test_whoever_waited_long_for_a_private_video_is_told_in_private(stage: Stage) -> None:
    async with stage.clapper() as app:
        await arrange(stage, app, ping_when_slow=True)
        asked = await ask(stage, private=True)
        await stage.see(asked, "pending")
        stage.pass_time(180)
        await stage.see_through(asked)
        ping = await asked.followup(says("your video is ready"), PATIENCE_SECONDS)
        assert ping["flags"] & 64
