"""`/jobs`: a member's own videos, for them alone, wherever they asked for them."""

from __future__ import annotations

import re

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat import own_jobs as own
from bot.chat.client import VideoBot
from bot.chat.replies.interactions import Interaction, accept, check_rights, look, open_reply, requester_of
from bot.chat.translator import Described
from bot.errors import JobGone, NotYours
from bot.rules.jobs import Job


class Own(commands.Cog):
    """The list, and one job of it with what can be done."""

    @app_commands.command(description=Described("command_jobs"))
    async def jobs(self, interaction: Interaction) -> None:
        """The first page."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await _show_list(interaction, 0)

    async def act(self, interaction: Interaction, verb: str, page: int, job_id: str) -> None:
        """Called for every press under a list, of earlier runs of the bot, too."""
        match verb:
            case own.SHOW:
                await _show_here(interaction, job_id)
            case own.SAME | own.NEW:
                await _again(interaction, job_id, same_seed=verb == own.SAME)
            case own.CANCEL:
                await interaction.response.defer()
                await interaction.client.services.job_controls.cancel(
                    (await _theirs(interaction, job_id)).id, requester_of(interaction)
                )
                await _show_one(interaction, job_id, page)
            case own.PICK:
                await interaction.response.defer()
                await _show_one(interaction, job_id, page)
            case _:
                await interaction.response.defer()
                await _show_list(interaction, page)


async def _show_list(interaction: Interaction, number: int) -> None:
    services, locale = interaction.client.services, interaction.locale.value
    page = await services.own_jobs.page(interaction.user.id, number, size=own.PAGE_SIZE)
    await interaction.edit_original_response(
        embed=own.list_embed(page.jobs, services.catalog, number=page.number, pages=page.pages, locale=locale),
        view=own.list_view(page.jobs, services.catalog, number=page.number, pages=page.pages, locale=locale),
        allowed_mentions=discord.AllowedMentions.none(),
    )


async def _show_one(interaction: Interaction, job_id: str, page: int) -> None:
    services, locale = interaction.client.services, interaction.locale.value
    job = await _theirs(interaction, job_id)
    kept_until = services.own_jobs.kept_until(job)
    await interaction.edit_original_response(
        embed=own.detail_embed(job, services.catalog, kept_until=kept_until, locale=locale),
        view=own.detail_view(job, page=page, locale=locale),
        allowed_mentions=discord.AllowedMentions.none(),
    )


async def _show_here(interaction: Interaction, job_id: str) -> None:
    """In a message of its own; as private as it was asked for."""
    job = await _theirs(interaction, job_id)
    check_rights(interaction, private=job.reply.ephemeral)
    reply = await open_reply(interaction, private=job.reply.ephemeral)
    await interaction.client.services.job_controls.bring(job_id, requester_of(interaction), reply)


async def _again(interaction: Interaction, job_id: str, *, same_seed: bool) -> None:
    job = await look(_theirs(interaction, job_id))
    seed = job.request.inputs.seed if same_seed else None
    controls = interaction.client.services.job_controls
    _, checked = await look(controls.precheck_again(job_id, requester_of(interaction), seed=seed))
    check_rights(interaction, private=job.reply.ephemeral)
    await accept(interaction, checked, private=job.reply.ephemeral)


async def _theirs(interaction: Interaction, job_id: str) -> Job:
    """The job, if whoever presses asked for it; raises `NotYours`, `JobGone`."""
    if not re.fullmatch(r"[0-9a-f]{32}", job_id):
        raise JobGone
    job = await interaction.client.services.job_controls.job(job_id)
    if job.requester.user_id != interaction.user.id:
        raise NotYours(requester_id=job.requester.user_id)
    return job


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    bot.add_dynamic_items(own.OwnButton, own.OwnMenu)
    await bot.add_cog(Own())
