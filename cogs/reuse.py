"""Use this: the video of a card as the next command's input."""

from __future__ import annotations

import discord
from discord.ext import commands

from bot.chat.answer import Interaction, answer, requester_of
from bot.chat.buttons import Verb
from bot.chat.client import VideoBot
from bot.chat.reuse import REUSE_FORM, read_wish, reuse_form, video_in
from bot.rules.catalog import Role
from bot.rules.request import Inputs, compose


class Reuse(commands.Cog):
    """The button and the form that it opens. Whoever sees the video may use it."""

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot
        bot.on_press(Verb.USE, self.use)

    async def use(self, interaction: Interaction, job_id: str) -> None:
        """Ask what to make of the video."""
        video_in(interaction.message)
        await interaction.response.send_modal(reuse_form(job_id, self._bot.studio.catalog, interaction.locale.value))

    @commands.Cog.listener()
    async def on_interaction(self, interaction: Interaction) -> None:
        """Take forms that come back, those of an earlier run too; discord.py forgets them at a restart."""
        if interaction.type is not discord.InteractionType.modal_submit:
            return
        data = dict(interaction.data or {})
        if REUSE_FORM.fullmatch(str(data.get("custom_id"))) is None:
            return
        try:
            await self._take(interaction, data)
        except Exception as exc:  # noqa: BLE001  # discord.py would only log it and leave the member waiting
            await self._bot.excuse(interaction, exc)

    async def _take(self, interaction: Interaction, data: dict[str, object]) -> None:
        message = interaction.message
        catalog = self._bot.studio.catalog
        wish = read_wish(data, catalog)
        files = {Role.DATA: video_in(message)}
        model = await self._bot.studio.choose(wish.operation, None, requester_of(interaction))
        if wish.reference is not None:
            files[Role.REFERENCE] = wish.reference
            offered = await self._bot.studio.offered(wish.operation, requester_of(interaction))
            model = next((m for m in offered if m.reference), model)
        private = True if message is not None and message.flags.ephemeral else None
        await answer(interaction, compose(model, Inputs(prompt=wish.prompt), files), private=private)


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    await bot.add_cog(Reuse(bot))
