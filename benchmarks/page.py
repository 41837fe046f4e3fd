"""Write docs/performance.md and its plot from the results of the benchmarks, which lie in docs/performance as JSON.

`python -m benchmarks.page FOLDER` first takes new results from a folder: what `--json` of each benchmark wrote as
`bot.json`, `client.json`, `growth.json`, `start.json` and `intake.json`, and `before-bot.json` of an earlier version.
Without a folder the page is made again from the results that are there. What is not a table is read from
`docs/performance/words.md`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import bot, client, growth, start
from benchmarks.processes import CHECKOUT, Json
from benchmarks.tables import Row

PAGE = CHECKOUT / "docs" / "performance.md"
FOLDER = CHECKOUT / "docs" / "performance"
NAMES = ("before-bot", "bot", "client", "growth", "start", "intake")
_NOT_YET = "(not measured for this version yet)"
_PLOTTED = ("processor_ms", "acknowledged_p99_ms", "memory_peak_mib", "queue_requests", "visible_p50_s")


def page() -> str:
    """The whole page: the words, with each `<!-- name -->` line replaced by the table of that name, if there is one."""
    files = {name: FOLDER / f"{name}.json" for name in NAMES}
    found: Json = {
        "bot": {"bursts": [], "counts": {}},
        "client": {"cases": []},
        "growth": {},
        "start": {},
        "intake": {},
    }
    found |= {"before-bot": found["bot"]} | {name: json.loads(file.read_text()) for name, file in files.items()
                                             if file.exists()}  # fmt: skip
    tables = {
        **{f"bot-{each['commands']}": _bot(each, _before(found, each["commands"])) for each in found["bot"]["bursts"]},
        "counts": _counts(found["bot"]["counts"], found["before-bot"]["counts"]),
        **{f"client-{each['case']}": _client(each) for each in found["client"]["cases"]},
        "in-flight": _growth("jobs in flight", found["growth"].get("in_flight", {})),
        "history": _growth("rows of history", found["growth"].get("history", {})),
        "steady": _growth("jobs so far", found["growth"].get("steady", {})),
        "start": _start(found["start"]) if found["start"] else "",
        "intake": _intake(found["intake"]) if found["intake"] else "",
        "files": _files(found["intake"]) if found["intake"] else "",
    }
    lines = (FOLDER / "words.md").read_text().splitlines()
    return "\n".join((tables.get(_name_in(line)) or _NOT_YET) if _name_in(line) else line for line in lines) + "\n"


def take(folder: Path) -> None:
    """Keep the medians of the results in `folder`; the single rounds are left out."""
    FOLDER.mkdir(exist_ok=True)
    for name in NAMES:
        if (file := folder / f"{name}.json").exists():
            kept = _without_rounds(json.loads(file.read_text()))
            (FOLDER / f"{name}.json").write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")


def draw() -> None:
    """Bars of the naive bot, Clapper as it was, and Clapper, each measure in multiples of the naive bot's."""
    from matplotlib.figure import Figure  # noqa: PLC0415  # only who draws needs it

    now = json.loads((FOLDER / "bot.json").read_text())["bursts"][0]
    before = json.loads((FOLDER / "before-bot.json").read_text())["bursts"]
    rows = [row for row in bot.ROWS if row.key in _PLOTTED]
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots()
    for offset, (label, each) in enumerate([*(("before", each) for each in before[:1]), ("now", now)]):
        places = [place + 0.4 * offset for place in range(len(rows))]
        values = [each["ratios"][row.key] or 0 for row in rows]
        bars = axes.barh(places, values, height=0.36, label=f"Clapper, {label}")
        axes.bar_label(bars, [f" {value:.2f}" for value in values])
    axes.axvline(1, color="black", linewidth=1, label="the naive bot")
    axes.set_xscale("log")
    axes.set_yticks([place + 0.2 for place in range(len(rows))], [row.title for row in rows])
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set_xlabel(f"times the naive bot's, {now['commands']} commands at once")
    axes.legend(loc="lower right")
    figure.savefig(FOLDER / "burst.png", dpi=110)


def _name_in(line: str) -> str:
    return line.removeprefix("<!--").removesuffix("-->").strip() if line.startswith("<!--") else ""


