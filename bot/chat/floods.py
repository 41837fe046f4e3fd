"""What one member's flood is kept from: commands, presses and forms, autocompletes, and written commands.

Each costs the others a share of the event loop and of the database, also where a limit then refuses it. Who asks too
often is told so once in a while, and not each time: the answers to a flood are a flood themselves.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import discord

from bot.errors import TooQuick
from bot.rules.catalog import Operation
from bot.rules.rates import Rate

_OPERATIONS = frozenset(operation.value for operation in Operation)
_PRESSES = {discord.InteractionType.component, discord.InteractionType.modal_submit}


class Floods:
    """For one process: a member's events come to one, as their server's shard does."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._asked = Rate(60, 2.0, monotonic=monotonic)
        self._used = Rate(200, 4.0, monotonic=monotonic)
        self._typed = Rate(60, 5.0, monotonic=monotonic)
        self._told = Rate(1, 0.1, monotonic=monotonic)

    def lets_in(self, interaction: discord.Interaction[discord.Client]) -> bool:
        """Whether it is to be answered. Raises `TooQuick` where its member is to be told that it is not."""
        if interaction.type is discord.InteractionType.autocomplete:
            return not self._typed.take(interaction.user.id)
        named: Any = interaction.data or {}
        if interaction.type in _PRESSES or named.get("name") in _OPERATIONS:
            return self._lets(self._used, interaction.user.id)
        return self.lets_ask(interaction.user.id)

    def lets_ask(self, user_id: int) -> bool:
        """The same of a command that no limit counts, or a written one."""
        return self._lets(self._asked, user_id)

    def _lets(self, rate: Rate, user_id: int) -> bool:
        wait = rate.take(user_id)
        if wait and not self._told.take(user_id):
            raise TooQuick
        return not wait
