"""Answering an interaction in the right order: look first, acknowledge within three seconds, then accept the job.

What can be refused at a glance is refused before the acknowledgement, so that the refusal is private whatever the
answer would have been; ephemerality is fixed by the first response and can't be changed later.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import discord

from bot.errors import PermissionsMissing
from bot.rules.jobs import Job, Reply, Requester
from bot.rules.requests import Attachment, VideoRequest

if TYPE_CHECKING:
    from bot.chat.client import VideoBot

log = logging.getLogger(__name__)

Interaction: TypeAlias = "discord.Interaction[VideoBot]"

PRECHECK_SECONDS = 1.0
"""How long the look before the acknowledgement may take: Discord gives three seconds for all of it."""

_PRIVATE = "clapper_private"
_TOO_LATE = 10062
"""Discord's code for an interaction that it has given up: nobody can be told anything."""


async def answer(interaction: Interaction, request: VideoRequest, *, private: bool | None = None) -> Job:
    """Take the job, or raise the `Refused` that says why not; either way the member hears of it once.

    `private` None: as the server's admins have set.
    """
    private = await privacy(interaction, private)
    await precheck(interaction, request, private=private)
    reply = await open_reply(interaction, private=private)
    return await interaction.client.services.acceptance.accept(request, requester_of(interaction), reply)


async def privacy(interaction: Interaction, asked: bool | None) -> bool:
    """Whether the answer is for the member alone: as they said, or else as the server's admins did.

    Private where that can't be known in time, since a public answer could not be taken back.
    """
    if asked is not None:
        return asked
    look = asyncio.ensure_future(interaction.client.services.policy.private_by_default(requester_of(interaction)))
    return look.result() if await _in_time(look, PRECHECK_SECONDS / 2) else True


async def precheck(interaction: Interaction, request: VideoRequest, *, private: bool = False) -> None:
    """Raise the `Refused` that can be seen already, in at most `FORESIGHT_SECONDS`: accepting decides again anyway."""
    check_rights(interaction, private=private)
    look = asyncio.ensure_future(interaction.client.services.acceptance.precheck(request, requester_of(interaction)))
    if await _in_time(look, PRECHECK_SECONDS):
        look.result()


async def _in_time(look: asyncio.Future[Any], seconds: float) -> bool:
    """Whether it is done by then. Left to end by itself where it is late: breaking it off would cost a database that is
    slow already one connection more. A stop breaks it off where it closes the database."""
    await asyncio.wait({look}, timeout=seconds)
    if not look.done():
        look.add_done_callback(lambda late: late.cancelled() or late.exception())
    return look.done()


def check_rights(interaction: Interaction, *, private: bool) -> None:
    """Raises `PermissionsMissing` for what a reply with a video needs and the app lacks here.

    Editing the reply as the bot, once the token has died, needs the channel to be visible to it.
    """
    if interaction.guild_id is None:
        return
    as_the_bot = interaction.is_guild_integration() and not private
    needed = (*(("view_channel",) if as_the_bot else ()), "embed_links", "attach_files")
    missing = [name for name in needed if not getattr(interaction.app_permissions, name)]
    if missing:
        raise PermissionsMissing(permissions=", ".join(missing))


async def open_reply(interaction: Interaction, *, private: bool) -> Reply:
    """Acknowledge with a new message, "thinking" for now, and say how to reach it; `discord.NotFound` if too late."""
    response = await interaction.response.defer(ephemeral=private, thinking=True)
    ephemeral = private or (response is not None and response.is_ephemeral())
    interaction.extras[_PRIVATE] = ephemeral
    message_id = response.message_id if response is not None else None
    if message_id is None:  # documented as optional
        message_id = (await interaction.original_response()).id
    return reply_of(interaction, message_id, ephemeral=ephemeral)


async def keep_reply(interaction: Interaction) -> Reply | None:
    """Acknowledge a press without a new message; the reply is the pressed one, with this interaction's fresh token."""
    await interaction.response.defer()
    message = interaction.message
    return None if message is None else reply_of(interaction, message.id, ephemeral=message.flags.ephemeral)


def reply_of(interaction: Interaction, message_id: int, *, ephemeral: bool) -> Reply:
    """Every way to reach that message that this interaction opens."""
    life = timedelta(seconds=interaction.client.settings.token_life_seconds)
    in_our_dm = interaction.context.dm_channel is True
    return Reply(
        application_id=interaction.application_id,
        channel_id=interaction.channel_id or 0,
        guild_id=interaction.guild_id,
        message_id=message_id,
        token=interaction.token,
        token_expires_at=interaction.created_at + life,
        ephemeral=ephemeral,
        user_install=interaction.is_user_integration() and not (interaction.is_guild_integration() or in_our_dm),
        upload_limit_bytes=interaction.filesize_limit,
        answers=interaction.id,
    )


def hears_messages(interaction: Interaction) -> bool:
    """Whether messages that are written there reach the bot: not where only a member's account has the app."""
    return interaction.context.dm_channel is True or interaction.is_guild_integration()


def is_age_restricted(channel: object) -> bool:
    """Whether Discord shows the channel to adults alone; a thread is what its channel is."""
    ask = getattr(channel, "is_nsfw", None)  # channels of private messages know no such thing
    return bool(ask()) if callable(ask) else False


def requester_of(interaction: Interaction) -> Requester:
    """Who asks, and as what. Moderators are those who may delete other people's messages here."""
    channel = interaction.channel
    member = interaction.user if isinstance(interaction.user, discord.Member) else None
    return Requester(
        user_id=interaction.user.id,
        name=interaction.user.display_name,
        guild_id=interaction.guild_id,
        channel_id=interaction.channel_id or 0,
        parent_channel_id=channel.parent_id if isinstance(channel, discord.Thread) else None,
        role_ids=tuple(role.id for role in member.roles) if member else (),
        moderator=interaction.permissions.manage_messages,
        admin=interaction.guild_id is not None and interaction.permissions.manage_guild,
        age_restricted=is_age_restricted(channel),
        locale=interaction.locale.value,
    )


def attachment_of(file: discord.Attachment) -> Attachment:
    """The file as Discord describes it."""
    return Attachment(
        url=file.url,
        filename=file.filename,
        size_bytes=file.size,
        content_type=file.content_type,
        width=file.width,
        height=file.height,
        seconds=file.duration,
    )


async def tell(interaction: Interaction, sentence: str) -> None:
    """Say it privately, as the first response or instead of the one that was promised.

    A public "thinking" message is taken away first: a follow-up would otherwise become that message, in public.
    """
    silent = discord.AllowedMentions.none()
    try:
        if not interaction.response.is_done():
            await interaction.response.send_message(sentence, ephemeral=True, allowed_mentions=silent)
            return
        promised = interaction.response.type is discord.InteractionResponseType.deferred_channel_message
        if promised and interaction.extras.get(_PRIVATE, False):
            await interaction.edit_original_response(content=sentence, allowed_mentions=silent)
            return
        if promised:
            await interaction.delete_original_response()
        await interaction.followup.send(sentence, ephemeral=True, allowed_mentions=silent)
    except discord.NotFound as exc:
        log.warning("interaction %s is over, nobody was told: %s", interaction.id, exc.code)
