"""The buttons under a card. Each press asks the studio, which knows the job and who may do what with it."""

from __future__ import annotations

from discord.ext import commands

from bot.chat.client import VideoBot
from bot.chat.persistent import Verb
from bot.chat.replies.interactions import Interaction, accept, check_rights, keep_reply, look, requester_of


class Controls(commands.Cog):
    """Again, Cancel, Get it and Delete."""

    def __init__(self, bot: VideoBot) -> None:
        bot.on_press(Verb.AGAIN, self.again)
        bot.on_press(Verb.CANCEL, self.cancel)
        bot.on_press(Verb.DELETE, self.delete)
        bot.on_press(Verb.GET, self.get)

    async def again(self, interaction: Interaction, job_id: str) -> None:
        """The same with another seed, as a job of whoever presses, in a message of its own."""
        controls = interaction.client.services.job_controls
        old, checked = await look(controls.precheck_again(job_id, requester_of(interaction), seed=None))
        check_rights(interaction, private=old.reply.ephemeral)
        await accept(interaction, checked, private=old.reply.ephemeral)

    async def cancel(self, interaction: Interaction, job_id: str) -> None:
        """Stop it; the card says so."""
        services = interaction.client.services
        reply = await keep_reply(interaction)
        job = await services.job_controls.job(job_id)
        own = interaction.user.id == job.requester.user_id
        if own and reply is not None and reply.message_id == job.reply.message_id:
            await services.job_controls.move_reply(
                job_id, reply
            )  # this press's token is fresh, the card's may have died
        await services.job_controls.cancel(job_id, requester_of(interaction))

    async def get(self, interaction: Interaction, job_id: str) -> None:
        """Have the video, or how far it is, in this message: the press brings a token that lives for a while."""
        reply = await keep_reply(interaction)
        if reply is not None:
            await interaction.client.services.job_controls.bring(job_id, requester_of(interaction), reply)

    async def delete(self, interaction: Interaction, job_id: str) -> None:
        """Take the message and the kept files away."""
        await keep_reply(interaction)
        await interaction.client.services.job_controls.forget(job_id, requester_of(interaction))
        await interaction.delete_original_response()


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    await bot.add_cog(Controls(bot))
