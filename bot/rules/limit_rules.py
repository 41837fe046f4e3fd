"""The rules that limits are made of, as a server's admins and the operator write them down."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, model_validator

from bot.errors import (
    BlockUnknown,
    LimitAmountInvalid,
    LimitRoleMissing,
    LimitTargetInvalid,
    RuleUnknown,
    SettingsError,
    TooManyRules,
)

AMOUNT_MAX = 1_000_000
RULES_MAX = 100
BLOCKS_MAX = 1000
REASON_MAX_CHARS = 300

IdSet = Annotated[frozenset[int], PlainSerializer(sorted, return_type=list[int])]
"""Discord's ids without order; written sorted, so that equal documents are equal as text."""


class Scope(StrEnum):
    """Whose jobs a rule counts: each member's own (`everyone`, `role`), or all of a channel, a server, the bot.

    `bot` is for the operator's rules alone.
    """

    EVERYONE = "everyone"
    ROLE = "role"
    CHANNEL = "channel"
    SERVER = "server"
    BOT = "bot"


class Unit(StrEnum):
    """What is counted: jobs, seconds of video, or what they cost in US dollars, with cents."""

    JOBS = "jobs"
    SECONDS = "seconds"
    COST = "cost"


class Window(StrEnum):
    """How long a job is counted: while it is live, or for a sliding time. A cooldown's amount is in seconds."""

    AT_ONCE = "at once"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "30 days"
    COOLDOWN = "cooldown"


LENGTHS: Mapping[Window, timedelta] = {
    Window.AT_ONCE: timedelta(),
    Window.MINUTE: timedelta(minutes=1),
    Window.HOUR: timedelta(hours=1),
    Window.DAY: timedelta(days=1),
    Window.WEEK: timedelta(weeks=1),
    Window.MONTH: timedelta(days=30),
}

BLOCK_LENGTHS: Mapping[str, timedelta | None] = {
    "1 hour": timedelta(hours=1),
    "1 day": timedelta(days=1),
    "1 week": timedelta(weeks=1),
    "30 days": timedelta(days=30),
    "for good": None,
}
"""How long a member may be blocked; None has no end."""

Amount = Annotated[
    int | float,
    Field(ge=0, le=AMOUNT_MAX, allow_inf_nan=False),
    AfterValidator(lambda amount: int(amount) if amount == int(amount) else amount),
]
"""Whole numbers are kept as such, so that equal rules are equal as text."""

RuleKey = tuple[Scope, int | None, Unit, Window]
"""What makes two rules the same one: the later replaces the earlier."""


class Rule(BaseModel):
    """At most `amount` of `unit` in `window`; `target_id` is the role's or channel's. Only money has cents.

    An amount of 0 shuts out, but for a cooldown, where it means none. A cooldown has no unit of its own: it is always
    written as `jobs`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scope: Scope
    target_id: int | None = Field(default=None, ge=1, lt=2**63)
    amount: Amount
    unit: Unit = Unit.JOBS
    window: Window

    @model_validator(mode="after")
    def _target_fits_scope(self) -> Self:
        if (self.target_id is not None) != (self.scope in {Scope.ROLE, Scope.CHANNEL}):
            raise ValueError("a role's or a channel's rule names it, and no other rule does")
        if self.window is Window.COOLDOWN and self.unit is not Unit.JOBS:
            raise ValueError("a cooldown is between jobs")
        if not _is_amount(self.amount, self.unit):
            raise ValueError("an amount is a whole number, or dollars with cents")
        return self

    @property
    def key(self) -> RuleKey:
        return self.scope, self.target_id, self.unit, self.window

    @property
    def shuts_out(self) -> bool:
        return self.amount == 0 and self.window is not Window.COOLDOWN

    @property
    def generosity(self) -> float:
        """The higher, the more a member may do."""
        return -self.amount if self.window is Window.COOLDOWN else self.amount

    @property
    def span(self) -> timedelta:
        """How long a job is counted after it was accepted."""
        return timedelta(seconds=self.amount) if self.window is Window.COOLDOWN else LENGTHS[self.window]

    @property
    def whose(self) -> str:
        """`everyone`, `server`, `bot`, `role:123` or `channel:123`."""
        return self.scope.value if self.target_id is None else f"{self.scope}:{self.target_id}"


class Block(BaseModel):
    """A member who may make nothing, until a time or for good."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user_id: int = Field(ge=1, lt=2**63)
    reason: str = Field(default="", max_length=REASON_MAX_CHARS)
    until: AwareDatetime | None = None


