"""A text as prompt rules compare it: a row of symbols, each of which may be read as one letter or as several.

What can't be seen is left out, compatible forms are made equal (NFKC), and enclosed letters, regional indicators and
other drawn letters become letters. The readings of a letter are itself and what Unicode's table of confusables
(UTS 39) says that it looks like. Every character becomes at most `SYMBOLS_PER_CHAR` symbols, whatever stands beside it,
and the text is read a fixed number of times.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise
from pathlib import Path

GAP = " "
"""Between two words."""
EDGE = "\x1f"
"""Between two pieces that may be one word cut in two, or two words."""
STRETCH = "\x1e"
"""The letter before, once more or not: the end of `heyyyy`."""
ANY_LETTER = "*"
"""In a prompt: one letter that is not shown (`c*t`)."""

SYMBOLS_PER_CHAR = 19
"""NFKC makes 18 letters of U+FDFA, and a gap may follow."""

_DIGITS = {"0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "bg", "7": "t", "8": "b", "9": "g"}
SIGNS = {"@": "a", "$": "s", "!": "i", "|": "il", "+": "t", "€": "e", "£": "l", "¢": "c", "¥": "y"}
"""What stands for a letter inside a word, and for nothing, too: `c@t`, `@cat`."""
_IN_A_WORD = 0xE000
"""Added to a digit that stands in a word. Such private code points never come from a text: they are left out."""
_L_OR_I = chr(_IN_A_WORD + ord("1"))

_LETTER_ROWS = ((0x1F1E6, "a", 26), (0x1F150, "a", 26), (0x1F170, "a", 26), (0x1CCD6, "a", 26), (0x1CCF0, "0", 10))
"""Regional indicators; negative circled and squared letters; outlined letters and digits (new in Unicode 16)."""
_DRAWN_LETTERS = {chr(first + n): chr(ord(letter) + n) for first, letter, number in _LETTER_ROWS for n in range(number)}
_SQUARED_WORD = re.compile(r"(?:NEGATIVE )?SQUARED ([A-Z]{1,4})(?: WITH .+)?")
_LATIN = re.compile(r"LATIN .*LETTER(?: [A-Z-]+)*? ([A-Z])(?: WITH .+)?")
_I_OR_L = re.compile(r"(?<=[a-z])I+|(?<=[A-Z])l(?=[A-Z])")
"""What stands out among its neighbours by its size: taken for the other letter."""
_STARS = re.compile(r"\*+")
_STARS_MAX = 3
_OVERRIDE = re.compile("\u202e([^\u202c\u202d\u202e\n]*)")
"""What is shown from right to left, whatever its letters are."""

_IGNORABLE = frozenset(
    # Default_Ignorable_Code_Point, as far as that is letters and marks; and what is drawn as nothing.
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0\u2800\ufffc\ufffd\U0001d159"
)
_IGNORABLE_RANGES = ((0xFE00, 0xFE0F), (0x1F3FB, 0x1F3FF), (0xE0000, 0xE0FFF))
"""The selectors of emoji's looks, their skin tones, and the tags."""
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")
"""Beginnings of the Unicode names of letters whose scripts put no spaces between words."""
_MARKS_MAX = 30
"""Of marks in a row, as in Unicode's stream-safe format: ordering more of them takes quadratic time."""
_ORDINARY_SPACES = frozenset(" \u00a0\u3000")
_NARROW_SPACE = "\u2009"
_APOSTROPHES = frozenset("'\u2019\u02bc\uff07")
_CONSONANTS = frozenset("bcdfghjklmnpqrstvwxz")
_RUN_LETTERS = 3
_BETWEEN_MAX_CHARS = 3
"""Between two pieces of what may be one word."""


@dataclass(slots=True)
class Piece:
    """Letters in a row, `between` what stands before them and the piece before. `alone`: the script has no spaces, or
    it is a picture, so that this is a word of its own."""

    letters: str
    between: str
    alone: bool = False

    @property
    def single(self) -> bool:
        """Whether it may be one letter of a word that is spelt out."""
        return len(self.letters) == 1 and (not self.alone or kind(self.letters) == "picture")

    @property
    def lettered(self) -> bool:
        """Whether it holds a letter, so that its digits may stand for letters."""
        return any(char.isalpha() or char == _L_OR_I for char in self.letters)


