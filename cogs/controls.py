"""The buttons under a card. The services know the job, and who may do what with it."""

from __future__ import annotations

import contextlib
import re

import discord
from discord.ext import commands

from bot.chat.client import VideoBot
from bot.chat.persistent import JOB_BUTTONS, Verb
from bot.chat.replies.interactions import Interaction, accept_again, ask, keep_reply, look, requester_of


class Controls(commands.Cog):
    """Again, Cancel, Get it and Delete."""

    async def again(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Make the same once more with another seed, for whoever presses, in a new message."""
        controls = interaction.client.services.job_controls
        old, checked = await look(controls.precheck_again(match["job"], requester_of(interaction), seed=None))
        await accept_again(interaction, checked, old)

    async def cancel(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Cancel the job; the card says so."""
        controls = interaction.client.services.job_controls
        reply = await keep_reply(interaction)
        job = await ask(controls.job(match["job"]))
        own = interaction.user.id == job.requester.user_id
        if own and reply is not None and reply.message_id == job.reply.message_id:
            await controls.move_reply(job.id, reply)  # this press's token is fresh, the card's may have died
        await controls.cancel(job.id, requester_of(interaction))

    async def get(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Show the job in this message, with its video if it is there: the press brings a new token for 15 minutes."""
        controls = interaction.client.services.job_controls
        reply = await keep_reply(interaction)
        if reply is not None:
            job = await ask(controls.job(match["job"]))
            await controls.bring(job.id, requester_of(interaction), reply)

    async def delete(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Delete the message and the files that are kept of the job."""
        controls = interaction.client.services.job_controls
        await keep_reply(interaction)
        job = await ask(controls.job(match["job"]))
        await controls.forget(job.id, requester_of(interaction))
        with contextlib.suppress(discord.NotFound):  # a press before this one took it away
            await interaction.delete_original_response()


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    controls = Controls()
    bot.persist(JOB_BUTTONS[Verb.AGAIN], controls.again)
    bot.persist(JOB_BUTTONS[Verb.CANCEL], controls.cancel)
    bot.persist(JOB_BUTTONS[Verb.GET], controls.get)
    bot.persist(JOB_BUTTONS[Verb.DELETE], controls.delete)
    await bot.add_cog(controls)
