"""Small parts of forms, and how what was filled in is found in the event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from discord import ui

from bot.wording import translated


def labelled(key: str, part: ui.Item[Any], locale: str, hint: str | None = None) -> ui.Label[ui.Modal]:
    """The part under its name and, if given, a hint; Discord takes 45 and 100 characters."""
    told = translated(hint, locale)[:100] if hint else None
    return ui.Label(text=translated(key, locale)[:45], description=told, component=part)


def inputs_of(data: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """A MODAL_SUBMIT's inputs by their custom ids (D receiving-and-responding, "Modal Submit Data Structure")."""
    inner: list[Mapping[str, Any]] = [
        part.get("component") or next(iter(part.get("components") or []), {}) for part in data.get("components", [])
    ]
    return {part["custom_id"]: part for part in inner if "custom_id" in part}
