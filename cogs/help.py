"""`/help` and `/models`, both answered privately."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.client import VideoBot
from bot.chat.inputs.options import Described, worth_knowing
from bot.chat.replies.interactions import Interaction
from bot.rules.catalog import Catalog, Model, Operation
from bot.wording import say, translated

EMBED_MAX_CHARS = 6000
FIELD_MAX_CHARS = (1024, 850, 700, 550)
"""Discord's most for all of an embed, and for one field; and smaller ones, so that every command has its share where
there are more models than fit."""
_TROUBLES_MAX_CHARS = 400


class Help(commands.Cog):
    """Both answers are made from the catalogue and the table of sentences."""

    @app_commands.command(description=Described("command_help"))
    async def help(self, interaction: Interaction) -> None:
        """The commands and the buttons, in a few lines."""
        await interaction.response.send_message(
            embed=_help(
                interaction.client.services.catalog,
                interaction.locale.value,
                bot_id=interaction.application_id,
            ),
            ephemeral=True,
        )

    @app_commands.command(description=Described("command_models"))
    async def models(self, interaction: Interaction) -> None:
        """Every model by command, with what it is good at and what it takes."""
        services = interaction.client.services
        locale = interaction.locale.value
        embed = _models(services.catalog, services.availability.resting(services.catalog), locale)
        troubles = services.video_services.in_trouble
        embed.description = "\n".join(say("models_trouble", locale, service=name) for name in troubles) or None
        await interaction.response.send_message(embed=embed, ephemeral=True)


def _help(catalog: Catalog, locale: str, *, bot_id: int) -> discord.Embed:
    offered = [o for o in Operation if catalog.of(o)]
    listing = "\n".join(f"`/{o}` · {translated(f'command_{o}', locale)}" for o in offered)
    keys = [
        "help_replies",
        "help_buttons",
        "help_use",
        "help_motion",
        "help_jobs",
        "help_seed",
        "help_private",
        "help_admins",
        "help_usage",
    ]
    notes = "\n".join(say(key, locale, bot_id=bot_id) for key in keys)
    embed = discord.Embed(title=say("help_title", locale))
    embed.description = f"{say('help_body', locale)}\n\n{listing}\n\n{notes}"
    return embed


def _models(catalog: Catalog, resting: Mapping[str, datetime], locale: str) -> discord.Embed:
    """What is served comes first, the usual one at the top; of what is not, when it was last seen."""
    for most in FIELD_MAX_CHARS:
        embed = _models_within(most, catalog, resting, locale)
        if len(embed) <= EMBED_MAX_CHARS - _TROUBLES_MAX_CHARS:
            break
    return embed


def _models_within(most: int, catalog: Catalog, resting: Mapping[str, datetime], locale: str) -> discord.Embed:
    embed = discord.Embed(title=say("models_title", locale))
    for operation in Operation:
        known = sorted(catalog.of(operation), key=lambda m: m.name in resting)
        lines = [
            _not_served(m, resting[m.name], locale) if m.name in resting else _served(m, locale, usual=m is known[0])
            for m in known
        ]
        if lines:
            embed.add_field(name=f"/{operation}", value=_within("\n".join(lines), most), inline=False)
    return embed


def _served(model: Model, locale: str, *, usual: bool) -> str:
    head = f"**{model.title}** (`{model.name}`)" + (f" · {say('models_usual', locale)}" if usual else "")
    return f"{head} · {', '.join(model.resolutions)}\n{worth_knowing(model, locale)}"


def _not_served(model: Model, until: datetime, locale: str) -> str:
    seen = say("models_last_seen", locale, month=model.last_seen) if model.last_seen else ""
    return f"~~{model.title}~~ (`{model.name}`)\n{say('models_resting', locale, until=until)} {seen}".rstrip()


def _within(text: str, limit: int) -> str:
    """As many whole lines as Discord's limit allows, with a mark where some were left out."""
    if len(text) <= limit:
        return text
    return text[: text.rfind("\n", 0, limit - 1)] + "\n…"


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    await bot.add_cog(Help())
