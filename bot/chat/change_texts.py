"""A change of settings as a line for people: in the audit channel, and before an import is applied."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.errors import Fact
from bot.rules.guild_settings_file import Change
from bot.wording import SENTENCES, Markup, say, translated
from bot.wording.facts import escape, number

_CHANNELS = frozenset({"channels", "audit_channel_id", "mod_channel_id"})
_ROLES = frozenset({"roles", "exempt_role"})
_VALUE_MAX_CHARS = 80


def lines_of(changes: Sequence[Change], locale: str | None, *, most_chars: int) -> list[str]:
    """As many as fit, with the number of the others. What admins wrote in them comes out harmless."""
    lines: list[str] = []
    room = most_chars
    for at, change in enumerate(changes):
        line = _line(change, locale)
        room -= len(line) + 1
        if room < 60:
            return [*lines, say("changes_more", locale, number=len(changes) - at)]
        lines.append(line)
    return lines


def _line(change: Change, locale: str | None) -> str:
    what = _what(change)
    return say(
        "change_line",
        locale,
        name=Markup(translated(f"change_{change.key}", locale)),
        what=Markup(f" {what}" if what else ""),
        before=Markup(_value(change, change.before, locale)),
        after=Markup(_value(change, change.after, locale)),
    )


def _what(change: Change) -> str:
    match change.key:
        case "exempt_role":
            return f"<@&{change.what}>"
        case "block":
            return f"<@{change.what}>"
        case "limit":
            named = re.sub(r"role:(\d+)", r"<@&\1>", change.what)
            return re.sub(r"channel:(\d+)", r"<#\1>", named)
        case "channels" | "roles" | "defaults":
            return f"/{change.what}" if change.what != "all" else ""
        case _:
            return f"“{escape(change.what, _VALUE_MAX_CHARS)}”" if change.what else ""


def _value(change: Change, value: Fact, locale: str | None) -> str:
    if isinstance(value, bool):
        return translated("value_yes" if value else "value_no", locale)
    if value is None and change.key == "models_offered":
        return translated("value_all", locale)
    if value is None or value == "":
        return translated("value_none", locale)
    if change.key in _CHANNELS:
        return _mentions("#", str(value))
    if change.key in _ROLES:
        return _mentions("@&", str(value))
    return _word(value, locale)


def _word(value: Fact, locale: str | None) -> str:
    if isinstance(value, int | float):
        return number(value, locale)
    key = f"value_{value}"
    return translated(key, locale) if key in SENTENCES else escape(str(value), _VALUE_MAX_CHARS)


def _mentions(mark: str, ids: str) -> str:
    found = re.findall(r"\d+", ids)
    return ", ".join(f"<{mark}{one}>" for one in found[:10]) + (" …" if len(found) > 10 else "")
