"""`/stats`: a server's numbers for its moderators, as text, as a chart and as a file for spreadsheets."""

from __future__ import annotations

import re
from functools import partial

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.client import VideoBot
from bot.chat.inputs.options import Described
from bot.chat.replies.interactions import Interaction, ask, open_reply, requester_of
from bot.chat.statistics_file import STATS_FILE, stats_file, stats_file_view
from bot.chat.statistics_message import chart_of_server, server_embed, show_with_chart
from bot.errors import ModeratorsOnly
from bot.wording import say


class Stats(commands.Cog):
    """Answered privately."""

    @app_commands.command(description=Described("command_stats"))
    @app_commands.describe(days=Described("option_days"))
    @app_commands.guild_only()
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.default_permissions(manage_messages=True)
    async def stats(self, interaction: Interaction, *, days: app_commands.Range[int, 1, 90] = 30) -> None:
        """Jobs a day by outcome, by command, model and member, and how long they took."""
        if interaction.guild is None:
            raise ModeratorsOnly
        services, locale = interaction.client.services, interaction.locale.value
        await open_reply(interaction, private=True)
        report = await ask(services.statistics.report(requester_of(interaction), days=days))
        server = interaction.guild.name
        await show_with_chart(
            interaction,
            lambda drawn: server_embed(report, server, services.catalog, locale, drawn=drawn),
            partial(services.statistics.draw, chart_of_server(report, server, locale)),
            stats_file_view(days, locale) if report.statistics.total else None,
        )

    async def send_file(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Send the numbers of so many days as a file, to whoever pressed alone."""
        services, locale = interaction.client.services, interaction.locale.value
        await open_reply(interaction, private=True)
        table = await ask(services.statistics.table(requester_of(interaction), days=int(match["days"])))
        told = [say("stats_file_told", locale), *([say("stats_cut", locale)] if table.cut else [])]
        await interaction.edit_original_response(
            content="\n".join(told),
            attachments=[stats_file(table, services.catalog, locale)],
            allowed_mentions=discord.AllowedMentions.none(),
        )


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    stats = Stats()
    bot.persist(STATS_FILE, stats.send_file)
    await bot.add_cog(stats)
