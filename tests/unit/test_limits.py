from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.errors import (
    BlockUnknown,
    LimitAmountInvalid,
    LimitReached,
    LimitRoleMissing,
    LimitTargetInvalid,
    LimitTooSmall,
    MemberBlocked,
    RuleUnknown,
    SettingsError,
    TooManyRules,
)
from bot.rules.catalog import load_catalog
from bot.rules.jobs import Requester
from bot.rules.limit_codes import code_of, key_of
from bot.rules.limit_rules import (
    AMOUNT_MAX,
    RULES_MAX,
    Block,
    LimitBook,
    Rule,
    Scope,
    Unit,
    Window,
    make_rule,
    operator_rules,
    read_amount,
)
from bot.rules.limits import Asked, Decision, Usage
from bot.rules.unlimited import unlimited
from bot.settings import Settings
from tests.limits import decide, review

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
GUILD, CHANNEL, ADA, GRACE = 1, 10, 100, 101
VIP, CREW, MUTED = 50, 51, 52
ONE = Asked(cost=1, seconds=5)


def member(user_id: int = ADA, *roles: int, channel: int = CHANNEL, guild: int | None = GUILD) -> Requester:
    return Requester(user_id=user_id, name="Ada", guild_id=guild, channel_id=channel, role_ids=roles)


def job(
    ago: float = 0,
    user: int = ADA,
    *,
    channel: int = CHANNEL,
    guild: int | None = GUILD,
    cost: int = 1,
    seconds: float = 5,
    live: bool = False,
    waiting: bool = False,
    name: str = "",
) -> Usage:
    return Usage(
        job_id=name or f"{ago}-{user}",
        user_id=user,
        channel_id=channel,
        guild_id=guild,
        accepted_at=NOW - timedelta(seconds=ago),
        cost=cost,
        seconds=seconds,
        live=live,
        waiting=waiting,
    )


def rule(text: str) -> Rule:
    """`role:50 3 jobs day` as a rule."""
    scope, amount, unit, window = text.split(" ", 3)
    name, _, target = scope.partition(":")
    return make_rule(
        Scope(name), int(amount), Window(window), unit=Unit(unit), target_id=int(target) if target else None
    )


def book(*rules: str, **more: object) -> LimitBook:
    return LimitBook.model_validate({"rules": [rule(text) for text in rules], **more})


def outcome(decision: Decision) -> str:
    if decision.refusal is not None:
        return f"{decision.refusal.key} {decision.refusal.facts.get('whose', '')}".strip()
    return "waits" if decision.waits else "allowed"


