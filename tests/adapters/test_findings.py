"""What the doctor says of a machine that is not as it should be."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.settings import Settings
from bot.wiring.findings import check_clock, check_disk, check_encryption
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


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, []),
        ({"decart_base_url": "http://127.0.0.1:8000", "discord_gateway_url": "ws://localhost:1"}, []),
        ({"decart_base_url": "http://[::1]:8000", "discord_api_base_url": "http://127.9.0.1/api"}, []),
        ({"decart_base_url": "http://decart.example/x"}, ["DECART_BASE_URL"]),
        ({"fal_base_url": "http://fal.example"}, []),  # no key of that service
        (
            {"fal_key": "a:b", "fal_base_url": "http://10.0.0.7", "fal_rest_url": "http://fal.example"},
            ["FAL_BASE_URL", "FAL_REST_URL"],
        ),
        (
            {"discord_api_base_url": "http://localhost.example", "discord_gateway_url": "ws://8.8.8.8"},
            ["DISCORD_API_BASE_URL", "DISCORD_GATEWAY_URL"],
        ),
    ],
)
def test_a_key_that_would_leave_this_machine_readable_is_said(changes: dict[str, str], told: list[str]) -> None:
    found = [str(finding) for finding in check_encryption(Settings.model_validate(PLAIN | changes))]
    assert [line.split()[2] for line in found] == told
    assert all(line.startswith("part  encryption: ") and "can read the key" in line for line in found)
    assert ("use wss://" in "".join(found)) == ("DISCORD_GATEWAY_URL" in told)
