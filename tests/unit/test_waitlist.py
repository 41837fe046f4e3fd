"""The line of jobs held back by at-once rules: fair, never stuck, never past a limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from bot.rules.limit_rules import LimitBook, Scope, Unit, Window, make_rule, operator_rules
from bot.rules.usage import Asked, Usage
from bot.rules.waitlist import Line, Waiter, advance, place_behind
from tests.limits import decide
from tests.unit.test_limits import ADA, CHANNEL, GRACE, NOW, book, job, member


def wait(limits: LimitBook, *jobs: Usage) -> list[Waiter]:
    return [
        Waiter(job=row, requester=member(row.user_id, channel=row.channel_id, guild=row.guild_id), book=limits)
        for row in jobs
    ]


def running(number: int, user: int = ADA, cost: int = 1) -> list[Usage]:
    return [job(500 + n, user, live=True, cost=cost, name=f"running {user} {n}") for n in range(number)]


def waiting(ago: float, user: int = ADA, *, cost: int = 1, guild: int = 1, channel: int = CHANNEL) -> Usage:
    return job(ago, user, cost=cost, guild=guild, channel=channel, live=True, waiting=True, name=f"w{ago:g}")


def move(limits: LimitBook, jobs: Sequence[Usage], rows: Sequence[Usage], operator: str = "") -> Line:
    return advance(wait(limits, *jobs), rows, operator=operator_rules(operator))


def test_a_place_that_frees_goes_to_who_has_waited_longest() -> None:
    limits = book("everyone 2 jobs at once")
    line = move(limits, [waiting(10), waiting(30), waiting(20)], running(1))
    assert line.starting == ("w30",)
    assert line.places == {"w20": 1, "w10": 2}
    assert move(limits, [waiting(30)], running(2)).places == {"w30": 1}


def test_one_members_many_jobs_do_not_keep_the_servers_places_from_others() -> None:
    limits = book("everyone 2 jobs at once", "server 4 jobs at once")
    line = move(limits, [*(waiting(100 - n) for n in range(20)), waiting(1, GRACE)], running(2))
    assert line.starting == ("w1",)
    assert line.places["w100"] == 1
    assert line.places["w81"] == 20


def test_who_waits_for_the_server_is_placed_behind_those_who_wait_for_it_too() -> None:
    limits = book("everyone 2 jobs at once", "server 3 jobs at once")
    rows = [*running(2), *running(1, GRACE)]
    line = move(limits, [waiting(30), waiting(20, GRACE), waiting(10, 102)], rows)
    assert line.starting == ()
    assert line.places == {"w30": 1, "w20": 2, "w10": 3}


def test_a_large_job_is_not_overtaken_by_small_ones_that_count_for_the_same_rule() -> None:
    limits = book("server 10 cost at once")
    line = move(limits, [waiting(30, cost=5), waiting(20, GRACE, cost=1)], running(1, cost=8))
    assert line.starting == ()
    assert line.places == {"w30": 1, "w20": 2}


def test_what_was_let_in_is_not_stuck_when_the_rule_becomes_smaller_than_it() -> None:
    for amount in (0, 3):
        limits = book(f"everyone {amount} cost at once")
        assert move(limits, [waiting(30, cost=5)], []).starting == ("w30",)
        assert move(limits, [waiting(30, cost=5), waiting(20)], []).starting == ("w30",)
        assert move(limits, [waiting(30, cost=5)], running(1)).starting == ()


def test_the_operators_line_goes_through_all_servers() -> None:
    jobs = [waiting(30, guild=1), waiting(20, GRACE, guild=2)]
    line = move(book(), jobs, running(1), "bot 2 jobs at once")
    assert line.starting == ("w30",)
    assert line.places == {"w20": 1}


def test_without_a_rule_any_more_all_may_start() -> None:
    assert move(book(), [waiting(30), waiting(20)], running(9)).starting == ("w30", "w20")


LIMITS = st.lists(
    st.builds(
        lambda scope, amount, unit: make_rule(scope, amount, Window.AT_ONCE, unit=unit),
        st.sampled_from([Scope.EVERYONE, Scope.SERVER]),
        st.integers(1, 6),
        st.sampled_from([Unit.JOBS, Unit.COST]),
    ),
    max_size=4,
).map(lambda rules: LimitBook(rules=tuple({rule.key: rule for rule in rules}.values()), when_full="queue"))
JOBS = st.lists(st.tuples(st.sampled_from([ADA, GRACE, 102]), st.integers(1, 4)), max_size=12)


@given(LIMITS, JOBS, st.integers(0, 4))
def test_rounds_of_ends_and_starts_serve_all_and_never_pass_a_limit(
    limits: LimitBook, jobs: list[tuple[int, int]], at_work: int
) -> None:
    line = [waiting(100 - n, user, cost=cost) for n, (user, cost) in enumerate(jobs)]
    busy = running(at_work)
    while line:
        moved = advance(wait(limits, *line), [*busy, *line])
        for rule in limits.rules:
            for user in (ADA, GRACE, 102) if rule.scope is Scope.EVERYONE else (None,):
                total = [*busy, *(r for r in line if r.job_id in moved.starting)]
                mine = [row for row in total if user in {None, row.user_id}]
                newly = [row for row in mine if row.job_id in moved.starting]
                used = sum(row.measure(rule.unit) for row in mine)
                assert not newly or used <= rule.amount or len(mine) == 1
        assert set(moved.places) == {row.job_id for row in line} - set(moved.starting)
        assert moved.starting or busy, "with nothing at work somebody may start"
        busy += [replace(row, waiting=False) for row in line if row.job_id in moved.starting]
        line = [row for row in line if row.job_id not in moved.starting]
        busy = busy[1:]


@given(LIMITS, JOBS, st.integers(0, 4), st.integers(1, 4))
@example(book("everyone 1 jobs at once", "server 3 cost at once", when_full="queue"), [(GRACE, 2), (GRACE, 1)], 0, 2)
def test_a_newcomer_who_surely_waits_is_placed_as_the_whole_line_would_place_them(
    limits: LimitBook, jobs: list[tuple[int, int]], at_work: int, cost: int
) -> None:
    line = [waiting(100 - n, user, cost=cost) for n, (user, cost) in enumerate(jobs)]
    busy = running(at_work)
    places = advance(wait(limits, *line), [*busy, *line]).places
    busy += [
        replace(row, waiting=False) for row in line if row.job_id not in places
    ]  # those who may start have started
    line = [row for row in line if row.job_id in places]
    asked, me = Asked(cost=cost, seconds=5), member(ADA)
    decision = decide(limits, me, asked, [*busy, *line], NOW)
    place = place_behind(decision, asked) if decision.waits else None
    if place is not None:
        newcomer = waiting(0, ADA, cost=cost)
        assert advance(wait(limits, *line, newcomer), [*busy, *line]).places[newcomer.job_id] >= place
