"""The welcome of a server: where the first way does not work, the second one is taken."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import discord
import pytest

from bot.chat.client import VideoBot
from bot.rules.guild_settings import GuildSettings
from cogs.welcome import Welcome


@pytest.mark.asyncio
@pytest.mark.parametrize("broken", [ConnectionResetError, TimeoutError, aiohttp.ServerDisconnectedError])
async def test_where_the_connection_to_the_channel_breaks_the_owner_is_told(broken: type[Exception]) -> None:
    sent: list[str] = []

    async def breaks(*_: object, **__: object) -> None:
        raise broken

    async def takes(sentence: str, **_: object) -> None:
        sent.append(sentence)

    async def answers(value: Any) -> Any:
        return value

    guilds = SimpleNamespace(is_first_join=lambda _: answers(True), settings=lambda _: answers(GuildSettings()))
    bot = SimpleNamespace(
        services=SimpleNamespace(guilds=guilds), create_dm=lambda _: answers(SimpleNamespace(send=takes))
    )
    channel = SimpleNamespace(send=breaks, permissions_for=lambda _: discord.Permissions.all())
    guild = SimpleNamespace(
        id=1, name="New **Club**", me=None, owner_id=2, system_channel=channel, preferred_locale=discord.Locale.german
    )
    await Welcome(cast("VideoBot", bot)).on_guild_join(cast("discord.Guild", guild))
    [told] = sent
    assert told.startswith(r"New \*\*Club\*\*: ")
