"""How long a start takes: from the process to ready, and to the last unfinished job resumed.

ready: Clapper and the naive bot, in turns; until the gateway hears of them, and until their first command is
acknowledged. resumed: Clapper with 5,000 unfinished jobs that a killed process left, and as many allowed at once; until
each of them was asked about at the service.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.material import clip_file
from benchmarks.processes import (
    BenchmarkFailed,
    Json,
    Program,
    Server,
    clapper,
    finish,
    naive,
    running,
    servers,
    until,
)
from benchmarks.rows import add_unfinished, database_of
from benchmarks.tables import Row, medians, ratios, table

ROWS = (
    Row("to the gateway (s)", "identified_s"),
    Row("to the first answer (s)", "answered_s"),
    Row("processor time (s)", "processor_s"),
)
_LOOK_SECONDS = 0.05


async def ready(program: Program, discord: Server, queue: Server, folder: Path) -> Json:
    """One start with one command."""
    await discord.ask("POST", "reset", {})
    async with running(program, discord, queue, folder) as bot:
        identified = (await discord.ask("GET", "state"))["identified"]
        await discord.ask("POST", "commands", {"name": "t2v", "first": 0, "count": 1, "rate": None})
        await until(bot, discord, "acknowledged", 1)
        spent = bot.processor_seconds()
        await until(bot, discord, "visible", 1)  # so that nothing is left to the next start
        answered = (await discord.report())["replies"][0][2]
        return {"identified_s": identified - bot.begun, "answered_s": answered - bot.begun, "processor_s": spent}


async def starts(rounds: int, left_out: int) -> Json:
    """Both programs, each first in every other round. The first `left_out` starts, which make files, are not shown."""
    found: dict[str, list[Json]] = {"naive": [], "clapper": []}
    with tempfile.TemporaryDirectory(prefix="clapper-benchmark-") as scratch:
        folder = Path(scratch)
        clip = await asyncio.to_thread(clip_file, folder)
        programs = {"naive": naive(), "clapper": clapper(folder)}
        # The same servers for all: Clapper sends its commands to Discord only when they have changed.
        async with servers(clip, "--scale", "0.1") as (discord, queue):
            for number in range(rounds + left_out):
                for name in ("naive", "clapper") if number % 2 == 0 else ("clapper", "naive"):
                    one = await ready(programs[name], discord, queue, folder)
                    if number >= left_out:
                        found[name].append(one)
    ours, other = medians(found["clapper"]), medians(found["naive"])
    return {"naive": other, "clapper": ours, "ratios": ratios(ours, other, ROWS), "rounds": found}


async def resumed(jobs: int, seconds: float) -> Json:
    """All may run at once, as they did before the kill: with the usual 1,000 the others would wait for an end."""
    with tempfile.TemporaryDirectory(prefix="clapper-benchmark-") as scratch:
        folder = Path(scratch)
        clip = await asyncio.to_thread(clip_file, folder)
        program = clapper(folder, {"JOBS_AT_ONCE": str(jobs)})
        options = ("--median", "900", "--low", "0", "--high", "3600", "--any-id")
        async with servers(clip, *options) as (discord, queue):
            await _leave_one(program, discord, queue, folder)
            await asyncio.to_thread(add_unfinished, database_of(folder / "data"), jobs - 1)
            for each in (discord, queue):
                await each.ask("POST", "reset", {})
            async with running(program, discord, queue, folder) as bot:
                while True:
                    bot.check()
                    bot.memory_bytes()
                    asked = len((await queue.report())["jobs"])
                    took = time.monotonic() - bot.begun
                    if asked >= jobs or took > seconds:
                        break
                    await asyncio.sleep(_LOOK_SECONDS)
                spent, peak = bot.processor_seconds(), bot.peak_bytes / 1024**2
        return {"jobs": jobs, "resumed": asked, "seconds": took, "processor_seconds": spent, "peak_mib": peak}


async def _leave_one(program: Program, discord: Server, queue: Server, folder: Path) -> None:
    """A run that is killed while its one job is under way."""
    async with running(program, discord, queue, folder) as bot:
        await discord.ask("POST", "commands", {"name": "t2v", "first": 0, "count": 1, "rate": None})
        for _ in range(1200):
            bot.check()
            if any(polls for _, _, _, polls, _, _ in (await queue.report())["jobs"]):
                bot.process.kill()
                await bot.process.wait()
                return
            await asyncio.sleep(_LOOK_SECONDS)
        raise BenchmarkFailed(f"the job was never asked about:\n{bot.last_lines()}")


async def run(options: argparse.Namespace) -> Json:
    return {
        "load_average": os.getloadavg()[1],
        "ready": await starts(options.rounds, 0 if options.quick else 1),
        "resumed": await resumed(options.jobs, options.timeout),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 where something could not be measured."""
    options = argparse.ArgumentParser(
        prog="python -m benchmarks.start", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rounds", type=int, default=5, help="starts of each; the medians are shown (default: 5)")
    options.add_argument("--jobs", type=int, default=5000, help="unfinished ones (default: 5000)")
    options.add_argument("--timeout", type=float, default=120.0, help="seconds for them to be resumed (default: 120)")
    options.add_argument("--quick", action="store_true", help="one start and a few jobs, to see that it works")
    options.add_argument("--json", type=Path, help="write the numbers of all rounds there")
    chosen = options.parse_args(arguments)
    if chosen.quick:
        chosen.rounds, chosen.jobs, chosen.timeout = 1, 5, 60.0
    found = finish(run(chosen))
    if found is None:
        return 1
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2))
    print(table(found["ready"]["clapper"], found["ready"]["naive"], ROWS, ("clapper", "naive")))
    again = found["resumed"]
    print(f"\n{again['resumed']} of {again['jobs']} unfinished jobs resumed after {again['seconds']:.1f} s, "
          f"{again['processor_seconds']:.1f} s of processor time, at most {again['peak_mib']:.0f} MiB")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
