"""The main road through the stand-in Discord, walked by a real discord.py client."""

from __future__ import annotations

import io

import discord
import pytest

from sandbox.discord import DiscordStandIn
from tests.adapters.sandbox_discord_bot import Interaction, Puppet, bot_fixture, standin_fixture  # noqa: F401 - fixtures


@pytest.mark.asyncio
async def test_a_slash_command_is_deferred_edited_and_its_file_downloaded(standin: DiscordStandIn, bot: Puppet) -> None:
    async def act(interaction: Interaction) -> None:
        await interaction.response.defer(thinking=True)
        await interaction.edit_original_response(content="working on it")
        file = discord.File(io.BytesIO(b"film"), filename="a cat.mp4")
        await interaction.edit_original_response(content="done", attachments=[file])

    bot.act = act
    ada = standin.member("Ada")
    job = await ada.slash("Film Club#general", "do", prompt="a cat playing piano")
    message = await job.reply(until=lambda m: m["attachments"])
    assert not bot.errors
    assert [version.message["content"] for version in job.history] == ["", "working on it", "done"]
    assert job.history[0].message["flags"] & 128
    (attachment,) = message["attachments"]
    assert attachment["filename"] == "a_cat.mp4"
    assert attachment["content_type"] == "video/mp4"
    assert await standin.download(attachment["url"]) == b"film"
