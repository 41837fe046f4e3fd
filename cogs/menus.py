"""Apps → Animate, Restyle, Edit, Change and Try on on any message: a form asks for the prompt, and the card answers.

The form's event does not say which message it is about, but its custom id does. The message's files are remembered, as
the bot may not be able to read it again.
"""

from __future__ import annotations

import asyncio
import re

import discord
from cachetools import LRUCache
from discord import app_commands
from discord.ext import commands

from bot.chat.client import VideoBot
from bot.chat.inputs.forms import MENU_FORM, FormValues, menu_form, read_menu_form
from bot.chat.inputs.sources import MENU_OF, MENUS, media_of, nothing_found
from bot.chat.persistent import JOB_BUTTONS, Verb
from bot.chat.replies.accepting import answer, precheck
from bot.chat.replies.edit_routes import UNSENT
from bot.chat.replies.interactions import Interaction, hears_messages, requester_of
from bot.errors import FormForgotten, SourceUnread
from bot.rules.catalog import Kind, Operation, Role
from bot.rules.requests import Attachment, Inputs, VideoRequest

_REMEMBERED = 1000
"""Messages whose files are kept in mind while forms about them are open."""

_FETCH_SECONDS = 1.5
"""How long a message may be looked for again: Discord gives three seconds for the whole answer."""

Files = tuple[Attachment, ...]
Remembered = tuple[Operation, int, int, int | None, int | None]
"""The menu, the message, and who opened the form in which channel of which server: for nobody else it is remembered."""


class Menus(commands.Cog):
    """One menu for each operation; all of them open the same kind of form."""

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot
        self._hosts = bot.settings.file_hosts
        self._files: LRUCache[Remembered, Files] = LRUCache(_REMEMBERED)
        for operation, name in MENUS.items():
            bot.tree.add_command(self._menu(operation, name))

    def _menu(self, operation: Operation, name: str) -> app_commands.ContextMenu:
        async def open_form(interaction: Interaction, message: discord.Message) -> None:
            await self.open(interaction, message, operation)

        # discord.py finds out by the annotations what the menu is for, and these are texts.
        open_form.__annotations__ = {"interaction": discord.Interaction, "message": discord.Message}
        return app_commands.ContextMenu(name=name, callback=open_form)

    async def open(self, interaction: Interaction, message: discord.Message, operation: Operation) -> None:
        """Show the form, or raise the `Refused` that says why it would be of no use."""
        operation = self._fitting(message, operation)
        offered = self._bot.services.policy.offered(operation, requester_of(interaction))
        usual = self._bot.services.policy.choose(operation, None, requester_of(interaction))
        found = media_of(message, usual.files[Role.DATA], self._hosts)
        if not found.files:
            hears = hears_messages(interaction)
            raise nothing_found(usual, found, bot_id=self._bot.application_id, sees_all=True, hears=hears)
        nothing_yet = VideoRequest(model=usual.name, operation=operation, inputs=Inputs())
        precheck(interaction, nothing_yet)
        self._files[_remembered(interaction, operation, message.id)] = found.files
        form = menu_form(operation, message.id, found.files, offered, interaction.locale.value)
        await interaction.response.send_modal(form)

    def _fitting(self, message: discord.Message, operation: Operation) -> Operation:
        """Edit changes a picture where the message has no video."""
        if operation is not Operation.EDIT or media_of(message, Kind.VIDEO, self._hosts).files:
            return operation
        return Operation.IMAGE_EDIT if media_of(message, Kind.IMAGE, self._hosts).files else operation

    async def animate(self, interaction: Interaction, match: re.Match[str]) -> None:
        """The button under a picture: the same as the menu on its message."""
        del match
        if interaction.message is not None:
            await self.open(interaction, interaction.message, Operation.IMAGE_TO_VIDEO)

    async def take(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Make what the form asks for."""
        operation, message_id = Operation(match["operation"]), int(match["message"])
        filled = read_menu_form(FormValues(interaction.data))
        known = self._files.get(_remembered(interaction, operation, message_id))
        files = known or await self._look_again(interaction, operation, message_id)
        policy, requester = self._bot.services.policy, requester_of(interaction)
        model = policy.choose(operation, filled.model, requester)
        given = {Role.DATA: files[filled.at if filled.at < len(files) else 0]}
        if filled.reference is not None:
            given[Role.REFERENCE] = filled.reference
        shown = interaction.message
        private = True if shown is not None and shown.flags.ephemeral else None
        request = policy.compose(model, Inputs(prompt=filled.prompt), given, requester)
        await answer(interaction, request, private=private)

    async def _look_again(self, interaction: Interaction, operation: Operation, message_id: int) -> Files:
        """The message's files, where the bot may read it: only in the channel in which the form was sent.

        Raises `FormForgotten`, and `SourceUnread` where Discord doesn't answer in time.
        """
        if interaction.guild_id is not None and not interaction.permissions.read_message_history:
            raise FormForgotten(menu=MENU_OF[operation])
        usual = self._bot.services.catalog.choose(operation, None)
        place = self._bot.get_partial_messageable(interaction.channel_id or 0, guild_id=interaction.guild_id)
        try:
            message = await asyncio.wait_for(place.fetch_message(message_id), _FETCH_SECONDS)
        except (discord.NotFound, discord.Forbidden) as exc:
            raise FormForgotten(menu=MENU_OF[operation]) from exc
        except UNSENT as exc:
            raise SourceUnread from exc
        files = media_of(message, usual.files[Role.DATA], self._hosts).files
        if not files:
            raise FormForgotten(menu=MENU_OF[operation])
        return files


def _remembered(interaction: Interaction, operation: Operation, message_id: int) -> Remembered:
    """Whose form it is, and where: a forged custom id leads to nobody else's files."""
    return operation, message_id, interaction.user.id, interaction.channel_id, interaction.guild_id


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    menus = Menus(bot)
    bot.persist(MENU_FORM, menus.take)
    bot.persist(JOB_BUTTONS[Verb.ANIMATE], menus.animate)
    await bot.add_cog(menus)
