"""Answering an interaction: what can be refused from memory is refused at once and privately; then the row is written,
and the first response is the job's card.

Discord gives three seconds for the first response, which also fixes for ever who sees it. So nothing here waits for
long: where the row is not written in a quarter of a second, the member is told that Clapper is thinking.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeAlias, TypeVar

import discord

from bot.chat.client_base import ClientBase
from bot.chat.inputs.prompt_names import inputs_seen
from bot.chat.replies.edit_routes import CONNECTION_LOST
from bot.chat.replies.error_messages import note_refusal
from bot.errors import AdminsOnly, DatabaseUnavailable, PermissionsMissing, PressedTwice
from bot.rules.jobs import Job, Reply, Requester
from bot.rules.requests import Attachment, VideoRequest, compose, hidden_name
from bot.wording.facts import fitted
from bot.work.services import Prechecked

log = logging.getLogger(__name__)

Interaction: TypeAlias = discord.Interaction[ClientBase]
T = TypeVar("T")

CARD_SECONDS = 0.25
"""How long the row may take to be written before the member is told that Clapper is thinking."""

CARDS_AT_ONCE = 2
"""How many first responses wait for their rows at a time. Of those that come while so many do, the members are told at
once that Clapper is thinking: nobody's answer waits for the rows of a crowd."""

FIRST_CARD_SECONDS = 15.0
"""How long "thinking" may stay where the next step, which shows the card itself, is about to be done: longer than a
thousand members at once take. An edit before that would hold those submits up."""

LOOK_SECONDS = 1.0
"""How long the database may be asked before a press is answered at all."""

ANSWER_SECONDS = 10.0
"""How long it may be asked once the member knows that Clapper is thinking."""

_PRIVATE = "clapper_private"
_ALREADY_ACKNOWLEDGED = 40060
_ATTEMPTS = 3
"""Tries of a first response whose connection breaks: Discord may have taken the one before."""


async def answer(interaction: Interaction, request: VideoRequest, *, private: bool | None = None) -> Job:
    """Take the job and show its card, or raise the `Refused` that says why not; either way the member hears of it once.

    `private` None: as the server's admins have set.
    """
    private = privacy(interaction, private)
    return await accept(interaction, precheck(interaction, request, private=private), private=private)


def privacy(interaction: Interaction, asked: bool | None) -> bool:
    """Whether the answer is for the member alone: as they said, or else as the server's admins did."""
    return interaction.client.services.policy.private_by_default(requester_of(interaction)) if asked is None else asked


def precheck(interaction: Interaction, request: VideoRequest, *, private: bool = False) -> Prechecked:
    """The request, to be accepted, with its words as the member saw them; raises every `Refused` that needs no look
    into the database."""
    check_rights(interaction, private=private)
    services = interaction.client.services
    inputs = inputs_seen(request.inputs, interaction)
    if inputs != request.inputs:
        seen = compose(services.catalog.get(request.model), inputs, request.files)
        request = seen.model_copy(update={"instead_of": request.instead_of})
    return services.acceptance.precheck(request, requester_of(interaction))


async def accept(interaction: Interaction, checked: Prechecked, *, private: bool) -> Job:
    """Write the row and answer with the card, as a new message. Raises `Refused`, `AlreadyAsked`,
    `DatabaseUnavailable`."""
    client = interaction.client
    if client.cards_awaited >= CARDS_AT_ONCE:
        return await accept_in(interaction, checked, await open_reply(interaction, private=private))
    acceptance, announcer = client.services.acceptance, client.announcer
    taking = asyncio.ensure_future(acceptance.accept(checked, reply_of(interaction, None, ephemeral=private)))
    client.cards_awaited += 1
    try:
        written = await in_time(taking, CARD_SECONDS)
    finally:
        client.cards_awaited -= 1
    if not written:
        try:
            reply = await open_reply(interaction, private=private)
        except discord.HTTPException:
            await acceptance.withdraw(await taking)
            raise
        return await show_and_begin(interaction, await once_written(interaction, taking), reply)
    job = taking.result()

    async def send_card() -> Any:
        return await interaction.response.send_message(**announcer.opening(job), ephemeral=private)

    try:
        response = await acknowledge(send_card)
    except discord.HTTPException as exc:
        if exc.status != 400:
            await acceptance.withdraw(job)
            raise
        # A server's AutoMod, perhaps, which blocks a word of the prompt: the edit leaves strangers' words out.
        return await show_and_begin(interaction, job, await open_reply(interaction, private=private))
    except CONNECTION_LOST:
        log.warning("the card of job %s may not have come to Discord: its edits try again", job.id)
        response = None
    if response is not None:
        reply = job.reply.model_copy(
            update={"message_id": response.message_id, "ephemeral": private or response.is_ephemeral()}
        )
        job = job.model_copy(update={"reply": reply})
        announcer.opened(job)
    await acceptance.begin(job)
    return job


