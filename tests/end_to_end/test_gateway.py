"""Where the bot connects to: the address that is set, or else the one that Discord names."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.discord import DiscordStandIn
from sandbox.discord.core import Core
from sandbox.discord.world import STAGE, VOICE
from sandbox.queue_api import QueueStandIn
from tests.clock import ManualClock
from tests.end_to_end.conftest import PATIENCE_SECONDS, Stage

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


@pytest.mark.asyncio
@pytest.mark.parametrize("shards", [1, 2])
async def test_an_event_that_can_not_be_read_is_left_out_and_ends_nothing(
    stage: Stage, shards: int, caplog: pytest.LogCaptureFixture
) -> None:
    discord, faults, ada = stage.discord, stage.discord.faults, stage.discord.member("Ada")
    guild = discord.guild("Film Club")
    discord.add_channel(guild, "talks", type=STAGE)
    thread = discord.add_thread(discord.channel("Film Club#general"), "more")
    faults.omit("GUILD_CREATE", "channels.*.bitrate", times=len(discord.world.guilds))
    stage.changes["shard_count"] = shards
    async with stage.clapper() as app:
        bot = app.parts.bot
        await bot.wait_until_ready()
        known = bot.get_guild(int(guild.id))
        assert known is not None
        assert {channel.name for channel in known.channels} == {"general", "clips"}
        assert known.get_thread(int(thread.id)) is not None
        assert known.me is not None

        singing = discord.add_channel(guild, "singing", type=VOICE)
        faults.omit("CHANNEL_UPDATE", "bitrate")
        discord.core.gateway.channel_event("CHANNEL_UPDATE", singing.id)
        faults.omit("MESSAGE_CREATE", "author")
        await ada.say("Film Club#general", "look")
        faults.omit("INTERACTION_CREATE", "attachment_size_limit")
        patience, discord.core.interactions.answer_in = discord.core.interactions.answer_in, timedelta(seconds=0.5)
        unheard = await ada.slash("Film Club#general", "t2v", prompt="nobody hears this")
        discord.core.interactions.answer_in = patience
        asked = await ada.slash("Film Club#general", "t2v", prompt="all the same")
        await stage.see(asked, "pending")
        assert await unheard.done(PATIENCE_SECONDS) == "failed"
        page = app.metrics.page().decode()
    left_out = ("GUILD_CREATE", "CHANNEL_CREATE", "CHANNEL_UPDATE", "MESSAGE_CREATE", "INTERACTION_CREATE")
    for event in left_out:
        assert f'clapper_discord_events_unreadable_total{{event="{event}"}} 1.0' in page
    assert sum("can't be read" in record.message for record in caplog.records) == len(left_out)
    assert not any(record.exc_info for record in caplog.records if record.name.startswith(("bot.chat", "discord")))


@pytest.mark.asyncio
async def test_a_connection_whose_list_of_servers_can_not_be_read_begins_all_the_same(stage: Stage) -> None:
    stage.discord.faults.omit("READY", "guilds.*.id")
    async with stage.clapper() as app:
        await stage.see(await stage.discord.member("Ada").slash("general", "t2v", prompt="here"), "pending")
        assert 'unreadable_total{event="READY"} 1.0' in app.metrics.page().decode()
