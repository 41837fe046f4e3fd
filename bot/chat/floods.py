"""What one member's flood is kept from: commands that no limit counts, autocompletes, and written commands.

Each costs the others a share of the event loop and of the database. Who asks too often is told so once in a while, and
not each time: the answers to a flood are a flood themselves.
"""

from __future__ import annotations

import time
from typing import Any

import discord

from bot.errors import TooQuick
from bot.rules.catalog import Operation
from bot.rules.rates import Rate

_OPERATIONS = frozenset(operation.value for operation in Operation)
_KINDS = {discord.InteractionType.application_command, discord.InteractionType.autocomplete}


class Floods:
    """For one process: a member's events come to one, as their server's shard does."""

    def __init__(self) -> None:
        self._asked = Rate(60, 2.0, monotonic=time.monotonic)
        self._typed = Rate(60, 5.0, monotonic=time.monotonic)
        self._told = Rate(1, 0.1, monotonic=time.monotonic)

    def lets_in(self, interaction: discord.Interaction[discord.Client]) -> bool:
        """Whether it is to be answered. Raises `TooQuick` where its member is to be told that it is not."""
        if interaction.type is discord.InteractionType.autocomplete:
            return not self._typed.take(interaction.user.id)
        named: Any = interaction.data or {}
        if interaction.type not in _KINDS or named.get("name") in _OPERATIONS:
            return True  # what makes a job has limits
        return self.lets_ask(interaction.user.id)

    def lets_ask(self, user_id: int) -> bool:
        """The same of a command that no limit counts, or a written one."""
        wait = self._asked.take(user_id)
        if wait and not self._told.take(user_id):
            raise TooQuick
        return not wait
