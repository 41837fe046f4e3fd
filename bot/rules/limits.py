"""Who may make how much: rules and the jobs already counted -> allowed, or refused with which rule and when it frees.

Everything is counted from the jobs' own rows in windows that slide with the clock, so there is nothing to reset. Which
rules hold for a member:

- a block first, whatever else is set;
- the operator's rules, always;
- the server's and the channel's rules, for all who have no exempt role;
- of the rules of the member's roles, for each unit and window, the most generous; it beats `everyone`'s. Two
  exceptions make 0 mean what it says: a role with 0 is shut out whatever its members' other roles allow, and
  `everyone` with 0 shuts out only those who have no role with a rule of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from bot.errors import (
    ContentRefused,
    LimitReached,
    LimitTooSmall,
    MemberBlocked,
    OutcomeUnknown,
    Refused,
    ServiceBusy,
    ServiceFailed,
    ServiceRefused,
    ShutOut,
    TriesUsedUp,
    UserFacing,
)
from bot.rules.jobs import Job, JobState, Requester
from bot.rules.limit_rules import LimitBook, Rule, Scope, Unit, Window
from bot.rules.usage import Asked, Held, Standing, Usage, fits

__all__ = ["LEAST", "Account", "Asked", "Decision", "Held", "Standing", "Usage", "blocked", "decide", "holding"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether the new job is let in. `waits`: into the waitlist, which says if it may start at once."""

    standings: tuple[Standing, ...]
    refusal: Refused | None = None
    waits: bool = False

    @property
    def allowed(self) -> bool:
        return self.refusal is None

    def or_raise(self) -> Decision:
        """Itself, or the refusal raised."""
        if self.refusal is not None:
            raise self.refusal
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """How a member stands with the limits. `blocked` is the reason why they may make nothing, if they may not."""

    standings: tuple[Standing, ...]
    blocked: MemberBlocked | None = None
    exempt: bool = False


def decide(book: LimitBook, asked: Asked, standings: Sequence[Standing]) -> Decision:
    """Let one new job in, refuse it, or put it into the waitlist, as the member stands under every rule that holds.

    Of several rules that refuse, the one that frees last is named, so that its time is the member's true waiting time.
    """
    broken = [standing for standing in standings if not standing.fits]
    refused = [standing for standing in broken if not _only_waits(book, standing, asked)]
    if refused:
        return Decision(standings=tuple(standings), refusal=_refusal(max(refused, key=_severity), asked))
    return Decision(standings=tuple(standings), waits=bool(broken))


LEAST = Asked(cost=0.01, seconds=1)
"""The least thing that can be asked for: `/usage` tells how a member stands as if they asked for it."""


def blocked(book: LimitBook, requester: Requester, now: datetime) -> MemberBlocked | None:
    """What a member is told who is on the block list now; None for others."""
    if requester.guild_id is None:
        return None
    for block in book.blocks:
        if block.user_id == requester.user_id and (block.until is None or block.until > now):
            return MemberBlocked(reason=block.reason, until=block.until)
    return None


FREE_TRIES, FREE_TRIES_IN = 5, timedelta(hours=1)
"""How many of a member's files may turn out to be of no use, and in which time. A job that is refused so is given back
to every limit, though it took a download and a worker. Who has the wrong file finds the right one in a few tries."""


GIVEN_BACK, GIVEN_BACK_IN = 3, timedelta(days=1)
"""How many of a member's jobs that the service failed, or may have been paid for, no limit counts, and in which time.
Who finds prompts that the service fails over and over would make it work without end."""


class GivenBack(Enum):
    """Whether the limits count a job that ended without a video."""

    ALWAYS = auto()  # it cost nothing
    SELDOM = auto()  # it may have cost something, and is nobody's fault: up to `GIVEN_BACK`
    NEVER = auto()  # the service made the video


_SAID_LATE = (ServiceFailed, ContentRefused, ServiceBusy)
"""What fal.ai says of a failed job only where its result is asked for."""


