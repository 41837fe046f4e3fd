from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.errors import PatternInvalid, TooManyRules
from bot.rules.catalog import load_catalog
from bot.rules.folding import SYMBOLS_PER_CHAR, symbols
from bot.rules.matching import Automaton
from bot.rules.prompts import (
    PATTERN_MAX_CHARS,
    PATTERN_MAX_WORDS,
    PATTERNS_MAX,
    REASONS,
    SYMBOLS_MAX,
    WordAction,
    WordRule,
    add_rule,
    compile_pattern,
    is_long,
    judge,
    make_word_rule,
)
from tests.plain_words import PLAIN_WORDS


def matches(pattern: str, prompt: str, *, fold: bool = False) -> bool:
    return judge((WordRule(pattern=pattern, fold=fold),), prompt) is not None


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
    ("pattern", "prompt"),
    [
        ("cat", "c t"),
        ("as", "5 $"),
        ("a b", "a c"),
        ("hell", "he'll come"),
        ("hell", "he’ll come"),
        ("ass", "455 people"),
        ("so", "50"),
        ("aside", "a side table"),
        ("pen*is", "the pen is red"),
        ("penis", "the pen is red"),
        ("fall", "WILL IT FAIL"),
        ("fail", "all things fall"),
        ("dam", "darn"),
        ("god", "good"),
        ("gun*", "snug"),
        ("c*t", "call-it"),
        ("कि", "की"),
        ("hi", "hello!"),
    ],
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
        verdict = judge((rule,), prompt)
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


THOROUGH = tuple(WordRule(pattern=f"*q{n:02}" * 16) for n in range(PATTERNS_MAX))


def read_once(text: str, steps: list[str]) -> Iterator[str]:
    """The text's symbols, each noted as it is read. None can be read a second time."""
    for symbol in symbols(text, fold=True):
        steps.append(symbol)
        yield symbol


@pytest.mark.parametrize(
    "text", ["a " * 500, "\u3300" * 1000, "q00" * 333 + "x", "qqq" * 333, "\ufdfa" * 1000, "\u0301" * 1000, "*" * 1000]
)
def test_a_prompt_is_read_once_whatever_it_and_the_patterns_hold(text: str) -> None:
    automaton = Automaton((compile_pattern(rule.pattern, fold=True) for rule in THOROUGH), fold=True)
    steps: list[str] = []
    [*automaton.found(read_once(text, steps))]
    assert steps == [*symbols(text, fold=True)]
    assert len(steps) <= 1 + SYMBOLS_PER_CHAR * len(text)


@given(st.text(max_size=60), st.text(max_size=60), st.booleans())
def test_the_symbols_of_two_texts_are_no_more_than_those_of_both(one: str, other: str, fold: bool) -> None:
    together = [*symbols(one + other, fold=fold)]
    assert len(together) <= 1 + SYMBOLS_PER_CHAR * (len(one) + len(other))


def test_no_character_becomes_so_many_symbols_that_the_end_of_a_prompt_is_not_read() -> None:
    for char in map(chr, range(sys.maxunicode + 1)):
        if len(unicodedata.normalize("NFKD", char)) > 3 or unicodedata.category(char) == "So":
            for fold in (True, False):
                assert len([*symbols(char * 3, fold=fold)]) <= 1 + 3 * SYMBOLS_PER_CHAR, ascii(char)
    longest = max(model.prompt_max_chars for model in load_catalog())
    assert longest * SYMBOLS_PER_CHAR < SYMBOLS_MAX
    assert matches("castle", "\ufdfa" * (longest - 7) + " castle", fold=True)


def test_only_prompts_that_grow_are_judged_beside_the_event_loop() -> None:
    longest = max(model.prompt_max_chars for model in load_catalog())
    assert not is_long(THOROUGH, ("a cat plays the piano " * 100)[:longest])
    assert is_long(THOROUGH, "\u3300" * longest)
    assert not is_long((), "\u3300" * longest)


FORBIDDEN = """
ass cum tit
anal gun butt sex rape cock dick kill hoe scum weed nude bomb evil hate drug sin drog rass assi nackt tot cul
con bit tuer fou sal pene puta culo fico ano teta caz fic fig rapa sess kur dup cip kre broni hore slut porn
"""


@pytest.mark.parametrize("language", PLAIN_WORDS)
def test_no_plain_word_is_caught_by_a_rule_for_one_that_it_contains(language: str) -> None:
    assert sum(map(len, PLAIN_WORDS.values())) > 1000
    plain = PLAIN_WORDS[language]
    rules = tuple(WordRule(pattern=word) for word in FORBIDDEN.split() if word not in plain)
    assert [word for word in plain if judge(rules, word)] == []
    assert judge(rules, " ".join(plain)) is None
    assert judge(rules, ", ".join(word.upper() for word in plain)) is None
    for word in plain:
        parts = {word[i : i + n] for n in range(3, len(word)) for i in range(len(word) - n + 1)}
        contained = tuple(WordRule(pattern=part) for part in sorted(parts - {"*"}))
        verdict = judge(contained, f"a {word} here")
        assert verdict is None, (word, verdict)


@pytest.mark.parametrize(
    ("pattern", "prompt"),
    [
        ("νερό", "ΝΕΡΌ"),
        ("сука", "СУКА"),
        ("сука", "cyка"),
        ("ak47", "an AK-47"),
        ("ak 47", "an ak 47"),
        ("h1n1", "H1N1"),
        ("hindi", "h\u0336i\u0336n\u0336d\u0336i\u0336"),
        ("cool", "\U0001f192"),
        ("kill", "\U0001cce0\U0001ccde\U0001cce1\U0001cce1"),
        ("red cat", "r e d  c a t"),
        ("red cat", "red.cat"),
        ("red cat", "tac der"),
        ("nude*", "edun"),
        ("gun*", "\u202esnug"),
        ("everyone", "a@everyone"),
        ("www", "www"),
        ("क्या", "क्या"),
    ],
)
def test_what_is_folded_in_the_prompt_is_folded_in_the_pattern(pattern: str, prompt: str) -> None:
    assert matches(pattern, prompt, fold=True)


def test_the_heaviest_of_several_rules_wins_and_the_earliest_of_those() -> None:
    record = WordRule(pattern="cat", action=WordAction.RECORD)
    hold = WordRule(pattern="cat", action=WordAction.HOLD)
    block = WordRule(pattern="cat", action=WordAction.BLOCK, note="no cats")
    other = WordRule(pattern="a cat", action=WordAction.BLOCK)
    verdict = judge((record, hold, block, other), "a cat")
    assert verdict is not None
    assert (verdict.action, verdict.rule) == (WordAction.BLOCK, block)
    assert judge((record, hold), "a cat") == judge((hold, record), "a cat")
    assert judge((record, hold, block), "a dog") is None


def test_a_pattern_again_replaces_the_earlier_and_there_is_a_most() -> None:
    rules = tuple(WordRule(pattern=f"word{n}") for n in range(PATTERNS_MAX))
    replaced = add_rule(rules, WordRule(pattern="word5", action=WordAction.HOLD))
    assert len(replaced) == PATTERNS_MAX
    assert replaced[-1].action is WordAction.HOLD
    with pytest.raises(TooManyRules):
        add_rule(rules, WordRule(pattern="one more"))
