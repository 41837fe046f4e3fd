"""The question which of several pictures is meant. It can be answered after any restart."""

from __future__ import annotations

from collections.abc import Sequence

import discord
from discord import ui

from bot.chat.inputs.forms import file_select
from bot.chat.persistent import Persistent, view_with
from bot.rules.requests import Attachment
from bot.wording import translated

MESSAGE_PICKER = Persistent(
    r"clapper:choose:(?P<message>\d{1,20}):(?P<asker>\d{1,20})(?::(?P<source>\d{1,20}))?", once=True
)
"""Asked under a text message; each value is the place of a file, from 0, in the message `source`. Earlier versions left
that one out where the message says by itself which one it is."""

WORDS_BUTTON = Persistent(r"clapper:words:(?P<message>\d{1,20}):(?P<asker>\d{1,20})", once=True)
"""Under the answer to a direct message that is no command: makes a video of its words."""

COMMAND_PICKER = Persistent(r"clapper:pick:(?P<asked>\d{1,20}):(?P<asker>\d{1,20})", once=True)
"""Asked by a command, whose interaction's id is `asked`; each value is the id of the draft that uses that file."""


def message_question(files: Sequence[Attachment], message: discord.Message, source_id: int, locale: str) -> ui.View:
    """The select in a view of its own; `source_id` is the id of the message that has the files."""
    return view_with(file_select(f"clapper:choose:{message.id}:{message.author.id}:{source_id}", files, locale))


def words_button(message: discord.Message, locale: str) -> ui.View:
    """The button in a view of its own."""
    button: ui.Button[ui.View] = ui.Button(
        label=translated("button_words", locale),
        emoji="🎬",
        style=discord.ButtonStyle.primary,
        custom_id=f"clapper:words:{message.id}:{message.author.id}",
    )
    return view_with(button)


def command_question(
    files: Sequence[Attachment], drafts: Sequence[str], asked: int, asker_id: int, locale: str
) -> ui.View:
    """The select in a view of its own; `drafts` has one id for each file."""
    return view_with(file_select(f"clapper:pick:{asked}:{asker_id}", files, locale, drafts))
