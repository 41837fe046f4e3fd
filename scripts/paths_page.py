"""Write docs/paths.md from the code: `make generate` after changing what a motion path may say."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bot.rules.trajectory.geometry import EASINGS, PLACES, PRESETS, SHAPES
from bot.rules.trajectory.words import MODIFIERS, REASONS, TURNS

PAGE = Path(__file__).parents[1] / "docs" / "paths.md"

_HEAD = """\
# Motion paths

Made from the code by `scripts/paths_page.py`; a test keeps the two in step.

A path is one shape, or points with `>` or `to` between them, and around it how and when it moves, in any order. A
point is a place, or two numbers with a comma: fractions of the frame (`0.2,0.5`), percent (`20%,50%`) or pixels of the
model's frame (`300,352`), from the left and from the top. Between points in numbers a space is enough; `;` and arrows
work anywhere, and so does the API's own JSON: `[{"frame": 0, "x": 100, "y": 352}, {"frame": 50, "x": 900, "y": 352}]`.

`@ 2s` after a point says when it is reached, `hold 1s` how
long it is stayed at. Times are in `s`, `ms` or `frames`. Without times the path takes the whole clip, at an even pace.

The picture is seen as the model frames it: one of another shape loses its edges, and the preview shows what is left.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_presets(), "", *_words(), "", *_reasons(), ""])


def _presets() -> list[str]:
    return [
        "## Ready-made",
        "",
        "| Write | It moves |",
        "|---|---|",
        *(f"| `{preset.name}` | {preset.note} |" for preset in PRESETS),
    ]


def _words() -> list[str]:
    return [
        "## Words",
        "",
        "| Say | With |",
        "|---|---|",
        f"| a place | {_listed(PLACES)} |",
        f"| a shape | {_listed(SHAPES)}, `left`, `right` |",
        f"| which way around | {_listed(TURNS)} |",
        f"| how it moves | {_listed(EASINGS)} |",
        f"| when, and how often | {_listed(MODIFIERS)}, `3 times` |",
    ]


def _reasons() -> list[str]:
    sample = {"limit": 2000, "other": "loop", "width": 1280, "height": 704, "length": 5}
    return [
        "## What makes no sense",
        "",
        "The answer names the word at which a path stopped making sense, and one of these:",
        "",
        *(f"- {reason.format(**sample)}" for reason in REASONS.values()),
    ]


def _listed(phrases: Mapping[tuple[str, ...], object] | Iterable[tuple[str, ...]]) -> str:
    return ", ".join(f"`{' '.join(words)}`" for words in phrases)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    PAGE.write_text(page(), encoding="utf-8")