class LimitBook(BaseModel):
    """All that a server's admins say about limits. `when_full` is what an at-once rule does with one more job."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: tuple[Rule, ...] = Field(default=(), max_length=RULES_MAX)
    exempt_role_ids: IdSet = frozenset()
    blocks: tuple[Block, ...] = Field(default=(), max_length=BLOCKS_MAX)
    when_full: Literal["refuse", "queue"] = "refuse"

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        if any(rule.scope is Scope.BOT for rule in self.rules):
            raise ValueError("a rule for the whole bot is the operator's to make")
        if len({rule.key for rule in self.rules}) < len(self.rules):
            raise ValueError("two rules have the same scope, target, unit and window")
        if len({block.user_id for block in self.blocks}) < len(self.blocks):
            raise ValueError("a member is blocked twice")
        return self

    def with_rule(self, rule: Rule) -> Self:
        """With the rule, in the place of the one it replaces. Raises `TooManyRules`."""
        if rule.key in {known.key for known in self.rules}:
            rules = tuple(rule if known.key == rule.key else known for known in self.rules)
        else:
            rules = (*self.rules, rule)
        if len(rules) > RULES_MAX:
            raise TooManyRules(limit=RULES_MAX)
        return self.model_copy(update={"rules": rules})

    @property
    def in_order(self) -> tuple[Rule, ...]:
        """The rules as they are shown: each member's first, the whole server's last."""
        return tuple(sorted(self.rules, key=lambda rule: (list(Scope).index(rule.scope), rule.target_id or 0)))

    def blocks_at(self, now: datetime) -> tuple[Block, ...]:
        """The blocks that have not ended."""
        return tuple(block for block in self.blocks if block.until is None or block.until > now)

    def rule(self, key: RuleKey) -> Rule:
        """Raises `RuleUnknown`."""
        for rule in self.rules:
            if rule.key == key:
                return rule
        raise RuleUnknown

    def without_rule(self, key: RuleKey) -> Self:
        """Raises `RuleUnknown`, so that two admins who remove the same rule are not both told of success."""
        gone = self.rule(key)
        return self.model_copy(update={"rules": tuple(rule for rule in self.rules if rule is not gone)})

    def with_block(self, block: Block, now: datetime) -> Self:
        """With the block, in the place of the member's earlier one; blocks that have ended are left out."""
        others = [known for known in self.blocks_at(now) if known.user_id != block.user_id]
        if len(others) >= BLOCKS_MAX:
            raise TooManyRules(limit=BLOCKS_MAX)
        return self.model_copy(update={"blocks": (*others, block)})

    def without_block(self, user_id: int) -> Self:
        """Raises `BlockUnknown` where the member is not blocked."""
        blocks = tuple(block for block in self.blocks if block.user_id != user_id)
        if len(blocks) == len(self.blocks):
            raise BlockUnknown(user_id=user_id)
        return self.model_copy(update={"blocks": blocks})

    def with_exempt_roles(self, role_ids: Iterable[int]) -> Self:
        """With these roles exempt, and no others."""
        return self.model_copy(update={"exempt_role_ids": frozenset(role_ids)})

    def with_full(self, then: Literal["refuse", "queue"]) -> Self:
        """With that done where an at-once rule is full."""
        return self.model_copy(update={"when_full": then})


OUTSIDE_OF_SERVERS = LimitBook(when_full="queue")
"""In direct messages there are no rules but the operator's."""


