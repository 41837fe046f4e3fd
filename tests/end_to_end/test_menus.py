"""Apps → Animate, Restyle and Edit, and `/animate` without a picture: what is in the channel already."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.rules.jobs import JobState
from sandbox.discord import Invocation
from sandbox.discord.permissions import READ_MESSAGE_HISTORY
from tests.adapters.sandbox_material import clip, picture
from tests.end_to_end.conftest import PATIENCE_SECONDS, Json, Stage, states_of, text_of

CAT = ("cat.png", picture(320, 200))
DOG = ("dog.png", picture(200, 320))
FILM = ("film.mp4", clip(seconds=1.0))
SNOW = "make it snow"
WAY = ["accepted", "pending", "processing", "delivered"]


async def shown(stage: Stage, *files: tuple[str, bytes], who: str = "Grace", where: str = "general") -> Json:
    return await stage.discord.member(who).say(where, "look", list(files))


async def submitted(
    stage: Stage, message: Json, menu: str, values: Json, files: dict[str, Any] | None = None, *, raw: bool = False
) -> Invocation:
    """Ada opens the menu's form on the message, fills it in and sends it."""
    ada = stage.discord.member("Ada")
    opened = await ada.menu(message, menu)
    await opened.opened_modal(PATIENCE_SECONDS)
    return await ada.submit_modal(opened, values, files, raw=raw)


async def refused(stage: Stage, asked: Invocation) -> str:
    """What the member is told privately, where no job was made."""

    def look() -> Json | None:
        said = [asked.message, *asked.followups]
        return next((message for message in said if message and message["flags"] & 192 == 64), None)

    return text_of(await stage.discord.until(look, PATIENCE_SECONDS, "a private sentence"))


@pytest.mark.asyncio
async def test_the_menu_asks_for_the_prompt_and_animates_the_picture(stage: Stage) -> None:
    async with stage.clapper():
        message = await shown(stage, CAT)
        opened = await stage.discord.member("Ada").menu(message, "Animate")
        modal = await opened.opened_modal(PATIENCE_SECONDS)
        assert modal["title"] == "Animate"
        assert [part["label"] for part in modal["components"]] == ["Prompt", "Model"]
        asked = await stage.discord.member("Ada").submit_modal(opened, {"Prompt": SNOW, "Model": "lucy-dev-i2v"})
        done = await stage.see_through(asked)
        assert states_of(asked) == WAY
        assert done["attachments"]
        assert stage.discord.member("Grace").mention in text_of(done)
        [submit] = stage.queue.submits
        assert submit.model == "lucy-dev-i2v"
        assert submit.texts["prompt"] == SNOW


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("menu", "model"),
    [("Restyle", "lucy-restyle-2"), ("Edit", "lucy-2.5"), ("Try on", "lucy-vton-latest")],
)
async def test_a_video_is_changed_by_a_prompt_or_by_an_uploaded_picture(stage: Stage, menu: str, model: str) -> None:
    async with stage.clapper():
        message = await shown(stage, FILM)
        asked = await submitted(stage, message, menu, {"Prompt": "as a watercolour"})
        await stage.see(asked, "pending")
        asked = await submitted(stage, message, menu, {}, {"Reference picture": DOG})
        await stage.see(asked, "pending")
        words, look = stage.queue.submits
        assert words.model == look.model == model
        assert set(words.files) == {"data"}
        assert set(look.files) == {"data", "reference_image"}
        assert not look.texts.get("prompt")


@pytest.mark.asyncio
async def test_a_menu_whose_command_needs_words_asks_for_them_before_anything_is_sent(stage: Stage) -> None:
    async with stage.clapper():
        opened = await stage.discord.member("Ada").menu(await shown(stage, FILM), "Change")
        form = await opened.opened_modal(PATIENCE_SECONDS)
        assert next(part["component"]["required"] for part in form["components"] if part["label"] == "Prompt") is True
        asked = await stage.discord.member("Ada").submit_modal(opened, {"Prompt": "at night"})
        await stage.see(asked, "pending")


@pytest.mark.asyncio
async def test_of_several_pictures_the_form_asks_which(stage: Stage) -> None:
    async with stage.clapper():
        message = await shown(stage, CAT, DOG)
        asked = await submitted(stage, message, "Animate", {"Prompt": SNOW, "Which picture": "1"})
        await stage.see(asked, "pending")
        assert stage.discord.cdn.served.keys() == {message["attachments"][1]["id"]}


