"""Presses and commands that only a forged client sends: a private sentence, no change, and a line in the log."""

from __future__ import annotations

import logging

import pytest

from sandbox.discord import Invocation
from tests.end_to_end.conftest import PATIENCE_SECONDS, Stage, text_of
from tests.end_to_end.material import sample

SECRET = "a very secret prompt"


async def told_privately(stage: Stage, asked: Invocation) -> str:
    def look() -> str | None:
        said = [asked.message, *asked.followups]
        private = (message for message in said if message and message["flags"] & 192 == 64)
        return next((text_of(message) for message in private), None)

    told: str = await stage.discord.until(look, PATIENCE_SECONDS, "a private sentence")
    return told


def noted(caplog: pytest.LogCaptureFixture, who: str) -> bool:
    assert SECRET not in caplog.text
    return any(who in record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING)


@pytest.mark.asyncio
async def test_an_id_of_another_server_or_of_a_private_job_opens_nothing(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    async with stage.clapper() as app:
        ada, grace = stage.discord.member("Ada"), stage.discord.member("Grace")
        hidden = await ada.slash("general", "t2v", prompt=SECRET, private=True)
        await stage.see(hidden, "pending")
        [job] = await app.parts.jobs.of_user(int(ada.id))
        card = await stage.see(await grace.slash("general", "t2v", prompt="a ball"), "pending")
        before = await app.parts.jobs.get(job.id)
        for verb in ("again", "cancel", "get", "delete"):
            forged = await grace.press(card, f"clapper:{verb}:{job.id}", raw=True)
            assert SECRET not in await told_privately(stage, forged)
        assert await app.parts.jobs.get(job.id) == before
        assert len(await app.parts.jobs.of_user(int(grace.id))) == 1
        assert noted(caplog, grace.id)


@pytest.mark.asyncio
async def test_an_option_that_no_client_sends_is_refused_with_a_sentence(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        asked = await ada.slash("general", "animate", image="not an id", prompt=SECRET)
        assert await told_privately(stage, asked)
        assert noted(caplog, ada.id)
        assert stage.queue.submits == []


@pytest.mark.asyncio
async def test_a_menus_picture_is_remembered_for_nobody_else(stage: Stage) -> None:
    async with stage.clapper():
        ada, grace = stage.discord.member("Ada"), stage.discord.member("Grace")
        said = await ada.say("general", "look", [sample("cat.png")])
        theirs = await ada.menu(said, "Animate")
        form = await theirs.opened_modal(PATIENCE_SECONDS)
        await ada.delete(said)
        other = await ada.say("general", "look", [sample("harbour.jpg")])
        opened = await grace.menu(other, "Animate")
        await opened.opened_modal(PATIENCE_SECONDS)
        assert opened.modal is not None
        opened.modal["custom_id"] = form["custom_id"]
        sent = await grace.submit_modal(opened, {"Prompt": "it jumps"})
        assert "Animate" in await told_privately(stage, sent)
        assert stage.queue.submits == []
