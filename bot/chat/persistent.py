"""Buttons that outlive every restart: the verb and the job's id are in the custom id, and nothing is kept in memory."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any, Protocol, Self, cast

import discord
from discord import ui

from bot.wording import translated


class Verb(StrEnum):
    """What a button does. The value stands in custom ids for ever: messages of years ago hold it."""

    AGAIN = "again"
    CANCEL = "cancel"
    DELETE = "delete"
    USE = "use"
    GET = "get"
    APPROVE = "approve"
    DENY = "deny"
    GO = "go"
    CHANGE = "change"


Press = Callable[["discord.Interaction[Any]", str], Awaitable[None]]
"""What a cog does when a button is pressed: the interaction and the job's id."""

_LOOKS = {
    Verb.AGAIN: ("🔁", discord.ButtonStyle.secondary),
    Verb.CANCEL: ("✖️", discord.ButtonStyle.secondary),
    Verb.DELETE: ("🗑️", discord.ButtonStyle.danger),
    Verb.USE: ("➡️", discord.ButtonStyle.secondary),
    Verb.GET: ("📥", discord.ButtonStyle.primary),
    Verb.APPROVE: ("✅", discord.ButtonStyle.success),
    Verb.DENY: ("⛔", discord.ButtonStyle.danger),
    Verb.GO: ("▶️", discord.ButtonStyle.success),
    Verb.CHANGE: ("✏️", discord.ButtonStyle.secondary),
}


class _Presser(Protocol):
    """The part of the client that a press needs."""

    async def press(self, interaction: discord.Interaction[Any], verb: Verb, job_id: str) -> None: ...


class JobButton(
    ui.DynamicItem[ui.Button[ui.View]],
    template=rf"clapper:(?P<verb>{'|'.join(Verb)}):(?P<job>[0-9a-f]{{32}})",
):
    """One button of one job. discord.py only logs what a callback raises, so the client answers for errors."""

    def __init__(self, verb: Verb, job_id: str, locale: str | None = None) -> None:
        emoji, style = _LOOKS[verb]
        label = translated(f"button_{verb}", locale)
        super().__init__(ui.Button(label=label, emoji=emoji, style=style, custom_id=f"clapper:{verb}:{job_id}"))
        self.verb = verb
        self.job_id = job_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(Verb(match["verb"]), match["job"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await cast("_Presser", interaction.client).press(interaction, self.verb, self.job_id)
