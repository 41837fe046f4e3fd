"""Every sentence that a member can see, by key and in their language. Nothing else writes to people.

>>> say("prompt_too_long", length=1001, limit=1000)
'Your prompt has 1001 characters, and 1000 is the most. Please shorten it and try again.'

Facts from strangers come out harmless whatever they hold (`bot.wording.facts.tame`).
"""

from __future__ import annotations

import gettext
import re
from functools import cache
from pathlib import Path

from bot.errors import UserFacing
from bot.wording.english import SENTENCES
from bot.wording.facts import Markup, written

__all__ = ["DOMAIN", "LOCALES", "SENTENCES", "Markup", "say", "sentence_of", "translated"]

DOMAIN = "clapper"
LOCALES = Path(__file__).parent / "locale"

_CHOSEN_BY_VALUE = {
    "role": "role_",
    "state": "state_",
    "wanted": "role_",
    "found": "found_",
    "unit": "unit_",
    "window": "window_",
}
"""Facts whose value is a word of ours: the table says it in the reader's language."""

_MAY_BE_MISSING = frozenset({"reason", "size_bytes_before", "frees_at", "until", "note", "channels", "choices", "menu"})
"""Facts without which the sentence `…_unexplained` is said."""


def say(key: str, locale: str | None = None, **facts: object) -> str:
    """The sentence of `key` in the language of `locale` (Discord's names, such as "de"), English where there is none.

    Raises `KeyError` for an unknown key or a missing fact: both are mistakes in the code, found by the tests.
    """
    why = f"{key}_{facts.get('reason')}"
    if "why" in facts and why in SENTENCES:
        facts["why"] = translated(why, locale).format_map(facts)
    key = _variant(key, facts)
    if facts.get("amount") == 1 and f"unit_{facts.get('unit')}_one" in SENTENCES:
        facts["unit"] = f"{facts['unit']}_one"
    shown = {name: _fact(name, value, locale) for name, value in facts.items()}
    told = translated(key, locale).format_map(shown)
    because = f"{key.removesuffix('_unexplained')}_reason"
    if facts.get("reason") and because in SENTENCES:
        told += f" {translated(because, locale).format_map(shown)}"
    return told


def sentence_of(error: UserFacing, locale: str | None = None) -> str:
    """What a member is told of `error`."""
    return say(error.key, locale, **error.facts)


def translated(key: str, locale: str | None = None) -> str:
    """The sentence with its facts still open: for the names and descriptions of commands, which have none."""
    return _catalogue(locale or "").pgettext(key, SENTENCES[key])


def _variant(key: str, facts: dict[str, object]) -> str:
    if facts.get("window") == "cooldown" and f"{key}_cooldown" in SENTENCES:
        return f"{key}_cooldown"
    missing = any("{" + name + "}" in SENTENCES[key] and facts.get(name) in {None, ""} for name in _MAY_BE_MISSING)
    return f"{key}_unexplained" if missing and f"{key}_unexplained" in SENTENCES else key


def _fact(name: str, value: object, locale: str | None) -> str:
    if name == "whose":
        return _whose(str(value), locale)
    if name == "channels":
        return ", ".join(f"<#{part}>" for part in re.findall(r"\d+", str(value)))
    if name == "permissions":
        words = (f"permission_{part}" for part in str(value).split(", "))
        return ", ".join(translated(word, locale) if word in SENTENCES else written(name, word) for word in words)
    key = f"{_CHOSEN_BY_VALUE.get(name, '?')}{value}".replace(" ", "_")
    return translated(key, locale) if key in SENTENCES else written(name, value)


def _whose(whose: str, locale: str | None) -> str:
    """`role:123`, `everyone`, `operator_server`: whose rule it is, in words (bot.rules.limit_rules.Rule.whose)."""
    scope, _, target = whose.removeprefix("operator_").partition(":")
    key = f"whose_{scope}"
    if key not in SENTENCES:
        return written("whose", whose)
    mark = "<#" if scope == "channel" else "<@&"
    rule = translated(key, locale).format(target=f"{mark}{target}>")
    by_operator = whose.startswith("operator_")
    return translated("whose_operator", locale).format(rule=rule) if by_operator else rule


@cache
def _catalogue(locale: str) -> gettext.NullTranslations:
    """The catalogue of Discord's `locale`; its language alone where the country has none; English else."""
    name = locale.replace("-", "_")
    languages = [name, name.partition("_")[0]] if name else []
    return gettext.translation(DOMAIN, LOCALES, languages, fallback=True) if languages else gettext.NullTranslations()
