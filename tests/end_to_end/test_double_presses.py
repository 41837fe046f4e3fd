"""Two presses of one button within a moment are one press."""

from __future__ import annotations

import asyncio

import pytest

from tests.end_to_end.conftest import PATIENCE_SECONDS, Stage, buttons_of, text_of
from tests.end_to_end.material import sample


@pytest.mark.asyncio
async def test_again_pressed_twice_makes_one_video(stage: Stage) -> None:
    async with stage.clapper() as app:
        ada = stage.discord.member("Ada")
        card = await stage.see_through(await ada.slash("general", "t2v", prompt="a ball"))
        pressed = await asyncio.gather(*(ada.press(card, "Again") for _ in range(3)))
        assert [await one.done() for one in pressed] == ["answered"] * 3
        rows = await app.parts.jobs.of_user(int(ada.user.id))
        assert len(rows) == 2
        stage.pass_time(5)
        await stage.see(await ada.press(card, "Again"), "pending")
        assert len(await app.parts.jobs.of_user(int(ada.user.id))) == 3, "later it is another wish"


@pytest.mark.asyncio
async def test_again_pressed_twice_in_ones_own_list_makes_one_video_and_says_nothing_more(stage: Stage) -> None:
    async with stage.clapper() as app:
        ada = stage.discord.member("Ada")
        await stage.see_through(await ada.slash("general", "t2v", prompt="a ball"))
        [job] = await app.parts.jobs.of_user(int(ada.id))
        listed = await (await ada.slash("general", "jobs")).reply(lambda m: m["components"], PATIENCE_SECONDS)
        again = f"clapper:own:new_seed:0:{job.id}"
        pressed = await asyncio.gather(*(ada.press(listed, again, raw=True) for _ in range(2)))
        assert [await one.done() for one in pressed] == ["answered"] * 2
        assert len(await app.parts.jobs.of_user(int(ada.id))) == 2


@pytest.mark.asyncio
async def test_cancel_pressed_twice_says_nothing_more(stage: Stage) -> None:
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        asked = await ada.slash("general", "t2v", prompt="a ball")
        card = await stage.see(asked, "pending")
        first, second = await ada.press(card, "Cancel"), await ada.press(card, "Cancel")
        await stage.see(asked, "cancelled")
        assert await second.done() == "answered"
        assert not first.followups
        assert not second.followups


@pytest.mark.asyncio
async def test_delete_pressed_twice_says_nothing_more(stage: Stage) -> None:
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        card = await stage.see_through(await ada.slash("general", "t2v", prompt="a ball"))
        asked = await asyncio.gather(ada.press(card, "Delete"), ada.press(card, "Delete"))
        assert [await one.done() for one in asked] == ["answered"] * 2
        [question] = [one for one in ada.sees("general") if "Delete it" in buttons_of(one)]
        first, second = await asyncio.gather(ada.press(question, "Delete it"), ada.press(question, "Delete it"))
        for pressed in (first, second):
            assert await pressed.done() == "answered"
            assert not pressed.followups, [text_of(message) for message in pressed.followups]
        await stage.discord.until(lambda: not ada.sees("general"), PATIENCE_SECONDS, "the card and the question to go")


@pytest.mark.asyncio
async def test_go_pressed_twice_makes_one_video_and_says_nothing_more(stage: Stage) -> None:
    async with stage.clapper() as app:
        ada = stage.discord.member("Ada")
        asked = await ada.slash("general", "motion", files={"image": sample("cat.png")}, path="zoom in")
        preview = await asked.reply(lambda message: message["components"], PATIENCE_SECONDS)
        first = await ada.press(preview, "Go")
        second = await ada.press(preview, "Go")
        assert [await first.done(), await second.done()] == ["answered", "answered"]
        await stage.see(first, "pending")
        assert not second.followups
        assert second.message is None or second.message["id"] == preview["id"]
        assert len(await app.parts.jobs.of_user(int(ada.id))) == 1