@pytest.mark.asyncio
async def test_forwarded_and_embedded_pictures_are_found(stage: Stage) -> None:
    async with stage.clapper():
        grace = stage.discord.member("Grace")
        message = await shown(stage, CAT, where="clips")
        forwarded = await grace.forward(message, "general")
        await stage.see(await submitted(stage, forwarded, "Animate", {"Prompt": SNOW}), "pending")
        address = message["attachments"][0]["url"]
        embed = {"type": "rich", "title": "A cat", "image": {"url": "https://example.com/c.png", "proxy_url": address}}
        linked = await grace.say("general", "https://example.com/c", embeds=[embed])
        await stage.see(await submitted(stage, linked, "Animate", {"Prompt": SNOW}), "pending")
        embed = {"type": "rich", "title": "A cat", "image": {"url": "https://example.com/c.png"}}
        linked = await grace.say("general", "https://example.com/c", embeds=[embed])
        assert "example.com" in await refused(stage, await stage.discord.member("Ada").menu(linked, "Animate"))
        assert len(stage.queue.submits) == 2


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"prompt": "    "}, "prompt"),
        ({"prompt": "x" * 1001}, "1000"),
        ({"prompt": "nul\x00"}, "characters"),
        ({"prompt": SNOW, "model": ["gpt-9"]}, "Lucy Pro"),
    ],
)
async def test_a_form_that_can_not_be_used_is_refused_privately(stage: Stage, values: Json, word: str) -> None:
    async with stage.clapper():
        message = await shown(stage, CAT)
        asked = await submitted(stage, message, "Animate", values, raw=True)
        assert word in await refused(stage, asked)
        assert stage.queue.submits == []


@pytest.mark.asyncio
async def test_both_prompt_and_reference_are_one_too_many_for_restyle(stage: Stage) -> None:
    async with stage.clapper():
        message = await shown(stage, FILM)
        asked = await submitted(stage, message, "Restyle", {"Prompt": "oil"}, {"Reference picture": DOG})
        assert "either" in await refused(stage, asked)
        asked = await submitted(stage, message, "Restyle", {})
        assert "prompt" in await refused(stage, asked)
        assert stage.queue.submits == []


@pytest.mark.asyncio
async def test_a_message_without_a_picture_gets_no_form(stage: Stage) -> None:
    async with stage.clapper():
        opened = await stage.discord.member("Ada").menu(await shown(stage), "Animate")
        assert "Three ways" in await refused(stage, opened)
        opened = await stage.discord.member("Ada").menu(await shown(stage, CAT), "Restyle")
        assert "a video" in await refused(stage, opened)


@pytest.mark.asyncio
@pytest.mark.parametrize("granted", [True, False])
async def test_a_form_that_was_open_during_a_restart_still_works_where_the_message_can_be_read(
    stage: Stage, granted: bool
) -> None:
    stage.discord.set_message_content(granted)
    ada = stage.discord.member("Ada")
    async with stage.clapper():
        message = await shown(stage, CAT)
        opened = await ada.menu(message, "Animate")
        await opened.opened_modal(PATIENCE_SECONDS)
    async with stage.clapper():
        asked = await ada.submit_modal(opened, {"Prompt": SNOW})
        if granted:
            await stage.see(asked, "pending")
        else:
            assert "Apps → Animate" in await refused(stage, asked)
            assert stage.queue.submits == []


@pytest.mark.asyncio
async def test_a_forged_form_leads_to_no_picture_of_another_channel(stage: Stage) -> None:
    ada, grace = stage.discord.member("Ada"), stage.discord.member("Grace")
    async with stage.clapper():
        elsewhere = await shown(stage, CAT, who="Ada", where="Film Club#clips")
        await (await ada.menu(elsewhere, "Animate")).opened_modal()
        opened = await grace.menu(await shown(stage, DOG), "Animate")
        (await opened.opened_modal())["custom_id"] = f"clapper:form:animate:{elsewhere['id']}"
        forged = await grace.submit_modal(opened, {"prompt": SNOW})
        assert "can't find that message" in await refused(stage, forged)
        assert stage.queue.submits == []


@pytest.mark.asyncio
async def test_a_form_whose_picture_discord_does_not_show_now_can_be_sent_again(stage: Stage) -> None:
    ada = stage.discord.member("Ada")
    async with stage.clapper():
        opened = await ada.menu(await shown(stage, CAT), "Animate")
        await opened.opened_modal()
    async with stage.clapper():
        stage.discord.faults.slow("GET", "/channels/", 2.0)
        sent = await ada.submit_modal(opened, {"prompt": SNOW})
        assert "just now" in await refused(stage, sent)


