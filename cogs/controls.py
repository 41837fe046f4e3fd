"""The buttons under a card. The services know the job, and who may do what with it."""

from __future__ import annotations

import contextlib
import re

import discord
from cachetools import TTLCache
from discord.ext import commands

from bot.chat.client import VideoBot
from bot.chat.persistent import DELETE_IT, JOB_BUTTONS, KEEP_IT, Verb, delete_question
from bot.chat.replies.accepting import accept_again
from bot.chat.replies.interactions import Interaction, ask, keep_reply, look, reply_of, requester_of
from bot.chat.replies.presses import card_pressed, take_press
from bot.errors import PermissionsMissing
from bot.rules.jobs import A_MOMENT
from bot.wording import say

_REMEMBERED = 1000
"""Questions that were asked a moment ago."""


class Controls(commands.Cog):
    """Again, Cancel, Get it and Delete."""

    def __init__(self) -> None:
        self._asked: TTLCache[tuple[str, int], None] = TTLCache(_REMEMBERED, A_MOMENT.total_seconds())

    async def again(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Make the same once more with another seed, for whoever presses, in a new message."""
        controls = interaction.client.services.job_controls
        old, checked = await look(controls.precheck_again(match["job"], requester_of(interaction), seed=None))
        await accept_again(interaction, checked, old)

    async def cancel(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Cancel the job; the card says so."""
        controls, by = interaction.client.services.job_controls, requester_of(interaction)
        async with card_pressed(interaction, Verb.CANCEL, controls.allowed(match["job"], by)) as (job, reply):
            if job.awaits_member and reply is not None:  # the card is an old one: there is a video to be had
                await controls.bring(job.id, by, reply)
                return
            own = interaction.user.id == job.requester.user_id
            if own and reply is not None and reply.message_id == job.reply.message_id and not job.ended:
                await controls.move_reply(job.id, reply)  # this press's token is fresh, the card's may have died
            await controls.cancel(job.id, by)

    async def get(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Show the job in this message, with its video if it is there: the press brings a new token for 15 minutes."""
        controls, by = interaction.client.services.job_controls, requester_of(interaction)
        async with card_pressed(interaction, Verb.GET, controls.allowed(match["job"], by)) as (job, reply):
            if reply is not None:
                await controls.bring(job.id, by, reply)

    async def delete(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Delete the message and the files that are kept of the job; ask first, in private, unless it cost nothing."""
        controls, by = interaction.client.services.job_controls, requester_of(interaction)
        message, asked = interaction.message, (match["job"], by.user_id)
        job = await look(controls.allowed(match["job"], by))
        if job.refunded or message is None:
            await take_press(interaction)
            await controls.forget(job.id, by)
            await _close(interaction)
            return
        if asked in self._asked:  # the second press of two
            await keep_reply(interaction)
            return
        self._asked[asked] = None
        locale = interaction.locale.value
        await interaction.response.send_message(
            say("delete_question", locale), view=delete_question(job.id, message.id, locale), ephemeral=True
        )
        reply = reply_of(interaction, message.id, ephemeral=message.flags.ephemeral)
        if reply.only_by_token:
            await controls.move_reply(job.id, reply)  # this press's token reaches the card, and the answer's does not

    async def delete_it(self, interaction: Interaction, match: re.Match[str]) -> None:
        """The answer yes; a second one is answered with nothing."""
        controls, by = interaction.client.services.job_controls, requester_of(interaction)
        await take_press(interaction)
        reply = (await ask(controls.allowed(match["job"], by))).reply
        if reply.message_id != int(match["message"]):  # it was shown once more
            where = {"channel_id": interaction.channel_id or 0, "guild_id": interaction.guild_id, "token": None}
            reply = reply.model_copy(update={"message_id": int(match["message"]), **where})
        try:
            await interaction.client.announcer.remove(reply)
        except discord.Forbidden as exc:
            raise PermissionsMissing(permissions="view_channel") from exc
        await controls.forget(match["job"], by)
        await _close(interaction)

    async def keep_it(self, interaction: Interaction, match: re.Match[str]) -> None:
        """The answer no."""
        self._asked.pop((match["job"], interaction.user.id), None)
        await take_press(interaction)
        await _close(interaction)


async def _close(interaction: Interaction) -> None:
    """Take the pressed message away, unless a press before this one did."""
    with contextlib.suppress(discord.NotFound):
        await interaction.delete_original_response()


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    controls = Controls()
    bot.persist(JOB_BUTTONS[Verb.AGAIN], controls.again)
    bot.persist(JOB_BUTTONS[Verb.CANCEL], controls.cancel)
    bot.persist(JOB_BUTTONS[Verb.GET], controls.get)
    bot.persist(JOB_BUTTONS[Verb.DELETE], controls.delete)
    bot.persist(DELETE_IT, controls.delete_it)
    bot.persist(KEEP_IT, controls.keep_it)
    await bot.add_cog(controls)
