"""What a member is told of an error, whatever it is and wherever they asked; and what the operator's log is told."""

from __future__ import annotations

import logging
import uuid

import discord
from discord import app_commands

from bot.errors import AlreadyAsked, Unavailable, UserFacing
from bot.wording import say, sentence_of

log = logging.getLogger(__name__)


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
