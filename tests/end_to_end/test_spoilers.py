"""What a member hides stays hidden: no open thumbnail, and a hidden result, whichever way it came and goes."""

from __future__ import annotations

import pytest

from tests.end_to_end.conftest import Stage
from tests.end_to_end.material import sample

HIDDEN = ("SPOILER_cat.png", sample("cat.png")[1])
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
