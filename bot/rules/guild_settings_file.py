"""A guild's settings as a JSON file: exported, imported with every value checked, and compared before they change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.errors import Fact
from bot.rules.guild_settings import Access, Defaults, GuildSettings, Known, check_known, invalid
from bot.rules.limit_rules import Block, Rule

FILE_MAX_CHARS = 500_000
"""Twice what a document with every list full needs."""

IMPORT_LIFE = timedelta(hours=1)
"""How long a file is kept between the look at what it would change and the word to apply it."""

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two documents, to show to people. `before` and `after` are None where there is no value.

    `key` is a setting's name, or `limit`, `exempt_role`, `block`, `channels`, `roles`, `defaults`, `word_rule`; `what`
    tells several of those apart: the rule (`role:123 jobs day`), a role's or member's id, a command, a pattern.
    """

    key: str
    what: str
    before: Fact
    after: Fact


def export_settings(guild_settings: GuildSettings, guild_id: int) -> str:
    """The settings as JSON text. Ids are strings: many programs round numbers as long as Discord's."""
    fields = guild_settings.model_dump(mode="json", exclude={"version"})
    document = {"format": _FORMAT, "guild_id": guild_id, **fields}
    return json.dumps(_ids_as_text(document), ensure_ascii=False, indent=2) + "\n"


def import_settings(text: str, current: GuildSettings, known: Known) -> GuildSettings:
    """The settings that `text` makes of `current`: those that it names are replaced, the others kept.

    Raises `GuildSettingsInvalid` with the key that is wrong: unknown, out of range, or a role or channel of another
    guild. The version is the next one. Nothing is saved here.
    """
    document = _parsed(text)
    if document.pop("format", None) != _FORMAT:
        raise invalid("format", "not_settings")
    document.pop("guild_id", None)
    if "version" in document:
        raise invalid("version", "unknown_key", name="version")
    guild_settings = current.amended(**document)
    check_known(guild_settings, known)
    return guild_settings


def diff(old: GuildSettings, new: GuildSettings) -> tuple[Change, ...]:
    """What changes from `old` to `new`, in the order of the settings. The version is left out."""
    return tuple(change for change in _changes(old, new) if change.before != change.after)


def _changes(old: GuildSettings, new: GuildSettings) -> Iterator[Change]:
    yield from _pairs("limit", _rules(old), _rules(new))
    yield from _pairs("exempt_role", _there(old.limits.exempt_role_ids), _there(new.limits.exempt_role_ids))
    yield from _pairs("block", _blocks(old), _blocks(new))
    yield Change("when_full", "", old.limits.when_full, new.limits.when_full)
    for command in sorted({*old.access, *new.access}):
        before, after = old.access.get(command, Access()), new.access.get(command, Access())
        yield Change("channels", command, _listed(before.channel_ids), _listed(after.channel_ids))
        yield Change("roles", command, _listed(before.role_ids), _listed(after.role_ids))
    yield Change("models_offered", "", _listed(old.models_offered), _listed(new.models_offered))
    yield from _pairs("defaults", _defaults(old), _defaults(new))
    yield from _pairs("word_rule", _words(old), _words(new))
    for name in (
        "language",
        "private_by_default",
        "ping_when_slow",
        "age_restricted_only",
        "audit_channel_id",
        "mod_channel_id",
    ):
        yield Change(name, "", getattr(old, name), getattr(new, name))


def _pairs(key: str, before: Mapping[str, Fact], after: Mapping[str, Fact]) -> Iterator[Change]:
    for what in dict.fromkeys([*before, *after]):
        yield Change(key, what, before.get(what), after.get(what))


def _rules(guild_settings: GuildSettings) -> dict[str, Fact]:
    return {_named(rule): rule.amount for rule in guild_settings.limits.rules}


def _named(rule: Rule) -> str:
    return f"{rule.whose} {rule.unit} {rule.window}"


def _blocks(guild_settings: GuildSettings) -> dict[str, Fact]:
    def said(block: Block) -> str:
        return f"{block.reason} {block.until.isoformat() if block.until else ''}".strip() or "blocked"

    return {str(block.user_id): said(block) for block in guild_settings.limits.blocks}


def _defaults(guild_settings: GuildSettings) -> dict[str, Fact]:
    def said(defaults: Defaults) -> str | None:
        given = defaults.model_dump(exclude_none=True)
        return ", ".join(f"{name} {value}" for name, value in given.items()) or None

    return {operation.value: said(defaults) for operation, defaults in guild_settings.defaults.items()}


def _words(guild_settings: GuildSettings) -> dict[str, Fact]:
    def said(action: str, fold: bool, note: str) -> str:
        return ", ".join(filter(None, (action, "" if fold else "exact letters", note)))

    return {rule.pattern: said(rule.action, rule.fold, rule.note) for rule in guild_settings.word_rules}


def _there(ids: frozenset[int]) -> dict[str, Fact]:
    return {str(one): True for one in sorted(ids)}


def _listed(values: frozenset[int] | frozenset[str] | None) -> str | None:
    return None if values is None else ", ".join(str(value) for value in sorted(values))


def _ids_as_text(value: Any, key: str = "") -> Any:
    match value:
        case dict():
            return {name: _ids_as_text(inner, name) for name, inner in value.items()}
        case list():
            return [_ids_as_text(inner, key) for inner in value]
        case int() if key.endswith(("_id", "_ids")):
            return str(value)
        case _:
            return value


def _parsed(text: str) -> dict[str, Any]:
    if len(text) > FILE_MAX_CHARS:
        raise invalid("the file", "too_long", limit=FILE_MAX_CHARS)
    try:
        document = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_once)
    except json.JSONDecodeError as exc:
        raise invalid(f"line {exc.lineno}", "not_json") from None
    except (RecursionError, ValueError):  # nested a thousand deep, or a number of thousands of digits
        raise invalid("the file", "not_json") from None
    if not isinstance(document, dict):
        raise invalid("the file", "not_settings")
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises where a key is there twice, since one of its values would be lost unseen."""
    keys: set[str] = set()
    for key, _ in pairs:
        if key in keys:
            raise invalid(key[:100], "said_twice")
        keys.add(key)
    return dict(pairs)