TABLE = [
    ("no rules", [], [], [job()] * 9, "allowed"),
    ("below the amount", ["everyone 2 jobs hour"], [], [job(10)], "allowed"),
    ("at the amount", ["everyone 2 jobs hour"], [], [job(10), job(20)], "limit_reached everyone"),
    ("the window slid on", ["everyone 2 jobs hour"], [], [job(10), job(3600)], "allowed"),
    (
        "a microsecond before it slides",
        ["everyone 2 jobs hour"],
        [],
        [job(10), job(3599.999999)],
        "limit_reached everyone",
    ),
    ("others' jobs are theirs", ["everyone 1 jobs hour"], [], [job(10, GRACE)], "allowed"),
    ("another server's jobs", ["everyone 1 jobs hour"], [], [job(10, guild=2)], "allowed"),
    ("the server counts all", ["server 2 jobs hour"], [], [job(10, GRACE), job(20)], "limit_reached server"),
    ("the channel counts all", ["channel:10 1 jobs hour"], [], [job(10, GRACE)], "limit_reached channel:10"),
    ("another channel's rule", ["channel:11 0 jobs hour"], [], [], "allowed"),
    ("another channel's jobs", ["channel:10 1 jobs hour"], [], [job(10, channel=11)], "allowed"),
    ("a role beats everyone", ["everyone 1 jobs day", "role:50 3 jobs day"], [VIP], [job(10), job(20)], "allowed"),
    ("downwards too", ["everyone 9 jobs day", "role:50 1 jobs day"], [VIP], [job(10)], "limit_reached role:50"),
    ("the most generous role", ["role:50 1 jobs day", "role:51 5 jobs day"], [VIP, CREW], [job(10)], "allowed"),
    (
        "a role that is not theirs",
        ["everyone 1 jobs day", "role:50 5 jobs day"],
        [CREW],
        [job(9)],
        "limit_reached everyone",
    ),
    (
        "roles beat only their own window",
        ["everyone 1 jobs hour", "role:50 9 jobs day"],
        [VIP],
        [job(9)],
        "limit_reached everyone",
    ),
    (
        "the server holds for roles",
        ["server 1 jobs day", "role:50 9 jobs day"],
        [VIP],
        [job(9)],
        "limit_reached server",
    ),
    ("a role with 0 is shut out", ["role:52 0 jobs day", "role:50 9 jobs day"], [MUTED, VIP], [], "shut_out role:52"),
    ("everyone with 0", ["everyone 0 jobs day"], [], [], "shut_out everyone"),
    (
        "a role's rule opens what is shut to everyone",
        ["everyone 0 jobs day", "role:50 9 jobs week"],
        [VIP],
        [],
        "allowed",
    ),
    ("a shut role opens nothing", ["everyone 0 jobs day", "role:52 0 jobs week"], [MUTED], [], "shut_out role:52"),
    ("a shut channel", ["channel:10 0 jobs day"], [], [], "shut_out channel:10"),
    ("cost", ["everyone 5 cost day"], [], [job(9, cost=4)], "allowed"),
    ("cost is full", ["everyone 5 cost day"], [], [job(9, cost=5)], "limit_reached everyone"),
    ("seconds", ["everyone 15 seconds day"], [], [job(9, seconds=5), job(8, seconds=5)], "allowed"),
    ("seconds are full", ["everyone 14 seconds day"], [], [job(9), job(8)], "limit_reached everyone"),
    ("never enough", ["everyone 4 seconds day"], [], [], "limit_too_small everyone"),
    ("at once", ["everyone 1 jobs at once"], [], [job(9999999, live=True)], "limit_reached everyone"),
    ("ended jobs are not at once", ["everyone 1 jobs at once"], [], [job(1)], "allowed"),
    ("a cooldown runs", ["everyone 30 jobs cooldown"], [], [job(29)], "limit_reached everyone"),
    ("a cooldown is over", ["everyone 30 jobs cooldown"], [], [job(30)], "allowed"),
    ("a cooldown of 0 is none", ["everyone 30 jobs cooldown", "role:50 0 jobs cooldown"], [VIP], [job(1)], "allowed"),
    (
        "the shorter cooldown is generous",
        ["role:51 90 jobs cooldown", "role:50 9 jobs cooldown"],
        [VIP, CREW],
        [job(20)],
        "allowed",
    ),
]