async def accept_again(interaction: Interaction, checked: Prechecked, old: Job) -> None:
    """`accept` what repeats `old`, as private as that was; the second press of two is answered with nothing."""
    try:
        check_rights(interaction, private=old.reply.ephemeral)
        await accept(interaction, checked, private=old.reply.ephemeral)
    except PressedTwice:
        if interaction.response.is_done():  # "thinking" was shown meanwhile
            await interaction.delete_original_response()
        else:
            await keep_reply(interaction)


async def accept_here(interaction: Interaction, checked: Prechecked, *, asked: int) -> Job:
    """Write the row and turn the pressed message into its card, in place of a first response; `asked` is the id of what
    it answers. Raises as `accept`; where the card is not shown now, its edits show it."""
    acceptance, announcer, question = (
        interaction.client.services.acceptance,
        interaction.client.announcer,
        interaction.message,
    )
    private = question is not None and question.flags.ephemeral
    reply = reply_of(interaction, None if question is None else question.id, ephemeral=private)
    reply = reply.model_copy(update={"answers": asked})
    taking = asyncio.ensure_future(acceptance.accept(checked, reply))
    if not await in_time(taking, CARD_SECONDS):
        await keep_reply(interaction)
        return await show_and_begin(interaction, await once_written(interaction, taking), reply)
    job = taking.result()

    async def turn_into_card() -> Any:
        return await interaction.response.edit_message(**announcer.opening(job))

    try:
        await acknowledge(turn_into_card)
        announcer.opened(job)
    except discord.HTTPException as exc:
        if exc.status == 400:  # AutoMod, as in `accept`: the edit leaves strangers' words out
            await keep_reply(interaction)
            return await show_and_begin(interaction, job, reply)
        if reply.only_by_token:  # and this token reaches nothing
            await acceptance.withdraw(job)
            raise
        log.warning("the card of job %s was not shown yet: %s", job.id, exc.code)
    except CONNECTION_LOST as exc:
        log.warning("the card of job %s was not shown yet: %s", job.id, type(exc).__name__)
    await acceptance.begin(job)
    return job


async def accept_in(interaction: Interaction, checked: Prechecked, reply: Reply) -> Job:
    """Write the row and turn the reply, which was promised already, into its card. Raises as `accept`."""
    taking = asyncio.ensure_future(interaction.client.services.acceptance.accept(checked, reply))
    return await show_and_begin(interaction, await once_written(interaction, taking), reply)


async def once_written(interaction: Interaction, accepting: asyncio.Future[Job]) -> Job:
    """The job once its row is written, for a member who knows that Clapper is thinking.

    Raises what `Acceptance.accept` raises, and `DatabaseUnavailable` where it takes longer than `ANSWER_SECONDS`; a row
    that is written all the same is withdrawn.
    """
    if not await in_time(accepting, ANSWER_SECONDS):
        interaction.client.services.acceptance.withdraw_late(accepting)
        raise DatabaseUnavailable("it did not answer in time")
    return accepting.result()


async def show_and_begin(interaction: Interaction, job: Job, reply: Reply) -> Job:
    """Show the accepted job in that reply, and have it run. One that is submitted at once shows itself: then the first
    card is one edit less, unless the submit takes long."""
    acceptance, announcer = interaction.client.services.acceptance, interaction.client.announcer
    job = job.model_copy(update={"reply": reply})
    soon = acceptance.submits_at_once(job)
    if not soon:
        await announcer.show(job)
    await acceptance.begin(job)
    if soon:
        await announcer.show_late(job, FIRST_CARD_SECONDS)
    return job


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
        guild_locale=None if interaction.guild_locale is None else interaction.guild_locale.value,
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
