"""What a member hides stays hidden: no open thumbnail, and a hidden result, whichever way it came and goes."""

from __future__ import annotations

import pytest

from tests.end_to_end.conftest import PATIENCE_SECONDS, Stage
from tests.end_to_end.material import sample
from tests.end_to_end.test_replies import answer_to, in_state, see_through

HIDDEN = ("SPOILER_cat.png", sample("cat.png")[1])
LINK = "https://example.com/cat.png"
FORM = ("What to make of it", "Prompt", "Reference picture")


def names(message: dict[str, list[dict[str, str]]]) -> list[str]:
    return [file["filename"] for file in message["attachments"]]


@pytest.mark.asyncio
async def test_a_hidden_picture_makes_a_hidden_video_and_so_on(stage: Stage) -> None:
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        asked = await ada.slash("general", "animate", files={"image": HIDDEN}, prompt="it jumps")
        card = await stage.see(asked, "pending")
        assert "thumbnail" not in card["embeds"][0]
        made = await stage.see_through(asked)
        [name] = names(made)
        assert name.startswith("SPOILER_")

        stage.pass_time(5)
        [again] = names(await stage.see_through(await ada.press(made, "Again")))
        assert again.startswith("SPOILER_")

        opened = await ada.press(made, "Use this")
        sent = await ada.submit_modal(opened, {FORM[0]: ["edit"], FORM[1]: "in winter"})
        [edited] = names(await stage.see_through(sent))
        assert edited.startswith("SPOILER_")


@pytest.mark.asyncio
async def test_a_hidden_picture_of_a_message_that_is_answered_stays_hidden(stage: Stage) -> None:
    stage.discord.set_message_content(True)
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        said = await ada.say("general", "look", [HIDDEN])
        newest = await ada.slash("general", "animate", prompt="it jumps")
        card = await stage.see(newest, "pending")
        assert "thumbnail" not in card["embeds"][0]
        for answered in (said, await ada.forward(said, "general")):
            reply = await ada.say("general", "/animate it jumps", reply_to=answered)
            card = await answer_to(stage, reply, in_state("pending"))
            assert "thumbnail" not in card["embeds"][0]
            await ada.press(card, "Cancel")
            await answer_to(stage, reply, in_state("cancelled"))
        await ada.press(await stage.see(newest, "pending"), "Cancel")
        await stage.see(newest, "cancelled")
        opened = await ada.menu(said, "Animate")
        form = await opened.opened_modal()
        assert form["components"]
        sent = await ada.submit_modal(opened, {"Prompt": "it jumps"})
        card = await stage.see(sent, "pending")
        assert "thumbnail" not in card["embeds"][0]
        [name] = names(await stage.see_through(sent))
        assert name.startswith("SPOILER_")


@pytest.mark.asyncio
@pytest.mark.parametrize("way", ["own message", "reply", "forward", "menu"])
async def test_what_a_hidden_link_shows_makes_a_hidden_video(stage: Stage, way: str) -> None:
    stage.discord.set_message_content(True)
    async with stage.clapper():
        ada, grace = stage.discord.member("Ada"), stage.discord.member("Grace")
        shown = await grace.say("clips", "look", [sample("cat.png")])
        picture = {"url": LINK, "proxy_url": shown["attachments"][0]["url"]}
        embeds = [{"type": "image", "url": LINK, "thumbnail": picture}]
        words = f"/animate it jumps ||{LINK}||" if way == "own message" else f"do not look: ||{LINK}||"
        said = await (ada if way == "own message" else grace).say(
            "general", f"<@{stage.discord.bot.id}> {words}" if way == "own message" else words, embeds=embeds
        )
        if way == "menu":
            opened = await ada.menu(said, "Animate")
            await opened.opened_modal(PATIENCE_SECONDS)
            asked = await ada.submit_modal(opened, {"Prompt": "it jumps"})
            card, made = await stage.see(asked, "pending"), await stage.see_through(asked)
        else:
            if way == "forward":
                said = await grace.forward(said, "general")
            if way != "own message":
                said = await ada.say("general", "/animate it jumps", reply_to=said)
            card, made = await answer_to(stage, said, in_state("pending")), await see_through(stage, said)
        assert "thumbnail" not in card["embeds"][0]
        [name] = names(made)
        assert name.startswith("SPOILER_")


@pytest.mark.asyncio
async def test_what_an_age_restricted_channel_was_given_is_open_nowhere_else(stage: Stage) -> None:
    late = stage.discord.add_channel(stage.discord.guild("Film Club"), "late", nsfw=True)
    async with stage.clapper() as app:
        ada = stage.discord.member("Ada")
        asked = await ada.slash(late, "animate", files={"image": sample("cat.png")}, prompt="it jumps")
        assert "thumbnail" in (await stage.see(asked, "pending"))["embeds"][0], "there it is open"
        made = await stage.see_through(asked)
        assert [name.startswith("SPOILER_") for name in names(made)] == [False]
        await stage.settled(app)
        [job] = await app.parts.jobs.of_user(int(ada.id))
        listed = await (await ada.slash("general", "jobs")).reply(lambda m: m["components"], PATIENCE_SECONDS)

        shown = await ada.press(listed, f"clapper:own:show:0:{job.id}", raw=True)
        [name] = names(await shown.reply(lambda m: m["attachments"], PATIENCE_SECONDS))
        assert name.startswith("SPOILER_")

        stage.pass_time(5)
        again = await ada.press(listed, f"clapper:own:new_seed:0:{job.id}", raw=True)
        assert "thumbnail" not in (await stage.see(again, "pending"))["embeds"][0]
        hidden = await stage.see_through(again)
        stage.pass_time(5)
        [once_more] = names(await stage.see_through(await ada.press(hidden, "Again")))
        assert [name.startswith("SPOILER_") for name in (*names(hidden), once_more)] == [True, True]

        stage.pass_time(5)
        there = await ada.press(made, "Again")
        assert [name.startswith("SPOILER_") for name in names(await stage.see_through(there))] == [False]