def given_back(job: Job, error: UserFacing) -> GivenBack:
    """What is given back of a job that ends for that reason, in the state that it had before."""
    if job.state is JobState.COMPLETED and not isinstance(error, _SAID_LATE):
        return GivenBack.NEVER
    before_submit = job.state in {JobState.ACCEPTED, JobState.SUBMITTING} and not job.resubmitted
    if before_submit and not isinstance(error, OutcomeUnknown | ServiceRefused | ContentRefused):
        return GivenBack.ALWAYS
    return GivenBack.SELDOM


def tries_files(job: Job) -> bool:
    """Whether files will be fetched for the job of which nobody knows yet if they can be used."""
    return bool(job.request.files) and not job.stored


def used_up(last_free: datetime | None) -> TriesUsedUp | None:
    """What a member is told who has used up the free tries. `last_free` is when the last one of them was accepted;
    None while there are some left."""
    return None if last_free is None else TriesUsedUp(amount=FREE_TRIES, frees_at=last_free + FREE_TRIES_IN)


def holding(book: LimitBook, requester: Requester, operator: Sequence[Rule]) -> Iterator[Held]:
    """The rules that hold for this member here."""
    for rule in operator:
        if rule.scope is not Scope.SERVER or requester.guild_id is not None:
            yield Held(rule, operator=True)
    if requester.guild_id is None or book.exempt_role_ids & set(requester.role_ids):
        return
    for rule in book.rules:
        if rule.scope is Scope.SERVER or (rule.scope is Scope.CHANNEL and rule.target_id == requester.channel_id):
            yield Held(rule)
    for rule in _personal(book.rules, set(requester.role_ids)):
        yield Held(rule)


def _personal(rules: Sequence[Rule], role_ids: set[int]) -> Iterator[Rule]:
    """For each unit and window the one rule, of a role or of everyone, that holds for a member with these roles."""
    of_roles = [rule for rule in rules if rule.scope is Scope.ROLE and rule.target_id in role_ids]
    chosen: dict[tuple[Unit, Window], Rule] = {}
    for rule in of_roles:
        rival = chosen.get((rule.unit, rule.window))
        if rival is None or rule.shuts_out or (not rival.shuts_out and rule.generosity > rival.generosity):
            chosen[rule.unit, rule.window] = rule
    welcome = any(not rule.shuts_out for rule in of_roles)
    for rule in rules:
        if rule.scope is Scope.EVERYONE and not (rule.shuts_out and welcome):
            chosen.setdefault((rule.unit, rule.window), rule)
    yield from chosen.values()


def _only_waits(book: LimitBook, standing: Standing, asked: Asked) -> bool:
    """Whether the server has chosen that jobs over this rule wait."""
    rule = standing.held.rule
    at_once = rule.window is Window.AT_ONCE and not rule.shuts_out
    return book.when_full == "queue" and at_once and fits(rule, asked.measure(rule.unit))


def _severity(standing: Standing) -> tuple[bool, bool, datetime]:
    """What no waiting mends first, then what frees last; an at-once rule has no time and comes last."""
    rule = standing.held.rule
    never = standing.frees_at is None and rule.window is not Window.AT_ONCE
    when = standing.frees_at or datetime.min.replace(tzinfo=UTC)
    return rule.shuts_out, never, when


def _refusal(standing: Standing, asked: Asked) -> Refused:
    rule, whose = standing.held.rule, standing.held.whose
    if rule.shuts_out:
        return ShutOut(whose=whose)
    facts = {"whose": whose, "unit": rule.unit.value, "window": rule.window.value, "amount": rule.amount}
    wanted = asked.measure(rule.unit)
    if rule.window is not Window.COOLDOWN and not fits(rule, wanted):
        return LimitTooSmall(**facts, asked=wanted)
    return LimitReached(**facts, used=standing.used, frees_at=standing.frees_at)
