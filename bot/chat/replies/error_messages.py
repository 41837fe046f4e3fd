"""What a member is told of an error, whatever it is and wherever they asked; and what the operator's log is told."""

from __future__ import annotations

import logging
import uuid

import discord
from discord import app_commands

from bot.errors import (
    AdminsOnly,
    AlreadyAsked,
    CommandOutdated,
    DraftGone,
    GuildSettingsInvalid,
    JobGone,
    ModeratorsOnly,
    NotYours,
    PanelOutdated,
    Unavailable,
    UserFacing,
)
from bot.wording import say, sentence_of

log = logging.getLogger(__name__)


_WITHOUT_RIGHT = (
    AdminsOnly,
    CommandOutdated,
    DraftGone,
    GuildSettingsInvalid,
    JobGone,
    ModeratorsOnly,
    NotYours,
    PanelOutdated,
)
"""What a forged press, form or id comes to, and now and then an honest one."""


def note_refusal(error: Exception, *, user_id: int, guild_id: int | None, channel_id: int | None) -> None:
    """Log who was refused what kind of thing and where, without a word of theirs; nothing where it is no refusal."""
    cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
    match cause:
        case UserFacing():
            level, key = logging.WARNING if isinstance(cause, _WITHOUT_RIGHT) else logging.INFO, cause.key
        case app_commands.TransformerError() | app_commands.CommandNotFound() | app_commands.CommandSignatureMismatch():
            level, key = logging.WARNING, CommandOutdated.key
        case _:
            return
    log.log(level, "%s in %s was refused: %s", user_id, (guild_id, channel_id), key)


def sentence_for(error: Exception, locale: str, what: str) -> str | None:
    """The sentence; None where nobody can, or need, be told. `what` names the occasion in the log."""
    match error.original if isinstance(error, app_commands.CommandInvokeError) else error:
        case UserFacing() as refused:
            return sentence_of(refused, locale)
        case app_commands.TransformerError() as unread:
            return say("option_unreadable", locale, option=str(unread.value))
        case app_commands.CommandNotFound() | app_commands.CommandSignatureMismatch():
            return say("command_outdated", locale)
        case Unavailable() as cause:
            log.warning("%s can't be done now, %s: %s", what, type(cause).__name__, cause)
            return say("records_unavailable", locale)
        case AlreadyAsked() | discord.HTTPException(code=40060):  # 40060: the interaction has had its answer
            log.info("%s came twice; its first coming is answered", what)
        case discord.NotFound(code=10062):  # Discord has given the interaction up
            log.warning("%s came too late to be acknowledged", what)
        case cause:
            reference = uuid.uuid4().hex[:8]
            log.error("%s failed, reference %s", what, reference, exc_info=cause)
            return say("unexpected", locale, reference=reference)
    return None
