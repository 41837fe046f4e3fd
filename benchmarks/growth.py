"""What a job costs Clapper when there are many: in flight at the same time, in the history, and one after another.

in flight: 100, 1,000 and 5,000 jobs that take about three minutes, so that all are under way at once. history: 1,000,
100,000 and 1,000,000 ended jobs in the database, with limits that have to count them. Each size is a process of its own
with a database of its own. steady: 10,000 short jobs in five parts in one process, whose memory must not grow from part
to part. The first column says how many times a size costs of the first one's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.burst import SETTLE_SECONDS, Load, burst, measured
from benchmarks.material import clip_file
from benchmarks.processes import Json, clapper, finish, running, servers
from benchmarks.rows import add_history, database_of

LIMITS = "everyone 100000 jobs day, server 1000000 jobs day, bot 1000000 jobs week"
"""More than anybody reaches: every decision has to count for them, and none is refused."""
REACH = 1.2
SHOWN = ("processor_ms", "acknowledged_p50_ms", "acknowledged_p99_ms", "memory_peak_mib", "visible_p50_s", "unfinished")
_PARTS = 5


async def in_flight(jobs: int, options: argparse.Namespace) -> Json:
    """So many at once, each as long as the others' commands take to come, or longer."""
    with tempfile.TemporaryDirectory(prefix="clapper-benchmark-") as scratch:
        folder = Path(scratch)
        clip = await asyncio.to_thread(clip_file, folder)
        program = clapper(folder, {"JOBS_AT_ONCE": str(max(options.in_flight))})
        load = Load(commands=jobs, rate=options.rate, patience=jobs / options.rate + 2 * options.seconds + 60)
        times = ("--median", str(options.seconds), "--sigma", "0.1", "--low", "0", "--high", "3600")
        async with servers(clip, *times, discord=("--guilds", str(_guilds(options)))) as (discord, queue):
            return (await burst(program, load, discord, queue, folder)).json()


def _guilds(options: argparse.Namespace) -> int:
    """As many servers for every size, with five members each at the largest."""
    largest: int = max(options.in_flight)
    return max(1, largest // 5)


async def with_history(rows: int, options: argparse.Namespace) -> Json:
    """A run that makes one job; then many like it are put into the database, and a second run is measured."""
    with tempfile.TemporaryDirectory(prefix="clapper-benchmark-") as scratch:
        folder = Path(scratch)
        clip = await asyncio.to_thread(clip_file, folder)
        program = clapper(folder, {"OPERATOR_LIMITS": LIMITS})
        times = ("--median", "3", "--sigma", "0.1", "--low", "0", "--high", "60")
        async with servers(clip, *times) as (discord, queue):
            await burst(program, Load(commands=1, warm_up=0), discord, queue, folder)
            await asyncio.to_thread(add_history, database_of(folder / "data"), rows)
            for each in (discord, queue):
                await each.ask("POST", "reset", {})
            async with running(program, discord, queue, folder) as bot:
                await asyncio.sleep(SETTLE_SECONDS)
                load = Load(commands=options.decisions, rate=20.0)
                return (await measured(bot, load, discord, queue)).json()


async def steady(options: argparse.Namespace) -> Json:
    """Parts of the same number of jobs, one after the other, in one process."""
    with tempfile.TemporaryDirectory(prefix="clapper-benchmark-") as scratch:
        folder = Path(scratch)
        clip = await asyncio.to_thread(clip_file, folder)
        times = ("--median", "1", "--sigma", "0.3", "--low", "0", "--high", "60")
        each = options.steady // _PARTS
        found: Json = {}
        async with (
            servers(clip, *times, discord=("--guilds", str(max(1, each // 5)))) as (discord, queue),
            running(clapper(folder), discord, queue, folder) as bot,
        ):
            await asyncio.sleep(SETTLE_SECONDS)
            for part in range(1, _PARTS + 1):
                load = Load(commands=each, rate=options.steady_rate)
                found[str(part * each)] = (await measured(bot, load, discord, queue)).json()
                for one in (discord, queue):
                    await one.ask("POST", "reset", {})
        return found


async def run(options: argparse.Namespace) -> Json:
    found: Json = {"load_average": os.getloadavg()[1], "in_flight": {}, "history": {}, "steady": {}}
    for jobs in options.in_flight:
        found["in_flight"][jobs] = await in_flight(jobs, options)
        print(f"{jobs} in flight are done", file=sys.stderr, flush=True)
    for rows in options.rows:
        found["history"][rows] = await with_history(rows, options)
        print(f"{rows} rows of history are done", file=sys.stderr, flush=True)
    if options.steady:
        found["steady"] = await steady(options)
    return found


def report_of(found: Json) -> str:
    lines = []
    for name in ("in_flight", "history", "steady"):
        lines.append(f"{name.replace('_', ' '):<12}{'cost':>7}" + "".join(f"{key:>22}" for key in SHOWN))
        costs = [numbers["processor_ms"] for numbers in found[name].values()]
        for size, numbers in found[name].items():
            ratio = numbers["processor_ms"] / costs[0]
            lines.append(f"{size:<12}{ratio:>6.2f}x" + "".join(f"{numbers[key]:>22.2f}" for key in SHOWN))
        lines.append(f"to reach: ≤ {REACH}x\n")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 where something could not be measured."""
    options = argparse.ArgumentParser(
        prog="python -m benchmarks.growth", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--in-flight", type=_numbers, default=[100, 1000, 5000], help="(default: 100,1000,5000)")
    options.add_argument("--rows", type=_numbers, default=[1000, 100_000, 1_000_000],
                         help="(default: 1000,100000,1000000)")  # fmt: skip
    options.add_argument("--rate", type=float, default=40.0, help="commands a second for those in flight (default: 40)")
    options.add_argument("--seconds", type=float, default=180.0, help="how long those in flight take (default: 180)")
    options.add_argument("--decisions", type=int, default=200, help="commands with each history (default: 200)")
    options.add_argument(
        "--steady", type=int, default=10_000, help="short jobs in five parts (default: 10000; 0: none)"
    )
    options.add_argument("--steady-rate", type=float, default=50.0, help="of them a second (default: 50)")
    options.add_argument("--quick", action="store_true", help="a few jobs and rows, to see that it works")
    options.add_argument("--json", type=Path, help="write the numbers there")
    chosen = options.parse_args(arguments)
    if chosen.quick:
        chosen.in_flight, chosen.rows, chosen.seconds, chosen.decisions, chosen.steady = [3], [10], 1.0, 3, 5
    found = finish(run(chosen))
    if found is None:
        return 1
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2))
    print(report_of(found))
    return 0


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",") if part]


if __name__ == "__main__":
    sys.exit(main())
