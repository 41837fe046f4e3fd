"""`/motion`: first a picture of the path, in private and for nothing; Go makes the video, Change takes another path."""

from __future__ import annotations

import contextlib

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.client import Form, VideoBot
from bot.chat.inputs.options import File, Seed, generation
from bot.chat.inputs.path_form import PATH_FORM, path_form, preview_message, read_path
from bot.chat.persistent import Verb
from bot.chat.replies.interactions import (
    Interaction,
    accept,
    attachment_of,
    look,
    open_reply,
    precheck,
    privacy,
    requester_of,
)
from bot.rules import trajectory
from bot.rules.catalog import Operation, Role
from bot.rules.drafts import Draft
from bot.rules.requests import Inputs, Resolution, compose


async def offer_paths(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """The ready-made paths whose names hold the words typed so far."""
    return [app_commands.Choice(name=preset.name, value=preset.name) for preset in trajectory.suggest(typed)]


class Motion(commands.Cog):
    """The command, the two buttons of its preview, and the form that Change opens."""

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot
        bot.on_press(Verb.GO, self.go)
        bot.on_press(Verb.CHANGE, self.change)
        bot.on_form(PATH_FORM, self.redraw)

    @generation
    async def motion(
        self,
        interaction: Interaction,
        *,
        image: File,
        path: app_commands.Range[str, 1, trajectory.TEXT_MAX_CHARS],
        model: str | None = None,
        resolution: Resolution | None = None,
        seed: Seed | None = None,
        private: bool | None = None,
    ) -> None:
        """From a picture that moves along a path."""
        chosen = self._bot.services.policy.choose(Operation.MOTION, model, requester_of(interaction))
        inputs = Inputs(trajectory=trajectory.parse(path, chosen), path=path, resolution=resolution, seed=seed)
        request = compose(chosen, inputs, {Role.DATA: attachment_of(image)})
        precheck(interaction, request)
        private = privacy(interaction, private)
        await open_reply(interaction, private=True)
        await self._show(interaction, Draft(user_id=interaction.user.id, request=request, private=private))

    motion.autocomplete("path")(offer_paths)

    async def go(self, interaction: Interaction, key: str) -> None:
        """The preview becomes a job, once, and its card comes as publicly as was asked for."""
        drafts = self._bot.services.drafts
        draft = await look(drafts.get(key, interaction.user.id))
        checked = precheck(interaction, draft.request, private=draft.private)
        draft = await look(drafts.take(key, interaction.user.id))
        try:
            await accept(interaction, checked, private=draft.private)
        except Exception:
            await drafts.put_back(key, draft)
            raise
        with contextlib.suppress(discord.HTTPException):  # the card is there; a preview that stays says so when pressed
            if interaction.message is not None:
                await interaction.followup.delete_message(interaction.message.id)

    async def change(self, interaction: Interaction, key: str) -> None:
        """Ask for another path, with this one to start from."""
        draft = await self._bot.services.drafts.get(key, interaction.user.id)
        form = path_form(key, draft.request.inputs.path or "", interaction.locale.value)
        await interaction.response.send_modal(form)

    async def redraw(self, interaction: Interaction, form: Form) -> None:
        """The same request with another path, in the same message."""
        key, path = form.match["draft"], read_path(form.data)
        draft = await self._bot.services.drafts.get(key, interaction.user.id)
        model = self._bot.services.catalog.get(draft.request.model)
        points = trajectory.parse(path, model)
        inputs = draft.request.inputs.model_copy(update={"trajectory": points, "path": path})
        request = compose(model, inputs, draft.request.files)
        await interaction.response.defer()
        await self._show(interaction, draft.model_copy(update={"request": request}), before=key)

    async def _show(self, interaction: Interaction, draft: Draft, *, before: str | None = None) -> None:
        services = self._bot.services
        preview = await services.drafts.preview(draft.request)
        key = await services.drafts.keep(draft)
        model, path = services.catalog.get(draft.request.model), draft.request.inputs.path or ""
        message = preview_message(key, path, preview, model, interaction.locale.value)
        await interaction.edit_original_response(**message)
        if before is not None:
            await services.drafts.drop(before)


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    await bot.add_cog(Motion(bot))
