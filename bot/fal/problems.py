"""What the service says of a failure: its kind, decided by `type`, and its words, which are shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.http.reasons import reason_in

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_EXHAUSTED = re.compile(r"balance|credit|top[ -]?up|user is locked", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Problem:
    """The service's name for the kind of failure, and its own words; each None where it gave none."""

    name: str | None
    reason: str | None


def problem_in(data: Mapping[str, Any]) -> Problem | None:
    """The failure that a status or a result's body tells of; None where there is none.

    A runner's is `{"error" or "detail": words, "error_type": name}`, a model's `{"detail": [{"type", "msg", "loc"}]}`;
    a model may also say `detail` in words alone.
    """
    name = _named(data.get("error_type"))
    words = next((data[key] for key in ("error", "detail") if data.get(key)), None)
    if name is None and words is None:
        return None
    first = words[0] if isinstance(words, list) and words else words
    if name is None and isinstance(first, dict):
        name = _named(first.get("type"))
    return Problem(name, reason_in(words))


def _named(value: object) -> str | None:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else None


def says_exhausted(reason: str | None) -> bool:
    """Whether a 403 is about money: the service has no status or type of its own for that, only these words."""
    return reason is not None and _EXHAUSTED.search(reason) is not None
