"""`/mydata`: a copy of what is kept about a member, as one file, for them alone."""

from __future__ import annotations

import io
import json

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.client import VideoBot
from bot.chat.inputs.options import Described
from bot.chat.replies.interactions import Interaction, ask, open_reply
from bot.wording import say


class MyData(commands.Cog):
    """Answered privately, with what `/forgetme` would delete."""

    @app_commands.command(description=Described("command_mydata"))
    async def mydata(self, interaction: Interaction) -> None:
        """The rows as JSON; the videos and files themselves are in `/jobs`."""
        locale = interaction.locale.value
        await open_reply(interaction, private=True)
        rows = await ask(interaction.client.services.own_jobs.copy_of(interaction.user.id))
        text = json.dumps({"user_id": interaction.user.id, "jobs": rows}, ensure_ascii=False, indent=1)
        await interaction.edit_original_response(
            content=say("mydata_told", locale, number=len(rows)),
            attachments=[discord.File(io.BytesIO(text.encode()), "clapper-my-data.json")],
        )


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    await bot.add_cog(MyData())
