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
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        said = await ada.say("general", "look", [HIDDEN])
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
