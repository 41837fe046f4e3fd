"""Use this: the video of a card as the next command's input."""

from __future__ import annotations

from discord.ext import commands

from bot.chat.client import Form, VideoBot
from bot.chat.inputs.reuse_form import REUSE_FORM, read_wish, reuse_form, video_in
from bot.chat.persistent import Verb
from bot.chat.replies.interactions import Interaction, answer, requester_of
from bot.rules.catalog import Role
from bot.rules.requests import Inputs, compose


class Reuse(commands.Cog):
    """The button and the form that it opens. Whoever sees the video may use it."""

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot
        bot.on_press(Verb.USE, self.use)
        bot.on_form(REUSE_FORM, self.take)

    async def use(self, interaction: Interaction, job_id: str) -> None:
        """Ask what to make of the video."""
        video_in(interaction.message)
        await interaction.response.send_modal(reuse_form(job_id, self._bot.services.catalog, interaction.locale.value))

    async def take(self, interaction: Interaction, form: Form) -> None:
        """Make what the form asks for."""
        message = interaction.message
        wish = read_wish(form.data, self._bot.services.catalog)
        files = {Role.DATA: video_in(message)}
        model = self._bot.services.policy.choose(wish.operation, None, requester_of(interaction))
        if wish.reference is not None:
            files[Role.REFERENCE] = wish.reference
            offered = self._bot.services.policy.offered(wish.operation, requester_of(interaction))
            model = next((m for m in offered if m.reference), model)
        private = True if message is not None and message.flags.ephemeral else None
        await answer(interaction, compose(model, Inputs(prompt=wish.prompt), files), private=private)


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    await bot.add_cog(Reuse(bot))
