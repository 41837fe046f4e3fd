"""`/forgetme`: a member has deleted what is kept about them, after one question."""

from __future__ import annotations

import re
from typing import Any, Self, cast

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.chat.client import VideoBot
from bot.chat.replies.interactions import Interaction, requester_of
from bot.chat.translator import Described
from bot.wording import say, translated

FORGET, KEEP = "forget", "keep"


class ForgetButton(ui.DynamicItem[ui.Button[ui.View]], template=r"clapper:forgetme:(?P<verb>forget|keep)"):
    """The answer to the question. It holds nobody's name: whoever sees it is whom it is about."""

    def __init__(self, verb: str, locale: str | None = None) -> None:
        style = discord.ButtonStyle.danger if verb == FORGET else discord.ButtonStyle.secondary
        label = translated(f"button_{verb}", locale)
        super().__init__(ui.Button(label=label, style=style, custom_id=f"clapper:forgetme:{verb}"))
        self.verb = verb

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(match["verb"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        ours = cast("Interaction", interaction)
        try:
            await _answered(ours, forget=self.verb == FORGET)
        except Exception as exc:  # noqa: BLE001  # discord.py would only log it and leave the member waiting
            await ours.client.report_error(ours, exc)


class ForgetMe(commands.Cog):
    """What is deleted and what can't be is said before, and how much it was after."""

    @app_commands.command(description=Described("command_forgetme"))
    async def forgetme(self, interaction: Interaction) -> None:
        """Ask once."""
        locale = interaction.locale.value
        view = ui.View(timeout=None)
        view.add_item(ForgetButton(FORGET, locale))
        view.add_item(ForgetButton(KEEP, locale))
        days = interaction.client.services.own_jobs.counted_days
        embed = discord.Embed(title=say("forget_title", locale), description=say("forget_warning", locale, days=days))
        await interaction.response.send_message(embed=embed, view=view, ephemeral=True)


async def _answered(interaction: Interaction, *, forget: bool) -> None:
    await interaction.response.defer()
    locale = interaction.locale.value
    if not forget:
        told = say("forget_kept", locale)
    else:
        gone = await interaction.client.services.job_controls.forget_member(requester_of(interaction))
        key = "forget_done" if gone.counted else "forget_done_wholly"
        told = say(key, locale, number=gone.number, counted=gone.counted, until=gone.until)
    await interaction.edit_original_response(content=told, embed=None, view=None)


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    bot.add_dynamic_items(ForgetButton)
    await bot.add_cog(ForgetMe())
