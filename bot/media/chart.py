"""Draws a chart, in the child process alone: matplotlib holds its process up for a second and keeps a lot of memory."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_PIXELS, HEIGHT_PIXELS, DPI = 1280, 816, 200
"""The shape of the 550 by 350 pixels in which Discord shows a picture beside its message, so that all of it is used;
the letters are large enough to be read there."""

# An opaque card of its own, so that it reads the same in Discord's dark and light. The parts' colours are told apart by
# who sees no red or green, too: they differ in lightness.
_CARD, _INK, _FAINT, _GRID = "#23272e", "#f2f3f5", "#b5bac1", "#3f444d"
_PARTS = ("#4cc38a", "#f2695c", "#8b95a5", "#6ea8fe")
_LABELS_MAX = 7
"""Labels under the upright bars at most: more of them would lie over each other."""

_LYING_LEAST = 4


def draw(to: Path, chart: dict[str, Any]) -> dict[str, Any]:
    """Write the PNG. `chart` is a `bot.rules.chart.Chart` as plain data."""
    warnings.simplefilter("ignore")  # a letter that the font lacks is drawn as a box
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  # loads much; nobody else needs it
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(WIDTH_PIXELS / DPI, HEIGHT_PIXELS / DPI), dpi=DPI, facecolor=_CARD, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(_plain(chart["title"]), color=_INK, fontsize=12, fontweight="bold")
    first, *others = chart["panels"]
    grid = figure.add_gridspec(2, len(others))
    drawn = [
        _panel(figure.add_subplot(place), panel, chart)
        for place, panel in ((grid[0, :], first), *((grid[1, i], panel) for i, panel in enumerate(others)))
    ]
    figure.draw_without_rendering()  # only now is it known where the labels are
    for axes, panel in zip(drawn, (first, *others), strict=True):
        _entitle(axes, panel)
    figure.savefig(to, format="png", facecolor=_CARD)
    return {"bytes": to.stat().st_size}


def _entitle(axes: Axes, panel: dict[str, Any]) -> None:
    """The panel's title above its labels, and not above its bars alone: lying bars may have little width."""
    around = axes.get_tightbbox() if panel["across"] else None
    left = 0.0 if around is None else axes.transAxes.inverted().transform((around.x0, 0))[0]
    axes.set_title(_plain(panel["title"]), color=_INK, fontsize=9.5, loc="left", x=min(0.0, left))


def _panel(axes: Axes, panel: dict[str, Any], chart: dict[str, Any]) -> Axes:
    axes.set_facecolor(_CARD)
    axes.set_title(" ", fontsize=9.5)  # keeps its room
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(colors=_FAINT, labelsize=8.5, length=0)
    bars = panel["bars"]
    if not any(sum(bar["values"]) for bar in bars):
        axes.set_axis_off()
        axes.text(0.5, 0.5, _plain(chart["nothing"]), color=_FAINT, fontsize=9, ha="center", transform=axes.transAxes)
    elif panel["across"]:
        _lying(axes, bars, chart["thousands"])
    else:
        _upright(axes, panel["parts"], bars, chart["thousands"])
    return axes


def labelled_bars(bars: int) -> list[int]:
    """Which of so many upright bars have a label: the last one, and others at even steps before it."""
    step = math.ceil(bars / _LABELS_MAX)
    return list(range(bars - 1, -1, -step))[::-1]


def _upright(axes: Axes, parts: Sequence[str], bars: Sequence[dict[str, Any]], thousands: str) -> None:
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    places = range(len(bars))
    floor = [0.0] * len(bars)
    for at, part in enumerate(parts):
        values = [bar["values"][at] for bar in bars]
        axes.bar(places, values, bottom=floor, width=0.8, color=_PARTS[at % len(_PARTS)], label=_plain(part))
        floor = [below + value for below, value in zip(floor, values, strict=True)]
    at_bars = labelled_bars(len(bars))
    axes.set_xticks(at_bars, [_plain(bars[place]["label"]) for place in at_bars])
    axes.set_xlim(-0.7, len(bars) - 0.3)
    axes.yaxis.grid(visible=True, color=_GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    axes.yaxis.set_major_formatter(lambda value, _: _whole(value, thousands))
    axes.set_ylim(0, max(floor) * 1.12)
    if any(parts):
        axes.legend(
            loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(parts), fontsize=8, frameon=False, labelcolor=_INK,
            handlelength=1.0, columnspacing=1.2, borderaxespad=0.2,
        )  # fmt: skip


def _lying(axes: Axes, bars: Sequence[dict[str, Any]], thousands: str) -> None:
    values = [sum(bar["values"]) for bar in bars]
    drawn = axes.barh(range(len(bars)), values, height=0.62, color=_PARTS[3])
    axes.bar_label(drawn, labels=[_whole(value, thousands) for value in values], padding=3, color=_INK, fontsize=8.5)
    axes.set_yticks(range(len(bars)), [_plain(bar["label"]) for bar in bars])
    axes.tick_params(axis="y", colors=_INK)
    axes.set_ylim(max(len(bars), _LYING_LEAST) - 0.5, -0.5)  # the first on top, and one alone no thicker than others
    axes.set_xticks([])
    axes.set_xlim(0, max(values) * 1.25)


def _whole(value: float, thousands: str) -> str:
    """A count of jobs. The sign between thousands comes with the chart, since catalogues can't be read here."""
    return f"{value:,.0f}".replace(",", thousands) if value >= 10_000 else f"{value:.0f}"


def _plain(text: str) -> str:
    """Without what matplotlib would read as a formula."""
    return text.replace("$", r"\$")
