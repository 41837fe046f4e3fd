"""The commands that make videos at once; `/motion`, which shows a preview first, is in `cogs.motion`.

A command's signature is the form that Discord shows; its texts are in `bot.wording`. Rules that Discord can't check are
in `bot.rules.requests`; the tree turns what they raise into a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping

from discord.ext import commands

from bot.chat.client import VideoBot
from bot.chat.inputs.latest_file import make_of_newest, picked
from bot.chat.inputs.options import Avoid, Duration, File, Prompt, Seed, Start, generation, operation_of
from bot.chat.inputs.picker import COMMAND_PICKER
from bot.chat.inputs.prompt_names import inputs_seen
from bot.chat.replies.accepting import answer
from bot.chat.replies.interactions import Interaction, attachment_of, requester_of
from bot.rules.catalog import Role
from bot.rules.requests import Attachment, Inputs, Orientation, Resolution, VideoRequest


class Generate(commands.Cog):
    """One command for each operation, named as in the catalogue."""

    @generation
    async def t2v(
        self,
        interaction: Interaction,
        *,
        prompt: Prompt,
        model: str | None = None,
        resolution: Resolution | None = None,
        orientation: Orientation | None = None,
        duration: Duration | None = None,
        audio: bool | None = None,
        avoid: Avoid | None = None,
        seed: Seed | None = None,
        private: bool | None = None,
    ) -> None:
        """From words alone."""
        inputs = Inputs(
            prompt=prompt,
            resolution=resolution,
            orientation=orientation,
            seed=seed,
            duration=duration,
            audio=audio,
            avoid=avoid,
        )
        await make(interaction, inputs, model=model, private=private)

    @generation
    async def animate(
        self,
        interaction: Interaction,
        *,
        prompt: Prompt,
        image: File | None = None,
        model: str | None = None,
        resolution: Resolution | None = None,
        orientation: Orientation | None = None,
        duration: Duration | None = None,
        audio: bool | None = None,
        avoid: Avoid | None = None,
        seed: Seed | None = None,
        private: bool | None = None,
    ) -> None:
        """From a picture that begins to move."""
        inputs = Inputs(
            prompt=prompt,
            resolution=resolution,
            seed=seed,
            orientation=orientation,
            duration=duration,
            audio=audio,
            avoid=avoid,
        )
        await make(interaction, inputs, {Role.DATA: image}, model=model, private=private)

    @generation
    async def v2v(
        self,
        interaction: Interaction,
        *,
        prompt: Prompt,
        video: File,
        reference: File | None = None,
        start: Start | None = None,
        model: str | None = None,
        resolution: Resolution | None = None,
        enhance: bool | None = None,
        seed: Seed | None = None,
        private: bool | None = None,
    ) -> None:
        """From a video that changes as a whole."""
        inputs = Inputs(prompt=prompt, resolution=resolution, enhance_prompt=enhance, seed=seed, start_seconds=start)
        await make(interaction, inputs, {Role.DATA: video, Role.REFERENCE: reference}, model=model, private=private)

    @generation
    async def flf2v(
        self,
        interaction: Interaction,
        *,
        prompt: Prompt,
        first: File,
        last: File,
        model: str | None = None,
        resolution: Resolution | None = None,
        duration: Duration | None = None,
        audio: bool | None = None,
        seed: Seed | None = None,
        private: bool | None = None,
    ) -> None:
        """From a first picture to a last one."""
        inputs = Inputs(prompt=prompt, resolution=resolution, seed=seed, duration=duration, audio=audio)
        await make(interaction, inputs, {Role.START: first, Role.END: last}, model=model, private=private)

    @generation
    async def restyle(
        self,
        interaction: Interaction,
        *,
        prompt: Prompt | None = None,
        video: File | None = None,
        reference: File | None = None,
        start: Start | None = None,
        model: str | None = None,
        resolution: Resolution | None = None,
        enhance: bool | None = None,
        seed: Seed | None = None,
        private: bool | None = None,
    ) -> None:
        """From a video that gets another look, by words or by a picture."""
        inputs = Inputs(prompt=prompt, resolution=resolution, enhance_prompt=enhance, seed=seed, start_seconds=start)
        await make(interaction, inputs, {Role.DATA: video, Role.REFERENCE: reference}, model=model, private=private)

    @generation
    async def edit(
        self,
        interaction: Interaction,
        *,
        prompt: Prompt | None = None,
        video: File | None = None,
        reference: File | None = None,
        start: Start | None = None,
        model: str | None = None,
        resolution: Resolution | None = None,
        enhance: bool | None = None,
        seed: Seed | None = None,
        private: bool | None = None,
    ) -> None:
        """From a video in which something changes, by words, a picture or both."""
        inputs = Inputs(prompt=prompt, resolution=resolution, enhance_prompt=enhance, seed=seed, start_seconds=start)
        await make(interaction, inputs, {Role.DATA: video, Role.REFERENCE: reference}, model=model, private=private)

    @generation
    async def tryon(
        self,
        interaction: Interaction,
        *,
        prompt: Prompt | None = None,
        video: File | None = None,
        garment: File | None = None,
        start: Start | None = None,
        model: str | None = None,
        resolution: Resolution | None = None,
        enhance: bool | None = None,
        seed: Seed | None = None,
        private: bool | None = None,
    ) -> None:
        """From a video whose person gets other clothes, by words, a picture or both."""
        inputs = Inputs(prompt=prompt, resolution=resolution, enhance_prompt=enhance, seed=seed, start_seconds=start)
        await make(interaction, inputs, {Role.DATA: video, Role.REFERENCE: garment}, model=model, private=private)

    @generation
    async def image(
        self,
        interaction: Interaction,
        *,
        prompt: Prompt,
        image: File | None = None,
        reference: File | None = None,
        model: str | None = None,
        resolution: Resolution | None = None,
        enhance: bool | None = None,
        seed: Seed | None = None,
        private: bool | None = None,
    ) -> None:
        """From a picture that is changed by words."""
        inputs = Inputs(prompt=prompt, resolution=resolution, enhance_prompt=enhance, seed=seed)
        await make(interaction, inputs, {Role.DATA: image, Role.REFERENCE: reference}, model=model, private=private)


async def make(
    interaction: Interaction,
    inputs: Inputs,
    files: Mapping[Role, File | None] | None = None,
    *,
    model: str | None,
    private: bool | None,
) -> None:
    """Ask for the video, with the named model or the usual one; where the file to begin with was left out, of the
    channel's newest."""
    policy, requester = interaction.client.services.policy, requester_of(interaction)
    inputs = inputs_seen(inputs, interaction)
    chosen = policy.choose(operation_of(interaction), model, requester)
    given = {role: attachment_of(file) for role, file in (files or {}).items() if file is not None}

    def with_files(files: Mapping[Role, Attachment]) -> VideoRequest:
        fitting = chosen if model else policy.for_shape(chosen, files.get(Role.DATA), requester)
        return policy.compose(fitting, inputs, files, requester)

    if Role.DATA in (files or {}) and Role.DATA not in given:
        await make_of_newest(
            interaction, chosen, lambda newest: with_files({Role.DATA: newest, **given}), private=private
        )
    else:
        await answer(interaction, with_files(given), private=private)


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    bot.persist(COMMAND_PICKER, picked)
    await bot.add_cog(Generate())
