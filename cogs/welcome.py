"""What a server is told when the bot joins it, once: how to begin, which limits hold, and how to change them."""

from __future__ import annotations

import logging

import discord
from discord.ext import commands

from bot.chat.client import VideoBot
from bot.chat.replies.edit_routes import UNSENT
from bot.rules.limit_rules import LimitBook, Scope, Unit, Window
from bot.wording import say
from bot.wording.facts import escape

log = logging.getLogger(__name__)


class Welcome(commands.Cog):
    """Posts the welcome. Servers that the bot is in already when it starts cause no join event."""

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Post the welcome in the server's system channel, or else send it to its owner."""
        services = self._bot.services
        if not await services.guilds.is_first_join(guild.id):
            return
        guild_settings = await services.guilds.settings(guild.id)
        locale = guild_settings.language or guild.preferred_locale.value
        sentence = say(
            "welcome",
            locale,
            at_once=_amount(guild_settings.limits, Window.AT_ONCE),
            a_day=_amount(guild_settings.limits, Window.DAY),
        )
        for way in (self._in_its_channel, self._to_its_owner):
            try:
                if await way(guild, sentence):
                    return
            except UNSENT as exc:
                log.info("the welcome of server %s could not be posted: %s", guild.id, exc)

    async def _in_its_channel(self, guild: discord.Guild, sentence: str) -> bool:
        channel = guild.system_channel
        if channel is None or not channel.permissions_for(guild.me).send_messages:
            return False
        await channel.send(sentence, allowed_mentions=discord.AllowedMentions.none())
        return True

    async def _to_its_owner(self, guild: discord.Guild, sentence: str) -> bool:
        if guild.owner_id is None:
            return False
        owner = await self._bot.create_dm(discord.Object(guild.owner_id))
        await owner.send(f"{escape(guild.name)}: {sentence}", allowed_mentions=discord.AllowedMentions.none())
        return True


def _amount(book: LimitBook, window: Window) -> float | str:
    """What everyone may make in that time; "∞" where there is no such rule (an earlier stay's settings hold again)."""
    for rule in book.rules:
        if (rule.scope, rule.unit, rule.window) == (Scope.EVERYONE, Unit.JOBS, window):
            return rule.amount
    return "∞"


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    await bot.add_cog(Welcome(bot))