def _before(found: Json, commands: int) -> Json | None:
    return next((each for each in found["before-bot"]["bursts"] if each["commands"] == commands), None)


def _bot(now: Json, before: Json | None) -> str:
    head = ["measure", "naive", *(["Clapper before"] if before else []), "Clapper now", "ratio", "to reach"]
    return _table(
        head,
        [
            [
                row.title,
                _number(now["naive"][row.key], row),
                *([_number(before["clapper"][row.key], row) if row.key in before["clapper"] else ""] if before else []),
                _number(now["clapper"][row.key], row),
                *_ratio(row, now["ratios"][row.key]),
            ]
            for row in bot.ROWS
            if row.key in now["clapper"]  # files of an earlier version lack some
        ],
    )


def _client(each: Json) -> str:
    rows = next(case.rows for case in client.cases(quick=False) if case.name == each["case"])
    return _table(
        ["measure", "SDK", "ours", "ratio", "to reach"],
        [
            [
                row.title,
                _number(each["sdk"][row.key], row),
                _number(each["ours"][row.key], row),
                *_ratio(row, each["ratios"][row.key]),
            ]
            for row in rows
        ],
    )


def _counts(now: Json, before: Json) -> str:
    return _table(
        ["a job", "before", "now"],
        [[name, f"{before[name]:g}", f"{value:g}"] for name, value in now.items() if name in before],
    )


def _growth(title: str, sizes: Json) -> str:
    if not sizes:
        return ""
    first = next(iter(sizes.values()))["processor_ms"]
    return _table(
        [title, "processor time a job (ms)", "of the first", "acknowledged p50 (ms)", "p99 (ms)", "memory peak (MiB)"],
        [
            [
                f"{int(size):,}",
                f"{each['processor_ms']:.1f}",
                f"{each['processor_ms'] / first:.2f} (≤ {growth.REACH:g})",
                f"{each['acknowledged_p50_ms']:.0f}",
                f"{each['acknowledged_p99_ms']:.0f}",
                f"{each['memory_peak_mib']:.0f}",
            ]
            for size, each in sorted(sizes.items(), key=lambda item: int(item[0]))
        ],
    )


def _start(found: Json) -> str:
    resumed = found["resumed"]
    ready = found["ready"]
    rows = [
        [row.title, _number(ready["naive"][row.key], row), _number(ready["clapper"][row.key], row)]
        for row in start.ROWS
    ]
    again = f"{resumed['resumed']:,} of {resumed['jobs']:,} unfinished jobs asked about again (s)"
    return _table(["measure", "naive", "Clapper"], [*rows, [again, "lost", f"{resumed['seconds']:.1f}"]])


def _intake(found: Json) -> str:
    rows = [[name, f"{1000 * seconds:.0f}"] for name, seconds in found["seconds"].items()]
    return _table([f"one file (clips: {found['clip']})", "processor time (ms)"], rows)


def _files(found: Json) -> str:
    """The processes of a job for its files: one for each file and each result before, none for a fit result now."""
    own, fork = 1000 * found["seconds"]["an interpreter of its own"], 1000 * found["child_overhead_seconds"]
    rows = [["`/t2v`", "1", f"{own:.0f}", "0", "0"], ["`/animate`", "2", f"{2 * own:.0f}", "1", f"{fork:.0f}"]]
    head = ["a job", "processes before", "their processor time (ms)", "processes now", "their processor time (ms)"]
    return _table(head, rows)


def _ratio(row: Row, ratio: float | None) -> list[str]:
    reach = "" if row.reach is None else f"{'≥' if row.at_least else '≤'} {row.reach:g}"
    if ratio is None:
        return ["", reach]
    reached = row.reach is None or (ratio >= row.reach if row.at_least else ratio <= row.reach)
    return [f"{ratio:.2f}" if reached else f"**{ratio:.2f}**", reach]


def _number(value: float, row: Row) -> str:
    return f"{value:,.{row.digits}f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] + ["---:"] * (len(head) - 1), *rows))


def _without_rounds(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: _without_rounds(value) for name, value in found.items() if name != "rounds"}
    return [_without_rounds(each) for each in found] if isinstance(found, list) else found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="where new results are (none: the page is made again)")
    folder = parser.parse_args().folder
    if folder is not None:
        take(folder)
    draw()
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
