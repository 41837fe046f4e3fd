"""A guild's own prompt rules: words and patterns that block a request, hold it for a moderator, or are recorded.

A pattern is one or more words; it matches where the prompt has these words one after the other, whatever stands
between them that is not a word. `*` inside a word stands for any letters or none (`gun*`, `*shot`), by itself for any
one word. Case, width, accents' encoding and invisible characters never matter; with look-alikes folded, accents,
letters of other alphabets that look the same, digits used as letters and s p e l l i n g o u t do not either. Scripts
that are written without spaces count each character as a word, so that a pattern of them matches anywhere.

Matching does not backtrack: each piece between two `*` is searched once, from where the piece before ended. A pattern
costs at most (words of the prompt) x (words of the pattern) such searches, whatever either holds.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import groupby
from typing import NoReturn, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.errors import Fact, PatternInvalid, TooManyRules

PATTERN_MAX_CHARS = 80
PATTERN_MAX_WORDS = 8
PATTERNS_MAX = 100
NOTE_MAX_CHARS = 200

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

_LOOK_ALIKES = str.maketrans(
    dict(zip("авсԁеһіјкӏмнорԛѕтуѵԝхь", "abcdehijklmhopqstyvwxb", strict=True))
    | dict(zip("αβεηικνορτυχωγ", "abeniknoptuxwy", strict=True))
    | dict(zip("01345789", "oieastbg", strict=True))
    | {"\u0131": "i", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe"}
)
_SIGNS_AS_LETTERS = {"@": "a", "$": "s"}

_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")
"""Beginnings of the Unicode names of letters whose scripts put no spaces between words."""


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


class Spelt(str):
    """Single letters in a row, joined to one word. The first or last may be a word of its own (`a c a t`)."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Glob:
    """One word of a pattern: the pieces between its `*`."""

    pieces: tuple[str, ...]

    def matches(self, word: str) -> bool:
        """Each piece is searched once, from where the one before ended, so that the word is read once."""
        first, *others = ("", *self.pieces, "") if isinstance(word, Spelt) else self.pieces
        if not others:
            return word == first
        last = others.pop()
        if len(word) < len(first) + len(last) or not word.startswith(first) or not word.endswith(last):
            return False
        at, end = len(first), len(word) - len(last)
        for piece in others:
            at = word.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern: its words, in order."""

    globs: tuple[Glob, ...]

    def matches(self, words: list[str]) -> bool:
        """Whether the words hold the pattern's, one after the other."""
        return any(
            all(glob.matches(word) for glob, word in zip(self.globs, words[i : i + len(self.globs)], strict=True))
            for i in range(len(words) - len(self.globs) + 1)
        )


@lru_cache(maxsize=2048)
def compile_pattern(text: str, *, fold: bool) -> Pattern:
    """The compiled pattern. Raises `PatternInvalid` with `where`, `reason`, `why` and `position` (1-based)."""
    if len(text) > PATTERN_MAX_CHARS:
        _refuse(text, "too_long", limit=PATTERN_MAX_CHARS)
    for position, char in enumerate(text, 1):
        if char != "*" and char not in _JOINTS and _kind(char) == "gap" and not _is_invisible(char):
            _refuse(text, "sign", position=position)
    words = list(_split(_normal(text, fold=fold), wildcard=True))
    while words and not words[0].strip("*"):
        words.pop(0)
    while words and not words[-1].strip("*"):
        words.pop()
    if not words:
        _refuse(text, "only_wildcards" if "*" in text else "empty")
    if len(words) > PATTERN_MAX_WORDS:
        _refuse(text, "too_many_words", limit=PATTERN_MAX_WORDS)
    return Pattern(tuple(Glob(tuple(word.split("*"))) for word in words))


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


def judge(rules: Iterable[WordRule], prompt: str) -> Verdict | None:
    """The rule that the prompt matches with the strongest action, the first of several; None where none matches."""
    plain = {fold: words_of(prompt, fold=fold) for fold in (False, True)}
    spelt = _joined(plain[True])
    found: Verdict | None = None
    for rule in rules:
        if found is not None and _WEIGHT[rule.action] >= _WEIGHT[found.action]:
            continue
        pattern = compile_pattern(rule.pattern, fold=rule.fold)
        if pattern.matches(plain[rule.fold]) or (rule.fold and spelt and pattern.matches(spelt)):
            found = Verdict(rule.action, rule)
    return found


_WEIGHT = {action: weight for weight, action in enumerate(WordAction)}


def words_of(text: str, *, fold: bool) -> list[str]:
    """The words of a text as they are compared: case, width and, with `fold`, look-alike letters made equal."""
    return list(_split(_normal(text, fold=fold), wildcard=False))


def _normal(text: str, *, fold: bool) -> str:
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    text = "".join(char for char in text if not _is_invisible(char))
    if not fold:
        return text
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c) != "Mn")
    return "".join(_signs_folded(bare)).translate(_LOOK_ALIKES)


def _signs_folded(text: str) -> Iterator[str]:
    """`c@t` as cat, but not `@everyone` or `5 $`: a sign is a letter only inside a word."""
    for i, char in enumerate(text):
        inside = 0 < i < len(text) - 1 and text[i - 1].isalnum() and (text[i + 1].isalnum() or text[i + 1] in "@$")
        yield _SIGNS_AS_LETTERS.get(char, char) if inside else char


def _is_invisible(char: str) -> bool:
    """Zero-width joiners and spaces, direction marks, soft hyphens, and the selectors of emoji's looks."""
    return unicodedata.category(char) == "Cf" or "\ufe00" <= char <= "\ufe0f" or "\U0001f3fb" <= char <= "\U0001f3ff"


@lru_cache(maxsize=4096)
def _kind(char: str) -> str:
    """`letter` of a word, `word` of its own, or `gap` between words."""
    category = unicodedata.category(char)
    if category == "So" or (category == "Lo" and unicodedata.name(char, "").startswith(_UNSPACED)):
        return "word"
    return "letter" if category[0] in "LN" or category in {"Mn", "Mc"} else "gap"


def _split(text: str, *, wildcard: bool) -> Iterator[str]:
    word = ""
    for char in text:
        kind = "letter" if wildcard and char == "*" else _kind(char)
        if kind == "letter":
            word += char
            continue
        if word:
            yield word
        word = ""
        if kind == "word":
            yield char
    if word:
        yield word


def _joined(words: list[str]) -> list[str]:
    """Three and more single letters in a row as one word; empty where there are none."""
    joined: list[str] = []
    for single, run in groupby(words, key=lambda word: len(word) == 1):
        letters = list(run)
        joined += [Spelt("".join(letters))] if single and len(letters) >= 3 else letters
    return joined if len(joined) < len(words) else []


def _refuse(text: str, reason: str, *, position: int = 1, **facts: Fact) -> NoReturn:
    where = text if len(text) <= 40 else f"{text[:39]}…"
    raise PatternInvalid(where=where, reason=reason, why=REASONS[reason].format(**facts), position=position, **facts)
