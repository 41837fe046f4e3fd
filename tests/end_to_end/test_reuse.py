"""Use this: a delivered video as the next one's input, by one form."""

from __future__ import annotations

from typing import Any

import pytest

from tests.end_to_end.conftest import PATIENCE_SECONDS, Stage, buttons_of, text_of
from tests.end_to_end.material import sample

FORM = ("What to make of it", "Prompt", "Reference picture")


async def video(stage: Stage, who: str = "Ada", **options: Any) -> dict[str, Any]:
    asked = await stage.discord.member(who).slash("general", "t2v", prompt="a ball", **options)
    return await stage.see_through(asked)


@pytest.mark.asyncio
@pytest.mark.parametrize("command", ["v2v", "restyle", "edit", "tryon"])
async def test_a_result_becomes_the_next_input(stage: Stage, command: str) -> None:
    async with stage.clapper():
        first = await video(stage)
        grace = stage.discord.member("Grace")
        opened = await grace.press(first, "Use this")
        form = await opened.opened_modal()
        assert [part["label"] for part in form["components"]] == list(FORM)
        sent = await grace.submit_modal(opened, {FORM[0]: [command], FORM[1]: "in winter"})
        second = await stage.see_through(sent)
        assert second["id"] != first["id"]
        assert grace.mention in text_of(second)
        made, again = stage.queue.submits
        assert made.texts["prompt"] == "a ball"
        assert again.texts["prompt"] == "in winter"
        [attachment] = first["attachments"]
        assert again.files["data"].size_bytes == attachment["size"], "the very video, as it is fine already"
        assert buttons_of(second) == ["Again", "Change", "Use this", "Delete"], "and so on"


@pytest.mark.asyncio
async def test_a_reference_picture_goes_with_it(stage: Stage) -> None:
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        opened = await ada.press(await video(stage), "Use this")
        sent = await ada.submit_modal(opened, {FORM[0]: ["restyle"]}, {FORM[2]: sample("painting.png")})
        await stage.see(sent, "pending")
        assert sorted(stage.queue.submits[1].files) == ["data", "reference_image"]
        assert "prompt" not in stage.queue.submits[1].texts


@pytest.mark.asyncio
async def test_the_commands_rules_hold_here_too(stage: Stage) -> None:
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        first = await video(stage)
        for command, values, told in (
            ("restyle", {}, "or"),
            ("v2v", {}, "prompt"),
            ("dance", {FORM[1]: "x"}, "v2v"),
        ):
            opened = await ada.press(first, "Use this")
            filled = {"command": [command]} | {"prompt": values.get(FORM[1], "")}
            sent = await ada.submit_modal(opened, filled, raw=True)
            message = await sent.reply(timeout=PATIENCE_SECONDS)
            assert message["flags"] & 64
            assert told in text_of(message)
        opened = await ada.press(first, "Use this")
        both = await ada.submit_modal(
            opened, {FORM[0]: ["restyle"], FORM[1]: "in oil"}, {FORM[2]: sample("painting.png")}
        )
        assert "not both" in text_of(await both.reply(timeout=PATIENCE_SECONDS))
        assert len(stage.queue.submits) == 1


@pytest.mark.asyncio
async def test_what_comes_of_a_private_video_is_private(stage: Stage) -> None:
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        opened = await ada.press(await video(stage, private=True), "Use this")
        sent = await ada.submit_modal(opened, {FORM[0]: ["edit"], FORM[1]: "in winter"})
        message = await stage.see_through(sent)
        assert message["flags"] & 64
        assert stage.discord.member("Grace").sees("general") == []


@pytest.mark.asyncio
async def test_the_form_outlives_a_restart(stage: Stage) -> None:
    async with stage.clapper():
        first = await video(stage)
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        opened = await ada.press(first, "Use this")
        await opened.opened_modal()
    async with stage.clapper():
        sent = await ada.submit_modal(opened, {FORM[0]: ["edit"], FORM[1]: "in winter"})
        await stage.see(sent, "pending")


@pytest.mark.asyncio
async def test_a_video_whose_file_is_lost_gets_a_sentence(stage: Stage) -> None:
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        first = await video(stage)
        opened = await ada.press(first, "Use this")
        await opened.opened_modal()
        stage.discord.lose_file(first["attachments"][0]["id"])
        sent = await ada.submit_modal(opened, {FORM[0]: ["edit"], FORM[1]: "in winter"})
        told = await sent.followup(lambda one: "can't be fetched" in text_of(one), PATIENCE_SECONDS)
        assert told["flags"] & 64, "they alone can mend it"
        assert sent.message is None
        assert len(stage.queue.submits) == 1
