"""One use of the panel (a button, a select or a form), and how the panel is drawn anew after it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import discord
from cachetools import LRUCache

from bot.chat.client_base import ClientBase
from bot.chat.inputs.chosen_channels import lacking, told_lacking
from bot.chat.panel.pages import panel_view
from bot.chat.panel.parts import PanelPage, Part, Place, Scene
from bot.chat.persistent import chosen_values
from bot.chat.replies.interactions import Interaction, ask, note_refused
from bot.chat.settings_text import Names
from bot.errors import AdminsOnly, Refused
from bot.rules.guild_settings import GuildSettings, Known
from bot.rules.jobs import Requester
from bot.wording import say, sentence_of
from bot.work.services import Services

_TO_POST = ("view_channel", "send_messages", "embed_links")
"""What the audit channel and the moderators' channel need."""

_UNSAVED_KEPT = 1000


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

    @property
    def names(self) -> Names:
        """The server's names, in the admin's language."""
        return Names(self.guild, self.by.locale)

    @property
    def services(self) -> Services:
        return self.interaction.client.services

    def say(self, key: str, **facts: object) -> str:
        return say(key, self.by.locale, **facts)

    def refusal(self, error: Refused) -> str:
        """A note that says why the change was refused; the log is told, too."""
        note_refused(self.interaction, error)
        return f"⚠️ {sentence_of(error, self.by.locale)}"

    async def guild_settings(self) -> GuildSettings:
        """The settings as they are now."""
        return await ask(self.services.guilds.inspect(self.guild.id, self.by))

    async def save(
        self,
        save: Callable[[], Awaitable[object]],
        told: Callable[[], str] | None = None,
        *,
        page: PanelPage | None = None,
        what: str | None = None,
        used_channels: Collection[int] = (),
    ) -> bool:
        """Save, show how it went above the page, and say whether it is saved, with a button that undoes it.

        `told` is what is said then; what the bot lacks in `used_channels`, where members are to make videos, is said
        besides. Raises `AdminsOnly`: the panel is not for them.
        """
        try:
            await ask(save())
        except AdminsOnly:
            raise
        except Refused as exc:
            note, saved = self.refusal(exc), False
        else:
            note, saved = "\n".join([told() if told else self.say("panel_saved"), *self._lacking(used_channels)]), True
        page, what = page or self.part.page, self.part.what if what is None else what
        await self.turn_to(page, what, note, undo=saved)
        return saved

    def _lacking(self, channel_ids: Collection[int]) -> list[str]:
        return told_lacking(self.interaction, self.guild, channel_ids, self.by.locale)

    async def stay(self, note: str = "") -> None:
        """Show the page that the press was on, with a note above it."""
        await self.turn_to(self.part.page, self.part.what, note)

    async def turn_to(self, page: PanelPage, what: str = "", note: str = "", *, undo: bool = False) -> None:
        """Show that page in the place of the panel that was pressed."""
        now = await self.guild_settings()
        scene = await scene_of(self.interaction, self.guild, self.by, now, page=page, what=what, note=note, undo=undo)
        await self.interaction.edit_original_response(view=panel_view(scene))


class Kept:
    """Whether a form that is being saved was."""

    saved = False


class Unsaved:
    """Forms that could not be saved, by server, admin and form: they come back filled."""

    def __init__(self) -> None:
        self._forms: LRUCache[tuple[int, int, str], Any] = LRUCache(_UNSAVED_KEPT)

    def get(self, press: Press, form: str) -> Any:
        """What was filled in; None where nothing is kept."""
        return self._forms.get((press.guild.id, press.by.user_id, form))

    @contextmanager
    def keeping(self, press: Press, form: str, filled: object) -> Iterator[Kept]:
        """Keep what was filled in until it is saved, whatever keeps it from that."""
        key, kept = (press.guild.id, press.by.user_id, form), Kept()
        self._forms[key] = filled
        yield kept
        if kept.saved:
            self._forms.pop(key, None)


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
    interaction: Interaction,
    guild: discord.Guild,
    by: Requester,
    guild_settings: GuildSettings,
    *,
    page: PanelPage = PanelPage.OVERVIEW,
    what: str = "",
    note: str = "",
    undo: bool = False,
) -> Scene:
    """All that the page is drawn from: those settings, and the server as it is now."""
    bot = interaction.client
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
        places={channel_id: _place(interaction, guild, channel_id) for channel_id in watched},
        names=Names(guild, by.locale),
        now=interaction.created_at,
        page=page,
        what=what,
        notes=(note,) if note else (),
        silenced=await ask(bot.services.audit_log.silenced(guild.id)) is not None,
        undo=undo,
    )


def _place(interaction: Interaction, guild: discord.Guild, channel_id: int) -> Place:
    if guild.get_channel_or_thread(channel_id) is None:
        return Place(there=False)
    return Place(there=True, lacking=lacking(interaction, guild, channel_id, _TO_POST))