def symbols(text: str, *, fold: bool) -> Iterator[str]:
    """The text's symbols, beginning and ending with `GAP`."""
    yield GAP
    if not fold:
        for piece in pieces_of(_exact(text)):
            yield from piece.letters
            yield GAP
        return
    pieces = pieces_of(_plain(text, stars=False), signs=frozenset(SIGNS) | {ANY_LETTER})
    for chain in _chains(pieces):
        if len(chain) > 1 or chain[0].lettered or not all(char in SIGNS for char in chain[0].letters):
            yield from _chain_symbols(chain)
            yield GAP


def pattern_words(text: str, *, fold: bool) -> list[str]:
    """The words of a pattern, whose `*` counts as a letter."""
    chars = _plain(text, stars=True) if fold else _exact(text)
    found = pieces_of(chars, signs=frozenset("*"))
    return [_in_words(_stretched(piece.letters, ""), piece.lettered) if fold else piece.letters for piece in found]


@lru_cache(maxsize=8192)
def readings(symbol: str) -> frozenset[str]:
    """The letters that a symbol of a folded text may be read as."""
    if symbol in SIGNS:
        return frozenset(SIGNS[symbol])
    if symbol.isascii():
        return frozenset(symbol)
    if _is_digit_in_a_word(symbol):
        digit = chr(ord(symbol) - _IN_A_WORD)
        return frozenset(digit + _DIGITS[digit])
    small = symbol.casefold()
    found = {small}
    for form in (symbol, small, small.upper()):
        looks_like = confusables().get(form, "").casefold()
        found |= {letter for letter in (looks_like, _latin(form), _latin(looks_like)) if len(letter) == 1}
    return frozenset(found | {"i"} if "l" in found else found)


def is_invisible(char: str) -> bool:
    """Whether nothing is seen of it, or nothing that Unicode knows: format and control characters, private use,
    unassigned and default-ignorable ones, and blanks that are no spaces."""
    category = unicodedata.category(char)
    if category == "Cc":
        return not char.isspace()
    if category in {"Cf", "Cn", "Co", "Cs"} or char in _IGNORABLE:
        return True
    return any(first <= ord(char) <= last for first, last in _IGNORABLE_RANGES)


@lru_cache(maxsize=8192)
def kind(char: str) -> str:
    """`letter` of a word, `word` of its own, `picture` (one, too, but it may stand between letters), or `gap`."""
    category = unicodedata.category(char)
    if category == "So":
        return "picture"
    if category == "Lo" and unicodedata.name(char, "").startswith(_UNSPACED):
        return "word"
    return "letter" if category[0] in "LN" or category in {"Mn", "Mc"} or _is_digit_in_a_word(char) else "gap"