@pytest.mark.asyncio
async def test_menus_work_in_direct_messages_and_where_only_the_member_has_the_app(stage: Stage) -> None:
    stage.discord.install_for("Ada")
    elsewhere = stage.discord.add_guild("Elsewhere", bot_installed=False, channels=("lobby",))
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        lobby = next(iter(elsewhere.channels.values()))
        message = await stage.discord.member("Grace").say(lobby, "look", [CAT])
        asked = await submitted(stage, message, "Animate", {"Prompt": SNOW})
        done = await stage.see_through(asked)
        assert done["attachments"]
        assert asked.followups == [], "five are all that there are"

        message = await ada.say(ada.dm, "look", [CAT])
        await stage.see(await submitted(stage, message, "Animate", {"Prompt": SNOW}), "pending")
        group = stage.discord.private_group("Ada", "Grace")
        message = await stage.discord.member("Grace").say(group, "look", [CAT])
        await stage.see(await submitted(stage, message, "Animate", {"Prompt": SNOW}), "pending")
        for command in ada.commands(lobby):
            assert set(command["integration_types"]) == {0, 1}, command["name"]
            assert set(command["contexts"]) == {0, 1, 2}, command["name"]


@pytest.mark.asyncio
async def test_where_only_the_member_has_the_app_nobody_is_told_to_write_to_it(stage: Stage) -> None:
    stage.discord.set_message_content(True)
    stage.discord.install_for("Ada")
    elsewhere = stage.discord.add_guild("Elsewhere", bot_installed=False, channels=("lobby",))
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        lobby = next(iter(elsewhere.channels.values()))
        empty = await stage.discord.member("Grace").say(lobby, "hello")
        for asked in (await ada.slash(lobby, "animate", prompt=SNOW), await ada.menu(empty, "Animate")):
            sentence = await refused(stage, asked)
            assert "Two ways" in sentence
            assert "Apps → Animate" in sentence
            assert f"<@{stage.discord.bot.id}>" not in sentence


@pytest.mark.asyncio
async def test_a_picture_that_vanished_meanwhile_fails_the_card(stage: Stage) -> None:
    async with stage.clapper():
        message = await shown(stage, CAT)
        opened = await stage.discord.member("Ada").menu(message, "Animate")
        await opened.opened_modal(PATIENCE_SECONDS)
        stage.discord.lose_file(message["attachments"][0]["id"])
        asked = await stage.discord.member("Ada").submit_modal(opened, {"Prompt": SNOW})
        assert "fetched" in text_of(await stage.told_alone(asked))
        assert stage.queue.submits == []


@pytest.mark.asyncio
async def test_animate_without_a_picture_takes_the_newest_and_says_whose(stage: Stage) -> None:
    stage.discord.set_message_content(True)
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        await shown(stage, DOG)
        newest = await shown(stage, CAT)
        await shown(stage, who="Linus")
        await shown(stage, FILM)
        asked = await ada.slash("general", "animate", prompt=SNOW)
        done = await stage.see_through(asked)
        assert states_of(asked) == WAY
        assert stage.discord.member("Grace").mention in text_of(done)
        assert f"/{newest['id']}" in text_of(done)
        assert newest["attachments"][0]["id"] in stage.discord.cdn.served

        changed = await ada.slash("general", "restyle", prompt="as a watercolour")
        card = await stage.see(changed, "pending")
        assert f"/{done['id']}" in text_of(card), "of the newest video, which is the bot's own"
        assert done["attachments"][0]["id"] in stage.discord.cdn.served


@pytest.mark.asyncio
async def test_animate_without_a_picture_says_so_where_the_newest_is_ones_own(stage: Stage) -> None:
    stage.discord.set_message_content(True)
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        await shown(stage, DOG)
        newest = await shown(stage, CAT, who="Ada")
        card = await stage.see(await ada.slash("general", "animate", prompt=SNOW), "pending")
        assert f"{ada.mention}'s [message](" in text_of(card)
        assert f"/{newest['id']}" in text_of(card)


@pytest.mark.asyncio
@pytest.mark.parametrize("private", [False, True])
async def test_of_several_newest_pictures_the_member_chooses(stage: Stage, private: bool) -> None:
    stage.discord.set_message_content(True)
    ada = stage.discord.member("Ada")
    async with stage.clapper():
        newest = await shown(stage, CAT, DOG)
        asked = await ada.slash("general", "animate", prompt=SNOW, private=private)
        question = await asked.reply(lambda message: message["components"], PATIENCE_SECONDS)
        assert bool(question["flags"] & 64) is private
        options = question["components"][0]["components"][0]["options"]
        assert [option["label"] for option in options] == ["1. cat.png", "2. dog.png"]
    async with stage.clapper():  # the question outlives a restart
        if not private:
            stranger = await stage.discord.member("Grace").choose(question, "clapper:pick:", [options[1]["value"]])
            assert "Only" in await refused(stage, stranger)
        await ada.choose(question, "clapper:pick:", [options[1]["value"]])
        await ada.choose(question, "clapper:pick:", [options[0]["value"]])  # a second click before the card is there
        done = await stage.see_through(asked)
        assert done["content"] == ""
        assert done["attachments"]
        assert len(stage.queue.submits) == 1
        assert newest["attachments"][0]["id"] not in stage.discord.cdn.served


