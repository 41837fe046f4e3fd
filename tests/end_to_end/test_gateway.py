"""Where the bot connects to: the address that is set, or else the one that Discord names."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.discord import DiscordStandIn
from sandbox.discord.connections import Session
from sandbox.discord.core import Core
from sandbox.discord.objects import channel_json
from sandbox.discord.world import VOICE
from sandbox.queue_api import QueueStandIn
from tests.clock import ManualClock
from tests.end_to_end.conftest import Json, Stage

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


STAGE_CHANNEL = 13


@pytest.mark.asyncio
@pytest.mark.parametrize("shards", [1, 2])
async def test_an_event_that_can_not_be_read_is_left_out_and_ends_nothing(
    stage: Stage, shards: int, caplog: pytest.LogCaptureFixture
) -> None:
    discord, gateway = stage.discord, stage.discord.core.gateway
    guild = discord.guild("Film Club")
    discord.add_channel(guild, "talks", type=STAGE_CHANNEL)  # the stand-in gives it no bitrate, as Discord has done
    voice = discord.add_channel(guild, "singing", type=VOICE)
    thread = discord.add_thread(discord.channel("Film Club#general"), "more")
    stage.changes["shard_count"] = shards
    async with stage.clapper() as app:
        bot = app.parts.bot
        await bot.wait_until_ready()
        known = bot.get_guild(int(guild.id))
        assert known is not None
        names = {channel.name for channel in known.channels}
        assert names == {channel.name for channel in guild.channels.values()} - {"talks", "more"}
        assert known.get_thread(int(thread.id)) is not None
        assert known.me is not None

        broken = {"id": "1", "type": 2, "token": "x", "version": 1, "application_id": discord.bot.id, "data": {}}
        without_bitrate = channel_json(discord.world, voice)
        del without_bitrate["bitrate"]
        gateway.dispatch("CHANNEL_UPDATE", without_bitrate, guild.id)
        gateway.dispatch("INTERACTION_CREATE", broken, guild.id)
        gateway.dispatch("MESSAGE_CREATE", {"guild_id": guild.id}, guild.id)
        gateway.dispatch("GUILD_ROLE_UPDATE", {}, guild.id)
        asked = await discord.member("Ada").slash("Film Club#general", "t2v", prompt="all the same")
        await stage.see(asked, "pending")
        page = app.metrics.page().decode()
        for event in ("GUILD_CREATE", "CHANNEL_CREATE", "CHANNEL_UPDATE", "INTERACTION_CREATE"):
            assert f'clapper_discord_events_unreadable_total{{event="{event}"}} 1.0' in page
    lines = [record for record in caplog.records if "can't be read" in record.message]
    assert len(lines) == 6
    assert not any(record.exc_info for record in caplog.records if record.name.startswith(("bot.chat", "discord")))


@pytest.mark.asyncio
async def test_a_connection_whose_list_of_servers_can_not_be_read_begins_all_the_same(stage: Stage) -> None:
    emit = stage.discord.core.gateway._emit

    def without_ids(session: Session, kind: str, data: Json) -> None:
        emit(session, kind, data | {"guilds": [{"unavailable": True}]} if kind == "READY" else data)

    stage.discord.core.gateway._emit = without_ids  # type: ignore[method-assign]
    async with stage.clapper():
        await stage.see(await stage.discord.member("Ada").slash("general", "t2v", prompt="here"), "pending")
