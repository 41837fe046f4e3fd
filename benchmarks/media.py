"""What members' files and finished videos cost: processes and processor time for a `/t2v` and an `/animate`.

This version and an earlier one, the checkout of which `--before` names, run in turns within one run, each as a process
of its own with its default settings against a Discord and a queue that are processes of their own. Each command is
measured by itself, warm: jobs come one after the other, and an `/animate` has a photo of 12 megapixels, larger than the
model's frame and noted as turned. Processes are counted in a run of its own, whose times
are not used.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.burst import SETTLE_SECONDS
from benchmarks.counting import Counts
from benchmarks.load.queue_server import QUICK_FROM
from benchmarks.material import clip_file
from benchmarks.processes import (
    CHECKOUT,
    Json,
    Program,
    Running,
    Server,
    clapper,
    finish,
    running,
    servers,
    until,
)
from benchmarks.tables import Row, medians, ratios, table

COMMANDS = ("t2v", "animate")
ROWS = tuple(
    row
    for name in COMMANDS
    for row in (
        Row(f"/{name}: processes", f"{name}_processes"),
        Row(f"/{name}: processor time (ms)", f"{name}_processor_ms", digits=1),
    )
)
_WARM_UP = 2
_RATE = 2.0
"""Jobs a second: what a template that is warm is for."""


def photo(path: Path) -> Path:
    """As a phone takes it: 4032 by 3024, turned by its note."""
    grain = np.random.default_rng(1).integers(0, 256, (189, 252, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(grain).resize((4032, 3024), Image.Resampling.BICUBIC).save(path, "JPEG", quality=90, exif=exif)
    return path


def version(checkout: Path, folder: Path) -> Program:
    """The bot of that checkout, by its own environment where it has one."""
    program = clapper(folder)
    if checkout == CHECKOUT:
        return program
    python = checkout / ".venv" / "bin" / "python"
    command = [str(python) if python.exists() else sys.executable, "-m", "bot"]
    return replace(program, command=command, settings={**program.settings, "PYTHONPATH": str(checkout)})


async def measured(checkout: Path, name: str, jobs: int, *, count: bool) -> float:
    """Of one job: processes started where they are counted, else milliseconds of processors."""
    with tempfile.TemporaryDirectory(prefix="clapper-benchmark-") as scratch:
        folder = Path(scratch)
        clip, picture = await asyncio.to_thread(clip_file, folder), await asyncio.to_thread(photo, folder / "photo.jpg")
        program, counts = version(checkout, folder), Counts(folder / "counts")
        async with AsyncExitStack() as stack:
            both = servers(clip, "--scale", "0.05", discord=("--picture", str(picture)))
            discord, queue = await stack.enter_async_context(both)
            settings = {**program.settings, "DISCORD_CDN_HOSTS": discord.url.partition("//")[2]}
            if count:
                paths = [counts.settings["PYTHONPATH"], *filter(None, [settings.get("PYTHONPATH")])]
                settings |= counts.settings | {"PYTHONPATH": os.pathsep.join(paths)}
            bot = await stack.enter_async_context(running(replace(program, settings=settings), discord, queue, folder))
            await asyncio.sleep(SETTLE_SECONDS)
            await _jobs(bot, discord, name, QUICK_FROM, _WARM_UP)
            if count:
                counts.begin()
            begun = bot.processor_seconds()
            await _jobs(bot, discord, name, 0, jobs)
            return counts.per_job(jobs)["processes"] if count else 1000 * (bot.processor_seconds() - begun) / jobs


async def _jobs(bot: Running, discord: Server, name: str, first: int, count: int) -> None:
    """Send so many and wait until their videos are seen. Raises `BenchmarkFailed` where one does not come."""
    await discord.ask("POST", "reset", {})
    url = f"{discord.url}/attachments/1/1/photo.jpg" if name == "animate" else None
    order = {"name": name, "first": first, "count": count, "rate": _RATE, "url": url}
    await discord.ask("POST", "commands", order)
    await until(bot, discord, "visible", count)


async def compare(before: Path, jobs: int, rounds: int) -> Json:
    """The rounds of both versions, each first in every other round."""
    found: dict[str, list[Json]] = {"before": [], "now": []}
    checkouts = {"before": before, "now": CHECKOUT}
    processes = {
        name: {f"{command}_processes": await measured(checkout, command, jobs, count=True) for command in COMMANDS}
        for name, checkout in checkouts.items()
    }
    for number in range(rounds):
        for name in checkouts if number % 2 == 0 else reversed(checkouts):
            costs = {
                f"{command}_processor_ms": await measured(checkouts[name], command, jobs, count=False)
                for command in COMMANDS
            }
            found[name].append(costs | processes[name])
            shown = ", ".join(f"{key} {value:.1f}" for key, value in found[name][-1].items())
            print(f"round {number + 1} of {rounds}, {name}: {shown}", file=sys.stderr, flush=True)
    now, earlier = medians(found["now"]), medians(found["before"])
    return {"before": earlier, "now": now, "ratios": ratios(now, earlier, ROWS), "rounds": found}


async def run(options: argparse.Namespace) -> Json:
    found = await compare(options.before, options.jobs, options.rounds)
    return {"jobs": options.jobs, "load_average": os.getloadavg()[1]} | found


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="python -m benchmarks.media", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--before", type=Path, default=CHECKOUT, help="a checkout of the earlier version")
    options.add_argument("--jobs", type=int, default=12, help="of each command in a round (default: 12)")
    options.add_argument("--rounds", type=int, default=3, help="the table shows the medians (default: 3)")
    options.add_argument("--quick", action="store_true", help="one job in one round, to see that it works")
    options.add_argument("--json", type=Path, help="write the numbers of all rounds there")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 where something could not be measured."""
    options = parser().parse_args(arguments)
    if options.quick:
        options.jobs, options.rounds = 1, 1
    found = finish(run(options))
    if found is None:
        return 1
    if options.json:
        options.json.write_text(json.dumps(found, indent=2))
    print(table(found["now"], found["before"], ROWS, ("now", "before")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
