"""`/jobs`: a member's own videos, for them alone, wherever they asked for them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat import own_jobs as own
from bot.chat.client import VideoBot
from bot.chat.inputs.options import Described
from bot.chat.persistent import chosen_values
from bot.chat.replies.accepting import accept_again
from bot.chat.replies.interactions import (
    Interaction,
    ask,
    check_rights,
    in_time,
    look,
    may_attach,
    open_reply,
    requester_of,
)
from bot.chat.replies.presses import take_press
from bot.errors import JobGone, NotYours
from bot.rules.jobs import Job
from bot.wording import say
from bot.wording.facts import escape
from bot.work.services import Page, Prechecked

STILLS_AT_ONCE_SECONDS = 0.5
"""How long a list waits for its pictures before it is shown without them."""


class OwnVideos(commands.Cog):
    """The command, and what is done with its list and with one job of it."""

    def __init__(self) -> None:
        self._newest: dict[int, int] = {}
        """By the member's id: the use whose list is on their screen, so that late pictures change no newer one."""

    @app_commands.command(description=Described("command_jobs"))
    async def jobs(self, interaction: Interaction) -> None:
        """Show the first page of the list."""
        await open_reply(interaction, private=True)
        await self._show_list(interaction, own.ListView())

    async def pressed(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Do what a button under a list, or under one job of it, says."""
        verb, job_id = match["verb"], match["job"] or ""
        shown = own.ListView.read(match["only"], int(match["page"]))
        match verb:
            case own.SHOW:
                await _show_here(interaction, job_id)
            case own.SAME | own.NEW:
                await _again(interaction, job_id, same_seed=verb == own.SAME)
            case own.CANCEL:
                await take_press(interaction)
                job = await ask(_theirs(interaction, job_id))
                await interaction.client.services.job_controls.cancel(job.id, requester_of(interaction))
                await self._show_one(interaction, job_id, shown)
            case _:
                await take_press(interaction)
                await self._show_list(interaction, shown)

    async def chosen(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Show the job that was chosen in a list."""
        await take_press(interaction)
        shown = own.ListView.read(match["only"], int(match["page"]))
        await self._show_one(interaction, next(iter(chosen_values(interaction)), ""), shown)

    async def filtered(self, interaction: Interaction, match: re.Match[str]) -> None:
        """List what was chosen alone, from its first page on."""
        del match
        await take_press(interaction)
        await self._show_list(interaction, own.ListView.read(next(iter(chosen_values(interaction)), None)))

    async def _show_list(self, interaction: Interaction, shown: own.ListView) -> None:
        """The page, with its pictures as far as they are there at once; else they follow."""
        user_id, own_jobs = interaction.user.id, interaction.client.services.own_jobs
        self._newest[user_id] = interaction.id
        try:
            page = await ask(own_jobs.page(user_id, shown.number, size=own.PAGE_SIZE, only=shown.only))
            shown = replace(shown, number=page.number)
            pictured = page.jobs if may_attach(interaction) else ()
            drawing = asyncio.ensure_future(own_jobs.stills(pictured))
            drawn = await in_time(drawing, STILLS_AT_ONCE_SECONDS)
            await _put_list(interaction, page, shown, drawing.result() if drawn else {})
            if not drawn and (stills := await drawing) and self._newest.get(user_id) == interaction.id:
                await _put_list(interaction, page, shown, stills)
        finally:
            if self._newest.get(user_id) == interaction.id:
                del self._newest[user_id]

    async def _show_one(self, interaction: Interaction, job_id: str, shown: own.ListView) -> None:
        services, locale = interaction.client.services, interaction.locale.value
        self._newest.pop(interaction.user.id, None)
        job = await ask(_theirs(interaction, job_id))
        kept_until = services.own_jobs.kept_until(job)
        await interaction.edit_original_response(
            content=None,
            embed=own.detail_embed(job, services.catalog, kept_until=kept_until, locale=locale),
            attachments=[],
            view=own.detail_view(job, services.catalog, shown, locale=locale),
            allowed_mentions=discord.AllowedMentions.none(),
        )


async def _put_list(interaction: Interaction, page: Page, shown: own.ListView, stills: Mapping[str, bytes]) -> None:
    catalog, locale = interaction.client.services.catalog, interaction.locale.value
    await interaction.edit_original_response(
        content=own.list_heading(page.jobs, shown, pages=page.pages, locale=locale),
        embeds=own.list_embeds(
            page.jobs, catalog, shown, place=partial(_place, interaction), stills=stills, locale=locale
        ),
        attachments=own.still_files(stills),
        view=own.list_view(page.jobs, catalog, shown, pages=page.pages, locale=locale),
        allowed_mentions=discord.AllowedMentions.none(),
    )


def _place(interaction: Interaction, job: Job) -> str:
    """The server's name, as far as this process knows it; that only its member sees the message."""
    locale, guild_id = interaction.locale.value, job.reply.guild_id
    guild = None if guild_id is None else interaction.client.get_guild(guild_id)
    server = say("jobs_direct", locale) if guild_id is None else escape(guild.name, 60) if guild else ""
    private = say("jobs_private", locale) if job.reply.ephemeral else ""
    return " · ".join(filter(None, (server, private)))


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
    bot.persist(own.OWN_FILTER, videos.filtered)
    await bot.add_cog(videos)
