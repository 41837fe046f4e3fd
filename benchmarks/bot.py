"""Clapper beside a naive bot: so many `/t2v` at the same moment by as many members.

Each runs as a process of its own against a Discord and a queue that are processes of their own, in turns, so that
what the machine does besides meets both. Both get the same jobs with the same durations. Clapper has its default
settings; the naive bot (`benchmarks/naive_bot.py`) loses everything at a restart.

One more run of Clapper counts its transactions, statements and processes; its times are not used.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import counting
from benchmarks.burst import Load, burst
from benchmarks.material import clip_file
from benchmarks.processes import Json, Program, clapper, finish, naive, servers
from benchmarks.tables import Row, medians, ratios, table

ROWS = (
    Row("acknowledged p50 (ms)", "acknowledged_p50_ms", 1.5, digits=0),
    Row("acknowledged p99 (ms)", "acknowledged_p99_ms", 1.5, digits=0),
    Row("processor time a job (ms)", "processor_ms", 1.3, digits=1),
    Row("memory before (MiB)", "memory_before_mib", 1.8, digits=0),
    Row("memory peak (MiB)", "memory_peak_mib", 1.4, digits=0),
    Row("requests a job, Discord", "discord_requests", digits=1),
    Row("requests a job, queue", "queue_requests", 0.8, digits=1),
    Row("command to submitted p50 (s)", "submitted_p50_s", 2.0),
    Row("completed to asked about p50 (s)", "asked_p50_s"),
    Row("completed to visible p50 (s)", "visible_p50_s", 0.7),
    Row("completed to visible p99 (s)", "visible_p99_s", 1.3),
    Row("answered privately though public", "private", digits=0),
    Row("not finished", "unfinished", digits=0),
    Row("the servers' processor time (ms)", "servers_processor_ms", digits=1),
)


GUILDS = 200
"""Members are in different servers: Clapper's usual limits let ten jobs of a server run at once."""


async def one(
    program: Program, load: Load, scale: float, folder: Path, on_begin: Callable[[], None] = lambda: None
) -> Json:
    """A burst with fresh servers; `on_begin` as for `burst`."""
    clip = await asyncio.to_thread(clip_file, folder)
    async with servers(clip, "--scale", str(scale), discord=("--guilds", str(GUILDS))) as (discord, queue):
        return (await burst(program, load, discord, queue, folder, on_begin=on_begin)).json()


async def compare(commands: int, rounds: int, scale: float) -> Json:
    """The rounds of both, each program first in every other round."""
    found: dict[str, list[Json]] = {"naive": [], "clapper": []}
    load = Load(commands=commands)
    for number in range(rounds):
        for name in ("naive", "clapper") if number % 2 == 0 else ("clapper", "naive"):
            with tempfile.TemporaryDirectory(prefix="clapper-benchmark-") as scratch:
                folder = Path(scratch)
                program = naive() if name == "naive" else clapper(folder)
                found[name].append(await one(program, load, scale, folder))
            _progress(f"{commands} commands, round {number + 1} of {rounds}: {name} is done")
    ours, other = medians(found["clapper"]), medians(found["naive"])
    return {"commands": commands, "naive": other, "clapper": ours, "ratios": ratios(ours, other, ROWS), "rounds": found}


async def counted(commands: int, scale: float) -> Json:
    """Clapper's transactions, statements and processes a job, in a run of its own."""
    with tempfile.TemporaryDirectory(prefix="clapper-benchmark-") as scratch:
        folder = Path(scratch)
        counts = counting.Counts(folder / "counts")
        program = clapper(folder, counts.settings)
        await one(program, Load(commands=commands), scale, folder, counts.begin)
        return counts.per_job(commands)


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def report_of(found: Json) -> str:
    """Everything as text."""
    parts = []
    for each in found["bursts"]:
        parts += [f"{each['commands']} commands at once", table(each["clapper"], each["naive"], ROWS,
                                                                ("clapper", "naive")), ""]  # fmt: skip
        for name in ("naive", "clapper"):
            kinds = {**each[name]["discord_kinds"], **each[name]["queue_kinds"]}
            shown = ", ".join(f"{kind} {count / each['commands']:.1f}" for kind, count in sorted(kinds.items()))
            parts.append(f"requests a job, {name}: {shown}")
            parts += [f"not finished, {name}: {text}" for text in each[name]["unfinished_texts"]]
        parts.append("")
    if found["counts"]:
        parts.append("clapper, a job: " + ", ".join(f"{name} {value:g}" for name, value in found["counts"].items()))
    return "\n".join(parts)


async def run(options: argparse.Namespace) -> Json:
    bursts = [await compare(commands, options.rounds, options.scale) for commands in options.commands]
    counts = await counted(options.commands[0], options.scale) if options.count else {}
    return {"scale": options.scale, "load_average": os.getloadavg()[1], "bursts": bursts, "counts": counts}


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="python -m benchmarks.bot", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--commands", type=lambda text: [int(n) for n in text.split(",")], default=[200, 1000],
                         help="how many at once, with commas between several (default: 200,1000)")  # fmt: skip
    options.add_argument("--rounds", type=int, default=3, help="the table shows the medians (default: 3)")
    options.add_argument(
        "--scale", type=float, default=1.0, help="of the jobs' durations, which are 5 to 33 s at 1 (default: 1)"
    )
    options.add_argument("--no-count", dest="count", action="store_false", help="without the run that counts")
    options.add_argument("--quick", action="store_true", help="a few short jobs, to see that it works")
    options.add_argument("--json", type=Path, help="write the numbers of all rounds there")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 where something could not be measured."""
    options = parser().parse_args(arguments)
    if options.quick:
        options.commands, options.rounds, options.scale = [4], 1, 0.05
    found = finish(run(options))
    if found is None:
        return 1
    if options.json:
        options.json.write_text(json.dumps(found, indent=2))
    print(report_of(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
