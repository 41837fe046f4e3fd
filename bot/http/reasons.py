"""Finds what the service itself says about an error, wherever it is in the answer."""

from __future__ import annotations

import json
from typing import Any

REASON_MAX_CHARS = 300

_KEYS = ("failure_reason", "detail", "message", "error", "reason", "msg")


def reason_of(body: bytes) -> str | None:
    """The service's own words in an error's body: JSON in any of its forms, or plain text; never HTML."""
    data = parsed(body)
    if data is not None:
        return reason_in(data)
    text = body.decode("utf-8", errors="replace")
    looks_like_markup = text.lstrip().startswith(("<", "{", "[")) or "\x00" in text
    return None if looks_like_markup else _short(text)


def reason_in(value: Any) -> str | None:
    """The first words found in `value` under the names that services use, nested or listed; shortened to one line."""
    if isinstance(value, str):
        return None if value.lstrip().startswith("<") else _short(value)
    if isinstance(value, list):
        parts = [part for part in map(_with_place, value[:5]) if part]
        return _short("; ".join(parts))
    if isinstance(value, dict):
        return next((words for key in _KEYS if (words := reason_in(value.get(key)))), None)
    return None


def _with_place(item: Any) -> str | None:
    words = reason_in(item)
    place = item.get("loc") if isinstance(item, dict) else None
    if words and isinstance(place, list) and place:
        return f"{place[-1]}: {words}"
    return words


def _short(text: str) -> str | None:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return (line if len(line) <= REASON_MAX_CHARS else line[: REASON_MAX_CHARS - 1] + "…") or None


def parsed(body: bytes) -> Any:
    """What the JSON says; None for what is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        return None
