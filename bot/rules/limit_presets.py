"""Limits to begin with, for three kinds of servers."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from bot.errors import TooManyRules
from bot.rules.guild_settings import STARTING_LIMITS
from bot.rules.limit_rules import RULES_MAX, LimitBook, Rule, Scope, Unit, Window


class LimitPreset(StrEnum):
    """The values stand in custom ids and in the keys of sentences."""

    FRIENDS = "friends"
    SMALL = "small"
    BIG = "big"


_FOR_ALL = frozenset({Scope.EVERYONE, Scope.SERVER})

PRESETS: Mapping[LimitPreset, tuple[Rule, ...]] = {
    LimitPreset.FRIENDS: (
        Rule(scope=Scope.EVERYONE, amount=3, window=Window.AT_ONCE),
        Rule(scope=Scope.SERVER, amount=10, window=Window.AT_ONCE),
        Rule(scope=Scope.SERVER, amount=100, window=Window.DAY),
    ),
    LimitPreset.SMALL: STARTING_LIMITS.rules,
    LimitPreset.BIG: (
        Rule(scope=Scope.EVERYONE, amount=1, window=Window.AT_ONCE),
        Rule(scope=Scope.EVERYONE, amount=5, window=Window.DAY),
        Rule(scope=Scope.EVERYONE, amount=60, window=Window.COOLDOWN),
        Rule(scope=Scope.SERVER, amount=10, window=Window.AT_ONCE),
        Rule(scope=Scope.SERVER, amount=50, unit=Unit.COST, window=Window.DAY),
    ),
}


def with_preset(book: LimitBook, preset: LimitPreset) -> LimitBook:
    """With the preset's rules in the place of those for each member and for the whole server, and the next one waiting
    where an at-once rule is full. Roles' and channels' rules, exempt roles and blocks stay. Raises `TooManyRules`."""
    others = tuple(rule for rule in book.rules if rule.scope not in _FOR_ALL)
    rules = (*PRESETS[preset], *others)
    if len(rules) > RULES_MAX:
        raise TooManyRules(limit=RULES_MAX)
    return book.with_full("queue").model_copy(update={"rules": rules})
