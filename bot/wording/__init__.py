"""Every sentence that a member can see, by key and in their language. All text for members comes from here.

>>> say("prompt_too_long", length=1001, limit=1000)
'Your prompt has 1001 characters, and 1000 is the most. Please shorten it and try again.'

Facts that come from other people are escaped (`bot.wording.facts.escape`): they ping nobody and format nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.errors import UserFacing
from bot.wording.catalogues import language_of, sentences_in
from bot.wording.counted import COUNTED
from bot.wording.english import SENTENCES
from bot.wording.facts import Markup, as_counted, money, number, written

__all__ = ["SENTENCES", "Markup", "say", "sentence_of", "translated"]

_CHOSEN_BY_VALUE = {
    "role": "role_",
    "state": "state_",
    "wanted": "role_",
    "found": "found_",
    "unit": "unit_",
    "window": "window_",
}
"""Facts whose value is one of our own words, and what its key in the table begins with."""

_MAY_BE_MISSING = frozenset(
    [
        "reason",
        "size_bytes_before",
        "frees_at",
        "until",
        "note",
        "channels",
        "choices",
        "menu",
        "models",
        "other",
        "host",
    ]
)
"""Facts that may be None or empty. The sentence `…_unexplained` is used then, where there is one."""

_NAMED_MAX = 10
"""How many channels a sentence names."""


_AMOUNTS = frozenset({"amount", "used", "left", "asked"})
"""Facts that are counted in the unit that another one names."""


def say(key: str, locale: str | None = None, **facts: object) -> str:
    """The sentence of `key`, filled with `facts`, in the language of `locale` (Discord's names, such as "pt-BR").

    English where there is no such language. Raises `KeyError` for an unknown key or a missing fact: mistakes in the
    code, which the tests find.
    """
    why = f"{key}_{facts.get('reason')}"
    if "why" in facts and why in SENTENCES:
        numbers = {name: number(value, locale) for name, value in facts.items() if isinstance(value, int | float)}
        facts["why"] = _told(why, locale, facts).format_map({**facts, **numbers})
    key = _variant(key, facts)
    if "where" in facts and "{setting}" in SENTENCES[key]:
        facts["setting"] = facts["where"]
    shown = {name: _fact(name, value, locale, facts) for name, value in facts.items()}
    told = _told(key, locale, facts).format_map(shown)
    because = f"{key.removesuffix('_unexplained')}_reason"
    if facts.get("reason") and because in SENTENCES:
        told += f" {_told(because, locale, facts).format_map(shown)}"
    return told


def sentence_of(error: UserFacing, locale: str | None = None) -> str:
    """What a member is told of `error`."""
    return say(error.key, locale, **error.facts)


def translated(key: str, locale: str | None = None) -> str:
    """The sentence of `key` with its facts not filled in: for labels and descriptions, which have none."""
    return sentences_in(language_of(locale))[key].form()


def _told(key: str, locale: str | None, facts: Mapping[str, object]) -> str:
    """The form of the sentence that goes with its number, if there is one that decides."""
    count = facts.get(COUNTED[key].by) if key in COUNTED else None
    as_written = as_counted(count, money=facts.get("unit") == "cost") if isinstance(count, int | float) else None
    return sentences_in(language_of(locale))[key].form(as_written)


def _variant(key: str, facts: dict[str, object]) -> str:
    if facts.get("window") == "cooldown" and f"{key}_cooldown" in SENTENCES:
        return f"{key}_cooldown"
    if facts.get("unit") == "cost" and f"{key}_cost" in SENTENCES:
        key = f"{key}_cost"
    elif "whose" in facts and not _is_personal(str(facts["whose"])) and f"{key}_together" in SENTENCES:
        key = f"{key}_together"
    if f"{key}_{facts.get('wanted')}" in SENTENCES:
        return f"{key}_{facts['wanted']}"
    missing = any("{" + name + "}" in SENTENCES[key] and facts.get(name) in {None, ""} for name in _MAY_BE_MISSING)
    return f"{key}_unexplained" if missing and f"{key}_unexplained" in SENTENCES else key


def _is_personal(whose: str) -> bool:
    """Whether a limit counts what the member themselves made, and not what all make together."""
    return whose.removeprefix("operator_").partition(":")[0] in {"everyone", "role"}


def _fact(name: str, value: object, locale: str | None, facts: Mapping[str, object]) -> str:
    if name == "whose":
        return _whose(str(value), locale)
    if name == "setting":
        return _setting(str(value), locale)
    if name == "channels":
        found = re.findall(r"\d+", str(value))
        return ", ".join(f"<#{part}>" for part in found[:_NAMED_MAX]) + " …" * (len(found) > _NAMED_MAX)
    if name == "permissions":
        words = (f"permission_{part}" for part in str(value).split(", "))
        return ", ".join(
            translated(word, locale) if word in SENTENCES else written(name, word, locale) for word in words
        )
    if name in _AMOUNTS and facts.get("unit") == "cost" and isinstance(value, int | float):
        return money(value, locale)
    key = f"{_CHOSEN_BY_VALUE.get(name, '?')}{value}".replace(" ", "_")
    return _told(key, locale, facts) if key in SENTENCES else written(name, value, locale)


def _whose(whose: str, locale: str | None) -> str:
    """Whose rule it is, in words. `whose` is as `bot.rules.limit_rules.Rule.whose` gives it: `everyone`, `role:123`."""
    scope, _, target = whose.removeprefix("operator_").partition(":")
    key = f"whose_{scope}"
    if key not in SENTENCES:
        return written("whose", whose, locale)
    mark = "<#" if scope == "channel" else "<@&"
    rule = translated(key, locale).format(target=f"{mark}{target}>")
    by_operator = whose.startswith("operator_")
    return translated("whose_operator", locale).format(rule=rule) if by_operator else rule


_SETTINGS = {
    "limits": "panel_page_limits",
    "access": "panel_page_access",
    "models_offered": "change_models_offered",
    "defaults": "change_defaults",
    "private_by_default": "change_private_by_default",
    "ping_when_slow": "change_ping_when_slow",
    "age_restricted_only": "change_age_restricted_only",
    "word_rules": "panel_page_prompts",
    "audit_channel_id": "change_audit_channel_id",
    "mod_channel_id": "change_mod_channel_id",
    "audit_channel_id or mod_channel_id": "panel_page_channels",
    "format": "change_file",
    "the file": "change_file",
}
"""What the fields of `GuildSettings` and of its file are called in the panel."""

_PARTS = {
    "exempt_role_ids": "change_exempt_role",
    "blocks": "change_block",
    "when_full": "change_when_full",
}
"""The same for parts of the limits."""


def _setting(where: str, locale: str | None) -> str:
    """A place in the settings' file, such as `limits.rules.0.amount`, in words. A key that is no setting of ours stands
    as its writer wrote it."""
    line = re.fullmatch(r"line (\d+)", where)
    if line is not None:
        return translated("change_line_of_file", locale).format(number=line[1])
    first, *rest = where.split(".")
    key = _SETTINGS.get(where) or _SETTINGS.get(first)
    if key is None:
        return written("where", where, locale)
    inner = next((_PARTS[part] for part in rest if part in _PARTS), None)
    name = translated(inner or key, locale)
    number = next((int(part) + 1 for part in rest if part.isascii() and part.isdecimal()), None)
    told = name if number is None else translated("change_entry", locale).format(name=name, number=number)
    unknown = [part for part in rest if part not in _PARTS and not part.isdecimal()]
    command = next((part for part in unknown[:1] if first in {"access", "defaults"} and part != "all"), None)
    return f"{told} (/{written('where', command, locale)})" if command else told
