"""The buttons under a question in the moderators' channel: a prompt that is held goes on, or ends."""

from __future__ import annotations

from discord.ext import commands

from bot.chat.client import VideoBot
from bot.chat.persistent import Verb
from bot.chat.replies.interactions import Interaction, requester_of


class Moderation(commands.Cog):
    """Approve and Deny, for whoever may manage messages there. The studio has the question say how it ended."""

    def __init__(self, bot: VideoBot) -> None:
        bot.on_press(Verb.APPROVE, self.approve)
        bot.on_press(Verb.DENY, self.deny)

    async def approve(self, interaction: Interaction, job_id: str) -> None:
        """Let it be made."""
        await interaction.response.defer()
        await interaction.client.services.moderation.approve(job_id, requester_of(interaction))

    async def deny(self, interaction: Interaction, job_id: str) -> None:
        """End it; it doesn't count."""
        await interaction.response.defer()
        await interaction.client.services.moderation.deny(job_id, requester_of(interaction))


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    await bot.add_cog(Moderation(bot))
