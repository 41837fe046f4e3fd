"""What a member sees between a press and what comes of it: buttons that are disabled at once, and usable again."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.discord import Invocation
from sandbox.discord.recording import by_operation
from tests.end_to_end.conftest import PATIENCE_SECONDS, Stage, buttons_of, state_of, text_of
from tests.end_to_end.test_late import row
from tests.end_to_end.test_own_jobs import listed, pick

Json = dict[str, Any]


async def ask(stage: Stage, who: str = "Ada", **options: Any) -> Invocation:
    return await stage.discord.member(who).slash("general", "t2v", **({"prompt": "a cat"} | options))


def usable(message: Json) -> list[bool]:
    return [not part.get("disabled") for row in message["components"] for part in row["components"]]


def versions_of(stage: Stage, message: Json) -> list[Json]:
    return [version.message for version in stage.discord.history(message["id"])]


@pytest.mark.asyncio
async def test_cancel_is_disabled_by_the_acknowledgement_which_is_no_request_more(stage: Stage) -> None:
    async with stage.clapper() as app:
        asked = await ask(stage)
        card = await stage.see(asked, "pending")
        before = stage.discord.record.total
        await stage.discord.member("Ada").press(card, "Cancel")
        await stage.see(asked, "cancelled")
        await stage.settled(app)
        assert sum(by_operation(stage.discord.record.since(before)).values()) == 2
        disabled, cancelled = versions_of(stage, card)[-2:]
        assert state_of(disabled) == "pending"
        assert usable(disabled) == [False]
        assert usable(cancelled) == [True] * 3


@pytest.mark.asyncio
async def test_a_press_of_who_may_not_cancel_disables_nothing(stage: Stage) -> None:
    async with stage.clapper():
        card = await stage.see(await ask(stage), "pending")
        pressed = await stage.discord.member("Grace").press(card, "Cancel")
        assert "Only" in text_of(await pressed.reply(timeout=PATIENCE_SECONDS))
        assert all(all(usable(version)) for version in versions_of(stage, card))


@pytest.mark.asyncio
@pytest.mark.parametrize("restarted", [False, True])
async def test_a_press_that_comes_after_the_video_leaves_its_card_usable(stage: Stage, restarted: bool) -> None:
    ada = stage.discord.member("Ada")
    async with stage.clapper() as app:
        card = await stage.see_through(await ask(stage))
        [job] = await app.parts.jobs.of_user(int(ada.id))
        if not restarted:
            await press_too_late(stage, card, job.id)
    if restarted:
        async with stage.clapper():
            await press_too_late(stage, card, job.id)


async def press_too_late(stage: Stage, card: Json, job_id: str) -> None:
    pressed = await stage.discord.member("Ada").press(card, f"clapper:cancel:{job_id}", raw=True)
    told = await pressed.followup(timeout=PATIENCE_SECONDS)
    assert "too late" in text_of(told)
    await stage.discord.until(lambda: all(usable(stage.discord.message(card["id"]))), PATIENCE_SECONDS, "its buttons")
    after = stage.discord.message(card["id"])
    assert buttons_of(after) == ["Again", "Change", "Use this", "Delete"]
    assert after["embeds"] == card["embeds"]
    assert after["attachments"]


@pytest.mark.asyncio
async def test_a_dead_cancel_has_its_card_say_where_the_video_is(stage: Stage) -> None:
    ada = stage.discord.member("Ada")
    async with stage.clapper() as app:
        asked = await ask(stage)
        card = await stage.see(asked, "pending")
        stage.discord.faults.fail("PATCH", f"/messages/{card['id']}", 404, code=10003, times=9)
        await stage.clock.advance(90)
        assert (await ada.wait_for(ada.dm, lambda message: bool(message["attachments"]), PATIENCE_SECONDS))["content"]
        await stage.settled(app)
        stage.discord.faults.clear()
        assert buttons_of(stage.discord.message(card["id"])) == ["Cancel"]
        await ada.press(card, "Cancel")
        mended = await stage.see(asked, "delivered")
        assert "/jobs" in text_of(mended)
        assert buttons_of(mended) == ["Again", "Change", "Delete"]
        assert all(usable(mended))


@pytest.mark.asyncio
async def test_a_list_is_disabled_while_it_is_turned_and_usable_again_where_that_was_refused(stage: Stage) -> None:
    ada = stage.discord.member("Ada")
    async with stage.clapper() as app:
        asked = await ask(stage)
        await stage.see(asked, "pending")
        invoked, message = await listed(stage)
        detail = await pick(stage, invoked, message)
        assert not any(usable(versions_of(stage, message)[-2])), "while it was looked up"
        await ada.press((asked.message or {}), "Cancel")
        await stage.see(asked, "cancelled")
        await row(app, stage, lambda job: not job.untold)  # until then a press would have it told once more
        stage.pass_time(60)
        pressed = await ada.press(detail, "Cancel")
        assert "too late" in text_of(await pressed.followup(timeout=PATIENCE_SECONDS))
        assert all(usable(stage.discord.message(detail["id"])))
