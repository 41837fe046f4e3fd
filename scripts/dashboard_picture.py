"""Draw the panels of the dashboard from a running Prometheus, to look at them where there is no Grafana."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scripts.dashboard import PAGE

STEPS = 120
_ACROSS = 3


def expression(text: str, job: str, interval: str) -> str:
    """As Grafana asks it: with its variables filled in."""
    return text.replace("$job", job).replace("$__rate_interval", interval)


def panels() -> list[dict[str, Any]]:
    """Those that draw something, in their order."""
    found: list[dict[str, Any]] = json.loads(PAGE.read_text(encoding="utf-8"))["panels"]
    return [panel for panel in found if panel.get("targets")]


def ask(server: str, query: str, minutes: float) -> list[dict[str, Any]]:
    """The series of the last minutes. Raises OSError where the server can't be reached or refuses the query."""
    end = time.time()
    begin, step = end - minutes * 60, max(1.0, minutes * 60 / STEPS)
    asked = urlencode({"query": query, "start": begin, "end": end, "step": step})
    with urlopen(f"{server}/api/v1/query_range?{asked}", timeout=10) as answer:
        found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
    return found


def draw(axes: Axes, panel: dict[str, Any], chosen: argparse.Namespace) -> int:
    """Draw one panel as the command line says; gives how many series it has."""
    drawn = 0
    for target in panel["targets"]:
        for series in ask(chosen.server, expression(target["expr"], chosen.job, chosen.interval), chosen.minutes):
            name = target["legendFormat"]
            for label, value in series["metric"].items():
                name = name.replace(f"{{{{{label}}}}}", value)
            points = [(float(at), float(value)) for at, value in series["values"]]
            axes.plot([(at - time.time()) / 60 for at, _ in points], [value for _, value in points], label=name)
            drawn += 1
    axes.set_title(f"{panel['title']} ({panel['fieldConfig']['defaults']['unit']})", fontsize=9)
    axes.set_ylim(bottom=0)
    axes.tick_params(labelsize=7)
    if 0 < drawn <= 8:
        axes.legend(fontsize=6)
    return drawn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="the PNG file to write")
    parser.add_argument("--server", default="http://127.0.0.1:9090", help="Prometheus (%(default)s)")
    parser.add_argument("--job", default="clapper", help="the scrape job's name (%(default)s)")
    parser.add_argument("--minutes", type=float, default=60.0, help="how far back (%(default)s)")
    parser.add_argument("--interval", default="1m", help="what rates are taken over (%(default)s)")
    chosen = parser.parse_args()
    shown = panels()
    rows = -(-len(shown) // _ACROSS)
    figure = Figure(figsize=(15, 3 * rows), layout="constrained")
    grid = figure.subplots(rows, _ACROSS, squeeze=False)
    counts = {panel["title"]: draw(axes, panel, chosen) for panel, axes in zip(shown, grid.flat, strict=False)}
    figure.savefig(chosen.out, dpi=70)
    empty = [title for title, count in counts.items() if not count]
    print(f"{chosen.out}: {len(counts)} panels; without data: {', '.join(empty) or 'none'}")


if __name__ == "__main__":
    main()
