"""The buttons under a question in the moderators' channel: a prompt that is held goes on, or ends."""

from __future__ import annotations

from discord.ext import commands

from bot.chat.answer import Interaction, requester_of
from bot.chat.buttons import Verb
from bot.chat.client import VideoBot


class Holds(commands.Cog):
    """Approve and Deny, for whoever may manage messages there. The studio has the question say how it ended."""

    def __init__(self, bot: VideoBot) -> None:
        bot.on_press(Verb.APPROVE, self.approve)
        bot.on_press(Verb.DENY, self.deny)

    async def approve(self, interaction: Interaction, job_id: str) -> None:
        """Let it be made."""
        await interaction.response.defer()
        await interaction.client.studio.holds.approve(job_id, requester_of(interaction))

    async def deny(self, interaction: Interaction, job_id: str) -> None:
        """End it; it doesn't count."""
        await interaction.response.defer()
        await interaction.client.studio.holds.deny(job_id, requester_of(interaction))


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    await bot.add_cog(Holds(bot))
