"""kill -9 at every state, and an orderly stop: the job ends in its own message, submitted at most once."""

from __future__ import annotations

import asyncio
import os
import signal
from io import BytesIO

import pytest
from PIL import Image

from sandbox.discord import Invocation
from sandbox.queue_api.faults import Fault
from tests.end_to_end.bot_process import holds, kill, kill_after_the_upload, running
from tests.end_to_end.conftest import (
    PATIENCE_SECONDS,
    PENDING_SECONDS,
    PROCESSING_SECONDS,
    Stage,
    buttons_of,
    state_of,
    text_of,
)


async def ask(stage: Stage, prompt: str = "a cat") -> Invocation:
    return await stage.discord.member("Ada").slash("general", "t2v", prompt=prompt)


async def ends_well(stage: Stage, asked: Invocation, message_id: str) -> None:
    await stage.clock.advance(PENDING_SECONDS + PROCESSING_SECONDS)
    message = await stage.see(asked, "delivered")
    assert message["id"] == message_id
    assert len(message["attachments"]) == 1
    assert len(stage.queue.submits) == 1
    assert stage.discord.invalid_requests == 0


def png() -> tuple[str, bytes]:
    out = BytesIO()
    Image.new("RGB", (1280, 704), "teal").save(out, "PNG")
    return "cat.png", out.getvalue()


@pytest.mark.asyncio
async def test_killed_while_accepted_it_fetches_its_picture_again_and_ends_well(stage: Stage) -> None:
    stage.discord.faults.cdn_delay = 600
    async with running(stage) as process:
        ada = stage.discord.member("Ada")
        asked = await ada.slash("general", "animate", prompt="snow", files={"image": png()})
        message = await stage.see(asked, "accepted")
        await kill(process, stage)
    assert stage.queue.submits == []
    stage.discord.faults.cdn_delay = 0.0
    async with running(stage):
        await stage.see(asked, "pending")
        await ends_well(stage, asked, message["id"])


@pytest.mark.asyncio
async def test_killed_while_submitting_it_is_not_sent_twice_and_says_so(stage: Stage) -> None:
    stage.queue.faults.add(Fault(on="submit", kind="stall", taken=True))
    async with running(stage) as process:
        asked = await ask(stage)
        message = await stage.see(asked, "accepted")
        await holds(lambda: bool(stage.queue.jobs))
        await kill(process, stage)
    async with running(stage):
        after = await stage.see(asked, "failed")
        assert after["id"] == message["id"]
        assert "nobody knows" in text_of(after)
        assert "Again" in buttons_of(after)
        assert len(stage.queue.submits) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("state", ["pending", "processing"])
async def test_killed_while_the_service_works_it_goes_on_watching(stage: Stage, state: str) -> None:
    async with running(stage) as process:
        asked = await ask(stage)
        message = await stage.see(asked, "pending")
        if state == "processing":
            await stage.clock.advance(PENDING_SECONDS)
            await stage.see(asked, "processing")
        await kill(process, stage)
    assert state_of(asked.message or {}) == state
    async with running(stage):
        await ends_well(stage, asked, message["id"])


@pytest.mark.asyncio
async def test_killed_while_fetching_the_result_it_fetches_it_again(stage: Stage) -> None:
    stage.queue.faults.add(Fault(on="content", kind="stall"))
    async with running(stage) as process:
        asked = await ask(stage)
        message = await stage.see(asked, "pending")
        await stage.clock.advance(PENDING_SECONDS + PROCESSING_SECONDS)
        await holds(lambda: bool(stage.queue.faults.fired))
        await kill(process, stage)
    async with running(stage):
        await ends_well(stage, asked, message["id"])


@pytest.mark.asyncio
async def test_killed_after_the_upload_but_before_the_row_said_so_there_is_one_video(stage: Stage) -> None:
    async with running(stage) as process:
        asked = await ask(stage)
        message = await stage.see(asked, "pending")
        await kill_after_the_upload(process, stage, asked)
    async with running(stage):
        await ends_well(stage, asked, message["id"])


@pytest.mark.asyncio
async def test_a_stop_waits_for_no_answer_tells_who_asks_meanwhile_and_leaves_the_jobs(stage: Stage) -> None:
    async with running(stage) as process:
        asked = await ask(stage)
        message = await stage.see(asked, "pending")
        stage.queue.faults.add(Fault(on="submit", kind="stall", taken=True))
        sending = await ask(stage, "one that is just being sent, for which the stop waits a little")
        await holds(lambda: len(stage.queue.submits) == 2)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGTERM)
        log = stage.folder.parent / "bot.log"
        await holds(lambda: "nothing new is accepted" in log.read_text(encoding="utf-8"))
        late = await ask(stage, "too late")
        told = await late.reply(timeout=PATIENCE_SECONDS)
        assert "restarted" in text_of(told)
        assert told["flags"] & 64
        assert await asyncio.wait_for(process.wait(), PATIENCE_SECONDS) == 0
    assert state_of(asked.message or {}) == "pending"
    assert len(stage.queue.submits) == 2
    async with running(stage):
        assert "nobody knows" in text_of(await stage.see(sending, "failed"))
        await stage.clock.advance(PENDING_SECONDS + PROCESSING_SECONDS)
        after = await stage.see(asked, "delivered")
        assert after["id"] == message["id"]
        assert len(stage.queue.submits) == 2
