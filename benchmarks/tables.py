"""Numbers of two programs side by side, with their ratio and what it is to reach."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.processes import Json


@dataclass(frozen=True, slots=True)
class Row:
    """`reach` is the most that the ratio may be (`at_least`: the least), None where nothing is set."""

    title: str
    key: str
    reach: float | None = None
    at_least: bool = False
    digits: int = 2


def medians(rounds: Sequence[Json]) -> Json:
    """Of each number over the rounds; what is not a number is the last round's."""
    return {
        key: statistics.median(found[key] for found in rounds) if isinstance(value, int | float) else value
        for key, value in rounds[-1].items()
    }


def ratios(ours: Mapping[str, float], other: Mapping[str, float], rows: Sequence[Row]) -> dict[str, float | None]:
    """Ours over the other's; None where that is 0."""
    return {row.key: round(ours[row.key] / other[row.key], 3) if other[row.key] else None for row in rows}


def table(ours: Mapping[str, float], other: Mapping[str, float], rows: Sequence[Row], names: tuple[str, str]) -> str:
    """As text for people: the other's column first, then ours."""
    found = ratios(ours, other, rows)
    lines = [f"{'':<34}{names[1]:>12}{names[0]:>12}{'ratio':>9}{'reach':>9}"]
    for row in rows:
        ratio = found[row.key]
        shown = f"{ratio:.2f}" if ratio is not None else "-"
        lines.append(
            f"{row.title:<34}{other[row.key]:>12.{row.digits}f}{ours[row.key]:>12.{row.digits}f}{shown:>9}"
            f"{_reach(row):>9}{_mark(row, ratio)}"
        )
    return "\n".join(lines)


def _reach(row: Row) -> str:
    if row.reach is None:
        return ""
    return f"{'≥' if row.at_least else '≤'} {row.reach:g}"


def _mark(row: Row, ratio: float | None) -> str:
    if row.reach is None or ratio is None:
        return ""
    return "" if (ratio >= row.reach if row.at_least else ratio <= row.reach) else "  missed"
