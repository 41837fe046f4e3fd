"""Many patterns at once over a row of symbols, which is read once and never again.

Every pattern is a row of positions, each with the letters that may stand there; the positions of all of them are the
bits of one number, and a bit that is set says that everything before its position was read. Each symbol moves all bits
at once, so that a text costs one step for each symbol, whatever it or the patterns hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.rules import folding
from bot.rules.folding import ANY_LETTER, EDGE, GAP, SIGNS, STRETCH

_ANY = "any letter"
_REVERSED_MIN_LETTERS = 4
"""Shorter words are too often others backwards: `was`, `las`, `top`."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern: its words, in order, with their `*`."""

    words: tuple[str, ...]
    fold: bool

    def rows(self) -> Iterator[tuple[str, ...]]:
        """The words; and, folded, what they are backwards, without `*`."""
        yield self.words
        bare = " ".join(self.words).replace("*", "")
        if self.fold and len(bare) >= _REVERSED_MIN_LETTERS and "*" not in self.words and bare != bare[::-1]:
            yield tuple(bare[::-1].split(" "))


class Automaton:
    """Patterns of one kind, folded or not, to be found in the symbols of a text of that kind."""

    def __init__(self, patterns: Iterable[Pattern], *, fold: bool) -> None:
        self._fold = fold
        self._starts = self._ends = self._gaps = self._loops = self._letters = 0
        self._by_reading: dict[str, int] = {}
        self._ends_of: list[int] = []
        self._size = 0
        for pattern in patterns:
            ends = 0
            for words in pattern.rows():
                ends |= self._add(words)
            self._ends_of.append(ends)
            self._ends |= ends

    def found(self, symbols: Iterable[str]) -> Iterator[int]:
        """The indices of the patterns that the symbols hold, ascending."""
        hits = self._run(symbols) if self._size else 0
        return (index for index, ends in enumerate(self._ends_of) if ends & hits)

    def _run(self, symbols: Iterable[str]) -> int:
        state = hits = mask = 0
        masks: dict[str, int] = {}
        for symbol in symbols:
            if symbol == GAP:
                hits |= state
                state = ((state & self._gaps) << 1) | self._starts
            elif symbol == EDGE:
                hits |= state
                state = self._edge(state)
            elif symbol == STRETCH:
                state |= self._letter(state, mask)
            else:
                known = masks.get(symbol)
                mask = masks[symbol] = self._mask(symbol) if known is None else known
                after = self._letter(state, mask)
                if self._fold and (symbol in SIGNS or symbol == ANY_LETTER or folding.kind(symbol) == "picture"):
                    hits |= state
                    after |= self._edge(state)
                state = after
        return hits & self._ends

    def _letter(self, state: int, mask: int) -> int:
        return ((state & mask) << 1) | (state & self._loops)

    def _edge(self, state: int) -> int:
        """The word goes on, or this is a gap. A `*` ends here: it stands for letters of one word."""
        return (state & ~self._loops) | ((state & self._gaps) << 1) | self._starts

    def _mask(self, symbol: str) -> int:
        if self._fold and symbol == ANY_LETTER:
            return self._letters
        mask = self._by_reading.get(_ANY, 0)
        for letter in self._readings(symbol):
            mask |= self._by_reading.get(letter, 0)
        return mask

    def _readings(self, symbol: str) -> Iterable[str]:
        return folding.readings(symbol) if self._fold else symbol

    def _add(self, words: tuple[str, ...]) -> int:
        """Append the words' positions; the bit of their end."""
        self._starts |= 1 << self._size
        for number, word in enumerate(words):
            if number:
                self._gaps |= 1 << self._size
                self._size += 1
            if not word.strip("*"):  # any one word
                self._place((_ANY,))
                self._loops |= 1 << self._size
                continue
            for char in word:
                if char == "*":
                    self._loops |= 1 << self._size
                else:
                    self._place(self._readings(char))
        end = 1 << self._size
        self._size += 1
        return end

    def _place(self, letters: Iterable[str]) -> None:
        bit = 1 << self._size
        for letter in letters:
            self._by_reading[letter] = self._by_reading.get(letter, 0) | bit
        self._letters |= bit
        self._size += 1
