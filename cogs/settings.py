"""`/settings`: a server's rules as a panel for its admins.

What the panel looks like is the business of `bot.chat.panel`, what a press changes that of `bot.chat.panel_changes`.
The right to manage the server is checked at every press, choice and form.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.answer import Interaction, requester_of, tell
from bot.chat.client import VideoBot
from bot.chat.panel import import_panel, panel
from bot.chat.panel_changes import Changes, changes_of, is_change, with_rules
from bot.chat.panel_forms import FILE_MAX_BYTES, SentFile, import_form, read_file, read_rules, rules_form
from bot.chat.panel_parts import PREFIX, Page, Part, Place, Scene
from bot.chat.translator import Described
from bot.errors import AdminsOnly, Refused
from bot.rules import house_file
from bot.rules.house import House, Known
from bot.rules.job import Requester
from bot.wording import say, sentence_of

log = logging.getLogger(__name__)

_NEEDED = ("view_channel", "send_messages", "embed_links")
_FETCH_SECONDS = 20.0
_KINDS = frozenset({discord.InteractionType.component, discord.InteractionType.modal_submit})


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A press, a choice or a form of the panel, by somebody who may."""

    interaction: Interaction
    guild: discord.Guild
    by: Requester
    part: Part
    data: Mapping[str, Any]

    @property
    def values(self) -> tuple[str, ...]:
        """What was chosen in a select."""
        return tuple(str(value) for value in self.data.get("values") or ())

    def say(self, key: str, **facts: object) -> str:
        return say(key, self.by.locale, **facts)


