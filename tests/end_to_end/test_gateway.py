"""Where the bot connects to: the address that is set, or else the one that Discord names."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.discord import DiscordStandIn
from sandbox.discord.core import Core
from sandbox.queue_api import QueueStandIn
from tests.clock import ManualClock
from tests.end_to_end.conftest import Stage

NOBODY = "ws://127.0.0.1:1/gateway"


@pytest.mark.asyncio
@pytest.mark.parametrize("shards", [{}, {"shard_count": 1}])
async def test_a_set_address_is_used_whatever_discord_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shards: dict[str, int]
) -> None:
    async with DiscordStandIn() as discord, QueueStandIn() as queue:
        changes = {"discord_gateway_url": discord.gateway_url, **shards}
        monkeypatch.setattr(Core, "gateway_url", property(lambda _: NOBODY))
        stage = Stage(discord, queue, ManualClock(), tmp_path, changes=changes)
        async with stage.clapper() as app:
            assert app.parts.bot.shard_count == 1
            assert len(discord.core.gateway.identifies) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("shards", [{}, {"shard_count": 1}])
async def test_without_one_it_goes_where_discord_says(tmp_path: Path, shards: dict[str, int]) -> None:
    async with DiscordStandIn() as discord, QueueStandIn() as queue:
        stage = Stage(discord, queue, ManualClock(), tmp_path, changes={"discord_gateway_url": "", **shards})
        async with stage.clapper():
            assert len(discord.core.gateway.identifies) == 1
