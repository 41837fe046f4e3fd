"""Interactions: who asks and what they may, the first response, and how the reply is reached afterwards.

Discord gives three seconds for the first response, which also fixes for ever who sees it. So whatever is asked before
it is asked with a bound.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeAlias, TypeVar

import discord

from bot.chat.client_base import ClientBase
from bot.chat.replies.edit_routes import CONNECTION_LOST
from bot.chat.replies.error_messages import note_refusal
from bot.errors import AdminsOnly, DatabaseUnavailable, PermissionsMissing
from bot.rules.jobs import Reply, Requester
from bot.rules.requests import Attachment, hidden_name
from bot.wording.facts import fitted

log = logging.getLogger(__name__)

Interaction: TypeAlias = discord.Interaction[ClientBase]
T = TypeVar("T")

LOOK_SECONDS = 1.0
"""How long the database may be asked before a press is answered at all."""

ANSWER_SECONDS = 10.0
"""How long it may be asked once the member knows that Clapper is thinking."""

_PRIVATE = "clapper_private"
_ALREADY_ACKNOWLEDGED = 40060
_ATTEMPTS = 3
"""Tries of a first response whose connection breaks: Discord may have taken the one before."""


async def in_time(task: asyncio.Future[Any], seconds: float) -> bool:
    """Whether it is done by then. Left to end by itself where it is late: breaking it off would cost a database that is
    slow already one connection more. A stop breaks it off where it closes the database."""
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    await asyncio.wait({task}, timeout=seconds)
    return task.done()


async def look(question: Awaitable[T], seconds: float = LOOK_SECONDS) -> T:
    """What the database answers, asked before the interaction is acknowledged.

    Raises `DatabaseUnavailable` where that takes longer than `seconds`, and what the question raises.
    """
    asking = asyncio.ensure_future(question)
    if not await in_time(asking, seconds):
        raise DatabaseUnavailable("it did not answer in time")
    return asking.result()


async def ask(question: Awaitable[T]) -> T:
    """What the database answers, asked once the interaction is acknowledged: the member is kept waiting no longer than
    `ANSWER_SECONDS`. Raises as `look`."""
    return await look(question, ANSWER_SECONDS)


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


def may_attach(interaction: Interaction) -> bool:
    """Whether an answer may have files here: pictures are left out where they would have it refused."""
    return interaction.guild_id is None or interaction.app_permissions.attach_files


async def acknowledge(send: Callable[[], Awaitable[T]]) -> T | None:
    """Send a first response, again where the connection breaks. None: Discord took one whose answer was lost.

    Raises `discord.HTTPException` where Discord refuses it, and the library's own errors where it can't be reached.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return await send()
        except discord.HTTPException as exc:
            if attempt > 1 and exc.code == _ALREADY_ACKNOWLEDGED:
                return None
            raise
        except CONNECTION_LOST:
            if attempt == _ATTEMPTS:
                raise
    return None


async def open_reply(interaction: Interaction, *, private: bool) -> Reply:
    """Acknowledge with a new message, "thinking" for now, and say how to reach it; `discord.NotFound` if too late."""
    interaction.extras[_PRIVATE] = private
    try:
        response = await acknowledge(lambda: interaction.response.defer(ephemeral=private, thinking=True))
    except CONNECTION_LOST:
        log.warning("interaction %s may not have been acknowledged", interaction.id)
        response = None
    if response is None:  # its token reaches it all the same
        return reply_of(interaction, None, ephemeral=private)
    interaction.extras[_PRIVATE] = ephemeral = private or response.is_ephemeral()
    return reply_of(interaction, response.message_id, ephemeral=ephemeral)


async def keep_reply(interaction: Interaction) -> Reply | None:
    """Acknowledge a press without a new message; the reply is the pressed one, with this interaction's fresh token."""
    await acknowledge(interaction.response.defer)
    message = interaction.message
    return None if message is None else reply_of(interaction, message.id, ephemeral=message.flags.ephemeral)


def reply_of(interaction: Interaction, message_id: int | None, *, ephemeral: bool) -> Reply:
    """Every way to reach that message that this interaction opens; None: what answers the interaction first."""
    life = timedelta(seconds=interaction.client.settings.token_life_seconds)
    return Reply(
        application_id=interaction.application_id,
        channel_id=interaction.channel_id or 0,
        guild_id=interaction.guild_id,
        message_id=message_id,
        token=interaction.token,
        token_expires_at=interaction.created_at + life,
        ephemeral=ephemeral,
        user_install=not hears_messages(interaction),  # whoever presses, a card stays where its app is installed
        upload_limit_bytes=interaction.filesize_limit,
        answers=interaction.id,
        names_asker=_names_asker(interaction, message_id),
    )


def _names_asker(interaction: Interaction, message_id: int | None) -> bool:
    """Whether Discord shows "Ada used /t2v" above that message: it does where a command's interaction was answered."""
    pressed = interaction.message
    if pressed is None or pressed.id != message_id:
        return interaction.type is discord.InteractionType.application_command
    origin = pressed.interaction_metadata
    return origin is not None and origin.type is discord.InteractionType.application_command


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
        role_ids=roles_of(member) if member else (),
        moderator=interaction.permissions.manage_messages,
        server_moderator=member is not None and member.guild_permissions.manage_messages,
        admin=interaction.guild_id is not None and interaction.permissions.manage_guild,
        age_restricted=is_age_restricted(channel),
        locale=interaction.locale.value,
        guild_locale=interaction.client.services.guilds.language(interaction.guild_id)
        or (None if interaction.guild_locale is None else interaction.guild_locale.value),
    )


def roles_of(member: discord.Member) -> tuple[int, ...]:
    """The ids of all roles in the event: `member.roles` leaves out those of a server that is not in the cache."""
    return (member.guild.id, *member._roles)  # noqa: SLF001  # the ids as they came are nowhere else


def admin_of(interaction: Interaction) -> Requester:
    """Who asks, if they may manage the server where they ask. Raises `AdminsOnly` for everybody else."""
    by = requester_of(interaction)
    if not by.admin or by.guild_id is None:
        raise AdminsOnly
    return by


def attachment_of(file: discord.Attachment) -> Attachment:
    """The file as Discord describes it."""
    return Attachment(
        url=file.url,
        filename=hidden_name(file.filename, hidden=file.is_spoiler()),
        size_bytes=file.size,
        content_type=file.content_type,
        width=file.width,
        height=file.height,
        seconds=file.duration,
    )


def note_refused(interaction: discord.Interaction[Any], error: Exception) -> None:
    """Log a refusal with who and where."""
    note_refusal(error, user_id=interaction.user.id, guild_id=interaction.guild_id, channel_id=interaction.channel_id)


async def tell(interaction: Interaction, sentence: str) -> None:
    """Say it privately, as the first response or instead of the one that was promised.

    A public "thinking" message is taken away first: a follow-up would otherwise become that message, in public.
    """
    silent, sentence = discord.AllowedMentions.none(), fitted(sentence)
    try:
        promised = interaction.extras.get(_PRIVATE)
        if promised is None and not interaction.response.is_done():
            await acknowledge(
                lambda: interaction.response.send_message(sentence, ephemeral=True, allowed_mentions=silent)
            )
            return
        if promised:
            await interaction.edit_original_response(content=sentence, allowed_mentions=silent)
            return
        if promised is not None:
            await interaction.delete_original_response()
        await interaction.followup.send(sentence, ephemeral=True, allowed_mentions=silent)
    except discord.NotFound as exc:
        log.warning("interaction %s is over, nobody was told: %s", interaction.id, exc.code)
