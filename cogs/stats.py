"""`/stats`: a server's numbers for its moderators, as text and as a chart."""

from __future__ import annotations

from functools import partial

from discord import app_commands
from discord.ext import commands

from bot.chat.client import VideoBot
from bot.chat.inputs.options import Described
from bot.chat.replies.interactions import Interaction, ask, open_reply, requester_of
from bot.chat.statistics_message import chart_of_server, server_embed, show_with_chart
from bot.errors import ModeratorsOnly


class Stats(commands.Cog):
    """Answered privately."""

    @app_commands.command(description=Described("command_stats"))
    @app_commands.describe(days=Described("option_days"))
    @app_commands.guild_only()
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.default_permissions(manage_messages=True)
    async def stats(self, interaction: Interaction, *, days: app_commands.Range[int, 1, 90] = 30) -> None:
        """Jobs a day by outcome, by command, by member, and how long they took."""
        if interaction.guild is None:
            raise ModeratorsOnly
        statistics, locale = interaction.client.services.statistics, interaction.locale.value
        await open_reply(interaction, private=True)
        report = await ask(statistics.report(requester_of(interaction), days=days))
        server = interaction.guild.name
        await show_with_chart(
            interaction,
            lambda drawn: server_embed(report, server, locale, drawn=drawn),
            partial(statistics.draw, chart_of_server(report, server, locale)),
        )


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    await bot.add_cog(Stats())