@pytest.mark.parametrize(
    ("rules", "roles", "rows", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_the_table_of_decisions(rules: list[str], roles: list[int], rows: list[Usage], expected: str) -> None:
    assert outcome(decide(book(*rules), member(ADA, *roles), ONE, rows, NOW)) == expected


def test_a_refusal_says_which_rule_whose_how_much_is_used_and_when_it_frees() -> None:
    decision = decide(book("everyone 2 jobs hour"), member(), ONE, [job(600), job(60), job(5, GRACE)], NOW)
    with pytest.raises(LimitReached) as caught:
        decision.or_raise()
    assert caught.value.facts == {
        "whose": "everyone",
        "unit": "jobs",
        "window": "hour",
        "amount": 2,
        "used": 2,
        "frees_at": NOW + timedelta(minutes=50),
    }


def test_the_rule_that_frees_last_is_the_one_that_is_named() -> None:
    decision = decide(
        book("everyone 1 jobs minute", "server 1 jobs day", "everyone 1 jobs hour"), member(), ONE, [job(9)], NOW
    )
    assert outcome(decision) == "limit_reached server"
    assert decision.refusal is not None
    assert decision.refusal.facts["frees_at"] == NOW + timedelta(days=1, seconds=-9)


def test_a_large_request_waits_until_enough_has_left_the_window() -> None:
    rows = [job(300, cost=1), job(200, cost=3), job(100, cost=6)]
    decision = decide(book("everyone 10 cost hour"), member(), Asked(cost=4, seconds=1), rows, NOW)
    assert decision.refusal is not None
    assert decision.refusal.facts["frees_at"] == NOW + timedelta(seconds=3600 - 200)
    too_much = decide(book("everyone 10 cost hour"), member(), Asked(cost=11, seconds=1), [], NOW)
    assert isinstance(too_much.refusal, LimitTooSmall)
    assert too_much.refusal.facts["asked"] == 11


def test_what_is_left_is_told_for_every_rule_that_holds() -> None:
    decision = decide(
        book("everyone 5 jobs day", "server 9 cost day", "role:50 1 jobs hour"), member(), ONE, [job(9)], NOW
    )
    assert {s.held.whose: (s.used, s.left) for s in decision.standings} == {"server": (1, 8), "everyone": (1, 4)}


def test_a_review_says_when_a_full_rule_frees() -> None:
    (cooldown, cost) = review(book("server 60 jobs cooldown", "everyone 3 cost day"), member(), [job(9, cost=3)], NOW)
    assert (cooldown.fits, cooldown.left, cooldown.frees_at) == (False, 0, NOW + timedelta(seconds=51))
    assert (cost.fits, cost.left, cost.frees_at) == (False, 0, NOW + timedelta(days=1, seconds=-9))
    assert all(standing.fits for standing in review(book("everyone 3 cost day"), member(), [], NOW))


def test_exempt_roles_are_free_of_the_server_but_not_of_the_operator_or_a_block() -> None:
    free = book("everyone 0 jobs day", "server 0 jobs day", "channel:10 0 jobs day", exempt_role_ids=[CREW])
    assert outcome(decide(free, member(ADA, CREW), ONE, [], NOW)) == "allowed"
    operator = operator_rules("everyone 1 jobs day")
    assert (
        outcome(decide(free, member(ADA, CREW), ONE, [job(1)], NOW, operator=operator))
        == "limit_reached operator_everyone"
    )
    blocked = free.with_block(Block(user_id=ADA), NOW)
    assert outcome(decide(blocked, member(ADA, CREW), ONE, [], NOW)) == "member_blocked"


def test_a_block_holds_until_its_end_and_says_why() -> None:
    until = NOW + timedelta(hours=1)
    blocked = book().with_block(Block(user_id=ADA, reason="spam", until=until), NOW)
    refusal = decide(blocked, member(), ONE, [], NOW).refusal
    assert isinstance(refusal, MemberBlocked)
    assert refusal.facts == {"reason": "spam", "until": until}
    assert decide(blocked, member(), ONE, [], until).allowed
    assert decide(blocked, member(GRACE), ONE, [], NOW).allowed
    assert decide(blocked, member(guild=None), ONE, [], NOW).allowed
    assert decide(blocked.without_block(ADA), member(), ONE, [], NOW).allowed
    with pytest.raises(BlockUnknown):
        blocked.without_block(GRACE)


def test_the_operators_rules_hold_everywhere_and_on_top() -> None:
    operator = operator_rules("everyone 2 jobs day, server 3 jobs day, bot 4 jobs day")
    elsewhere = [job(1, guild=2), job(2, guild=3)]
    assert (
        outcome(decide(book(), member(), ONE, elsewhere, NOW, operator=operator)) == "limit_reached operator_everyone"
    )
    assert (
        outcome(decide(book(), member(guild=None), ONE, elsewhere, NOW, operator=operator))
        == "limit_reached operator_everyone"
    )
    others = [job(n, GRACE) for n in range(3)]
    assert outcome(decide(book(), member(), ONE, others, NOW, operator=operator)) == "limit_reached operator_server"
    assert outcome(decide(book(), member(guild=None), ONE, others, NOW, operator=operator)) == "allowed"
    anywhere = [job(n, GRACE + n, guild=n + 5) for n in range(4)]
    assert outcome(decide(book(), member(), ONE, anywhere, NOW, operator=operator)) == "limit_reached operator_bot"


def test_a_full_at_once_rule_queues_where_the_server_says_so() -> None:
    queue = book("everyone 2 jobs at once", "server 3 jobs at once", when_full="queue")
    live = [job(30, live=True), job(20, live=True)]
    assert outcome(decide(queue, member(), ONE, live[:1], NOW)) == "allowed"
    assert outcome(decide(queue, member(), ONE, live, NOW)) == "waits"
    assert outcome(decide(queue, member(), ONE, [*live, job(10, live=True, waiting=True)], NOW)) == "waits"
    others = [job(n, GRACE, live=True) for n in range(5)]
    assert outcome(decide(queue, member(), ONE, others, NOW)) == "waits"
    mixed = book("everyone 2 jobs at once", "everyone 2 jobs day", when_full="queue")
    assert outcome(decide(mixed, member(), ONE, live, NOW)) == "limit_reached everyone"
    shut = book("everyone 0 jobs at once", when_full="queue")
    assert outcome(decide(shut, member(), ONE, [], NOW)) == "shut_out everyone"


def test_a_reset_of_a_member_counts_for_their_own_rules_in_their_server_alone() -> None:
    rows = [replace(job(10, live=True), forgiven=True)]
    for text, told in (
        ("everyone 1 jobs day", "allowed"),
        ("everyone 90 jobs cooldown", "allowed"),
        ("everyone 1 jobs at once", "limit_reached everyone"),
        ("server 1 jobs day", "limit_reached server"),
        ("channel:10 1 jobs day", "limit_reached channel:10"),
    ):
        assert outcome(decide(book(text), member(), ONE, rows, NOW)) == told
    operator = operator_rules("everyone 1 jobs day")
    assert outcome(decide(book(), member(), ONE, rows, NOW, operator=operator)) == "limit_reached operator_everyone"


@pytest.mark.parametrize("amount", [-1, AMOUNT_MAX + 1, 10**12])
def test_amounts_out_of_range_are_refused(amount: int) -> None:
    with pytest.raises(LimitAmountInvalid) as caught:
        make_rule(Scope.EVERYONE, amount, Window.DAY)
    assert caught.value.facts == {"amount": amount, "highest": AMOUNT_MAX}


def test_a_rule_names_a_target_exactly_where_its_scope_has_one() -> None:
    for scope, target in ((Scope.ROLE, None), (Scope.CHANNEL, None), (Scope.EVERYONE, 5), (Scope.SERVER, 5)):
        with pytest.raises(LimitRoleMissing if scope is Scope.ROLE else LimitTargetInvalid):
            make_rule(scope, 1, Window.DAY, target_id=target)
        with pytest.raises(ValidationError):
            Rule(scope=scope, amount=1, window=Window.DAY, target_id=target)


def test_the_same_rule_again_replaces_the_earlier_and_a_hundred_are_the_most() -> None:
    limits = book("everyone 1 jobs day", "server 1 jobs day").with_rule(rule("everyone 7 jobs day"))
    assert [r.amount for r in limits.rules] == [7, 1]
    full = book(*(f"role:{n + 1} 1 jobs day" for n in range(RULES_MAX)))
    assert len(full.with_rule(rule("role:1 2 jobs day")).rules) == RULES_MAX
    with pytest.raises(TooManyRules):
        full.with_rule(rule("everyone 1 jobs day"))


def test_removing_a_rule_that_is_not_there_is_told() -> None:
    limits = book("everyone 1 jobs day")
    assert limits.without_rule(rule("everyone 5 jobs day").key).rules == ()
    with pytest.raises(RuleUnknown):
        limits.without_rule(rule("everyone 5 jobs hour").key)


def test_blocks_that_have_ended_make_room_for_new_ones() -> None:
    limits = book().with_block(Block(user_id=1, until=NOW), NOW - timedelta(days=1)).with_block(Block(user_id=2), NOW)
    assert [block.user_id for block in limits.blocks] == [2]
    again = limits.with_block(Block(user_id=2, reason="again"), NOW)
    assert [block.reason for block in again.blocks] == ["again"]


def test_a_book_with_doubles_or_with_the_operators_scope_is_not_valid() -> None:
    for rules in (["everyone 1 jobs day", "everyone 2 jobs day"], ["bot 1 jobs day"]):
        with pytest.raises(ValidationError):
            book(*rules)
    with pytest.raises(ValidationError):
        LimitBook(blocks=(Block(user_id=1), Block(user_id=1)))


@pytest.mark.parametrize(
    "text", ["everyone", "role 5 day", "everyone -1 day", "everyone 5 fortnight", "everyone 2000000 day"]
)
def test_an_operators_limit_that_makes_no_sense_is_told_in_a_line(text: str) -> None:
    with pytest.raises(SettingsError, match="OPERATOR_LIMITS") as caught:
        operator_rules(f"everyone 5 day, {text}")
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_setting_with_a_limit_that_makes_no_sense_ends_in_that_line(tmp_path: Path) -> None:
    env = tmp_path / "env"
    env.write_text("DISCORD_TOKEN=x\nDECART_API_KEY=y\nOPERATOR_LIMITS=everyone 5 day, nobody 1 day\n")
    with pytest.raises(SettingsError, match="OPERATOR_LIMITS can't be used at 'nobody 1 day'"):
        Settings.read(env)
    env.write_text("DISCORD_TOKEN=x\nDECART_API_KEY=y\nOPERATOR_LIMITS=everyone 5 day, bot 9 jobs at once\n")
    assert len(operator_rules(Settings.read(env).operator_limits)) == 2


def test_who_sets_no_operators_limits_has_the_usual_ones_and_none_must_be_said(tmp_path: Path) -> None:
    env = tmp_path / "env"
    for text, number in (("", 3), ("OPERATOR_LIMITS=", 3), ("OPERATOR_LIMITS=none", 0)):
        env.write_text(f"DISCORD_TOKEN=x\nDECART_API_KEY=y\n{text}\n")
        rules = operator_rules(Settings.read(env).operator_limits)
        assert len(rules) == number
        assert any("direct messages" in line for line in unlimited(rules, ())) is (number == 0)
    free = load_catalog().get("lucy-2.1").model_copy(update={"dollars_per_second": 0})
    assert any("lucy-2.1" in line for line in unlimited((), [free]))


def test_the_operators_limits_are_read_from_a_line() -> None:
    assert operator_rules(" ") == operator_rules("none") == ()
    assert [rule.amount for rule in operator_rules("everyone 2.50 cost day")] == [2.5]
    rules = operator_rules("everyone 50 day, BOT 200 jobs at once,server 900 cost 30 days, everyone 10 cooldown")
    assert [(r.scope, r.amount, r.unit, r.window) for r in rules] == [
        (Scope.EVERYONE, 50, Unit.JOBS, Window.DAY),
        (Scope.BOT, 200, Unit.JOBS, Window.AT_ONCE),
        (Scope.SERVER, 900, Unit.COST, Window.MONTH),
        (Scope.EVERYONE, 10, Unit.JOBS, Window.COOLDOWN),
    ]


@pytest.mark.parametrize(
    ("typed", "amount"), [("5", 5), (" 20 ", 20), ("2.50", 2.5), ("2,5", 2.5), ("0", 0), ("999999999", 999_999_999)]
)
def test_an_amount_is_read_as_people_type_it(typed: str, amount: float) -> None:
    assert read_amount(typed) == amount


@pytest.mark.parametrize(
    "typed", ["", "five", "-1", "1e3", "nan", "inf", "1,000", "2.505", "\u0665", "1 000", "9" * 12]
)
def test_what_is_no_amount_is_refused_with_what_was_typed(typed: str) -> None:
    with pytest.raises(LimitAmountInvalid) as caught:
        read_amount(typed)
    assert caught.value.facts["amount"] == typed


@pytest.mark.parametrize("scope", [scope for scope in Scope if scope is not Scope.BOT])
@pytest.mark.parametrize("unit", list(Unit))
@pytest.mark.parametrize("window", list(Window))
def test_a_rules_key_and_its_code_say_the_same(scope: Scope, unit: Unit, window: Window) -> None:
    key = (scope, 2**62 if scope in {Scope.ROLE, Scope.CHANNEL} else None, unit, window)
    code = code_of(key)
    assert key_of(code) == key
    assert len(code) <= 22
    assert code.isalnum()


@pytest.mark.parametrize("code", ["", "ejx", "bjd", "everyone", "e" * 30, "r12j", "\u0665jd"])
def test_a_forged_code_is_no_rule(code: str) -> None:
    with pytest.raises(RuleUnknown):
        key_of(code)
