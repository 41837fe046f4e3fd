"""The bot that Clapper is measured against: what one writes in an afternoon with discord.py and the official SDK.

It has one command, tells every status it hears of, keeps the video in memory, and forgets every job when it is
restarted. It runs in an environment of its own (requirements/decart-old.txt) and reads Clapper's names of settings.
"""

from __future__ import annotations

import asyncio
import io
import os
from typing import Any

import discord
from decart import DecartClient, models
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

Route.BASE = os.environ["DISCORD_API_BASE_URL"]
DiscordWebSocket.DEFAULT_GATEWAY = type(DiscordWebSocket.DEFAULT_GATEWAY)(os.environ["DISCORD_GATEWAY_URL"])


class NaiveBot(discord.Client):
    def __init__(self) -> None:
        super().__init__(intents=discord.Intents(guilds=True))
        self.tree = app_commands.CommandTree(self)
        self.decart = DecartClient(api_key=os.environ["DECART_API_KEY"], base_url=os.environ["DECART_BASE_URL"])
        self.edits: set[asyncio.Task[Any]] = set()

    async def setup_hook(self) -> None:
        await self.tree.sync()


bot = NaiveBot()


@bot.tree.command(name="t2v", description="Make a video from words")
async def t2v(interaction: discord.Interaction[NaiveBot], prompt: str) -> None:
    await interaction.response.defer()

    def on_status_change(job: Any) -> None:
        edit = asyncio.create_task(interaction.edit_original_response(content=f"{prompt}: {job.status}"))
        bot.edits.add(edit)
        edit.add_done_callback(bot.edits.discard)

    try:
        result = await bot.decart.queue.submit_and_poll(
            {"model": models.video("lucy-pro-t2v"), "prompt": prompt, "on_status_change": on_status_change}
        )
    except Exception as exc:  # noqa: BLE001  # whatever it was, the member is told
        await interaction.edit_original_response(content=f"That failed: {exc}")
        return
    if result.status == "failed":
        await interaction.edit_original_response(content=f"That failed: {result.error}")
        return
    file = discord.File(io.BytesIO(result.data), filename="video.mp4")
    await interaction.edit_original_response(content=prompt, attachments=[file])


if __name__ == "__main__":
    bot.run(os.environ["DISCORD_TOKEN"], log_handler=None)
