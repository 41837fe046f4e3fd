"""The table of moves, as a whole."""

from __future__ import annotations

import ast
import inspect

import pytest

from bot.chat.replies.cards import STATE_LOOKS
from bot.errors import FileTooLarge, ServiceFailed
from bot.rules.jobs import ENDED, LIVE, MOVES, Failure, JobState
from bot.wording import SENTENCES
from bot.work.jobs.steps import Steps
from tests.jobs import a_job

S = JobState


def test_every_state_has_its_moves_and_the_ends_have_none() -> None:
    assert MOVES.keys() == frozenset(S)
    assert {S.DELIVERED, S.FAILED, S.CANCELLED} == ENDED
    assert frozenset(S) - ENDED == LIVE


@pytest.mark.parametrize("state", sorted(LIVE))
def test_every_live_job_may_fail_be_cancelled_and_come_to_an_end(state: JobState) -> None:
    assert MOVES[state] >= {S.FAILED, S.CANCELLED}
    reached, todo = set(), [state]
    while todo:
        current = todo.pop()
        if current not in reached:
            reached.add(current)
            todo += MOVES[current]
    assert S.DELIVERED in reached


def test_only_a_submit_may_go_back_to_accepted_and_nothing_goes_back_to_a_submit_but_through_it() -> None:
    assert [state for state in S if S.ACCEPTED in MOVES[state]] == [S.SUBMITTING]
    assert [state for state in S if S.SUBMITTING in MOVES[state]] == [S.ACCEPTED]


def test_only_a_completed_job_can_be_delivered() -> None:
    assert [state for state in S if S.DELIVERED in MOVES[state]] == [S.COMPLETED]


@pytest.mark.parametrize("state", S)
def test_every_state_has_a_sign_a_title_and_a_word(state: JobState) -> None:
    assert state in STATE_LOOKS, "bot/chat/replies/cards.py"
    assert {f"title_{state}", f"state_{state}"} <= SENTENCES.keys(), "bot/wording/english.py"


def test_every_live_state_has_a_step() -> None:
    """`Steps` keeps its steps in a table by state: read from its source, since it needs much to be made."""
    tables = (node for node in ast.walk(ast.parse(inspect.getsource(Steps))) if isinstance(node, ast.Dict))
    named = {ast.unparse(key).removeprefix("JobState.") for table in tables for key in table.keys if key is not None}
    assert {state.name for state in LIVE} - named == set(), "bot/work/jobs/steps.py"


def test_a_failure_keeps_its_errors_key_and_facts() -> None:
    failure = Failure.of(FileTooLarge(role="data", size_bytes=90, limit_bytes=60))
    assert (failure.key, failure.facts) == ("file_too_large", {"role": "data", "size_bytes": 90, "limit_bytes": 60})
    assert Failure.of(ServiceFailed(reason=None)).facts == {"reason": None}


def test_a_job_shows_no_token_when_it_is_printed() -> None:
    assert "a-secret-interaction-token" not in repr(a_job())
