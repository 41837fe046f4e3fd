"""`/forgetme`: deletes what is kept about a member, after one question."""

from __future__ import annotations

import re
from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.chat.client import VideoBot
from bot.chat.inputs.options import Described
from bot.chat.persistent import Persistent, view_with
from bot.chat.replies.interactions import Interaction, ask, requester_of
from bot.chat.replies.presses import take_press
from bot.wording import say, translated

FORGET_BUTTON = Persistent(r"clapper:forgetme:(?P<verb>forget|keep)", in_place=True)
"""The answer to the question. It holds nobody's name: only the member whom it is about sees it."""


class ForgetMe(commands.Cog):
    """Says before what is deleted and what can't be, and afterwards how much it was."""

    @app_commands.command(description=Described("command_forgetme"))
    async def forgetme(self, interaction: Interaction) -> None:
        """Ask whether they mean it."""
        locale = interaction.locale.value
        view = view_with(_button("forget", locale), _button("keep", locale))
        days = interaction.client.services.own_jobs.counted_days
        embed = discord.Embed(title=say("forget_title", locale), description=say("forget_warning", locale, days=days))
        await interaction.response.send_message(embed=embed, view=view, ephemeral=True)

    async def answered(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Delete or keep, as the button says; the question's message then says what was done."""
        await take_press(interaction)
        locale = interaction.locale.value
        if match["verb"] == "keep":
            told = say("forget_kept", locale)
        else:
            services = interaction.client.services
            await ask(services.own_jobs.live_of(interaction.user.id))  # what follows may take as long as it needs
            gone = await services.job_controls.forget_member(requester_of(interaction))
            key = "forget_done" if gone.counted else "forget_done_wholly"
            told = say(key, locale, number=gone.number, counted=gone.counted, until=gone.until)
        await interaction.edit_original_response(content=told, embed=None, view=None)


def _button(verb: str, locale: str) -> ui.Button[Any]:
    style = discord.ButtonStyle.danger if verb == "forget" else discord.ButtonStyle.secondary
    return ui.Button(label=translated(f"button_{verb}", locale), style=style, custom_id=f"clapper:forgetme:{verb}")


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    forgetme = ForgetMe()
    bot.persist(FORGET_BUTTON, forgetme.answered)
    await bot.add_cog(forgetme)
