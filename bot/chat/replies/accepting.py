"""Taking a job: what can be refused from memory is refused at once and privately; then the row is written, and the
first response is the job's card.

Discord gives three seconds for the first response, which also fixes for ever who sees it. So nothing here waits for
long: where the row is not written in a quarter of a second, the member is told that Clapper is thinking.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import discord

from bot.chat.inputs.prompt_names import inputs_seen
from bot.chat.replies.edit_routes import CONNECTION_LOST
from bot.chat.replies.interactions import (
    Interaction,
    acknowledge,
    ask,
    check_rights,
    in_time,
    keep_reply,
    open_reply,
    reply_of,
    requester_of,
)
from bot.errors import DatabaseUnavailable, PressedTwice
from bot.rules.jobs import Job, Reply
from bot.rules.requests import VideoRequest, compose
from bot.work.services import Prechecked

log = logging.getLogger(__name__)

CARD_SECONDS = 0.25
"""How long the row may take to be written before the member is told that Clapper is thinking."""

CARDS_AT_ONCE = 2
"""How many first responses wait for their rows at a time. Of those that come while so many do, the members are told at
once that Clapper is thinking: nobody's answer waits for the rows of a crowd."""

FIRST_CARD_SECONDS = 15.0
"""How long "thinking" may stay where the next step, which shows the card itself, is about to be done: longer than a
thousand members at once take. An edit before that would hold those submits up."""


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
    try:
        return await ask(accepting)
    except DatabaseUnavailable:
        if not accepting.done():
            interaction.client.services.acceptance.withdraw_late(accepting)
        raise


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