def make_rule(
    scope: Scope, amount: float, window: Window, *, unit: Unit = Unit.JOBS, target_id: int | None = None
) -> Rule:
    """The rule that an admin asked for. Raises `LimitAmountInvalid`, `LimitRoleMissing` or `LimitTargetInvalid`."""
    unit = Unit.JOBS if window is Window.COOLDOWN else unit
    if not (0 <= amount <= AMOUNT_MAX and _is_amount(amount, unit)):
        raise LimitAmountInvalid(amount=amount, highest=AMOUNT_MAX)
    if scope is Scope.ROLE and target_id is None:
        raise LimitRoleMissing
    if (target_id is not None) != (scope in {Scope.ROLE, Scope.CHANNEL}):
        raise LimitTargetInvalid(scope=scope.value)
    return Rule(scope=scope, target_id=target_id, amount=amount, unit=unit, window=window)


_TYPED_AMOUNT = re.compile(r"(\d{1,9})(?:[.,](\d{1,2}))?")
"""A comma is what most of Europe writes before the cents."""


def read_amount(text: str) -> float:
    """The amount as somebody typed it: `5`, `2.50` or `2,50`. Raises `LimitAmountInvalid`."""
    found = _TYPED_AMOUNT.fullmatch(text.strip())
    if found is None or not text.isascii():
        raise LimitAmountInvalid(amount=text.strip()[:40], highest=AMOUNT_MAX)
    return float(f"{found[1]}.{found[2] or 0}")


def make_block(user_id: int, reason: str, length: str, now: datetime) -> Block:
    """The block that an admin asked for; `length` is a key of `BLOCK_LENGTHS`."""
    lasts = BLOCK_LENGTHS[length]
    return Block(
        user_id=user_id, reason=reason[:REASON_MAX_CHARS].strip(), until=None if lasts is None else now + lasts
    )


def _is_amount(amount: float, unit: Unit) -> bool:
    return amount == (round(amount, 2) if unit is Unit.COST else round(amount))


USUAL_OPERATOR_LIMITS = "everyone 50 jobs day, everyone 10 cost day, server 100 cost day"
"""What holds where the operator says nothing: direct messages have no admins, and whoever brings the bot to one server
more finds its own limits unused there."""

_OPERATOR_RULE = re.compile(
    r"(?P<scope>everyone|server|bot)\s+(?P<amount>[0-9]{1,7}(\.[0-9]{1,2})?)(?:\s+(?P<unit>jobs|seconds|cost))?\s+"
    r"(?P<window>at once|minute|hour|day|week|30 days|cooldown)",
    re.IGNORECASE,
)


def operator_rules(text: str) -> tuple[Rule, ...]:
    """The operator's rules from a setting such as `everyone 50 jobs day, bot 200 jobs at once, everyone 10 cooldown`.

    `none` alone is for none. Raises `SettingsError` with the part that makes no sense.
    """
    if text.strip().casefold() == "none":
        return ()
    rules: dict[RuleKey, Rule] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        match = _OPERATOR_RULE.fullmatch(part)
        rule = None if match is None else _operator_rule(match)
        if rule is None:
            raise SettingsError(
                f"OPERATOR_LIMITS can't be used at {part!r}: say scope (everyone, server, bot), amount (0 to "
                f"{AMOUNT_MAX}), unit (jobs, seconds, cost in US dollars) and window (at once, minute, hour, day, "
                "week, 30 days, cooldown), such as `everyone 50 jobs day` or `everyone 2.50 cost day`; or `none`"
            )
        rules[rule.key] = rule
    return tuple(rules.values())


def _operator_rule(match: re.Match[str]) -> Rule | None:
    unit, window = Unit((match["unit"] or "jobs").lower()), Window(match["window"].lower())
    try:
        return make_rule(Scope(match["scope"].lower()), float(match["amount"]), window, unit=unit)
    except LimitAmountInvalid:
        return None
