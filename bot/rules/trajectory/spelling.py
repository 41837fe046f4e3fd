"""What a word that means nothing in a path was probably meant to be."""

from __future__ import annotations

from difflib import get_close_matches
from itertools import chain

from bot.rules.trajectory.geometry import EASINGS, PLACES, SHAPES
from bot.rules.trajectory.words import FILLERS, MODIFIERS, SEPARATORS, TURNS

_PHRASES = tuple(chain(SHAPES, PLACES, EASINGS, TURNS, MODIFIERS))
_MEANT = {
    **{word: word for phrase in _PHRASES for word in phrase},
    **{word: word for word in sorted(FILLERS | SEPARATORS | {"times"}) if len(word) > 1},
    **{"".join(phrase): " ".join(phrase) for phrase in _PHRASES},
}
"""Every word, and every phrase also where it is written as one word, by how it is written."""
_LIKE_ENOUGH = 0.7
_WORD_MAX_CHARS = 30
"""No longer word is compared."""


def meant(word: str) -> str | None:
    """The word or phrase that is nearest, or None where none is near."""
    found = get_close_matches(word, _MEANT, 1, _LIKE_ENOUGH) if len(word) <= _WORD_MAX_CHARS else []
    return _MEANT[found[0]] if found else None


def goes_on(word: str) -> tuple[tuple[str, ...], ...]:
    """The phrases of several words that begin with it."""
    return tuple(phrase for phrase in _PHRASES if len(phrase) > 1 and phrase[0] == word)


def meant_after(begun: tuple[tuple[str, ...], ...], word: str) -> str | None:
    """Which second word of those phrases `word` was meant to be, or None."""
    seconds = [phrase[1] for phrase in begun]
    found = get_close_matches(word, seconds, 1, 0.6) if len(word) <= _WORD_MAX_CHARS else []
    return found[0] if found else None


def is_known(word: str) -> bool:
    """Whether it means something by itself or in a phrase."""
    return word in _MEANT
