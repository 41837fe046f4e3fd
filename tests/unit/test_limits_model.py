"""The decision on limits against a plain model: what the rules say, written down once more without any cleverness."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.errors import LimitReached, ShutOut
from bot.rules.jobs import Requester
from bot.rules.limit_rules import LENGTHS, LimitBook, Rule, Scope, Unit, Window, make_rule
from bot.rules.limits import Asked, Usage
from tests.limits import decide
from tests.unit.test_limits import NOW, job, member, outcome

USERS, CHANNELS, ROLES = (1, 2), (10, 11), (50, 51, 52)
SCOPES = st.one_of(
    st.sampled_from([(Scope.EVERYONE, None), (Scope.SERVER, None)]),
    st.sampled_from([(Scope.CHANNEL, channel) for channel in CHANNELS]),
    st.sampled_from([(Scope.ROLE, role) for role in ROLES]),
)
RULES = st.builds(
    lambda scope, amount, unit, window: make_rule(scope[0], amount, window, unit=unit, target_id=scope[1]),
    SCOPES,
    st.integers(0, 6),
    st.sampled_from(Unit),
    st.sampled_from(Window),
)
ROWS = st.builds(
    lambda ago, user, channel, cost, seconds, live: job(
        ago, user, channel=channel, cost=cost, seconds=seconds, live=live
    ),
    st.one_of(st.sampled_from([0, 1, 3, 5, 60, 3600, 86400, 604800, 2592000]), st.integers(0, 3_000_000)),
    st.sampled_from(USERS),
    st.sampled_from(CHANNELS),
    st.integers(0, 3),
    st.integers(1, 3),
    st.booleans(),
)
BOOKS = st.builds(
    lambda rules, exempt: LimitBook(rules=tuple({r.key: r for r in rules}.values()), exempt_role_ids=frozenset(exempt)),
    st.lists(RULES, max_size=8),
    st.lists(st.sampled_from(ROLES), max_size=1),
)
MEMBERS = st.builds(
    lambda user, channel, roles: member(user, *roles, channel=channel),
    st.sampled_from(USERS),
    st.sampled_from(CHANNELS),
    st.sets(st.sampled_from(ROLES)),
)
ASKED = st.builds(Asked, cost=st.integers(0, 3), seconds=st.integers(1, 3))


def plainly_holding(limits: LimitBook, who: Requester) -> list[Rule]:
    if any(role in limits.exempt_role_ids for role in who.role_ids):
        return []
    holding = []
    mine = [r for r in limits.rules if r.scope is Scope.ROLE and r.target_id in who.role_ids]
    has_some_grant = any(r.amount > 0 or r.window is Window.COOLDOWN for r in mine)
    for r in limits.rules:
        kin = [other for other in mine if other.unit is r.unit and other.window is r.window]
        amounts = [other.amount for other in kin]
        zero = r.amount == 0 and r.window is not Window.COOLDOWN
        of_place = r.scope is Scope.SERVER or (r.scope is Scope.CHANNEL and r.target_id == who.channel_id)
        of_all = r.scope is Scope.EVERYONE and not kin and not (zero and has_some_grant)
        if r.window is Window.COOLDOWN:
            of_role = r in mine and r.amount == min(amounts)
        else:
            of_role = r in mine and (zero or (0 not in amounts and r.amount == max(amounts)))
        if of_place or of_all or of_role:
            holding.append(r)
    return holding


def plainly_allowed(r: Rule, who: Requester, asked: Asked, rows: list[Usage], now: datetime) -> bool:
    if r.window is not Window.COOLDOWN and r.amount == 0:
        return False
    used = 0.0
    for row in rows:
        if r.scope in {Scope.EVERYONE, Scope.ROLE} and row.user_id != who.user_id:
            continue
        if r.scope is Scope.CHANNEL and row.channel_id != r.target_id:
            continue
        age = now - row.accepted_at
        if r.window is Window.COOLDOWN:
            if age < timedelta(seconds=r.amount):
                return False
            continue
        if not (row.live if r.window is Window.AT_ONCE else age < LENGTHS[r.window]):
            continue
        used += {Unit.JOBS: 1, Unit.COST: row.cost, Unit.SECONDS: row.seconds}[r.unit]
    if r.window is Window.COOLDOWN:
        return True
    return used + {Unit.JOBS: 1, Unit.COST: asked.cost, Unit.SECONDS: asked.seconds}[r.unit] <= r.amount


@given(limits=BOOKS, who=MEMBERS, asked=ASKED, rows=st.lists(ROWS, max_size=12))
def test_the_decision_is_the_plain_models(limits: LimitBook, who: Requester, asked: Asked, rows: list[Usage]) -> None:
    holding = plainly_holding(limits, who)
    broken = [r for r in holding if not plainly_allowed(r, who, asked, rows, NOW)]
    decision = decide(limits, who, asked, rows, NOW)
    assert decision.allowed is not bool(broken)
    if decision.refusal is not None:
        assert decision.refusal.facts["whose"] in {r.whose for r in broken}
        assert isinstance(decision.refusal, ShutOut) == any(
            r.amount == 0 and r.window is not Window.COOLDOWN for r in broken
        )


@given(limits=BOOKS, who=MEMBERS, asked=ASKED, rows=st.lists(ROWS, max_size=12))
def test_the_time_told_is_the_first_at_which_time_alone_lets_the_member_in(
    limits: LimitBook, who: Requester, asked: Asked, rows: list[Usage]
) -> None:
    refusal = decide(limits, who, asked, rows, NOW).refusal
    if not isinstance(refusal, LimitReached) or refusal.facts["frees_at"] is None:
        return
    frees_at = refusal.facts["frees_at"]
    assert isinstance(frees_at, datetime)
    assert frees_at > NOW
    timed = [r for r in plainly_holding(limits, who) if r.window is not Window.AT_ONCE]
    assert all(plainly_allowed(r, who, asked, rows, frees_at) for r in timed)
    assert not all(plainly_allowed(r, who, asked, rows, frees_at - timedelta(microseconds=1)) for r in timed)


@given(limits=BOOKS, who=MEMBERS, asked=ASKED, rows=st.lists(ROWS, max_size=12))
def test_queueing_lets_in_exactly_what_only_at_once_rules_hold_back(
    limits: LimitBook, who: Requester, asked: Asked, rows: list[Usage]
) -> None:
    queueing = limits.model_copy(update={"when_full": "queue"})
    refused, queued = decide(limits, who, asked, rows, NOW), decide(queueing, who, asked, rows, NOW)
    assert not refused.waits
    if refused.allowed:
        assert outcome(queued) == "allowed"
    elif queued.allowed:
        assert queued.waits
        assert isinstance(refused.refusal, LimitReached)
        assert refused.refusal.facts["window"] == Window.AT_ONCE
