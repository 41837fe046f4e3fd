"""A server's settings in words: its limits, and what a change of the settings changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

import discord

from bot.errors import Fact
from bot.rules.guild_settings_file import Change
from bot.rules.languages import name_of
from bot.rules.limit_rules import Block, Rule, Scope, Window
from bot.rules.usage import Standing
from bot.wording import SENTENCES, Markup, say, translated
from bot.wording.facts import QUOTE_MAX_CHARS, escape, moment, number, plain, stamp

_CHANNELS = frozenset({"channels", "audit_channel_id", "mod_channel_id"})
_ROLES = frozenset({"roles", "exempt_role"})
_VALUE_MAX_CHARS = 80
_NOTHING = {"channels": "value_everywhere", "roles": "value_everyone", "limit": "value_no_limit"}
"""What it means that none are chosen."""


class Names:
    """What a server's roles and channels are called now, in the reader's language. `plain`: as bare names, for where
    Discord shows no mentions."""

    def __init__(self, guild: discord.Guild | None, locale: str, *, plain: bool = False) -> None:
        self._guild = guild if guild is not None and not guild.unavailable else None
        self.locale = locale
        self._plain = plain

    def role(self, role_id: int) -> str:
        """Its mention, or that it is deleted."""
        role = self._guild.get_role(role_id) if self._guild is not None else None
        if self._guild is not None and role is None:
            return say("deleted_role", self.locale, id=str(role_id))
        return f"@{plain(role.name)}" if self._plain and role is not None else f"<@&{role_id}>"

    def channel(self, channel_id: int) -> str:
        """Its mention, or that it is deleted."""
        channel = self._guild.get_channel(channel_id) if self._guild is not None else None
        if self._guild is not None and channel is None:
            return say("deleted_channel", self.locale, id=str(channel_id))
        return f"#{plain(channel.name)}" if self._plain and channel is not None else f"<#{channel_id}>"

    @property
    def plainly(self) -> Names:
        """The same as bare names."""
        return Names(self._guild, self.locale, plain=True)

    def member(self, user_id: int) -> str:
        """Their mention; as a bare name, with the id that tells them from others of that name."""
        if not self._plain:
            return f"<@{user_id}>"
        member = self._guild.get_member(user_id) if self._guild is not None else None
        return str(user_id) if member is None else f"@{plain(member.display_name)} ({user_id})"

    def quote(self, text: str, most_chars: int = QUOTE_MAX_CHARS) -> str:
        """What an admin wrote."""
        return plain(text, most_chars) if self._plain else escape(text, most_chars)

    def moment(self, at: datetime) -> Markup:
        return Markup(moment(at, self.locale)) if self._plain else stamp(at)

    def whose(self, rule: Rule, *, operator: bool = False) -> str:
        """Whom the rule is for, in words."""
        match rule.scope:
            case Scope.ROLE:
                words = say("for_role", self.locale, target=Markup(self.role(rule.target_id or 0)))
            case Scope.CHANNEL:
                words = say("for_channel", self.locale, target=Markup(self.channel(rule.target_id or 0)))
            case _:
                words = say(f"for_{rule.scope}", self.locale)
        return say("for_operator", self.locale, rule=Markup(words)) if operator else words


def rule_word(rule: Rule) -> str:
    """What tells a rule from all others, as one word for options: `role:123 jobs day`."""
    return f"{rule.whose} {rule.unit} {rule.window}"


def rule_text(rule: Rule, names: Names) -> str:
    """`each member: 20 videos a day`."""
    whose = Markup(names.whose(rule))
    if rule.shuts_out:
        return say("rule_shut", names.locale, target=whose)
    facts = {"amount": rule.amount, "unit": rule.unit.value, "window": rule.window.value}
    return say("rule_line", names.locale, target=whose, **facts)


def limit_lines(rules: Iterable[Rule], names: Names) -> list[str]:
    """One line for each rule."""
    return [rule_text(rule, names) for rule in rules]


def standing_text(standing: Standing, names: Names, who: str) -> str:
    """`You: 3 of 20 videos a day, 17 left`, and where nothing is left, when there will be more. `who` is how a limit
    names the member that counts only what they made."""
    rule, operator = standing.held.rule, standing.held.operator
    if rule.scope in {Scope.EVERYONE, Scope.ROLE}:
        whose = Markup(say("for_operator", names.locale, rule=Markup(who)) if operator else who)
    else:
        whose = Markup(names.whose(rule, operator=operator))
    if rule.shuts_out:
        return say("rule_shut", names.locale, target=whose)
    if rule.window is Window.COOLDOWN:
        line = say("rule_line", names.locale, target=whose, amount=rule.amount, unit="jobs", window="cooldown")
    else:
        line = say(
            "standing_line",
            names.locale,
            target=whose,
            amount=rule.amount,
            unit=rule.unit.value,
            window=rule.window.value,
            used=standing.used,
            left=standing.left,
        )
    if standing.frees_at is not None:
        line += f" · {say('standing_frees', names.locale, frees_at=standing.frees_at)}"
    return line


def block_text(block: Block, names: Names, *, most_chars: int = QUOTE_MAX_CHARS) -> str:
    """Who is blocked, until when and why, with the first `most_chars` of the reason."""
    until = "" if block.until is None else f" {say('block_until', names.locale, until=names.moment(block.until))}"
    told = say("block_line", names.locale, member=Markup(names.member(block.user_id))) + until
    if not block.reason:
        return told
    return f"{told} {say('quoted', names.locale, text=Markup(names.quote(block.reason, most_chars)))}"


def change_lines(changes: Sequence[Change], locale: str | None, *, most_chars: int) -> list[str]:
    """One line for each change, as many as fit into `most_chars`, and a last line with the number of the others.

    What admins wrote is escaped.
    """
    lines: list[str] = []
    room = most_chars
    for at, change in enumerate(changes):
        line = _change_line(change, locale)
        room -= len(line) + 1
        if room < 60:
            return [*lines, say("changes_more", locale, number=len(changes) - at)]
        lines.append(line)
    return lines


def _change_line(change: Change, locale: str | None) -> str:
    what = _changed_part(change, locale)
    return say(
        "change_line",
        locale,
        name=Markup(translated(f"change_{change.key}", locale)),
        what=Markup(f" {what}" if what else ""),
        before=Markup(_changed_value(change, change.before, locale)),
        after=Markup(_changed_value(change, change.after, locale)),
    )


def _changed_part(change: Change, locale: str | None) -> str:
    match change.key:
        case "exempt_role":
            return f"<@&{change.what}>"
        case "block":
            return f"<@{change.what}>"
        case "limit":
            scope, _, target = change.what.partition(" ")[0].partition(":")
            mark = "<#" if scope == "channel" else "<@&"
            return say(f"for_{scope}", locale, target=Markup(f"{mark}{target}>"))
        case "channels" | "roles" | "defaults":
            return f"/{change.what}" if change.what != "all" else ""
        case _:
            if not change.what:
                return ""
            return say("quoted", locale, text=Markup(escape(change.what, _VALUE_MAX_CHARS)))


def _changed_value(change: Change, value: Fact, locale: str | None) -> str:
    if isinstance(value, bool):
        return translated("value_yes" if value else "value_no", locale)
    if value is None and change.key == "models_offered":
        return translated("value_all", locale)
    if value is None or value == "":
        return translated(_NOTHING.get(change.key, "value_none"), locale)
    return _value_there(change, value, locale)


def _value_there(change: Change, value: Fact, locale: str | None) -> str:
    match change.key:
        case "language":
            return name_of(str(value))
        case key if key in _CHANNELS:
            return _mentions("#", str(value))
        case key if key in _ROLES:
            return _mentions("@&", str(value))
        case "limit":
            return _amount(change, value, locale)
        case _:
            return _word(value, locale)


def _amount(change: Change, value: Fact, locale: str | None) -> str:
    """How much a limit allows: `20 videos a day`."""
    _, unit, window = change.what.split(" ", 2)
    return say("limit_amount", locale, amount=value, unit=unit, window=window)


def _word(value: Fact, locale: str | None) -> str:
    if isinstance(value, int | float):
        return number(value, locale)
    key = f"value_{value}"
    return translated(key, locale) if key in SENTENCES else escape(str(value), _VALUE_MAX_CHARS)


def _mentions(mark: str, ids: str) -> str:
    found = re.findall(r"\d+", ids)
    return ", ".join(f"<{mark}{one}>" for one in found[:10]) + (" …" if len(found) > 10 else "")
