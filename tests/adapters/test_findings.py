"""What the doctor says of a machine that is not as it should be."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.settings import Settings
from bot.wiring.findings import check_clock, check_disk
from sandbox.discord import DiscordStandIn
from tests.clock import ShiftedClock

PLAIN = {"discord_token": "t", "decart_api_key": "k"}


@pytest.mark.asyncio
@pytest.mark.parametrize(("shift", "words"), [(90, "s ahead of Discord's"), (-90, "s behind Discord's"), (0, "within")])
async def test_a_clock_that_is_off_is_said(shift: float, words: str) -> None:
    clock = ShiftedClock()
    clock.put_forward(shift)
    assert abs(clock.now() - datetime.now(UTC) - timedelta(seconds=shift)) < timedelta(seconds=5)
    async with DiscordStandIn() as discord:
        (finding,) = await check_clock(
            Settings.model_validate(PLAIN | {"discord_api_base_url": discord.api_url}), clock
        )
    assert words in finding.advice
    assert finding.fine == (shift == 0)


@pytest.mark.asyncio
async def test_where_discord_can_not_be_reached_the_clock_is_not_judged() -> None:
    away = Settings.model_validate(PLAIN | {"discord_api_base_url": "http://127.0.0.1:1/api"})
    assert await check_clock(away, ShiftedClock()) == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("free_bytes", "start"),
    [(100 * 1024**2, "MEND  disk: only 0.1 GB free"), (1024**3, "part  disk: 1.0 GB free"), (9 * 1024**3, "ok  ")],
)
async def test_a_disk_with_little_room_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free_bytes: int, start: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free_bytes))
    (finding,) = await check_disk(Settings.model_validate(PLAIN | {"data_dir": tmp_path / "not" / "yet"}))
    assert str(finding).startswith(start)
