"""How often a member may ask for what no limit counts."""

from __future__ import annotations

from bot.chat.floods import Floods
from bot.errors import TooQuick
from bot.rules.rates import MEMBERS_MAX, Rate


def test_a_burst_is_let_in_and_then_so_many_a_second() -> None:
    now = 0.0
    rate = Rate(3, 2.0, monotonic=lambda: now)
    assert [rate.take(1) for _ in range(4)] == [0, 0, 0, 0.5]
    assert rate.take(2) == 0, "others have their own"
    now = 1.0
    assert [rate.take(1) for _ in range(3)] == [0, 0, 0.5]


def test_no_more_members_are_known_than_there_is_room_for() -> None:
    rate = Rate(1, 0.001, monotonic=lambda: 0.0)
    for user_id in range(MEMBERS_MAX + 10):
        assert rate.take(user_id) == 0
    assert rate.take(0) == 0, "forgotten"
    assert rate.take(MEMBERS_MAX) > 0


def test_of_a_thousand_commands_few_are_answered_and_one_refusal_is_told() -> None:
    floods, answered, told = Floods(), 0, 0
    for _ in range(1000):
        try:
            answered += floods.lets_ask(1)
        except TooQuick:
            told += 1
    assert answered < 70
    assert told == 1
    assert floods.lets_ask(2), "another member's is not part of it"
