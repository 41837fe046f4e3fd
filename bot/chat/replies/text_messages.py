"""Answering an ordinary message as a command would be answered: the same request, the same card, as a reply to it."""

from __future__ import annotations

import logging
from typing import Any

import discord

from bot.chat.client_base import ClientBase
from bot.chat.replies.edit_routes import UNSENT
from bot.chat.replies.error_messages import note_refusal, sentence_for
from bot.chat.replies.interactions import is_age_restricted, roles_of
from bot.errors import PermissionsMissing, RoleNotAllowed
from bot.rules.jobs import Job, Reply, Requester
from bot.rules.requests import VideoRequest
from bot.wording.facts import fitted

log = logging.getLogger(__name__)

_MIB = 1024 * 1024
_UPLOAD_BYTES = 20 * _MIB
_BOOSTED_UPLOAD_BYTES = {2: 50 * _MIB, 3: 100 * _MIB}
"""What Discord takes for one file: 20 MiB since 2026-09-03, more from boost tier 2 on. Messages don't announce it."""

_SILENT = discord.AllowedMentions.none()


async def answer_text(bot: ClientBase, message: discord.Message, request: VideoRequest) -> Job:
    """Take the job and show its card as a reply, or raise the `Refused` that says why not."""
    acceptance = bot.services.acceptance
    job = await acceptance.accept(acceptance.precheck(request, author_of(bot, message)), _unsent_reply(bot, message))
    opening = bot.announcer.opening(job)
    try:
        sent = await _reply(message, embed=opening["embed"], view=opening["view"])
    except discord.HTTPException:
        await acceptance.withdraw(job)
        raise
    except UNSENT as exc:  # it may be there: the video goes to direct messages where it can't be found
        log.warning("the card of job %s may not have come to Discord: %s", job.id, type(exc).__name__)
    else:
        job = job.model_copy(update={"reply": job.reply.model_copy(update={"message_id": sent.id})})
        bot.announcer.opened(job)
    await acceptance.begin(job)
    return job


def _unsent_reply(bot: ClientBase, message: discord.Message) -> Reply:
    return Reply(
        application_id=bot.application_id or 0,
        channel_id=message.channel.id,
        guild_id=message.guild.id if message.guild else None,
        upload_limit_bytes=upload_limit(message.guild),
        answers=message.id,
    )


async def tell_text(message: discord.Message, sentence: str, *, view: discord.ui.View | None = None) -> None:
    """Say it under the member's message, or in private where the bot may not write; nobody is pinged."""
    sentence = fitted(sentence)
    try:
        if _may_write(message):
            await _reply(message, content=sentence, view=view)
        else:
            await message.author.send(sentence, allowed_mentions=_SILENT)
    except UNSENT as exc:
        log.warning("message %s could not be answered: %s", message.id, exc)


async def report_error_in_text(bot: ClientBase, message: discord.Message, error: Exception) -> None:
    """Turn whatever went wrong into one sentence, as far as Discord lets us say it."""
    guild_id = message.guild.id if message.guild else None
    note_refusal(error, user_id=message.author.id, guild_id=guild_id, channel_id=message.channel.id)
    sentence = sentence_for(error, locale_of(bot, message), f"message {message.id}")
    if sentence is not None:
        await tell_text(message, sentence)


def check_rights(message: discord.Message) -> None:
    """Raises `PermissionsMissing` for what a reply with a video needs and the bot lacks here."""
    held = _held(message)
    if held is None:
        return
    writing = "send_messages_in_threads" if isinstance(message.channel, discord.Thread) else "send_messages"
    needed = (writing, "embed_links", "attach_files", "read_message_history")
    missing = [name for name in needed if not getattr(held, name)]
    if missing:
        raise PermissionsMissing(permissions=", ".join(missing))


def check_author(message: discord.Message, command: str) -> None:
    """Raises `RoleNotAllowed` for who may not use commands there: a message is no way around that."""
    channel, author = message.channel, message.author
    if not isinstance(author, discord.Member) or isinstance(channel, discord.PartialMessageable):
        return
    if not channel.permissions_for(author).use_application_commands:
        raise RoleNotAllowed(command=command)


def author_of(bot: ClientBase, message: discord.Message) -> Requester:
    """Who asks, and as what. Messages don't say in which language their author reads: the server's is the next best."""
    channel, author = message.channel, message.author
    member = author if isinstance(author, discord.Member) else None
    held = channel.permissions_for(member) if member and not isinstance(channel, discord.PartialMessageable) else None
    return Requester(
        user_id=author.id,
        name=author.display_name,
        guild_id=message.guild.id if message.guild else None,
        channel_id=channel.id,
        parent_channel_id=channel.parent_id if isinstance(channel, discord.Thread) else None,
        role_ids=roles_of(member) if member else (),
        moderator=held is not None and held.manage_messages,
        server_moderator=member is not None and member.guild_permissions.manage_messages,
        admin=held is not None and held.manage_guild,
        age_restricted=is_age_restricted(channel),
        locale=locale_of(bot, message),
        guild_locale=locale_of(bot, message) if message.guild else None,
    )


def locale_of(bot: ClientBase, message: discord.Message) -> str:
    """The language that the member is answered in."""
    if message.guild is None:
        return discord.Locale.american_english.value
    return bot.services.guilds.language(message.guild.id) or message.guild.preferred_locale.value


def upload_limit(guild: discord.Guild | None) -> int:
    """Bytes that one file may have there, as far as anybody knows before trying."""
    return _BOOSTED_UPLOAD_BYTES.get(guild.premium_tier, _UPLOAD_BYTES) if guild else _UPLOAD_BYTES


async def _reply(
    message: discord.Message,
    *,
    content: str | None = None,
    embed: discord.Embed | None = None,
    view: discord.ui.View | None = None,
) -> discord.Message:
    """The nonce has Discord give the first reply again where the same message is answered twice within minutes."""
    held = _held(message)
    parts: dict[str, Any] = {"embed": embed, "view": view}
    if held is None or held.read_message_history:
        parts["reference"] = message.to_reference(fail_if_not_exists=False)
    return await message.channel.send(
        content,
        nonce=str(message.id),
        allowed_mentions=_SILENT,
        **{name: part for name, part in parts.items() if part is not None},
    )


def _may_write(message: discord.Message) -> bool:
    held = _held(message)
    if held is None:
        return True
    return held.send_messages_in_threads if isinstance(message.channel, discord.Thread) else held.send_messages


def _held(message: discord.Message) -> discord.Permissions | None:
    """The bot's own permissions there; None in private channels, which have none."""
    if message.guild is None or isinstance(message.channel, discord.PartialMessageable):
        return None
    return message.channel.permissions_for(message.guild.me)