@pytest.mark.asyncio
@pytest.mark.parametrize("private", [False, True])
async def test_a_choice_whose_card_a_server_blocks_is_made_all_the_same(stage: Stage, private: bool) -> None:
    stage.discord.set_message_content(True)
    ada = stage.discord.member("Ada")
    async with stage.clapper():
        await shown(stage, CAT, DOG)
        asked = await ada.slash("general", "animate", prompt=SNOW, private=private)
        question = await asked.reply(lambda message: message["components"], PATIENCE_SECONDS)
        [first, _] = question["components"][0]["components"][0]["options"]
        stage.discord.faults.fail("POST", "/interactions/", 400, code=200000)  # AutoMod
        chosen = await ada.choose(question, "clapper:pick:", [first["value"]])
        assert await chosen.done() == "answered"
        assert (await stage.see_through(asked))["attachments"]


@pytest.mark.asyncio
async def test_a_private_choice_that_comes_too_late_makes_nothing(stage: Stage) -> None:
    stage.discord.set_message_content(True)
    ada = stage.discord.member("Ada")
    async with stage.clapper() as app:
        await shown(stage, CAT, DOG)
        asked = await ada.slash("general", "animate", prompt=SNOW, private=True)
        question = await asked.reply(lambda message: message["components"], PATIENCE_SECONDS)
        [first, _] = question["components"][0]["components"][0]["options"]
        stage.discord.faults.fail("POST", "/interactions/", 404, code=10062)
        await ada.choose(question, "clapper:pick:", [first["value"]])
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (jobs := await app.parts.jobs.of_user(int(ada.id))) or not jobs[0].ended:
                await asyncio.sleep(0.02)
        assert jobs[0].state is JobState.CANCELLED
        assert jobs[0].refunded
        assert stage.queue.submits == []


@pytest.mark.asyncio
async def test_animate_without_any_picture_says_what_works_and_leaves_nothing_in_public(stage: Stage) -> None:
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        await shown(stage, CAT)  # hidden, as the intent is not granted
        asked = await ada.slash("general", "animate", prompt=SNOW)
        sentence = await refused(stage, asked)
        assert "may not read" in sentence
        assert "Apps → Animate" in sentence
        assert asked.message is None
        stage.discord.set_message_content(True)
    async with stage.clapper():
        asked = await ada.slash("clips", "animate", prompt=SNOW)
        assert "found none" in await refused(stage, asked)
        asked = await ada.slash("general", "animate", prompt="https://example.com/cat.png snows in")
        assert "example.com" in await refused(stage, asked)
        no_history = stage.discord.channel("general")
        role = stage.discord.guild("Film Club").roles[stage.discord.guild("Film Club").id]
        stage.discord.set_permissions(no_history, role, deny=READ_MESSAGE_HISTORY)
        asked = await ada.slash("general", "animate", prompt=SNOW)
        assert "found none" in await refused(stage, asked), "nobody is shown what they may not look back at"
        assert stage.queue.submits == []


@pytest.mark.asyncio
@pytest.mark.parametrize("prompt", ["   ", "x" * 1001])
async def test_animate_without_a_picture_refuses_a_bad_prompt_at_once(stage: Stage, prompt: str) -> None:
    async with stage.clapper():
        asked = await stage.discord.member("Ada").slash("general", "animate", prompt=prompt)
        assert "prompt" in (await refused(stage, asked)).casefold()
        assert len(asked.history) == 1, "it was the first response"


@pytest.mark.asyncio
async def test_a_form_that_is_sent_twice_makes_one_job(stage: Stage) -> None:
    stage.discord.faults.duplicate_events = True
    async with stage.clapper():
        asked = await submitted(stage, await shown(stage, CAT), "Animate", {"Prompt": SNOW})
        await stage.see_through(asked)
        assert len(stage.queue.submits) == 1
        assert states_of(asked) == WAY


@pytest.mark.asyncio
async def test_a_form_of_yesterday_finds_its_picture_by_a_fresh_address(stage: Stage) -> None:
    stage.discord.set_message_content(True)
    ada = stage.discord.member("Ada")
    async with stage.clapper():
        message = await shown(stage, CAT)
        opened = await ada.menu(message, "Animate")
        await opened.opened_modal(PATIENCE_SECONDS)
    stage.discord.clock.advance(timedelta(days=2).total_seconds())
    async with stage.clapper():
        await stage.see(await ada.submit_modal(opened, {"Prompt": SNOW}), "pending")
