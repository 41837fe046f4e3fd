"""`/motion` first shows a picture of the path, privately and for free; Go makes the video, Change asks for another."""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.client import VideoBot
from bot.chat.inputs.forms import PATH_FORM, FormValues, path_form, read_path_form
from bot.chat.inputs.options import File, Seed, generation
from bot.chat.persistent import JOB_BUTTONS, Verb, job_button, view_with
from bot.chat.replies.accepting import accept, precheck, privacy
from bot.chat.replies.interactions import (
    LOOK_SECONDS,
    Interaction,
    ask,
    attachment_of,
    in_time,
    keep_reply,
    look,
    open_reply,
    requester_of,
)
from bot.chat.replies.presses import take_press
from bot.errors import DatabaseUnavailable, DraftGone
from bot.rules import trajectory
from bot.rules.catalog import Model, Operation, Role
from bot.rules.drafts import Draft, Preview
from bot.rules.requests import Inputs, Resolution
from bot.wording import say, translated
from bot.wording.facts import escape

_PICTURE = "path.jpg"
_PATH_QUOTED_CHARS = 300


async def offer_paths(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """The ready-made paths whose names hold the words typed so far."""
    return [app_commands.Choice(name=preset.name, value=preset.name) for preset in trajectory.suggest(typed)]


class Motion(commands.Cog):
    """The command, the two buttons of its preview, and the form that Change opens."""

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot

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
        policy, requester = self._bot.services.policy, requester_of(interaction)
        chosen = policy.choose(Operation.MOTION, model, requester)
        inputs = Inputs(trajectory=trajectory.parse(path, chosen), path=path, resolution=resolution, seed=seed)
        request = policy.compose(chosen, inputs, {Role.DATA: attachment_of(image)}, requester)
        precheck(interaction, request)
        private = privacy(interaction, private)
        self._bot.services.drafts.count_preview(interaction.user.id)
        await open_reply(interaction, private=True)
        await self._show(interaction, Draft(user_id=interaction.user.id, request=request, private=private))

    motion.autocomplete("path")(offer_paths)

    async def go(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Make a job of the draft, once, in a message that is as public as was asked for."""
        drafts, key = self._bot.services.drafts, match["job"]
        try:
            draft = await look(drafts.get(key, interaction.user.id))
            checked = precheck(interaction, draft.request, private=draft.private)
            taking = asyncio.ensure_future(drafts.take(key, interaction.user.id))
            if not await in_time(taking, LOOK_SECONDS):
                drafts.put_back_late(key, taking)
                raise DatabaseUnavailable("it did not answer in time")
            draft = taking.result()
        except DraftGone:
            if not await look(drafts.just_taken(key, interaction.user.id)):
                raise
            await keep_reply(interaction)  # the second press of two
            return
        try:
            await accept(interaction, checked, private=draft.private)
        except Exception:
            await drafts.put_back(key, draft)
            raise
        with contextlib.suppress(discord.HTTPException):  # the card is there; a preview that stays says so when pressed
            if interaction.message is not None:
                await interaction.followup.delete_message(interaction.message.id)

    async def change(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Ask for another path, with this one to start from."""
        key = match["job"]
        draft = await look(self._bot.services.drafts.get(key, interaction.user.id))
        form = path_form(key, draft.request.inputs.path or "", interaction.locale.value)
        await interaction.response.send_modal(form)

    async def redraw(self, interaction: Interaction, match: re.Match[str]) -> None:
        """The same request with another path, in the same message."""
        key, path = match["draft"], read_path_form(FormValues(interaction.data))
        draft = await look(self._bot.services.drafts.get(key, interaction.user.id))
        model = self._bot.services.catalog.get(draft.request.model)
        points = trajectory.parse(path, model)
        inputs = draft.request.inputs.model_copy(update={"trajectory": points, "path": path})
        request = self._bot.services.policy.compose(model, inputs, draft.request.files, requester_of(interaction))
        self._bot.services.drafts.count_preview(interaction.user.id)
        await take_press(interaction)
        await self._show(interaction, draft.model_copy(update={"request": request}), before=key)

    async def _show(self, interaction: Interaction, draft: Draft, *, before: str | None = None) -> None:
        services = self._bot.services
        preview = await services.drafts.preview(draft.request, requester_of(interaction))
        key = await ask(services.drafts.keep(draft))
        model, path = services.catalog.get(draft.request.model), draft.request.inputs.path or ""
        await interaction.edit_original_response(
            **_preview_message(key, path, preview, model, interaction.locale.value)
        )
        if before is not None:
            await ask(services.drafts.drop(before))


def _preview_message(key: str, path: str, preview: Preview, model: Model, locale: str) -> dict[str, Any]:
    """The parts of the edit that shows a preview; new ones each time, as discord.py uses files and views up."""
    lines = [f"> {escape(path, _PATH_QUOTED_CHARS)}", say("preview_legend", locale)]
    if preview.cropped:
        width, height = model.frame
        lines.append(say("preview_cropped", locale, width=width, height=height))
    lines.append(say("preview_note", locale))
    embed = discord.Embed(
        title=translated("preview_title", locale), description="\n".join(lines), colour=discord.Colour.blurple()
    )
    embed.set_image(url=f"attachment://{_PICTURE}")
    return {
        "embed": embed,
        "view": view_with(*(job_button(verb, key, locale) for verb in (Verb.GO, Verb.CHANGE))),
        "attachments": [discord.File(io.BytesIO(preview.picture), _PICTURE)],
        "allowed_mentions": discord.AllowedMentions.none(),
    }


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    motion = Motion(bot)
    bot.persist(JOB_BUTTONS[Verb.GO], motion.go)
    bot.persist(JOB_BUTTONS[Verb.CHANGE], motion.change)
    bot.persist(PATH_FORM, motion.redraw)
    await bot.add_cog(motion)
