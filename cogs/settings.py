"""`/settings`: a server's rules as a panel for its admins.

What the panel looks like is the business of `bot.chat.panel`, what a press changes that of `bot.chat.panel.changes`.
The right to manage the server is checked at every press, choice and form.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.client import VideoBot
from bot.chat.panel import import_panel, panel
from bot.chat.panel.changes import Changes, changes_of, is_change, with_rules
from bot.chat.panel.forms import FILE_MAX_BYTES, import_form, read_file, read_rules, rules_form
from bot.chat.panel.parts import PREFIX, Page, Part
from bot.chat.panel.press import Press, scene_of
from bot.chat.panel.sent_file import text_of
from bot.chat.replies.interactions import Interaction, requester_of, tell
from bot.chat.translator import Described
from bot.errors import AdminsOnly, Refused
from bot.rules import guild_settings_file
from bot.rules.guild_settings import GuildSettings
from bot.wording import say

_KINDS = frozenset({discord.InteractionType.component, discord.InteractionType.modal_submit})


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
        guild_settings = await self._bot.services.guilds.inspect(guild.id, by)
        scene = await scene_of(self._bot, guild, by, guild_settings)
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
            await self._bot.report_error(interaction, exc)

    async def _answer(self, interaction: Interaction, data: Mapping[str, Any], custom_id: str) -> None:
        by, guild = requester_of(interaction), _guild(interaction)
        await self._bot.services.guilds.inspect(guild.id, by)
        part = Part.read(custom_id)
        if part is None or not (part.control in self._controls or is_change(part.control)):
            await tell(interaction, say("panel_outdated", by.locale))
            return
        press = Press(interaction=interaction, guild=guild, by=by, part=part, data=data)
        await self._controls.get(part.control, self._change)(press)

    # ---- looking

    async def _go(self, press: Press) -> None:
        wanted = press.values[0] if press.values else ""
        await press.turn_to(Page(wanted) if wanted in set(Page) else Page.OVERVIEW)

    async def _pick(self, press: Press) -> None:
        await press.turn_to(press.part.page, press.values[0] if press.values else "")

    async def _turn(self, press: Press) -> None:
        at = int(press.part.what) if press.part.what.isdecimal() else 0
        await press.turn_to(press.part.page, str(max(0, at + (1 if press.part.control == "forth" else -1))))

    async def _refresh(self, press: Press) -> None:
        await press.stay()

    async def _ask_rules(self, press: Press) -> None:
        await press.interaction.response.send_modal(rules_form(await press.scene()))

    async def _ask_file(self, press: Press) -> None:
        await press.interaction.response.send_modal(import_form(await press.scene()))

    # ---- changing

    async def _change(self, press: Press) -> None:
        known = press.known
        await self._save(press, lambda guild_settings: changes_of(press.part, press.values, guild_settings, known))

    async def _take_rules(self, press: Press) -> None:
        form = read_rules(press.data)
        await self._save(press, lambda guild_settings: with_rules(form, guild_settings))

    async def _save(self, press: Press, change: Callable[[GuildSettings], Changes]) -> None:
        """Save what `change` makes of the settings, if they still are what the panel was drawn from; then show them."""
        try:
            changes = change(await press.guild_settings())
            await self._bot.services.guilds.amend(press.guild.id, press.by, press.part.version, **changes)
            note = press.say("panel_saved")
        except AdminsOnly:
            raise
        except Refused as exc:
            note = press.refusal(exc)
        await press.stay(note)

    async def _retry(self, press: Press) -> None:
        await self._bot.services.audit_log.reopen(press.guild.id, press.by)
        await press.stay(press.say("panel_retrying"))

    # ---- files

    async def _export(self, press: Press) -> None:
        text = guild_settings_file.export_settings(await press.guild_settings(), press.guild.id)
        file = discord.File(io.BytesIO(text.encode()), f"clapper-settings-{press.guild.id}.json")
        await press.interaction.response.send_message(press.say("export_told"), file=file, ephemeral=True)

    async def _take_file(self, press: Press) -> None:
        """Show what the file would change; it is kept until Apply is pressed, or another one comes."""
        await press.interaction.response.defer()
        text = await text_of(read_file(press.data), self._bot)
        if text is None:
            await press.turn_to(Page.OVERVIEW, note=f"⚠️ {press.say('import_unread', size_bytes=FILE_MAX_BYTES)}")
            return
        guild_settings = await press.guild_settings()
        try:
            after = guild_settings_file.import_settings(text, guild_settings, press.known)
        except Refused as exc:
            await press.turn_to(Page.OVERVIEW, note=press.refusal(exc))
            return
        await self._bot.services.guilds.keep_import(press.guild.id, press.by, text)
        scene = await scene_of(self._bot, press.guild, press.by, guild_settings)
        view = import_panel(scene, guild_settings_file.diff(guild_settings, after), _mark(text))
        await press.interaction.edit_original_response(view=view)

    async def _apply(self, press: Press) -> None:
        """What was shown, and nothing else: the file's mark and the settings' version are those of the dry run."""
        services = self._bot.services
        text = await services.guilds.kept_import(press.guild.id, press.by)
        if _mark(text) != press.part.what:
            await press.turn_to(Page.OVERVIEW, note=f"⚠️ {press.say('import_lost')}")
            return
        before = await press.guild_settings()
        try:
            after = guild_settings_file.import_settings(text, before, press.known)
            await services.guilds.replace(press.guild.id, press.by, before, after, press.part.version)
            note = press.say("panel_saved")
        except AdminsOnly:
            raise
        except Refused as exc:
            note = press.refusal(exc)
        await services.guilds.drop_import(press.guild.id, press.by)
        await press.turn_to(Page.OVERVIEW, note=note)


def _guild(interaction: Interaction) -> discord.Guild:
    """Raises `AdminsOnly` outside of servers."""
    if interaction.guild is None:
        raise AdminsOnly
    return interaction.guild


def _mark(text: str) -> str:
    """Tells one file from another."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    await bot.add_cog(Settings(bot))