@lru_cache(maxsize=1)
def confusables() -> dict[str, str]:
    """What each character looks like, by UTS 39 (see `confusables.txt`)."""
    table: dict[str, str] = {}
    for line in Path(__file__).with_name("confusables.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            looks_like, _, chars = line.partition("\t")
            table |= dict.fromkeys(chars, looks_like)
    return table


def pieces_of(chars: Iterable[str], *, signs: frozenset[str] = frozenset()) -> list[Piece]:
    """The text cut where neither letters nor `signs` stand."""
    pieces: list[Piece] = []
    letters: list[str] = []
    between: list[str] = []

    def end(*, alone: bool = False) -> None:
        if letters:
            pieces.append(Piece("".join(letters), "".join(between), alone))
            letters.clear()
            between.clear()

    for char in chars:
        of = "letter" if char in signs else kind(char)
        if of != "letter":
            end()
        (between if of == "gap" else letters).append(char)
        if of in {"word", "picture"}:
            end(alone=True)
    end()
    return pieces


def _exact(text: str) -> Iterator[str]:
    """Case, width, the encoding of accents and what is invisible made equal; nothing else."""
    kept, marks = [], 0
    for char in text:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= _MARKS_MAX and not is_invisible(char):
            kept.append(char)
    composed = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", "".join(kept)).casefold())
    return (char for char in composed if not is_invisible(char))


def _plain(text: str, *, stars: bool) -> Iterator[str]:
    """The letters without accents and without what is drawn around them. `stars`: all are kept, since they belong to a
    pattern; else those in a word are, each for a letter."""
    turned = _OVERRIDE.sub(lambda found: found[1][::-1], text)
    seen = "".join(char for char in turned if char in _DRAWN_LETTERS or not is_invisible(char))
    if not stars:
        seen = _STARS.sub(_star_for_a_letter, seen)
    for char in _I_OR_L.sub(lambda found: _L_OR_I * len(found[0]), seen):
        yield from char if char == _L_OR_I else _letters_of(char)


def _star_for_a_letter(found: re.Match[str]) -> str:
    text, start, end = found.string, found.start(), found.end()
    inside = start > 0 and end < len(text) and text[start - 1].isalnum() and text[end].isalnum()
    return found[0] if inside and end - start <= _STARS_MAX else "." * (end - start)


@lru_cache(maxsize=8192)
def _letters_of(char: str) -> str:
    """One character as the letters that it is made of, without accents."""
    if char in _DRAWN_LETTERS:
        return _DRAWN_LETTERS[char]
    if unicodedata.category(char) == "Zs":
        return " " if char in _ORDINARY_SPACES else _NARROW_SPACE
    name = unicodedata.name(char, "")
    squared = _SQUARED_WORD.fullmatch(name) if "\U0001f100" <= char <= "\U0001f1ff" else None
    if squared is not None:
        return squared[1].lower()
    parts = unicodedata.normalize("NFKD", char)
    looks_like = confusables().get(char, "")
    if parts not in {char, looks_like} and len(looks_like) == 1 and looks_like.isascii() and not parts[0].isascii():
        return _L_OR_I if looks_like == "l" else looks_like.lower()  # a c that is a form of sigma
    return "".join(_small(part) for part in parts if _is_kept(part))


def _is_kept(char: str) -> bool:
    """Accents and enclosing marks are left out; vowel signs, whose combining class is 0, are letters."""
    accent = unicodedata.category(char) == "Me" or (unicodedata.combining(char) and unicodedata.category(char) == "Mn")
    return not accent and not is_invisible(char)


def _small(char: str) -> str:
    """The letter without its case where that is one of ASCII or several; `readings` sees to the others, whose capital
    form may look like another letter than the small one."""
    looks_like = confusables().get(char.casefold(), "")
    if len(looks_like) > 1 and looks_like.isascii() and unicodedata.name(char, "").startswith("LATIN"):
        return looks_like.casefold()
    small = char.casefold()
    return small if char.isascii() or len(small) > 1 else char


def _latin(char: str) -> str:
    """The letter that a variant of it is named after (`LATIN LETTER SMALL CAPITAL H`), or nothing."""
    named = _LATIN.fullmatch(unicodedata.name(char, "")) if len(char) == 1 else None
    return named[1].lower() if named else ""


def _is_digit_in_a_word(char: str) -> bool:
    return "0" <= chr(max(0, ord(char) - _IN_A_WORD)) <= "9"


def _chains(pieces: list[Piece]) -> Iterator[list[Piece]]:
    """The pieces, those together that may be one word."""
    joined = [_joins(left, right) for left, right in pairwise(pieces)]
    at = 0
    for single, run in groupby(pieces, key=lambda piece: piece.single):
        length = len(list(run))
        if single and length >= _RUN_LETTERS:
            joined[at : at + length - 1] = [True] * (length - 1)
        at += length
    chain: list[Piece] = []
    for piece, joins in zip(pieces, [False, *joined], strict=False):
        if chain and not joins:
            yield chain
            chain = []
        chain.append(piece)
    if chain:
        yield chain


def _joins(left: Piece, right: Piece) -> bool:
    """Whether the second may go on with the first one's word: `ki.ll`, `k ill`; not `he'll`."""
    between = right.between
    if not between:
        return "picture" in {kind(left.letters[-1]), kind(right.letters[0])}
    if between == " " and not (left.alone or right.alone):
        return left.letters in _CONSONANTS or right.letters in _CONSONANTS
    return len(between) <= _BETWEEN_MAX_CHARS and not any(
        char in _APOSTROPHES or (char.isspace() and char != _NARROW_SPACE) for char in between
    )


def _chain_symbols(chain: list[Piece]) -> Iterator[str]:
    lettered = any(piece.lettered for piece in chain)
    for at, piece in enumerate(chain):
        if at:
            yield EDGE
        letters = _stretched(piece.letters, STRETCH)
        yield from _in_words(letters, piece.lettered or (piece.single and lettered))


def _stretched(letters: str, end: str) -> str:
    """Three and more of a letter in a row as two, the second being `end` where that is given."""
    runs = ((letter, len(list(run))) for letter, run in groupby(letters))
    return "".join(
        letter + (end or letter) if number > 2 and letter.isalpha() else letter * number for letter, number in runs
    )


def _in_words(letters: str, lettered: bool) -> str:
    return "".join(chr(ord(c) + _IN_A_WORD) if c in _DIGITS else c for c in letters) if lettered else letters
