"""A guild's own prompt rules: words and patterns that block a request, hold it for a moderator, or are recorded.

A pattern is one or more words; it matches where the prompt has these words one after the other, whatever stands
between them that is not a word. `*` inside a word stands for any letters or none (`gun*`, `*shot`), by itself for any
one word. Case, width, accents' encoding and what is invisible never matter; with look-alikes folded (`folding.py`),
accents, letters that look the same, digits and signs used as letters, s p e l l i n g o u t and words written backwards
do not either. Scripts that are written without spaces count each character as a word, so that a pattern of them matches
anywhere.

All patterns are looked for at once (`matching.py`): a prompt costs one step for each of its symbols.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import chain, islice
from typing import NoReturn, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.errors import Fact, PatternInvalid, TooManyRules
from bot.rules import folding
from bot.rules.matching import Automaton, Pattern

PATTERN_MAX_CHARS = 80
PATTERN_MAX_WORDS = 8
PATTERNS_MAX = 100
NOTE_MAX_CHARS = 200
PATTERN_MAX_LETTERS = 4 * PATTERN_MAX_CHARS
"""Once it is folded: Korean syllables have three letters each."""
SYMBOLS_MAX = 20_000
"""What is read of a prompt: more than any that a model takes can become."""
LONG_PROMPT_SYMBOLS = 1_500
"""A prompt of more is judged beside the event loop."""

REASONS: Mapping[str, str] = {
    "empty": "it holds no word",
    "too_long": "it is longer than {limit} characters",
    "too_many_words": "it has more than {limit} words",
    "only_wildcards": "it would match everything; beside * it needs a letter",
    "sign": "this sign means nothing here; a pattern is made of words, spaces and *",
}
"""Why a pattern can't be used: the English of each reason, by the `reason` fact of `PatternInvalid`."""

_JOINTS = frozenset(" -'\u2019.,_/&!\t")
"""What may stand between a pattern's words; others are refused, since they would not do what a regex does."""


class WordAction(StrEnum):
    """What a match does. Of several matches the first in this order wins."""

    BLOCK = "block"
    HOLD = "hold"
    RECORD = "record"


class WordRule(BaseModel):
    """One pattern and what it does. `note` is what the blocked member is told, in the admins' own words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pattern: str = Field(max_length=PATTERN_MAX_CHARS)
    action: WordAction = WordAction.BLOCK
    fold: bool = True
    note: str = Field(default="", max_length=NOTE_MAX_CHARS)

    @model_validator(mode="after")
    def _usable(self) -> Self:
        try:
            compile_pattern(self.pattern, fold=self.fold)
        except PatternInvalid as exc:
            raise ValueError(str(exc.facts["why"])) from exc
        return self


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guild's rules do with a prompt, and the rule that does it."""

    action: WordAction
    rule: WordRule


@lru_cache(maxsize=2048)
def compile_pattern(text: str, *, fold: bool) -> Pattern:
    """The compiled pattern. Raises `PatternInvalid` with `where`, `reason`, `why` and `position` (1-based)."""
    if len(text) > PATTERN_MAX_CHARS:
        _refuse(text, "too_long", limit=PATTERN_MAX_CHARS)
    for position, char in enumerate(text, 1):
        if char != "*" and char not in _JOINTS and _is_sign(char):
            _refuse(text, "sign", position=position)
    words = folding.pattern_words(text, fold=fold)
    while words and not words[0].strip("*"):
        words.pop(0)
    while words and not words[-1].strip("*"):
        words.pop()
    if not words:
        _refuse(text, "only_wildcards" if "*" in text else "empty")
    if len(words) > PATTERN_MAX_WORDS:
        _refuse(text, "too_many_words", limit=PATTERN_MAX_WORDS)
    if sum(map(len, words)) > PATTERN_MAX_LETTERS:
        _refuse(text, "too_long", limit=PATTERN_MAX_CHARS)
    return Pattern(tuple(words), fold)


def add_rule(rules: tuple[WordRule, ...], rule: WordRule) -> tuple[WordRule, ...]:
    """The rules with `rule` added; it replaces the one with the same pattern. Raises `TooManyRules`."""
    others = tuple(known for known in rules if known.pattern != rule.pattern)
    if len(others) >= PATTERNS_MAX:
        raise TooManyRules(limit=PATTERNS_MAX)
    return (*others, rule)


def make_word_rule(pattern: str, action: WordAction, *, fold: bool = True, note: str = "") -> WordRule:
    """The rule that an admin asked for. Raises `PatternInvalid`."""
    compile_pattern(pattern.strip(), fold=fold)
    return WordRule(pattern=pattern.strip(), action=action, fold=fold, note=note[:NOTE_MAX_CHARS])


def judge(rules: tuple[WordRule, ...], prompt: str) -> Verdict | None:
    """The rule that the prompt matches with the strongest action, the first of several; None where none matches."""
    if not rules:
        return None
    found = [
        index
        for fold, (indices, automaton) in _compiled(rules).items()
        for index in (indices[at] for at in automaton.found(_symbols(prompt, fold=fold)))
    ]
    strongest = min(found, key=lambda index: (_WEIGHT[rules[index].action], index), default=None)
    return None if strongest is None else Verdict(rules[strongest].action, rules[strongest])


def is_long(rules: tuple[WordRule, ...], prompt: str) -> bool:
    """Whether judging takes longer than an event loop should wait."""
    most = LONG_PROMPT_SYMBOLS
    return bool(rules) and next(islice(folding.symbols(prompt, fold=True), most, None), None) is not None


_WEIGHT = {action: weight for weight, action in enumerate(WordAction)}


@lru_cache(maxsize=32)
def _compiled(rules: tuple[WordRule, ...]) -> Mapping[bool, tuple[tuple[int, ...], Automaton]]:
    """By whether look-alikes are folded: the indices of these rules, and what finds them."""
    compiled = {}
    for fold in {rule.fold for rule in rules}:
        indices = tuple(index for index, rule in enumerate(rules) if rule.fold is fold)
        patterns = (compile_pattern(rules[index].pattern, fold=fold) for index in indices)
        compiled[fold] = (indices, Automaton(patterns, fold=fold))
    return compiled


def _symbols(prompt: str, *, fold: bool) -> Iterator[str]:
    """The prompt's symbols, as many as are read; a gap after them ends the last word."""
    return chain(islice(folding.symbols(prompt, fold=fold), SYMBOLS_MAX), (folding.GAP,))


def _is_sign(char: str) -> bool:
    """Whether it means nothing in a pattern and is seen, or is a control character."""
    invisible = folding.is_invisible(char) and unicodedata.category(char) != "Cc"
    return folding.kind(char) == "gap" and not invisible


def _refuse(text: str, reason: str, *, position: int = 1, **facts: Fact) -> NoReturn:
    where = text if len(text) <= 40 else f"{text[:39]}…"
    raise PatternInvalid(where=where, reason=reason, why=REASONS[reason].format(**facts), position=position, **facts)
