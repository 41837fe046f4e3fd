"""A rule's key in few letters and digits, for custom ids, which hold neither spaces nor much."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.errors import RuleUnknown
from bot.rules.limit_rules import RuleKey, Scope, Unit, Window

_LETTERS: Mapping[Scope | Unit | Window, str] = {
    Scope.EVERYONE: "e",
    Scope.ROLE: "r",
    Scope.CHANNEL: "c",
    Scope.SERVER: "s",
    Unit.JOBS: "j",
    Unit.SECONDS: "s",
    Unit.COST: "c",
    Window.AT_ONCE: "a",
    Window.MINUTE: "m",
    Window.HOUR: "h",
    Window.DAY: "d",
    Window.WEEK: "w",
    Window.MONTH: "t",
    Window.COOLDOWN: "c",
}
_CODE = re.compile(r"(?P<scope>[ercs])(?P<target>[0-9]{0,19})(?P<unit>[jsc])(?P<window>[amhdwtc])")


def code_of(key: RuleKey) -> str:
    """The key in at most 22 letters and digits, for custom ids: `ejd`, `r123jd`. Rules of the whole bot have none."""
    scope, target_id, unit, window = key
    return f"{_LETTERS[scope]}{target_id or ''}{_LETTERS[unit]}{_LETTERS[window]}"


def key_of(code: str) -> RuleKey:
    """The key whose code that is. Raises `RuleUnknown` where it is none's."""
    found = _CODE.fullmatch(code)
    if found is None:
        raise RuleUnknown
    return (
        next(scope for scope in Scope if _LETTERS.get(scope) == found["scope"]),
        int(found["target"]) if found["target"] else None,
        next(unit for unit in Unit if _LETTERS[unit] == found["unit"]),
        next(window for window in Window if _LETTERS[window] == found["window"]),
    )
