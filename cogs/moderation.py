"""The buttons under a question in the moderators' channel: a prompt that is held goes on, or ends."""

from __future__ import annotations

import re

from discord.ext import commands

from bot.chat.client import VideoBot
from bot.chat.persistent import JOB_BUTTONS, Verb
from bot.chat.replies.interactions import Interaction, ask, keep_reply, requester_of


class ModeratorButtons(commands.Cog):
    """Approve and Deny, for whoever may manage messages there. The services have the question say how it ended."""

    async def approve(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Let the held job go on."""
        await keep_reply(interaction)
        services = interaction.client.services
        job = await ask(services.job_controls.job(match["job"]))
        await services.moderation.approve(job.id, requester_of(interaction))

    async def deny(self, interaction: Interaction, match: re.Match[str]) -> None:
        """End the held job, which limits then don't count."""
        await keep_reply(interaction)
        services = interaction.client.services
        job = await ask(services.job_controls.job(match["job"]))
        await services.moderation.deny(job.id, requester_of(interaction))


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    buttons = ModeratorButtons()
    bot.persist(JOB_BUTTONS[Verb.APPROVE], buttons.approve)
    bot.persist(JOB_BUTTONS[Verb.DENY], buttons.deny)
    await bot.add_cog(buttons)
