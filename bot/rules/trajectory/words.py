"""The words and signs of a motion path, and the error for those that mean nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

from bot.errors import Fact, TrajectoryInvalid

TEXT_MAX_CHARS = 2000
"""Longer texts are refused without being read. Discord allows 6000 characters in an option."""

REASONS: Mapping[str, str] = {
    "text_too_long": "a path is at most {limit} characters long",
    "empty": "say a shape, such as circle, or points, such as 0.2,0.5 > 0.8,0.5",
    "unreadable": "this sign means nothing in a path",
    "unknown_word": "this word means nothing in a path",
    "misspelt": "it means nothing in a path (did you mean “{other}”?)",
    "not_json": "it is no JSON with a list of points",
    "json_point": "a point in JSON has the numbers x and y, and may have a whole number frame",
    "number_expected": "a number belongs here",
    "number_too_long": "that number is too long",
    "comma_expected": "a point is two numbers with a comma between them, such as 0.2,0.5",
    "point_expected": "a point or a place belongs after this",
    "point_before": "a point belongs before this",
    "separator_expected": "between two points belongs >",
    "one_point": "a path needs at least two points",
    "second_path": "the path is complete before this; a path has one shape or one list of points",
    "no_path": "this says how to move but not where: say a shape or points too",
    "said_twice": "this was said before",
    "not_with": "this does not go together with {other}",
    "no_turn": "this shape goes no way around",
    "mixed_units": "fractions and pixels are mixed: use 0 to 1, or pixels up to {width}x{height}",
    "outside": "outside the frame, which is {width}x{height} pixels, or 0 to 1 in fractions",
    "whole_number": "how often is a whole number from 1 up",
    "too_short": "that is shorter than a frame of the clip",
    "too_long": "the clip is {length} seconds long and this would end later",
    "too_soon": "the path can't be here so early; the way and the holds before it need time",
}
"""Why a text is no path, in English, by the `reason` fact of `TrajectoryInvalid`."""


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    position: int
    """0-based, in the text."""


_TOKENS = re.compile(
    r"(?P<arrow>[-=]?>+|[→⇒➜➡⟶;|]\ufe0f?)|(?P<newline>[\r\n]+)|(?P<space>[^\S\r\n]+|[()\[\]])|(?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))"
    r"|(?P<word>[A-Za-z]+)|(?P<comma>,)|(?P<at>@)|(?P<percent>%)|(?P<hyphen>-)|(?P<other>.)",
    re.DOTALL,
)
FILLERS = frozenset({"from", "the", "a", "an", "and", "with", "move", "moving", "pan", "go", "in"})
SEPARATORS = frozenset({"to", "then"})
TURNS: Mapping[tuple[str, ...], bool] = {
    ("clockwise",): False,
    ("counter", "clockwise"): True,
    ("counterclockwise",): True,
    ("anti", "clockwise"): True,
    ("anticlockwise",): True,
}
MODIFIERS: Mapping[tuple[str, ...], str] = {
    ("over",): "over",
    ("for",): "over",
    ("wait",): "wait",
    ("after",): "wait",
    ("hold",): "hold",
    ("loop",): "loop",
    ("looping",): "loop",
    ("repeat",): "loop",
    ("twice",): "twice",
    ("back", "and", "forth"): "back",
    ("there", "and", "back"): "back",
    ("reversed",): "reversed",
    ("reverse",): "reversed",
    ("backwards",): "reversed",
}
SECONDS = frozenset({"s", "sec", "secs", "second", "seconds"})
UNITS = SECONDS | {"ms", "frame", "frames", "f"}
BREAKS = frozenset({"arrow", "newline"})


def refuse(reason: str, token: Token, **facts: Fact) -> NoReturn:
    why = REASONS[reason].format(**facts)
    where = token.text if len(token.text) <= 40 else f"{token.text[:39]}…"
    raise TrajectoryInvalid(where=where, why=why, position=token.position + 1, reason=reason, **facts)


def tokens(text: str) -> Iterator[Token]:
    """Hyphens between words are spaces (`counter-clockwise`); new lines beside an arrow or another one are dropped."""
    earlier: Token | None = None
    for match in _TOKENS.finditer(text):
        kind = match.lastgroup or "other"
        token = Token(kind, match.group().casefold() if kind == "word" else match.group(), match.start())
        if kind in {"space", "hyphen"} or (kind == "newline" and (earlier is None or earlier.kind in BREAKS)):
            continue
        if earlier is not None and not (earlier.kind == "newline" and kind == "arrow"):
            yield earlier
        earlier = token
    if earlier is not None and earlier.kind != "newline":
        yield earlier
