"""Which state a card shows. Members read it in the title; the colour tells programs, the same in every language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.chat.replies.cards import STATE_LOOKS

STATE_OF_COLOUR = {colour.value: state.value for state, (_, colour) in STATE_LOOKS.items()}


def state_of(message: Mapping[str, Any] | None) -> str:
    """The state's own word; empty where there is no card."""
    embeds = message["embeds"] if message else []
    return STATE_OF_COLOUR.get(embeds[0].get("color"), "") if embeds else ""
