from __future__ import annotations

import re
from typing import ClassVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.errors import PatternInvalid, TooManyRules
from bot.rules.prompts import (
    PATTERN_MAX_CHARS,
    PATTERN_MAX_WORDS,
    PATTERNS_MAX,
    REASONS,
    Glob,
    WordAction,
    WordRule,
    add_rule,
    compile_pattern,
    judge,
    make_word_rule,
    words_of,
)


def matches(pattern: str, prompt: str, *, fold: bool = False) -> bool:
    return judge([WordRule(pattern=pattern, fold=fold)], prompt) is not None


@pytest.mark.parametrize(
    ("pattern", "prompt", "expected"),
    [
        ("cat", "a cat, playing", True),
        ("cat", "a CAT", True),
        ("cat", "concatenate", False),
        ("cat", "cats", False),
        ("cat*", "cats", True),
        ("*cat*", "concatenate", True),
        ("*cat", "a tomcat!", True),
        ("c*t", "a coat", True),
        ("c*t", "ct", True),
        ("c*t", "coats", False),
        ("c*a*t", "cat", True),
        ("*aa*aa*", "aaa", False),
        ("*aa*aa*", "aaaa", True),
        ("a*a", "a", False),
        ("red cat", "a red, cat", True),
        ("red cat", "a red\ncat", True),
        ("red-cat", "a red cat", True),
        ("red cat", "cat red", False),
        ("red * cat", "a red fat cat", True),
        ("red * cat", "a red cat", False),
        ("red * cat", "a red very fat cat", False),
        ("* cat *", "cat", True),
        ("café", "un CAFE\u0301", True),
        ("cat", "ｃａｔ", True),
        ("cat", "c\u200ba\u00adt", True),
        ("straße", "STRASSE", True),
        ("猫", "可愛い猫です", True),
        ("黒猫", "可愛い黒猫です", True),
        ("黒猫", "黒い猫です", False),
        ("*猫*", "猫", True),
        ("🔫", "a 🔫!", True),
        ("👍", "👍🏽", True),
        ("don't", "please don’t", True),
        ("हिन्दी", "यह हिन्दी है", True),
    ],
)
def test_patterns_match_whole_words_and_stars_within_them(pattern: str, prompt: str, expected: bool) -> None:
    assert matches(pattern, prompt) is expected


@pytest.mark.parametrize(
    ("pattern", "prompt"),
    [
        ("cafe", "a café"),
        ("cat", "a сat"),
        ("cat", "c4t"),
        ("cat", "a c@t"),
        ("cat", "a c a t here"),
        ("cat", "c.a.t"),
        ("cat", "c-a-t"),
        ("lose", "l0$e"),
        ("nope", "νορε"),
        ("c4t", "cat"),
        ("red cat", "red c a t"),
    ],
)
def test_look_alikes_match_only_where_they_are_folded(pattern: str, prompt: str) -> None:
    assert matches(pattern, prompt, fold=True)
    assert not matches(pattern, prompt, fold=False)


@pytest.mark.parametrize(
    ("pattern", "prompt"), [("everyone", "a@everyone"), ("cat", "c t"), ("as", "5 $"), ("a b", "a c")]
)
def test_folding_does_not_go_too_far(pattern: str, prompt: str) -> None:
    assert not matches(pattern, prompt, fold=True)


@pytest.mark.parametrize(
    ("pattern", "reason", "position"),
    [
        ("", "empty", 1),
        ("  ,", "empty", 1),
        ("\u200b", "empty", 1),
        ("*", "only_wildcards", 1),
        ("* ** *", "only_wildcards", 1),
        ("a|b", "sign", 2),
        ("(a+)+$", "sign", 1),
        ("a\\d", "sign", 2),
        ("what?", "sign", 5),
        ("a\x00", "sign", 2),
        ("a" * (PATTERN_MAX_CHARS + 1), "too_long", 1),
        ("a " * (PATTERN_MAX_WORDS + 1), "too_many_words", 1),
    ],
)
def test_a_pattern_that_cannot_be_used_is_refused_with_where_and_why(pattern: str, reason: str, position: int) -> None:
    with pytest.raises(PatternInvalid) as caught:
        compile_pattern(pattern, fold=True)
    facts = caught.value.facts
    assert (facts["reason"], facts["position"]) == (reason, position)
    assert facts["why"]
    if len(pattern) <= PATTERN_MAX_CHARS:
        with pytest.raises(PatternInvalid):
            make_word_rule(pattern, WordAction.BLOCK)
    with pytest.raises(ValidationError):
        WordRule(pattern=pattern)


