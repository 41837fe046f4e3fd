"""`/t2v` and others with the key of the second service alone, as a member lives it."""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import Any

import av
import pytest

from sandbox.fal import FalStandIn
from tests.adapters.sandbox_material import picture
from tests.end_to_end.conftest import PATIENCE_SECONDS, Stage, states_of, text_of
from tests.end_to_end.material import sample


@pytest.mark.asyncio
async def test_one_reply_becomes_the_video_of_the_second_service(stage: Stage, fal: FalStandIn) -> None:
    async with stage.clapper():
        asked = await stage.discord.member("Ada").slash("general", "t2v", prompt="a cat playing piano", seed=7)
        message = await stage.see_through(asked)
        assert states_of(asked) == ["accepted", "pending", "processing", "delivered"]
        assert "Veo 3.1 Lite" in text_of(message)
        [attachment] = message["attachments"]
        with av.open(BytesIO(await stage.discord.download(attachment["url"])), "r") as video:
            assert len(list(video.decode(video=0))) > 20
    [submit] = fal.submits
    assert (submit.endpoint, submit.arguments["seed"]) == ("fal-ai/veo3.1/lite", 7)
    assert stage.queue.submits == []


@pytest.mark.asyncio
async def test_a_member_cancels_a_job_that_waits_at_the_service_and_nobody_pays(stage: Stage, fal: FalStandIn) -> None:
    async with stage.clapper() as app:
        asked = await stage.discord.member("Ada").slash("general", "t2v", prompt="a cat")
        message = await stage.see(asked, "pending")
        assert "Next in the video service's queue." in text_of(message)
        assert "expected" not in text_of(message)
        for before in (1, 2):
            behind = await stage.discord.member("Grace").slash("general", "t2v", prompt="a dog")
            card = text_of(await stage.see(behind, "pending"))
            assert f"Jobs before this one when it joined: {before}." in card
            assert "expected" not in card
        await stage.discord.member("Ada").press(message, "Cancel")
        await stage.see(asked, "cancelled")
        async with asyncio.timeout(PATIENCE_SECONDS):  # the service is told after the member
            while not any(call.action == "cancel" and call.status for call in fal.requests):
                await asyncio.sleep(0.01)
            while not (await app.parts.jobs.of_user(int(stage.discord.member("Ada").id)))[0].refunded:
                await asyncio.sleep(0.01)
        deleted = await stage.discord.member("Ada").press(asked.message or {}, "Delete")
        await stage.discord.until(lambda: asked.message is None, PATIENCE_SECONDS, "the card to go, unasked")
        assert not deleted.followups
    assert [call.status for call in fal.requests if call.action == "cancel"] == [200]
    assert fal.charged_dollars == 0


@pytest.mark.asyncio
async def test_length_sound_and_what_to_avoid_go_to_models_that_take_them_and_others_name_one(
    stage: Stage, fal: FalStandIn
) -> None:
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        options: dict[str, Any] = {"duration": 4, "audio": True, "avoid": "blurry", "orientation": "portrait"}
        asked = await ada.slash("general", "t2v", prompt="a cat", **options)
        card = text_of(await stage.see(asked, "pending"))
        assert "4 s · tall · with sound · with words for what to avoid" in card
        assert "blurry" not in card
        files = {"image": ("dot.png", picture())}
        refused = await ada.slash("general", "animate", files=files, prompt="snow", duration=6)
        told = text_of(await stage.told_alone(refused))
        assert "choose Veo 3.1 Lite (picture), which has it" in told
        wrong = await ada.slash("general", "t2v", prompt="a cat", duration=5)
        assert "4, 6, 8" in text_of(await stage.told_alone(wrong))
        square = await ada.say(ada.dm, "t2v a cat orientation:square")
        answer = await ada.wait_for(
            ada.dm, lambda m: (m.get("message_reference") or {}).get("message_id") == square["id"], PATIENCE_SECONDS
        )
        assert "choose Wan 2.2 Turbo (text), which can" in answer["content"], "text is told the same"
        clip = {"video": sample("ball.mp4"), "reference": ("dot.png", picture())}
        alone = await ada.slash("general", "restyle", files=clip)
        assert "Lucy Restyle (by words) can't use the reference picture, and no other" in text_of(
            await stage.told_alone(alone)
        )
    [submit] = fal.submits
    sent = {name: submit.arguments[name] for name in ("duration", "generate_audio", "negative_prompt", "aspect_ratio")}
    assert sent == {"duration": "4s", "generate_audio": True, "negative_prompt": "blurry", "aspect_ratio": "9:16"}


@pytest.mark.asyncio
async def test_a_command_that_no_service_has_a_model_for_says_so(stage: Stage, fal: FalStandIn) -> None:
    async with stage.clapper():
        files = {"image": ("dot.png", picture())}
        asked = await stage.discord.member("Ada").slash("general", "motion", files=files, path="right")
        assert "This bot has no video service that makes /motion" in text_of(await stage.told_alone(asked))
    assert fal.submits == []
