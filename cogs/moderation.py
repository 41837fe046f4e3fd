"""The buttons under a question in the moderators' channel: a prompt that is held goes on, or ends."""

from __future__ import annotations

import re

from discord.ext import commands

from bot.chat.client import VideoBot
from bot.chat.inputs.forms import DENY_FORM, FormValues, deny_form, read_deny_form
from bot.chat.persistent import JOB_BUTTONS, Verb
from bot.chat.replies.interactions import Interaction, ask, keep_reply, requester_of
from bot.errors import ModeratorsOnly
from bot.rules.jobs import Requester


class ModeratorButtons(commands.Cog):
    """Approve, and the two ways to refuse, for whoever may manage messages there. The services check that again, and
    have the question say how it ended."""

    async def approve(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Let the held job go on."""
        moderator_of(interaction)
        await keep_reply(interaction)
        services = interaction.client.services
        job = await ask(services.job_controls.job(match["job"]))
        await services.moderation.approve(job.id, requester_of(interaction))

    async def deny(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Ask for the reason."""
        moderator_of(interaction)
        await interaction.response.send_modal(deny_form(match["job"], interaction.locale.value))

    async def deny_because(self, interaction: Interaction, match: re.Match[str]) -> None:
        """End the held job, which limits then don't count, and tell its member the reason of the form."""
        await self._deny(interaction, match["job"], reason=read_deny_form(FormValues(interaction.data)))

    async def block(self, interaction: Interaction, match: re.Match[str]) -> None:
        """End the held job, and let its member make nothing here for a day."""
        await self._deny(interaction, match["job"], block=True)

    async def _deny(self, interaction: Interaction, job_id: str, *, reason: str = "", block: bool = False) -> None:
        moderator_of(interaction)
        await keep_reply(interaction)
        services = interaction.client.services
        job = await ask(services.job_controls.job(job_id))
        await services.moderation.deny(job.id, requester_of(interaction), reason=reason, block=block)


def moderator_of(interaction: Interaction) -> Requester:
    """Who presses, if they may manage messages in the server. Raises `ModeratorsOnly` for everybody else."""
    by = requester_of(interaction)
    if by.guild_id is None or not (by.server_moderator or by.admin):
        raise ModeratorsOnly
    return by


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    buttons = ModeratorButtons()
    bot.persist(JOB_BUTTONS[Verb.APPROVE], buttons.approve)
    bot.persist(JOB_BUTTONS[Verb.DENY], buttons.deny)
    bot.persist(DENY_FORM, buttons.deny_because)
    bot.persist(JOB_BUTTONS[Verb.BLOCK], buttons.block)
    await bot.add_cog(buttons)
