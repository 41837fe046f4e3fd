"""`/settings`: a server's rules as a panel for its admins.

`bot.chat.panel` draws the panel, and its module `changes` decides what a button or select changes. The right to manage
the server is checked at every use.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Awaitable, Callable, Mapping

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.chat.client import VideoBot
from bot.chat.inputs.forms import FormValues
from bot.chat.inputs.options import Described
from bot.chat.panel.changes import changes_of, is_change, with_rules
from bot.chat.panel.forms import (
    EMPTY_RULES,
    FILE_MAX_BYTES,
    import_form,
    read_import_form,
    read_rules_form,
    rules_form,
    text_of,
)
from bot.chat.panel.limit_presses import LimitPresses
from bot.chat.panel.pages import import_view, panel_view
from bot.chat.panel.parts import ALL, PANEL_PART, PanelPage, Part
from bot.chat.panel.press import Press, Unsaved, scene_of
from bot.chat.replies.interactions import Interaction, admin_of, ask, keep_reply, open_reply
from bot.errors import AdminsOnly, PanelOutdated, Refused
from bot.rules import guild_settings_file
from bot.rules.catalog import Operation


class SettingsPanel(commands.Cog):
    """The command, and everything that is done with its panel."""

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot
        self._unsaved = Unsaved()
        limits = LimitPresses(self._unsaved)
        self._forms: Mapping[str, Callable[[Press], ui.Modal]] = {
            "add": self._ask_rules,
            "import": lambda press: import_form(press.part, press.by.locale),
            **limits.forms,
        }
        self._controls: Mapping[str, Callable[[Press], Awaitable[None]]] = {
            "go": self._go,
            "pick": self._pick,
            "back": self._turn,
            "forth": self._turn,
            "refresh": self._refresh,
            "cancel": self._refresh,
            "rules": self._take_rules,
            "retry": self._retry,
            "file": self._take_file,
            "apply": self._apply,
            "undo": self._undo,
            **limits.controls,
        }

    @app_commands.command(description=Described("command_settings"))
    @app_commands.guild_only()
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.default_permissions(manage_guild=True)
    async def settings(self, interaction: Interaction) -> None:
        """Show the panel privately."""
        by, guild = admin_of(interaction), _guild(interaction)
        await open_reply(interaction, private=True)
        guild_settings = await ask(self._bot.services.guilds.inspect(guild.id, by))
        scene = await scene_of(interaction, guild, by, guild_settings)
        await interaction.edit_original_response(view=panel_view(scene))

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Do what a part of the panel, or one of its forms, is for."""
        by, guild = admin_of(interaction), _guild(interaction)
        part = Part.read(match[0])
        if part is None:
            raise PanelOutdated
        press = Press(interaction=interaction, guild=guild, by=by, part=part)
        if part.control in self._forms:  # a form has to be the first response: nothing is asked before it
            await interaction.response.send_modal(self._forms[part.control](press))
        elif part.control == "export":
            await open_reply(interaction, private=True)
            await self._export(press)
        elif part.control in self._controls or is_change(part.control):
            await keep_reply(interaction)
            await self._controls.get(part.control, self._change)(press)
        else:
            raise PanelOutdated

    # ---- looking

    async def _go(self, press: Press) -> None:
        wanted = press.values[0] if press.values else ""
        await press.turn_to(PanelPage(wanted) if wanted in set(PanelPage) else PanelPage.OVERVIEW)

    async def _pick(self, press: Press) -> None:
        wanted = press.values[0] if press.values else ""
        await press.turn_to(press.part.page, wanted if wanted in {ALL, *Operation} else "")

    async def _turn(self, press: Press) -> None:
        at = int(press.part.what) if press.part.what.isdecimal() else 0
        await press.turn_to(press.part.page, str(max(0, at + (1 if press.part.control == "forth" else -1))))

    async def _refresh(self, press: Press) -> None:
        await press.stay()

    # ---- changing

    async def _change(self, press: Press) -> None:
        """Save what a button or select changes, where the settings still are what the panel was drawn from."""

        async def save() -> None:
            changes = changes_of(press.part, press.values, await press.guild_settings(), press.known)
            await self._bot.services.guilds.amend(press.guild.id, press.by, press.part.version, **changes)

        used = press.values if press.part.control == "channels" else ()
        await press.save(save, used_channels=[int(value) for value in used if value.isdecimal()])

    async def _undo(self, press: Press) -> None:
        async def save() -> None:
            await self._bot.services.guilds.undo(press.guild.id, press.by, press.part.version)

        await press.save(save, lambda: press.say("panel_undone"))

    def _ask_rules(self, press: Press) -> ui.Modal:
        return rules_form(press.part, press.by.locale, self._unsaved.get(press, "rules") or EMPTY_RULES)

    async def _take_rules(self, press: Press) -> None:
        """Add the form's rules to the settings of now, also where somebody else changed others meanwhile."""
        form = read_rules_form(FormValues(press.interaction.data))

        async def save() -> None:
            await self._bot.services.guilds.rework(press.guild.id, press.by, lambda now: with_rules(form, now))

        with self._unsaved.keeping(press, "rules", form) as kept:
            kept.saved = await press.save(save)

    async def _retry(self, press: Press) -> None:
        await ask(self._bot.services.audit_log.reopen(press.guild.id, press.by))
        await press.stay(press.say("panel_retrying"))

    # ---- files

    async def _export(self, press: Press) -> None:
        text = guild_settings_file.export_settings(await press.guild_settings(), press.guild.id)
        file = discord.File(io.BytesIO(text.encode()), f"clapper-settings-{press.guild.id}.json")
        await press.interaction.edit_original_response(content=press.say("export_told"), attachments=[file])

    async def _take_file(self, press: Press) -> None:
        """Show what the file would change; it is kept until Apply is pressed, or another one comes."""
        text = await text_of(read_import_form(FormValues(press.interaction.data)), self._bot)
        if text is None:
            await press.turn_to(PanelPage.OVERVIEW, note=f"⚠️ {press.say('import_unread', size_bytes=FILE_MAX_BYTES)}")
            return
        guild_settings = await press.guild_settings()
        try:
            after = guild_settings_file.import_settings(text, guild_settings, press.known)
        except Refused as exc:
            await press.turn_to(PanelPage.OVERVIEW, note=press.refusal(exc))
            return
        await ask(self._bot.services.guilds.keep_import(press.guild.id, press.by, text))
        scene = await scene_of(press.interaction, press.guild, press.by, guild_settings)
        view = import_view(scene, guild_settings_file.diff(guild_settings, after), _mark(text))
        await press.interaction.edit_original_response(view=view)

    async def _apply(self, press: Press) -> None:
        """Save the import that was shown, where neither the file nor the settings have changed since."""
        services = self._bot.services
        text = await ask(services.guilds.kept_import(press.guild.id, press.by))
        if _mark(text) != press.part.what:
            await press.turn_to(PanelPage.OVERVIEW, note=f"⚠️ {press.say('import_lost')}")
            return

        async def save() -> None:
            before = await press.guild_settings()
            after = guild_settings_file.import_settings(text, before, press.known)
            await services.guilds.replace(press.guild.id, press.by, before, after, press.part.version)

        await press.save(save, page=PanelPage.OVERVIEW, what="")
        await ask(services.guilds.drop_import(press.guild.id, press.by))


def _guild(interaction: Interaction) -> discord.Guild:
    """The server that the interaction is from. Raises `AdminsOnly` outside of servers."""
    if interaction.guild is None:
        raise AdminsOnly
    return interaction.guild


def _mark(text: str) -> str:
    """A short hash by which Apply finds out whether another file was sent meanwhile."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    settings = SettingsPanel(bot)
    bot.persist(PANEL_PART, settings.answer)
    await bot.add_cog(settings)
