"""Taking a press: the acknowledgement is an edit that disables what stands under the pressed message, so that the
member sees at once that it was taken. It costs as much as an acknowledgement that shows nothing: one request.

A press that is answered by something new to see (a card, a form, a question) needs none of this: Discord itself holds
the button until that is there, and nothing has to be enabled again afterwards.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import discord
from discord import ui

from bot.chat.persistent import Verb, stands_there, unkept
from bot.chat.replies.edit_routes import UNSENT_OR_CLOSED
from bot.chat.replies.interactions import LOOK_SECONDS, Interaction, acknowledge, ask, in_time, keep_reply, reply_of
from bot.errors import JobGone, Unavailable
from bot.rules.jobs import Job, Reply

log = logging.getLogger(__name__)

_TAKEN = "clapper_taken"
_TOO_LATE = 10062


async def take_press(interaction: Interaction) -> Reply | None:
    """As `keep_reply`, with everything under the pressed message disabled, until an edit shows something else there.
    Where the handler raises instead, `give_back` enables it again."""
    interaction.extras[_TAKEN] = await _disable(interaction)
    return _pressed_reply(interaction)


async def give_back(interaction: Interaction) -> None:
    """Enable what `take_press` disabled. Raises nothing where Discord fails."""
    if not interaction.extras.pop(_TAKEN, False) or interaction.message is None:
        return
    try:
        await interaction.edit_original_response(
            view=_view_of(interaction.message, disabled=False), allowed_mentions=discord.AllowedMentions.none()
        )
    except UNSENT_OR_CLOSED as exc:
        log.warning("the buttons of message %s stay disabled: %s", interaction.message.id, type(exc).__name__)


@asynccontextmanager
async def card_pressed(
    interaction: Interaction, verb: Verb, asked: Awaitable[Job]
) -> AsyncIterator[tuple[Job, Reply | None]]:
    """The job that `asked` gives, and the pressed card with this press's fresh token; the card's buttons are disabled
    while the block runs. Where no edit has come by its end, the card is made to say what the row says.

    Raises what `asked` raises, as a rule before anything is disabled, and `DatabaseUnavailable`.
    """
    announcer, asking = interaction.client.announcer, asyncio.ensure_future(asked)
    if not await in_time(asking, LOOK_SECONDS):  # whether the press is allowed comes too late to wait for
        reply = await keep_reply(interaction)
        yield await ask(asking), reply
        return
    job = asking.result()
    reply = _pressed_reply(interaction)
    taken = reply is not None and await announcer.disable(job, reply, verb, lambda: _disable(interaction))
    if not taken and not interaction.response.is_done():
        await keep_reply(interaction)
    try:
        yield job, reply
    finally:
        if taken and reply is not None:
            await _mend(interaction, job.id, reply)


async def _mend(interaction: Interaction, job_id: str, reply: Reply) -> None:
    """Have the card say what the row says, if nothing has changed it since the press."""
    announcer = interaction.client.announcer
    if not announcer.is_disabled(job_id, reply):
        return
    try:
        job = await ask(interaction.client.services.job_controls.job(job_id))
    except (JobGone, Unavailable):
        interaction.extras[_TAKEN] = True
        await give_back(interaction)
    else:
        await announcer.mend(job, reply)


def _pressed_reply(interaction: Interaction) -> Reply | None:
    message = interaction.message
    return None if message is None else reply_of(interaction, message.id, ephemeral=message.flags.ephemeral)


async def _disable(interaction: Interaction) -> bool:
    """Acknowledge by the edit; False where Discord took an acknowledgement without it."""
    message = interaction.message
    stands = interaction.type is discord.InteractionType.modal_submit or stands_there(interaction)
    if message is None or message.flags.components_v2 or not stands:
        await acknowledge(interaction.response.defer)
        return False
    view, silent = _view_of(message, disabled=True), discord.AllowedMentions.none()
    try:
        await acknowledge(lambda: interaction.response.edit_message(view=view, allowed_mentions=silent))
    except discord.HTTPException as exc:
        if exc.status >= 500 or exc.code == _TOO_LATE:
            raise
        log.info("the buttons of message %s can't be disabled: %s", message.id, exc.code)  # it may just be deleted
        await acknowledge(interaction.response.defer)
        return False
    return True


def _view_of(message: discord.Message, *, disabled: bool) -> ui.View:
    """What stands under the message."""
    view = ui.View.from_message(message, timeout=None)
    for item in view.children:
        if disabled and (isinstance(item, ui.Select) or (isinstance(item, ui.Button) and item.url is None)):
            item.disabled = True
    return unkept(view)