@given(pattern=st.text(max_size=90), prompt=st.text(max_size=300), fold=st.booleans())
@example(pattern="\u0300 " * 9, prompt="", fold=True)
@example(pattern="*\u0300*", prompt="a", fold=True)
def test_any_pattern_is_refused_or_judges_any_prompt(pattern: str, prompt: str, fold: bool) -> None:
    try:
        rule = make_word_rule(pattern, WordAction.HOLD, fold=fold)
    except PatternInvalid as refused:
        reason = refused.facts["reason"]
    else:
        verdict = judge([rule], prompt)
        assert verdict is None or verdict.rule == rule
        return
    assert reason in REASONS


@given(st.lists(st.text(alphabet="ab*", max_size=8), min_size=1, max_size=3), st.text(alphabet="ab ", max_size=20))
def test_matching_is_that_of_the_plain_expression(globs: list[str], prompt: str) -> None:
    pattern = " ".join(globs)
    if not pattern.replace("*", "").strip():
        return
    stripped = pattern.split()
    while not stripped[0].strip("*"):
        stripped.pop(0)
    while not stripped[-1].strip("*"):
        stripped.pop()
    plain = r"\s+".join(re.sub(r"\*+", "[ab]*", word) if word.strip("*") else "[ab]+" for word in stripped)
    assert matches(pattern, prompt) is (re.search(rf"(?<![ab]){plain}(?![ab])", prompt) is not None)


class CountedWord(str):
    """A word that counts how many characters each search in it had before it."""

    __slots__ = ()
    spans: ClassVar[list[tuple[int, int]]] = []

    def find(self, piece: str, start: int | None = None, end: int | None = None) -> int:  # type: ignore[override]
        found = super().find(piece, start, end)
        CountedWord.spans.append((start or 0, found if found >= 0 else end or len(self)))
        return found


@pytest.mark.parametrize("pattern", ["a*" * 40, "*a" * 40, "*a*b" * 20, "a*" * 39 + "b", "*" * 79 + "b", "*aaab" * 16])
@pytest.mark.parametrize("word", ["a" * 1000, "ab" * 500, "a" * 999 + "b"])
def test_a_word_is_read_once_whatever_the_stars(pattern: str, word: str) -> None:
    (glob,) = compile_pattern(pattern, fold=False).globs
    CountedWord.spans = []
    glob.matches(CountedWord(word))
    assert len(CountedWord.spans) <= len(glob.pieces)
    assert all(later[0] >= earlier[1] for earlier, later in zip(CountedWord.spans, CountedWord.spans[1:], strict=False))


@pytest.mark.parametrize("pattern", ["a a a a a a a b", "a * a * a * a b", "*a *a *a *a b", "a* a* a* a* a* a* a* b"])
def test_a_prompt_costs_its_words_times_the_patterns(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = "a " * 500
    looks = 0
    original = Glob.matches

    def counting(self: Glob, word: str) -> bool:
        nonlocal looks
        looks += 1
        return original(self, word)

    monkeypatch.setattr(Glob, "matches", counting)
    assert not matches(pattern, prompt)
    assert looks <= len(words_of(prompt, fold=False)) * len(pattern.split())


def test_the_heaviest_of_several_rules_wins_and_the_earliest_of_those() -> None:
    record = WordRule(pattern="cat", action=WordAction.RECORD)
    hold = WordRule(pattern="cat", action=WordAction.HOLD)
    block = WordRule(pattern="cat", action=WordAction.BLOCK, note="no cats")
    other = WordRule(pattern="a cat", action=WordAction.BLOCK)
    verdict = judge([record, hold, block, other], "a cat")
    assert verdict is not None
    assert (verdict.action, verdict.rule) == (WordAction.BLOCK, block)
    assert judge([record, hold], "a cat") == judge([hold, record], "a cat")
    assert judge([record, hold, block], "a dog") is None


def test_a_pattern_again_replaces_the_earlier_and_there_is_a_most() -> None:
    rules = tuple(WordRule(pattern=f"word{n}") for n in range(PATTERNS_MAX))
    replaced = add_rule(rules, WordRule(pattern="word5", action=WordAction.HOLD))
    assert len(replaced) == PATTERNS_MAX
    assert replaced[-1].action is WordAction.HOLD
    with pytest.raises(TooManyRules):
        add_rule(rules, WordRule(pattern="one more"))
