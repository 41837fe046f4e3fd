"""`/image`: a picture changed by words, as a cheap first step; what comes of it goes on to a video."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.discord import Invocation
from tests.end_to_end.conftest import PATIENCE_SECONDS, Stage, buttons_of, text_of
from tests.end_to_end.material import sample

CAT = sample("cat.png")
FORM = ("What to make of it", "Prompt")


async def changed(stage: Stage, **options: Any) -> dict[str, Any]:
    """Ada's picture, changed and delivered."""
    asked = await stage.discord.member("Ada").slash(
        "general", "image", files={"image": CAT}, prompt="in winter", **options
    )
    return await stage.see_through(asked)


async def filled(stage: Stage, opened: Invocation, values: dict[str, Any], who: str = "Grace") -> Invocation:
    await opened.opened_modal(PATIENCE_SECONDS)
    return await stage.discord.member(who).submit_modal(opened, values)


@pytest.mark.asyncio
async def test_edit_in_the_menu_of_a_picture_changes_it_and_animate_this_makes_a_video_of_that(stage: Stage) -> None:
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        shown = await stage.discord.member("Grace").say("general", "look", [CAT])
        asked = await filled(stage, await ada.menu(shown, "Edit"), {"Prompt": "in winter"}, "Ada")
        picture = await stage.see_through(asked)
        assert buttons_of(picture)[:2] == ["Animate this", "Use this"]
        assert picture["attachments"][0]["filename"].endswith(".png")
        grace = stage.discord.member("Grace")
        moving = await filled(stage, await grace.press(picture, "Animate this"), {"Prompt": "make it snow"})
        video = await stage.see_through(moving)
        assert video["attachments"][0]["filename"].endswith(".mp4")
        assert grace.mention in text_of(video)
        assert [submit.model for submit in stage.queue.submits] == ["lucy-image-2", "lucy-pro-i2v"]


@pytest.mark.asyncio
async def test_the_card_says_whether_the_words_are_rewritten_and_again_sends_the_same(stage: Stage) -> None:
    async with stage.clapper():
        assert "words rewritten by the service" in text_of(await changed(stage))
        plain = await changed(stage, enhance=False)
        assert "words as written" in text_of(plain)
        again = await stage.discord.member("Ada").press(plain, "Again")
        assert "words as written" in text_of(await stage.see(again, "pending"))
        assert [submit.texts["enhance_prompt"] for submit in stage.queue.submits] == ["true", "false", "false"]


@pytest.mark.asyncio
async def test_use_this_offers_what_begins_with_a_picture(stage: Stage) -> None:
    async with stage.clapper():
        grace = stage.discord.member("Grace")
        opened = await grace.press(await changed(stage), "Use this")
        form = await opened.opened_modal(PATIENCE_SECONDS)
        assert form["title"] == "Use this picture"
        [offered] = [part["component"]["options"] for part in form["components"] if part["label"] == FORM[0]]
        assert [option["value"] for option in offered] == ["animate", "image"]
        again = await grace.submit_modal(opened, {FORM[0]: ["image"], FORM[1]: "at night"})
        await stage.see_through(again)
        assert [submit.texts["prompt"] for submit in stage.queue.submits] == ["in winter", "at night"]


@pytest.mark.asyncio
async def test_without_a_picture_it_takes_the_newest_and_a_private_one_stays_private(stage: Stage) -> None:
    stage.discord.set_message_content(True)
    async with stage.clapper():
        await stage.discord.member("Grace").say("general", "look", [CAT])
        ada = stage.discord.member("Ada")
        asked = await ada.slash("general", "image", prompt="in winter", resolution="480p", private=True)
        picture = await stage.see_through(asked)
        assert picture["flags"] & 64
        moving = await filled(stage, await ada.press(picture, "Animate this"), {"Prompt": "snow"}, "Ada")
        assert (await stage.see_through(moving))["flags"] & 64
        assert stage.queue.submits[0].texts["resolution"] == "480p"


@pytest.mark.asyncio
async def test_a_result_that_is_no_picture_is_told_and_not_shown(stage: Stage, tmp_path: Any) -> None:
    stage.queue.clip = tmp_path / "odd.mp4"
    stage.queue.clip.write_bytes(b"\x00\x00\x00\x18ftypisom" + bytes(64))
    async with stage.clapper():
        asked = await stage.discord.member("Ada").slash("general", "image", files={"image": CAT}, prompt="in winter")
        await stage.see(asked, "pending")
        await stage.clock.advance(100)
        failed = await stage.see(asked, "failed")
        assert "isn't a video or a picture" in text_of(failed)
        assert failed["attachments"] == []
