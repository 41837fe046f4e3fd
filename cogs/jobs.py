"""`/jobs`: a member's own videos, for them alone, wherever they asked for them."""

from __future__ import annotations

import re

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat import own_jobs as own
from bot.chat.client import VideoBot
from bot.chat.inputs.options import Described
from bot.chat.persistent import chosen_values
from bot.chat.replies.interactions import (
    Interaction,
    accept_again,
    ask,
    check_rights,
    keep_reply,
    look,
    open_reply,
    requester_of,
)
from bot.errors import JobGone, NotYours
from bot.rules.jobs import Job
from bot.work.services import Prechecked


class OwnVideos(commands.Cog):
    """The command, and what is done with its list and with one job of it."""

    @app_commands.command(description=Described("command_jobs"))
    async def jobs(self, interaction: Interaction) -> None:
        """Show the first page of the list."""
        await open_reply(interaction, private=True)
        await _show_list(interaction, 0)

    async def pressed(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Do what a button under a list, or under one job of it, says."""
        verb, page, job_id = match["verb"], int(match["page"]), match["job"] or ""
        match verb:
            case own.SHOW:
                await _show_here(interaction, job_id)
            case own.SAME | own.NEW:
                await _again(interaction, job_id, same_seed=verb == own.SAME)
            case own.CANCEL:
                await keep_reply(interaction)
                job = await ask(_theirs(interaction, job_id))
                await interaction.client.services.job_controls.cancel(job.id, requester_of(interaction))
                await _show_one(interaction, job_id, page)
            case _:
                await keep_reply(interaction)
                await _show_list(interaction, page)

    async def chosen(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Show the job that was chosen in a list."""
        await keep_reply(interaction)
        await _show_one(interaction, next(iter(chosen_values(interaction)), ""), int(match["page"]))


async def _show_list(interaction: Interaction, number: int) -> None:
    services, locale = interaction.client.services, interaction.locale.value
    page = await ask(services.own_jobs.page(interaction.user.id, number, size=own.PAGE_SIZE))
    await interaction.edit_original_response(
        embed=own.list_embed(page.jobs, services.catalog, number=page.number, pages=page.pages, locale=locale),
        view=own.list_view(page.jobs, services.catalog, number=page.number, pages=page.pages, locale=locale),
        allowed_mentions=discord.AllowedMentions.none(),
    )


async def _show_one(interaction: Interaction, job_id: str, page: int) -> None:
    services, locale = interaction.client.services, interaction.locale.value
    job = await ask(_theirs(interaction, job_id))
    kept_until = services.own_jobs.kept_until(job)
    await interaction.edit_original_response(
        embed=own.detail_embed(job, services.catalog, kept_until=kept_until, locale=locale),
        view=own.detail_view(job, services.catalog, page=page, locale=locale),
        allowed_mentions=discord.AllowedMentions.none(),
    )


async def _show_here(interaction: Interaction, job_id: str) -> None:
    """Show the job in a new message here, as private as the job was asked for."""

    async def allowed() -> Job:
        job = await _theirs(interaction, job_id)
        await interaction.client.services.policy.check_shown(job, requester_of(interaction))
        return job

    job = await look(allowed())
    check_rights(interaction, private=job.reply.ephemeral)
    reply = await open_reply(interaction, private=job.reply.ephemeral)
    await interaction.client.services.job_controls.bring(job_id, requester_of(interaction), reply)


async def _again(interaction: Interaction, job_id: str, *, same_seed: bool) -> None:
    async def prechecked() -> tuple[Job, Prechecked]:
        job = await _theirs(interaction, job_id)
        seed = job.request.inputs.seed if same_seed else None
        controls = interaction.client.services.job_controls
        return await controls.precheck_again(job_id, requester_of(interaction), seed=seed)

    job, checked = await look(prechecked())
    await accept_again(interaction, checked, job)


async def _theirs(interaction: Interaction, job_id: str) -> Job:
    """The job, where whoever presses asked for it. Raises `NotYours`, `JobGone`."""
    if not re.fullmatch(r"[0-9a-f]{32}", job_id):
        raise JobGone
    job = await interaction.client.services.job_controls.job(job_id)
    if job.requester.user_id != interaction.user.id:
        raise NotYours(requester_id=job.requester.user_id)
    return job


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    videos = OwnVideos()
    bot.persist(own.OWN_BUTTON, videos.pressed)
    bot.persist(own.OWN_SELECT, videos.chosen)
    await bot.add_cog(videos)