class Settings(commands.Cog):
    """The command, and everything that is done with its panel."""

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot
        self._controls: Mapping[str, Callable[[Press], Awaitable[None]]] = {
            "go": self._go,
            "pick": self._pick,
            "back": self._turn,
            "forth": self._turn,
            "refresh": self._refresh,
            "cancel": self._refresh,
            "add": self._ask_rules,
            "rules": self._take_rules,
            "retry": self._retry,
            "export": self._export,
            "import": self._ask_file,
            "file": self._take_file,
            "apply": self._apply,
        }

    @app_commands.command(description=Described("command_settings"))
    @app_commands.guild_only()
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.default_permissions(manage_guild=True)
    async def settings(self, interaction: Interaction) -> None:
        """The panel, privately."""
        by, guild = requester_of(interaction), _guild(interaction)
        house = await self._bot.studio.houses.inspect(guild.id, by)
        scene = await self._scene(guild, by, house, page=Page.OVERVIEW)
        await interaction.response.send_message(view=panel(scene), ephemeral=True)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: Interaction) -> None:
        """Take what comes from any panel ever shown; discord.py itself forgets them at a restart."""
        data: Mapping[str, Any] = dict(interaction.data or {})
        custom_id = str(data.get("custom_id") or "")
        if interaction.type not in _KINDS or not custom_id.startswith(PREFIX):
            return
        try:
            await self._answer(interaction, data, custom_id)
        except Exception as exc:  # noqa: BLE001  # discord.py would only log it and leave the admin waiting
            await self._bot.excuse(interaction, exc)

    async def _answer(self, interaction: Interaction, data: Mapping[str, Any], custom_id: str) -> None:
        by, guild = requester_of(interaction), _guild(interaction)
        await self._bot.studio.houses.inspect(guild.id, by)
        part = Part.read(custom_id)
        if part is None or not (part.control in self._controls or is_change(part.control)):
            await tell(interaction, say("panel_outdated", by.locale))
            return
        press = Press(interaction=interaction, guild=guild, by=by, part=part, data=data)
        await self._controls.get(part.control, self._change)(press)

    # ---- looking

    async def _go(self, press: Press) -> None:
        wanted = press.values[0] if press.values else ""
        page = Page(wanted) if wanted in set(Page) else Page.OVERVIEW
        await self._show(press, page)

    async def _pick(self, press: Press) -> None:
        await self._show(press, press.part.page, press.values[0] if press.values else "")

    async def _turn(self, press: Press) -> None:
        at = int(press.part.what) if press.part.what.isdecimal() else 0
        await self._show(press, press.part.page, str(max(0, at + (1 if press.part.control == "forth" else -1))))

    async def _refresh(self, press: Press) -> None:
        await self._show(press, press.part.page, press.part.what)

    async def _ask_rules(self, press: Press) -> None:
        await press.interaction.response.send_modal(rules_form(await self._now(press)))

    async def _ask_file(self, press: Press) -> None:
        await press.interaction.response.send_modal(import_form(await self._now(press)))

    # ---- changing

    async def _change(self, press: Press) -> None:
        known = self._known(press.guild)
        await self._save(press, lambda house: changes_of(press.part, press.values, house, known))

    async def _take_rules(self, press: Press) -> None:
        form = read_rules(press.data)
        await self._save(press, lambda house: with_rules(form, house))

    async def _save(self, press: Press, change: Callable[[House], Changes]) -> None:
        """Save what `change` makes of the settings, if they still are what the panel was drawn from; then show them."""
        houses = self._bot.studio.houses
        try:
            changes = change(await houses.inspect(press.guild.id, press.by))
            await houses.amend(press.guild.id, press.by, press.part.version, **changes)
            note = press.say("panel_saved")
        except AdminsOnly:
            raise
        except Refused as exc:
            note = f"⚠️ {sentence_of(exc, press.by.locale)}"
        await self._show(press, press.part.page, press.part.what, note)

    async def _retry(self, press: Press) -> None:
        await self._bot.studio.chronicle.reopen(press.guild.id, press.by)
        await self._show(press, press.part.page, press.part.what, press.say("panel_retrying"))

    # ---- files

    async def _export(self, press: Press) -> None:
        house = await self._bot.studio.houses.inspect(press.guild.id, press.by)
        text = house_file.write(house, press.guild.id)
        file = discord.File(io.BytesIO(text.encode()), f"clapper-settings-{press.guild.id}.json")
        await press.interaction.response.send_message(press.say("export_told"), file=file, ephemeral=True)

    async def _take_file(self, press: Press) -> None:
        """Show what the file would change; it is kept until Apply is pressed, or another one comes."""
        await press.interaction.response.defer()
        text = await self._fetch(read_file(press.data))
        if text is None:
            await self._show(press, Page.OVERVIEW, note=f"⚠️ {press.say('import_unread', size_bytes=FILE_MAX_BYTES)}")
            return
        studio = self._bot.studio
        house = await studio.houses.inspect(press.guild.id, press.by)
        try:
            after = house_file.read(text, house, self._known(press.guild))
        except Refused as exc:
            await self._show(press, Page.OVERVIEW, note=f"⚠️ {sentence_of(exc, press.by.locale)}")
            return
        await studio.remember(_slot(press), text)
        scene = await self._scene(press.guild, press.by, house, page=Page.OVERVIEW)
        view = import_panel(scene, house_file.diff(house, after), _mark(text))
        await press.interaction.edit_original_response(view=view)

    async def _apply(self, press: Press) -> None:
        """What was shown, and nothing else: the file's mark and the settings' version are those of the dry run."""
        studio = self._bot.studio
        text = await studio.recall(_slot(press)) or ""
        if _mark(text) != press.part.what:
            await self._show(press, Page.OVERVIEW, note=f"⚠️ {press.say('import_lost')}")
            return
        before = await studio.houses.inspect(press.guild.id, press.by)
        try:
            after = house_file.read(text, before, self._known(press.guild))
            await studio.houses.replace(press.guild.id, press.by, before, after, press.part.version)
            note = press.say("panel_saved")
        except AdminsOnly:
            raise
        except Refused as exc:
            note = f"⚠️ {sentence_of(exc, press.by.locale)}"
        await studio.remember(_slot(press), "")
        await self._show(press, Page.OVERVIEW, note=note)

    async def _fetch(self, file: SentFile | None) -> str | None:
        """The file's text; None where it can't be had, is none, or is too large."""
        if (
            file is None
            or file.size_bytes > FILE_MAX_BYTES
            or urlsplit(file.url).netloc not in self._bot.settings.discord_cdn_hosts
        ):
            return None
        try:
            raw = await asyncio.wait_for(self._bot.http.get_from_cdn(file.url), _FETCH_SECONDS)
            return raw.decode("utf-8")
        except (discord.HTTPException, OSError, TimeoutError, UnicodeDecodeError) as exc:
            log.info("a settings file was not read: %s", type(exc).__name__)
            return None

    # ---- showing

    async def _show(self, press: Press, page: Page, what: str = "", note: str = "") -> None:
        """The page as the settings are now, in the place of the panel that was pressed."""
        view = panel(await self._now(press, page, what, note))
        response = press.interaction.response
        if response.is_done():
            await press.interaction.edit_original_response(view=view)
        else:
            await response.edit_message(view=view)

    async def _now(self, press: Press, page: Page | None = None, what: str | None = None, note: str = "") -> Scene:
        house = await self._bot.studio.houses.inspect(press.guild.id, press.by)
        return await self._scene(
            press.guild,
            press.by,
            house,
            page=press.part.page if page is None else page,
            what=press.part.what if what is None else what,
            note=note,
        )

    async def _scene(
        self, guild: discord.Guild, by: Requester, house: House, *, page: Page, what: str = "", note: str = ""
    ) -> Scene:
        known = self._known(guild)
        watched = {channel for channel in (house.audit_channel_id, house.mod_channel_id) if channel is not None}
        return Scene(
            house=house,
            catalog=self._bot.studio.catalog,
            server=guild.name,
            locale=by.locale,
            role_ids=known.role_ids,
            channel_ids=known.channel_ids,
            places={channel_id: _place(guild, channel_id) for channel_id in watched},
            page=page,
            what=what,
            notes=(note,) if note else (),
            silenced=await self._bot.studio.chronicle.silenced(guild.id) is not None,
        )

    def _known(self, guild: discord.Guild) -> Known:
        channel_ids = {channel.id for channel in guild.channels} | {thread.id for thread in guild.threads}
        return Known(
            guild_id=guild.id,
            role_ids=frozenset(role.id for role in guild.roles),
            channel_ids=frozenset(channel_ids),
            catalog=self._bot.studio.catalog,
        )


def _guild(interaction: Interaction) -> discord.Guild:
    """Raises `AdminsOnly` outside of servers."""
    if interaction.guild is None:
        raise AdminsOnly
    return interaction.guild


def _place(guild: discord.Guild, channel_id: int) -> Place:
    channel = guild.get_channel_or_thread(channel_id)
    if channel is None:
        return Place(there=False)
    held = channel.permissions_for(guild.me)
    return Place(there=True, lacking=tuple(name for name in _NEEDED if not getattr(held, name)))


def _slot(press: Press) -> str:
    return f"import:{press.guild.id}:{press.by.user_id}"


def _mark(text: str) -> str:
    """Tells one file from another."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    await bot.add_cog(Settings(bot))
