"""The question which of several pictures is meant, asked under a message; it can be answered after any restart."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol, Self, cast

import discord
from discord import ui

from bot.chat.inputs.forms import chooser
from bot.rules.requests import Attachment

Choose = Callable[["discord.Interaction[Any]", int, int, int], Coroutine[Any, Any, None]]
"""What a cog does with the answer: the interaction, the message that asked, its author, and which file, from 0."""


Pick = Callable[["discord.Interaction[Any]", int, int, str], Coroutine[Any, Any, None]]
"""The same for a command: the interaction that asked, who asked, and the draft that was chosen."""


class _Chooser(Protocol):
    """The part of the client that a choice needs."""

    async def pick(self, interaction: discord.Interaction[Any], asked: int, asker_id: int, draft: str) -> None: ...

    async def choose(self, interaction: discord.Interaction[Any], message_id: int, asker_id: int, at: int) -> None: ...


class ChoiceMenu(
    ui.DynamicItem[ui.Select[ui.View]], template=r"clapper:choose:(?P<message>\d{1,20}):(?P<asker>\d{1,20})"
):
    """The menu of the files of one message. The client answers for errors, as for buttons."""

    def __init__(self, select: ui.Select[ui.View], message_id: int, asker_id: int) -> None:
        super().__init__(select)
        self.message_id = message_id
        self.asker_id = asker_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(cast("ui.Select[ui.View]", item), int(match["message"]), int(match["asker"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        value = next(iter(self.item.values), "0")
        client = cast("_Chooser", interaction.client)
        await client.choose(interaction, self.message_id, self.asker_id, int(value) if value.isdecimal() else 0)


def question(files: Sequence[Attachment], message: discord.Message, locale: str) -> ui.View:
    """The menu in a view of its own, without time limit."""
    select = chooser(f"clapper:choose:{message.id}:{message.author.id}", files, locale)
    view = ui.View(timeout=None)
    view.add_item(ChoiceMenu(select, message.id, message.author.id))
    return view


class DraftMenu(ui.DynamicItem[ui.Select[ui.View]], template=r"clapper:pick:(?P<asked>\d{1,20}):(?P<asker>\d{1,20})"):
    """The menu of the files that a command found; each value is the draft that uses that file."""

    def __init__(self, select: ui.Select[ui.View], asked: int, asker_id: int) -> None:
        super().__init__(select)
        self.asked = asked
        self.asker_id = asker_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(cast("ui.Select[ui.View]", item), int(match["asked"]), int(match["asker"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        client = cast("_Chooser", interaction.client)
        await client.pick(interaction, self.asked, self.asker_id, next(iter(self.item.values), ""))


def draft_question(
    files: Sequence[Attachment], drafts: Sequence[str], interaction: discord.Interaction[Any], locale: str
) -> ui.View:
    """The menu in a view of its own, without time limit."""
    asked, asker_id = interaction.id, interaction.user.id
    view = ui.View(timeout=None)
    view.add_item(DraftMenu(chooser(f"clapper:pick:{asked}:{asker_id}", files, locale, drafts), asked, asker_id))
    return view
