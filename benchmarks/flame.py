"""A flame graph of Clapper during a burst, as an SVG: where its processor time goes.

`python -m benchmarks.flame FILE` needs py-spy on PATH (it is no dependency, and is not installed by `make setup`). Only
what holds Python's lock is drawn, of the first process and of its children, from the first command to the last clip.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import signal
import sys
import tempfile
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.bot import GUILDS
from benchmarks.burst import SETTLE_SECONDS, Load, measured
from benchmarks.material import clip_file
from benchmarks.processes import BenchmarkFailed, Json, clapper, finish, naive, running, servers

SAMPLES_A_SECOND = 500
_LEAST_PERCENT = 0.7
"""Frames of less are left out: nobody can see them, and most of the file are they."""
_FRAME = re.compile(r"<g><title>.*?, ([0-9.]+)%\)</title>.*?</g>", re.DOTALL)
_COMMAND = re.compile(r"[^\s<>]*py-spy record [^<]*")
_PYTHON = re.compile(r"(&quot;|\")[^&\"]*/python ")


@asynccontextmanager
async def drawn(pid: int, to: Path, kind: str) -> AsyncIterator[None]:
    """Have py-spy look at the process until the block ends. Raises `BenchmarkFailed` where it can't."""
    program = shutil.which("py-spy")
    if program is None:
        raise BenchmarkFailed("py-spy is not installed")
    command = ["record", "--pid", str(pid), "--output", str(to), "--format", kind, "--rate", str(SAMPLES_A_SECOND),
               "--duration", "unlimited", "--function", "--gil", "--subprocesses", "--nonblocking"]  # fmt: skip
    process = await asyncio.create_subprocess_exec(program, *command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL)
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)  # it writes its file then
        if await process.wait():
            raise BenchmarkFailed("py-spy could not look at the process")


def thin(file: Path) -> None:
    """Leave out what can't be seen, and what says where this machine keeps things."""
    text = _FRAME.sub(lambda found: found[0] if float(found[1]) >= _LEAST_PERCENT else "", file.read_text())
    file.write_text(_PYTHON.sub(r"\1python ", _COMMAND.sub("Clapper during a burst", text)))


async def run(options: argparse.Namespace) -> Json:
    with tempfile.TemporaryDirectory(prefix="clapper-benchmark-") as scratch:
        folder = Path(scratch)
        clip = await asyncio.to_thread(clip_file, folder)
        program = naive() if options.naive else clapper(folder)
        async with (
            servers(clip, "--scale", str(options.scale), discord=("--guilds", str(GUILDS))) as (discord, queue),
            running(program, discord, queue, folder) as bot,
        ):
            await asyncio.sleep(SETTLE_SECONDS)
            async with drawn(bot.process.pid, options.file, options.format):
                return (await measured(bot, Load(commands=options.commands), discord, queue)).json()


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 where nothing could be drawn."""
    options = argparse.ArgumentParser(
        prog="python -m benchmarks.flame", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("file", type=Path)
    options.add_argument("--commands", type=int, default=200)
    options.add_argument("--scale", type=float, default=0.3, help="of the jobs' durations (default: 0.3)")
    options.add_argument("--naive", action="store_true", help="the naive bot instead")
    options.add_argument("--format", choices=("flamegraph", "raw"), default="flamegraph")
    chosen = options.parse_args(arguments)
    found = finish(run(chosen))
    if found is None:
        return 1
    if chosen.format == "flamegraph":
        thin(chosen.file)
    print(f"processor time a job, watched: {found['processor_ms']:.1f} ms; load average {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
