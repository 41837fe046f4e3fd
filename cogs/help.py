"""`/help` and `/models`, both answered privately."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.client import VideoBot
from bot.chat.help_pages import HELP_BUTTON, HelpPage, help_embed, help_files, help_view
from bot.chat.inputs.options import Described, price_and_speed
from bot.chat.replies.interactions import Interaction, may_attach
from bot.rules.catalog import Catalog, Model, Operation
from bot.wording import say

SHOWN_MAX = 4
"""Models of a command in `/models`: the option `model` offers the others."""


class Help(commands.Cog):
    """Both answers are made from the catalogue and the table of sentences."""

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot

    @app_commands.command(description=Described("command_help"))
    async def help(self, interaction: Interaction) -> None:
        """The commands by what one wants to do, with a button for each page."""
        view = help_view(HelpPage.START, interaction.locale.value)
        embed, files = self._page(HelpPage.START, interaction)
        await interaction.response.send_message(embed=embed, files=files, view=view, ephemeral=True)

    async def turn(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Show another page in the same message."""
        page = HelpPage(match["page"])
        view = help_view(page, interaction.locale.value)
        embed, files = self._page(page, interaction)
        await interaction.response.edit_message(embed=embed, attachments=files, view=view)

    def _page(self, page: HelpPage, interaction: Interaction) -> tuple[discord.Embed, list[discord.File]]:
        catalog = self._bot.services.catalog
        offered = [operation for operation in Operation if catalog.of(operation)]
        bot_id, mention = interaction.application_id, self._bot.services.synced_commands.mention
        embed = help_embed(page, offered, mention, bot_id, interaction.locale.value)
        files = help_files(page, interaction.locale.value) if may_attach(interaction) else []
        for file in files:
            embed.set_image(url=file.uri)
        return embed, files

    @app_commands.command(description=Described("command_models"))
    async def models(self, interaction: Interaction) -> None:
        """The models on offer by command, with price and speed."""
        services = interaction.client.services
        locale = interaction.locale.value
        embed = _models(services.catalog, services.availability.resting(services.catalog), locale)
        troubles = services.video_services.in_trouble
        embed.description = "\n".join(say("models_trouble", locale, service=name) for name in troubles) or None
        await interaction.response.send_message(embed=embed, ephemeral=True)


def _models(catalog: Catalog, resting: Mapping[str, datetime], locale: str) -> discord.Embed:
    """What is served, the usual one first; of a command that nothing is served for, when it is looked at again."""
    embed = discord.Embed(title=say("models_title", locale))
    for operation in Operation:
        known = catalog.of(operation)
        served = [model for model in known if model.name not in resting]
        newest = newest_of(served)
        worth = worth_showing(served)
        lines = [
            _served(model, locale, usual=model is served[0], newest=model is newest) for model in worth[:SHOWN_MAX]
        ]
        if len(worth) > SHOWN_MAX:
            lines.append(say("models_more", locale, number=len(worth) - SHOWN_MAX))
        if known and not served:
            lines = [say("models_resting", locale, until=min(resting[model.name] for model in known))]
        if lines:
            embed.add_field(name=f"/{operation}", value="\n".join(lines), inline=False)
    return embed


def newest_of(served: Sequence[Model]) -> Model | None:
    """The one that its service has had for the shortest time; None where the catalogue knows of none that is newer than
    another."""
    newest = max(served, key=lambda model: model.first_seen or "", default=None)
    others = [model for model in served if newest and (model.first_seen or "") < (newest.first_seen or "")]
    return newest if others else None


def worth_showing(served: Sequence[Model]) -> list[Model]:
    """The usual one first, whatever it is, then the newest; none that is retired or an older name of another."""
    names = {model.name for model in served}
    worth = [m for m in served if m is served[0] or not (m.retired or m.replaced_by in names)]
    newest = newest_of(served)
    return sorted(worth, key=lambda model: (model is not served[0], model is not newest))


def _served(model: Model, locale: str, *, usual: bool, newest: bool) -> str:
    words = ("models_usual" if usual else None, "models_newest" if newest else None)
    facts = [say(word, locale) for word in words if word]
    return " · ".join([f"**{model.title}**", *facts, *price_and_speed(model, locale)])


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    cog = Help(bot)
    bot.persist(HELP_BUTTON, cog.turn)
    await bot.add_cog(cog)
