"""Where the bot connects to: the address that is set, or else the one that Discord names."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from bot.app import App
from bot.ops.logs import set_up_logs
from bot.settings import Settings
from sandbox.discord import DiscordStandIn
from sandbox.discord.core import Core
from sandbox.discord.world import STAGE, VOICE
from sandbox.queue_api import QueueStandIn
from tests.clock import ManualClock
from tests.end_to_end.bot_process import holds
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


@contextmanager
def log_of_a_process(settings: Settings) -> Iterator[io.StringIO]:
    """What an operator would read, one JSON object a line."""
    root, stream = logging.getLogger(), io.StringIO()
    before = root.handlers[:], root.level
    set_up_logs(settings, stream)
    try:
        yield stream
    finally:
        root.handlers[:], root.level = before


async def seen_from_outside(app: App) -> tuple[bool, bool]:
    """Whether health and metrics say that the gateway is connected."""
    url = f"http://127.0.0.1:{app.http_port}"
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/readyz") as answer:
            healthy = (await answer.json())["checks"]["discord"]
        async with session.get(f"{url}/metrics") as answer:
            page = await answer.text()
    return healthy, "clapper_gateway_up 1.0" in page


@pytest.mark.asyncio
async def test_a_gateway_that_is_away_is_one_line_and_seen_from_outside(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[float] = []

    def soon(_: object) -> float:
        tries.append(0.01)
        return 0.01

    async def at_once(*_: object, **__: object) -> None:
        """Discord has a connection wait five seconds before it identifies itself."""

    monkeypatch.setattr("discord.backoff.ExponentialBackoff.delay", soon)
    monkeypatch.setattr("discord.Client.before_identify_hook", at_once)
    async with stage.clapper() as app:
        await app.parts.bot.wait_until_ready()
        assert await seen_from_outside(app) == (True, True)
        with log_of_a_process(stage.settings()) as stream:
            stage.discord.faults.gateway_down = True
            await stage.discord.drop_gateway()
            await holds(lambda: len(tries) >= 5)
            assert await seen_from_outside(app) == (False, False)
            stage.discord.faults.gateway_down = False
            async with asyncio.timeout(PATIENCE_SECONDS):
                while await seen_from_outside(app) != (True, True):
                    await asyncio.sleep(0.02)
        said = [json.loads(line)["event"] for line in stream.getvalue().splitlines()]
    assert "Traceback" not in stream.getvalue()
    assert sum("gateway is away for shard" in line for line in said) == 1, said
    assert sum("has connected to Gateway" in line or "RESUMED" in line for line in said) == 1, said
