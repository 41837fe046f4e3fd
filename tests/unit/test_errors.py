"""The tree of errors is drawn in its module's docstring, and the drawing is true."""

from __future__ import annotations

import re

import bot.errors
from bot.errors import ClapperError


def drawn() -> dict[str, str | None]:
    """Each class in the drawing, with the one above it. A line may name several of one family, with commas."""
    tree: dict[str, str | None] = {}
    above: list[tuple[int, str]] = []
    for line in (bot.errors.__doc__ or "").splitlines():
        found = re.match(r"^ {4}([│├└─ ]*)((?:[A-Z]\w+)(?:, [A-Z]\w+)*)", line)
        if found is None:
            continue
        depth, names = len(found[1]), found[2].split(", ")
        above = [(column, name) for column, name in above if column < depth]
        tree |= dict.fromkeys(names, above[-1][1] if above else None)
        if len(names) == 1:
            above.append((depth, names[0]))
    return tree


def below(kind: type[ClapperError]) -> set[type[ClapperError]]:
    return {kind}.union(*(below(child) for child in kind.__subclasses__() if child.__module__ == bot.errors.__name__))


def test_the_drawing_has_every_error_below_the_one_that_it_is_a_kind_of() -> None:
    tree = drawn()
    kinds = {kind.__name__: kind for kind in below(ClapperError)}
    assert kinds.keys() - tree.keys() == set(), "add to the drawing at the top of bot/errors.py"
    assert tree.keys() - kinds.keys() == set(), "remove from the drawing at the top of bot/errors.py"
    wrong = {
        name for name, parent in tree.items() if parent not in {None, *(b.__name__ for b in kinds[name].__bases__)}
    }
    assert wrong == set()
