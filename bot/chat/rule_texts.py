"""Limits in words: whose they are by the server's own names, so that a deleted role or channel is seen as such."""

from __future__ import annotations

from datetime import datetime

import discord

from bot.rules.limit_rules import Block, Rule, Scope, Window
from bot.rules.usage import Standing
from bot.wording import Markup, say
from bot.wording.facts import escape, moment, stamp


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
        return f"@{role.name}" if self._plain and role is not None else f"<@&{role_id}>"

    def channel(self, channel_id: int) -> str:
        """Its mention, or that it is deleted."""
        channel = self._guild.get_channel(channel_id) if self._guild is not None else None
        if self._guild is not None and channel is None:
            return say("deleted_channel", self.locale, id=str(channel_id))
        return f"#{channel.name}" if self._plain and channel is not None else f"<#{channel_id}>"

    def member(self, user_id: int) -> str:
        return str(user_id) if self._plain else f"<@{user_id}>"

    def moment(self, at: datetime) -> Markup:
        return Markup(moment(at, self.locale)) if self._plain else stamp(at)

    def whose(self, rule: Rule, *, operator: bool = False) -> str:
        """Whom the rule is for, in words."""
        match rule.scope:
            case Scope.ROLE:
                words = self.role(rule.target_id or 0)
            case Scope.CHANNEL:
                words = self.channel(rule.target_id or 0)
            case _:
                words = say(f"for_{rule.scope}", self.locale)
        return say("for_operator", self.locale, rule=Markup(words)) if operator else words


def rule_word(rule: Rule) -> str:
    """What tells a rule from all others, as one word for options: `role:123 jobs day`."""
    return f"{rule.whose} {rule.unit} {rule.window}"


def rule_text(rule: Rule, names: Names) -> str:
    """`everyone: 20 videos a day`."""
    whose = Markup(names.whose(rule))
    if rule.shuts_out:
        return say("rule_shut", names.locale, target=whose)
    facts = {"amount": rule.amount, "unit": rule.unit.value, "window": rule.window.value}
    return say("rule_line", names.locale, target=whose, **facts)


def standing_text(standing: Standing, names: Names) -> str:
    """`everyone: 3 of 20 videos a day used, 17 left`, and when it frees where nothing is."""
    rule = standing.held.rule
    whose = Markup(names.whose(rule, operator=standing.held.operator))
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


def block_text(block: Block, names: Names) -> str:
    """Who is blocked, until when and why."""
    until = "" if block.until is None else f" {say('block_until', names.locale, until=names.moment(block.until))}"
    reason = f" “{escape(block.reason)}”" if block.reason else ""
    return say("block_line", names.locale, member=Markup(names.member(block.user_id))) + until + reason
