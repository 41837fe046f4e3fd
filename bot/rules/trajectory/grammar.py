"""The grammar of a motion path, and its parser: text becomes a `Plan`, or is refused at the first word that is wrong.

    path     := one shape, or points, and around it any number of modifiers, in any order; commas are optional
    shape    := circle | figure eight | square | triangle | zigzag | wave | arc | spiral in | spiral out | zoom in |
                zoom out | diagonal | diagonal up | diagonal down | up | down | left | right
    points   := point { (`>` | `->` | `→` | `;` | `to` | `then` | a new line) point }
              | JSON, as in `bot.rules.trajectory.json_points`; between points in numbers a space is enough
    point    := (place | number `,` number) [`@` time] [`hold` time]
    place    := left | right | top | bottom | centre | top left | top right | bottom left | bottom right
    number   := fraction of the frame (0 to 1) | pixels of the frame | `20%` | `300px`, from the left and from the top
    modifier := linear | ease in | ease out | ease in out | bounce
              | `over` time      how long one run takes; without it the whole clip
              | `wait` time      before it moves
              | `hold` time      stays at its end, and the rest of the clip too
              | `loop`           again from its beginning until the clip ends (two runs, if `over` does not say)
              | `twice` | number `times`
              | `back and forth` the same way back
              | `reversed` | `clockwise` | `counter-clockwise` (by themselves they mean a circle)
    time     := number [`s` | `ms` | `frames`]

Bare numbers are fractions if none is above 1, else pixels; a path that mixes both is refused. A point's `@` counts
from the clip's beginning; points without one share the time between by the length of the way. A path cannot scale a
picture, so `zoom in` is the nearest that a path comes to it: a spiral that closes on the middle. Nothing is clamped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn, TypeVar

from bot.rules.catalog import Model
from bot.rules.trajectory.geometry import ALONE, CIRCLE, EASINGS, PLACES, SHAPES, Place, Shape
from bot.rules.trajectory.json_points import json_points, looks_like_json
from bot.rules.trajectory.spelling import goes_on, is_known, meant, meant_after
from bot.rules.trajectory.words import (
    BREAKS,
    FILLERS,
    MODIFIERS,
    SECONDS,
    SEPARATORS,
    TEXT_MAX_CHARS,
    TURNS,
    UNITS,
    Token,
    refuse,
    tokens,
)

_V = TypeVar("_V")


@dataclass(frozen=True, slots=True)
class Number:
    """A coordinate with its unit: `px`, `%`, or empty where the other numbers decide."""

    value: float
    unit: str
    token: Token


@dataclass(slots=True)
class Waypoint:
    """A point as it was written: either `place` or `numbers` is set. `at` and `hold` are in seconds."""

    token: Token
    place: Place | None = None
    numbers: tuple[Number, Number] | None = None
    at: float | None = None
    hold: float | None = None


@dataclass(slots=True)
class Plan:
    """Everything that the text says. `said` has the token of each part, to name it in an error."""

    shape: Shape | None = None
    waypoints: list[Waypoint] = field(default_factory=list)
    times: dict[str, float] = field(default_factory=dict)
    turned: bool = False
    easing: Callable[[float], float] = EASINGS["linear",]
    said: dict[str, Token] = field(default_factory=dict)


def read_plan(text: str, model: Model) -> Plan:
    """What `text` says. Raises `TrajectoryInvalid` with the first word that is wrong."""
    if len(text) > TEXT_MAX_CHARS:
        refuse("text_too_long", Token("other", f"{text[:20]}…", 0), limit=TEXT_MAX_CHARS)
    return _of_json(text, model) if looks_like_json(text) else _Parser(text, model).plan()


def _of_json(text: str, model: Model) -> Plan:
    points = json_points(text)
    where = Token("other", text.strip()[:20], 0)
    if len(points) < 2:
        refuse("one_point" if points else "empty", where)
    unit = "px" if any(value > 1 for x, y, _ in points for value in (x, y)) else ""
    plan = Plan()
    for x, y, frame in points:
        token = Token("number", f"{x:g}, {y:g}", 0)
        numbers = Number(x, unit, token), Number(y, unit, token)
        plan.waypoints.append(Waypoint(token, numbers=numbers, at=None if frame is None else frame / model.fps))
    return plan


SHAPE_WORDS = frozenset(words[0] for words in SHAPES)


class _Parser:
    """Reads tokens from left to right and never goes back, so that its work grows linearly with the text."""

    def __init__(self, text: str, model: Model) -> None:
        self._tokens = list(tokens(text))
        self._end = Token("end", text.strip()[-20:], max(0, len(text.rstrip()) - 1))
        self._next = 0
        self._fps = model.fps
        self._plan = Plan()

    def plan(self) -> Plan:
        if not self._tokens:
            refuse("empty", self._end)
        while self._peek().kind != "end":
            self._item()
        plan = self._plan
        if plan.shape is None and not plan.waypoints and "turn" in plan.said:
            plan.shape = CIRCLE
        if plan.shape is None and not plan.waypoints:
            refuse("no_path", self._tokens[0])
        return plan

    def _item(self) -> None:
        token = self._peek()
        if token.kind in {"comma", "newline"}:
            self._next += 1
        elif token.kind == "number" and self._peek(1).text in {"times", "x"}:
            self._next += 2
            self._say("runs", token, _value(token))
        elif token.kind in {"number", "percent"} or self._match(PLACES) is not None:
            self._points()
        elif token.kind == "word":
            self._word(token)
        else:
            refuse("unreadable" if token.kind == "other" else "point_before", token)

    def _word(self, token: Token) -> None:
        if (shape := self._take(SHAPES)) is not None:
            self._path(token).shape = shape
        elif (easing := self._take(EASINGS)) is not None:
            self._say("easing", token)
            self._plan.easing = easing
        elif (turn := self._take(TURNS)) is not None:
            self._say("turn", token)
            self._plan.turned = turn
        elif (word := self._take(MODIFIERS)) is not None:
            self._modifier(word, token)
        elif token.text in FILLERS:
            self._next += 1
        else:
            self._unknown(token)

    def _unknown(self, token: Token) -> NoReturn:
        """Name the word that is wrong, and what it was probably meant to be."""
        begun, second = goes_on(token.text), self._peek(1)
        if begun and second.kind == "word" and (word := meant_after(begun, second.text)) is not None:
            refuse("misspelt", second, other=f"{token.text} {word}")
        if begun:
            refuse("misspelt", token, other=" ".join(begun[0]))
        if (word := meant(token.text)) is not None:
            refuse("misspelt", token, other=word)
        refuse("unknown_word", token)

    def _modifier(self, word: str, token: Token) -> None:
        if word in {"over", "wait", "hold"}:
            self._say(word, token, self._time())
        elif word == "twice":
            self._say("runs", token, 2)
        else:
            self._say(word, token)

    def _say(self, what: str, token: Token, value: float | None = None) -> None:
        if what in self._plan.said:
            refuse("said_twice", token)
        self._plan.said[what] = token
        if value is not None:
            self._plan.times[what] = value

    def _path(self, token: Token) -> Plan:
        if self._plan.shape is not None or self._plan.waypoints:
            to_add = self._plan.waypoints and token.text not in SHAPE_WORDS
            refuse("separator_expected" if to_add else "second_path", token)
        return self._plan

    def _points(self) -> None:
        first = self._peek()
        plan = self._path(first)
        lone = self._match(ALONE)
        plan.waypoints.append(self._point())
        while (token := self._peek()).kind in BREAKS or token.text in SEPARATORS or self._next_point_follows():
            if token.kind != "number":
                self._next += 1
                if token.kind == "newline" and not self._at_point():
                    break
                if not self._at_point():
                    self._no_point(token)
            plan.waypoints.append(self._point())
        if len(plan.waypoints) == 1:
            self._only(first, lone)

    def _next_point_follows(self) -> bool:
        """Whether another point stands there after nothing but a space; a number before `times` is none."""
        return self._peek().kind == "number" and self._peek(1).text not in {"times", "x"}

    def _no_point(self, separator: Token) -> NoReturn:
        found = self._peek()
        if found.kind == "word" and not is_known(found.text):
            self._unknown(found)
        refuse("point_expected", separator)

    def _only(self, first: Token, lone: tuple[Shape, int] | None) -> None:
        """A single place such as `left` is a direction; a single point is no path."""
        (only,) = self._plan.waypoints
        if lone is None or only.place not in {PLACES["left",], PLACES["right",]} or only.at is not None:
            token = self._peek()
            if token.kind == "comma":
                token = self._peek(1)
            if token.kind == "number":
                refuse("separator_expected", token)
            refuse("one_point", first)
        if only.hold is not None:
            self._plan.times["hold"] = only.hold
        self._plan.waypoints.clear()
        self._plan.shape = lone[0]

    def _at_point(self) -> bool:
        while self._peek().text in FILLERS:
            self._next += 1
        return self._peek().kind == "number" or self._match(PLACES) is not None

    def _point(self) -> Waypoint:
        point = Waypoint(self._peek())
        point.place = self._take(PLACES)
        if point.place is None:
            x = self._coordinate()
            comma = self._peek()
            if comma.kind == "comma":
                self._next += 1
            elif comma.kind != "number":
                refuse("comma_expected", x.token if comma.kind == "end" else comma)
            point.numbers = (x, self._coordinate())
        if self._peek().kind == "at":
            self._next += 1
            point.at = self._time()
        if self._peek().text == "hold":
            self._next += 1
            point.hold = self._time()
        return point

    def _coordinate(self) -> Number:
        token = self._number()
        unit = self._peek()
        if unit.kind == "percent" or unit.text == "px":
            self._next += 1
            return Number(_value(token), unit.text, token)
        return Number(_value(token), "", token)

    def _time(self) -> float:
        """Seconds, whatever unit they were written in."""
        token = self._number()
        value = _value(token)
        unit = self._peek().text if self._peek().kind == "word" else ""
        if unit in UNITS:
            self._next += 1
        if value < 0:
            refuse("too_short", token)
        if unit == "ms":
            return value / 1000
        return value if unit in SECONDS or unit not in UNITS else value / self._fps

    def _number(self) -> Token:
        token = self._peek()
        if token.kind != "number":
            refuse("number_expected", token)
        self._next += 1
        return token

    def _peek(self, further: int = 0) -> Token:
        i = self._next + further
        return self._tokens[i] if i < len(self._tokens) else self._end

    def _match(self, phrases: Mapping[tuple[str, ...], _V]) -> tuple[_V, int] | None:
        """The longest phrase that the next words are, and how many words it has."""
        for count in (4, 3, 2, 1):
            words = tuple(self._peek(i).text for i in range(count))
            if self._peek(count - 1).kind != "end" and words in phrases:
                return phrases[words], count
        return None

    def _take(self, phrases: Mapping[tuple[str, ...], _V]) -> _V | None:
        found = self._match(phrases)
        if found is None:
            return None
        self._next += found[1]
        return found[0]


def _value(token: Token) -> float:
    if len(token.text) > 15:
        refuse("number_too_long", token)
    return float(token.text)
