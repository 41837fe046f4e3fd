"""One use of the panel (a button, a select or a form), and how the panel is drawn anew after it."""

from __future__ import annotations

from dataclasses import dataclass

import discord

from bot.chat.client_base import ClientBase
from bot.chat.panel.pages import panel_view
from bot.chat.panel.parts import PanelPage, Part, Place, Scene
from bot.chat.persistent import chosen_values
from bot.chat.replies.interactions import Interaction, ask, note_refused
from bot.errors import Refused
from bot.rules.guild_settings import GuildSettings, Known
from bot.rules.jobs import Requester
from bot.wording import say, sentence_of

_NEEDED = ("view_channel", "send_messages", "embed_links")


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """By an admin of the server. What reads the settings or turns the page may raise `DatabaseUnavailable`, so that the
    interaction has to be acknowledged before."""

    interaction: Interaction
    guild: discord.Guild
    by: Requester
    part: Part

    @property
    def values(self) -> tuple[str, ...]:
        """What was chosen in a select."""
        return chosen_values(self.interaction)

    @property
    def known(self) -> Known:
        """What settings can name in this server."""
        return known_of(self.interaction.client, self.guild)

    def say(self, key: str, **facts: object) -> str:
        return say(key, self.by.locale, **facts)

    def refusal(self, error: Refused) -> str:
        """A note that says why the change was refused; the log is told, too."""
        note_refused(self.interaction, error)
        return f"⚠️ {sentence_of(error, self.by.locale)}"

    async def guild_settings(self) -> GuildSettings:
        """The settings as they are now."""
        return await ask(self.interaction.client.services.guilds.inspect(self.guild.id, self.by))

    async def stay(self, note: str = "") -> None:
        """Show the page that the press was on, with a note above it."""
        await self.turn_to(self.part.page, self.part.what, note)

    async def turn_to(self, page: PanelPage, what: str = "", note: str = "") -> None:
        """Show that page in the place of the panel that was pressed."""
        bot, guild_settings = self.interaction.client, await self.guild_settings()
        view = panel_view(await scene_of(bot, self.guild, self.by, guild_settings, page=page, what=what, note=note))
        await self.interaction.edit_original_response(view=view)


def known_of(bot: ClientBase, guild: discord.Guild) -> Known:
    """What settings can name in that server."""
    channel_ids = {channel.id for channel in guild.channels} | {thread.id for thread in guild.threads}
    return Known(
        guild_id=guild.id,
        role_ids=frozenset(role.id for role in guild.roles),
        channel_ids=frozenset(channel_ids),
        catalog=bot.services.catalog,
    )


async def scene_of(
    bot: ClientBase,
    guild: discord.Guild,
    by: Requester,
    guild_settings: GuildSettings,
    *,
    page: PanelPage = PanelPage.OVERVIEW,
    what: str = "",
    note: str = "",
) -> Scene:
    """All that the page is drawn from: those settings, and the server as it is now."""
    known = known_of(bot, guild)
    watched = {
        channel for channel in (guild_settings.audit_channel_id, guild_settings.mod_channel_id) if channel is not None
    }
    return Scene(
        guild_settings=guild_settings,
        catalog=known.catalog,
        server=guild.name,
        locale=by.locale,
        role_ids=known.role_ids,
        channel_ids=known.channel_ids,
        places={channel_id: _place(guild, channel_id) for channel_id in watched},
        page=page,
        what=what,
        notes=(note,) if note else (),
        silenced=await ask(bot.services.audit_log.silenced(guild.id)) is not None,
    )


def _place(guild: discord.Guild, channel_id: int) -> Place:
    channel = guild.get_channel_or_thread(channel_id)
    if channel is None:
        return Place(there=False)
    held = channel.permissions_for(guild.me)
    return Place(there=True, lacking=tuple(name for name in _NEEDED if not getattr(held, name)))
