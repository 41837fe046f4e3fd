"""Use this: the video or picture of a card as the next command's input."""

from __future__ import annotations

import re

from discord.ext import commands

from bot.chat.client import VideoBot
from bot.chat.inputs.forms import REUSE_FORM, FormValues, read_reuse_form, reuse_form, reusing
from bot.chat.inputs.sources import made_in
from bot.chat.persistent import JOB_BUTTONS, Verb
from bot.chat.replies.accepting import answer
from bot.chat.replies.interactions import Interaction, requester_of
from bot.rules.catalog import Role
from bot.rules.requests import Inputs


class Reuse(commands.Cog):
    """The button and the form that it opens. Whoever sees the video may use it.

    It is the one of the message under which the button was pressed: Discord sends that message with the form,
    and its addresses are fresh each time.
    """

    async def use(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Ask what to make of the video."""
        _, kind = made_in(interaction.message)
        policy, requester = interaction.client.services.policy, requester_of(interaction)
        offered = {operation: policy.offered(operation, requester) for operation in reusing(kind)}
        await interaction.response.send_modal(reuse_form(match["job"], offered, kind, interaction.locale.value))

    async def take(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Make what the form asks for."""
        del match
        policy, requester, message = interaction.client.services.policy, requester_of(interaction), interaction.message
        made, kind = made_in(message)
        wanted = read_reuse_form(FormValues(interaction.data), kind)
        files = {Role.DATA: made}
        model = policy.choose(wanted.operation, None, requester)
        if wanted.reference is not None:
            files[Role.REFERENCE] = wanted.reference
            offered = policy.offered(wanted.operation, requester)
            model = next((m for m in offered if m.reference), model)
        model = policy.for_shape(model, files[Role.DATA], requester)
        private = True if message is not None and message.flags.ephemeral else None
        request = policy.compose(model, Inputs(prompt=wanted.prompt), files, requester)
        await answer(interaction, request, private=private)


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    reuse = Reuse()
    bot.persist(JOB_BUTTONS[Verb.USE], reuse.use)
    bot.persist(REUSE_FORM, reuse.take)
    await bot.add_cog(reuse)
