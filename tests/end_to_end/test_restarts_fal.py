"""kill -9 at every state of a job of the second service: one submit, one delivery, in its own message."""

from __future__ import annotations

import pytest

from sandbox.discord import Invocation
from sandbox.fal import FalStandIn, Fault
from tests.adapters.sandbox_material import picture
from tests.end_to_end.bot_process import holds, kill, kill_after_the_upload, running
from tests.end_to_end.conftest import (
    PENDING_SECONDS,
    PROCESSING_SECONDS,
    Stage,
    buttons_of,
    text_of,
)

PICTURE = ("cat.png", picture(640, 360))


async def ask(stage: Stage) -> Invocation:
    return await stage.discord.member("Ada").slash("general", "animate", prompt="snow", files={"image": PICTURE})


async def ends_well(stage: Stage, fal: FalStandIn, asked: Invocation, message_id: str) -> None:
    await stage.clock.advance(PENDING_SECONDS + PROCESSING_SECONDS)
    message = await stage.see(asked, "delivered")
    assert message["id"] == message_id
    assert len(message["attachments"]) == 1
    assert (len(fal.submits), len(fal.jobs)) == (1, 1)
    assert stage.queue.submits == []
    assert stage.discord.invalid_requests == 0


@pytest.mark.asyncio
async def test_killed_while_accepted_it_fetches_its_picture_again_and_ends_well(stage: Stage, fal: FalStandIn) -> None:
    stage.discord.faults.cdn_delay = 600
    async with running(stage) as process:
        asked = await ask(stage)
        message = await stage.see(asked, "accepted")
        await kill(process, stage)
    assert (fal.submits, fal.requests) == ([], [])
    stage.discord.faults.cdn_delay = 0.0
    async with running(stage):
        await stage.see(asked, "pending")
        await ends_well(stage, fal, asked, message["id"])


@pytest.mark.asyncio
@pytest.mark.parametrize("on", ["upload", "submit"])
async def test_killed_while_submitting_it_is_not_sent_twice_and_says_so(stage: Stage, fal: FalStandIn, on: str) -> None:
    """Also where its picture was still on its way: the row cannot tell how far the submit had come."""
    fal.faults.add(Fault.model_validate({"on": on, "kind": "stall", "taken": on == "submit"}))
    async with running(stage) as process:
        asked = await ask(stage)
        message = await stage.see(asked, "accepted")
        await holds(lambda: bool(fal.faults.fired))
        await kill(process, stage)
    sent = len(fal.submits)
    assert sent == (on == "submit")
    async with running(stage):
        after = await stage.see(asked, "failed")
        assert after["id"] == message["id"]
        assert "nobody knows" in text_of(after)
        assert "Again" in buttons_of(after)
        assert len(fal.submits) == sent


@pytest.mark.asyncio
@pytest.mark.parametrize("state", ["pending", "processing"])
async def test_killed_while_the_service_has_it_it_goes_on_watching(stage: Stage, fal: FalStandIn, state: str) -> None:
    async with running(stage) as process:
        asked = await ask(stage)
        message = await stage.see(asked, "pending")
        if state == "processing":
            await stage.clock.advance(PENDING_SECONDS)
            await stage.see(asked, "processing")
        await kill(process, stage)
    async with running(stage):
        await ends_well(stage, fal, asked, message["id"])


@pytest.mark.asyncio
@pytest.mark.parametrize("on", ["result", "media"])
async def test_killed_while_fetching_the_result_it_fetches_it_again(stage: Stage, fal: FalStandIn, on: str) -> None:
    """While it asks where the video is, and while the video comes."""
    fal.faults.add(Fault.model_validate({"on": on, "kind": "stall"}))
    async with running(stage) as process:
        asked = await ask(stage)
        message = await stage.see(asked, "pending")
        await stage.clock.advance(PENDING_SECONDS + PROCESSING_SECONDS)
        await holds(lambda: bool(fal.faults.fired))
        await kill(process, stage)
    async with running(stage):
        await ends_well(stage, fal, asked, message["id"])


@pytest.mark.asyncio
async def test_killed_after_the_upload_but_before_the_row_said_so_there_is_one_video(
    stage: Stage, fal: FalStandIn
) -> None:
    async with running(stage) as process:
        asked = await ask(stage)
        message = await stage.see(asked, "pending")
        await kill_after_the_upload(process, stage, asked)
    async with running(stage):
        await ends_well(stage, fal, asked, message["id"])


@pytest.mark.asyncio
async def test_a_job_that_was_found_again_after_a_kill_is_cancelled_in_the_queue_and_not_paid(
    stage: Stage, fal: FalStandIn
) -> None:
    async with running(stage) as process:
        asked = await ask(stage)
        await stage.see(asked, "pending")
        await kill(process, stage)
    async with running(stage):
        assert asked.message is not None
        await stage.discord.member("Ada").press(asked.message, "Cancel")
        await stage.see(asked, "cancelled")
        await holds(lambda: any(call.action == "cancel" and call.status for call in fal.requests))
    await stage.clock.advance(PENDING_SECONDS + PROCESSING_SECONDS)
    assert [call.status for call in fal.requests if call.action == "cancel"] == [200]
    assert (len(fal.submits), fal.charged_dollars) == (1, 0)
