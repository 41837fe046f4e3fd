"""One rule held against what the jobs already counted add up to: how much is used, and whether one more fits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.rules.jobs import Requester
from bot.rules.limit_rules import Rule, Scope, Unit, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One counted job: refunded ones are left out. `live` jobs have not ended; `waiting` ones are live but held back
    by an at-once rule. `cost` is in US dollars and `seconds` the video's length. An admin's reset of its member has
    `forgiven` it."""

    job_id: str
    user_id: int
    channel_id: int
    guild_id: int | None
    accepted_at: datetime
    cost: float
    seconds: float
    live: bool = False
    waiting: bool = False
    forgiven: bool = False

    def measure(self, unit: Unit) -> float:
        return _measure(unit, self.cost, self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one new job would add: US dollars, and seconds of video."""

    cost: float
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
class Tally:
    """What the jobs that a rule counts add up to, in the rule's unit, without the new job.

    `used` is the sum of those inside the window, or of the live ones for an at-once rule. Of the live ones, `running`
    is the sum and `running_jobs` the number of those that are not in the waitlist, and `waiting_jobs` the number of
    those that are. `latest` is when the newest was accepted, for a cooldown.
    """

    used: float = 0
    running: float = 0
    running_jobs: int = 0
    waiting_jobs: int = 0
    latest: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a member stands under one rule. `used` and `left` in the rule's unit, before the new job.

    `frees_at` is when the new job would be let in, where it is not now and time alone will do it. For a cooldown
    `used` is 1 while it runs, else 0.
    """

    held: Held
    tally: Tally
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


def stand(held: Held, asked: Asked, tally: Tally, now: datetime) -> Standing:
    """How the member stands under the rule, and whether what they ask for fits.

    When a window has room again is not known from a sum: `frees_at` is for the caller to add (`needs_time`).
    """
    rule = held.rule
    if rule.window is Window.COOLDOWN:
        runs_until = None if tally.latest is None else tally.latest + rule.span
        if runs_until is None or runs_until <= now:
            return Standing(held=held, tally=tally, used=0, left=1, fits=True)
        return Standing(held=held, tally=tally, used=1, left=0, fits=False, frees_at=runs_until)
    has_room = fits(rule, tally.used + asked.measure(rule.unit))
    return Standing(held=held, tally=tally, used=tally.used, left=max(0, rule.amount - tally.used), fits=has_room)


def needs_time(standing: Standing, asked: Asked) -> bool:
    """Whether jobs that leave the window let this one in, so that the moment can be told."""
    rule = standing.held.rule
    sliding = rule.window not in {Window.AT_ONCE, Window.COOLDOWN}
    return sliding and not standing.fits and fits(rule, asked.measure(rule.unit))


def _measure(unit: Unit, cost: float, seconds: float) -> float:
    match unit:
        case Unit.JOBS:
            return 1
        case Unit.COST:
            return cost
        case Unit.SECONDS:
            return seconds
