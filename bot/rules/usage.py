"""One rule held against the jobs already counted: how much of it is used, what is left, and when it frees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.rules.jobs import Requester
from bot.rules.limit_rules import Rule, Scope, Unit, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One counted job: refunded ones are left out. `live` jobs have not ended; `waiting` ones are live but held back
    by an at-once rule. `seconds` is the video's length. An admin's reset of its member has `forgiven` it."""

    job_id: str
    user_id: int
    channel_id: int
    guild_id: int | None
    accepted_at: datetime
    cost: int
    seconds: float
    live: bool = False
    waiting: bool = False
    forgiven: bool = False

    def measure(self, unit: Unit) -> float:
        return _measure(unit, self.cost, self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one new job would add."""

    cost: int
    seconds: float

    def measure(self, unit: Unit) -> float:
        return _measure(unit, self.cost, self.seconds)


@dataclass(frozen=True, slots=True)
class Held:
    """A rule that holds for a member; `operator` where it is the operator's and not the server's."""

    rule: Rule
    operator: bool = False

    @property
    def whose(self) -> str:
        """As `Rule.whose`, with `operator_` before the operator's."""
        return f"{'operator_' if self.operator else ''}{self.rule.whose}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a member stands under one rule. `used` and `left` in the rule's unit, before the new job.

    `frees_at` is when the new job would be let in, where it is not now and time alone will do it. For a cooldown
    `used` is 1 while it runs, else 0.
    """

    held: Held
    used: float
    left: float
    fits: bool
    frees_at: datetime | None = None


def fits(rule: Rule, total: float) -> bool:
    """A millionth is forgiven, since seconds are added up in binary fractions."""
    return not rule.shuts_out and total <= rule.amount + 1e-6


def counts(held: Held, requester: Requester, row: Usage) -> bool:
    """Whether a row is counted by a rule that holds for this member."""
    here = row.guild_id == requester.guild_id
    match held.rule.scope:
        case Scope.EVERYONE | Scope.ROLE if row.forgiven and held.rule.window is not Window.AT_ONCE:
            return row.user_id == requester.user_id and held.operator  # what a server forgives, its operator does not
        case Scope.EVERYONE | Scope.ROLE:
            return row.user_id == requester.user_id and (held.operator or here)
        case Scope.CHANNEL:
            return here and row.channel_id == held.rule.target_id
        case Scope.SERVER:
            return here
        case Scope.BOT:
            return True


def stand(held: Held, requester: Requester, asked: Asked, rows: Sequence[Usage], now: datetime) -> Standing:
    """How the member stands under the rule, and whether what they ask for fits."""
    counted = [row for row in rows if counts(held, requester, row)]
    weigh = _WEIGHERS.get(held.rule.window, _within_window)
    return weigh(held, asked.measure(held.rule.unit), counted, now)


def _within_window(held: Held, asked: float, rows: list[Usage], now: datetime) -> Standing:
    """A row leaves the window at exactly `accepted_at` plus its length."""
    rule = held.rule
    inside = sorted((row for row in rows if row.accepted_at + rule.span > now), key=lambda row: row.accepted_at)
    used = sum(row.measure(rule.unit) for row in inside)
    has_room = fits(rule, used + asked)
    frees_at = None
    if not has_room and fits(rule, asked):
        rest = used
        for row in inside:
            rest -= row.measure(rule.unit)
            if fits(rule, rest + asked):
                frees_at = row.accepted_at + rule.span
                break
    return Standing(held=held, used=used, left=max(0, rule.amount - used), fits=has_room, frees_at=frees_at)


def _at_once(held: Held, asked: float, rows: list[Usage], now: datetime) -> Standing:
    """When a running job ends is not known, so there is never a time."""
    del now
    rule = held.rule
    used = sum(row.measure(rule.unit) for row in rows if row.live)
    return Standing(held=held, used=used, left=max(0, rule.amount - used), fits=fits(rule, used + asked))


def _cooldown(held: Held, asked: float, rows: list[Usage], now: datetime) -> Standing:
    del asked
    last = max((row.accepted_at for row in rows), default=None)
    runs_until = None if last is None else last + held.rule.span
    if runs_until is None or runs_until <= now:
        return Standing(held=held, used=0, left=1, fits=True)
    return Standing(held=held, used=1, left=0, fits=False, frees_at=runs_until)


_WEIGHERS: dict[Window, Callable[[Held, float, list[Usage], datetime], Standing]] = {
    Window.AT_ONCE: _at_once,
    Window.COOLDOWN: _cooldown,
}


def _measure(unit: Unit, cost: int, seconds: float) -> float:
    match unit:
        case Unit.JOBS:
            return 1
        case Unit.COST:
            return cost
        case Unit.SECONDS:
            return seconds
