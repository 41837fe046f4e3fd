"""A backup made beside the running bot, the machine lost, and the backup restored into an empty folder."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.wiring.backup import back_up, restore_backup
from tests.end_to_end.bot_process import kill, running
from tests.end_to_end.conftest import PENDING_SECONDS, PROCESSING_SECONDS, Stage, text_of
from tests.end_to_end.test_restarts import png

PASSPHRASE = "correct horse battery staple"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.asyncio
async def test_restored_into_an_empty_folder_it_finishes_what_ran_and_sends_nothing_twice(
    stage: Stage, tmp_path: Path
) -> None:
    ada = stage.discord.member("Ada")
    async with running(stage) as process:
        asked = await ada.slash("general", "animate", prompt="snow", files={"image": png()})
        message = await stage.see(asked, "pending")
        stage.discord.faults.cdn_delay = 600
        unsent = await ada.slash("general", "animate", prompt="rain", files={"image": png()})
        await stage.see(unsent, "accepted")
        contents = await asyncio.to_thread(
            back_up, stage.settings(), tmp_path / "backup", passphrase=PASSPHRASE, now=NOW
        )
        await kill(process, stage)
    assert (contents.running, contents.keys, contents.files) == (True, "sealed", 1)
    stage.discord.faults.cdn_delay = 0.0

    stage.changes["data_dir"] = tmp_path / "elsewhere"
    restored = await asyncio.to_thread(restore_backup, stage.settings(), tmp_path / "backup", passphrase=PASSPHRASE)
    assert restored.doubted == 1
    assert (stage.folder / "secret.key").read_bytes() == (tmp_path / "elsewhere" / "secret.key").read_bytes()
    async with running(stage):
        assert "nobody knows" in text_of(await stage.see(unsent, "failed"))
        await stage.clock.advance(PENDING_SECONDS + PROCESSING_SECONDS)
        after = await stage.see(asked, "delivered")
    assert after["id"] == message["id"]
    assert len(after["attachments"]) == 1
    assert len(stage.queue.submits) == 1
