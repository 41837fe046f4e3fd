"""Clapper's queue client beside the official SDK, on the same jobs.

instant: 5,000 text jobs that are done at once, 100 at a time. text: 1,000 text jobs of 20 s (lognormal, sigma 0.3), all
at the same time. files: 50 jobs that send 20 MB and get 50 MB, all at the same time. Each client runs as a process of
its own with its own Python, in turns, against a queue server that is a process of its own. Lag is from a job's
completion to the end of its clip's way to the client.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.burst import percentile
from benchmarks.material import clip_file, padded
from benchmarks.processes import BenchmarkFailed, Json, environment, finish, sdk_python, server
from benchmarks.tables import Row, medians, ratios, table

MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Case:
    """`seconds` is the median of a job's time, `up` and `down` are bytes (0: text, and a short clip)."""

    name: str
    jobs: int
    at_once: int
    seconds: float
    rows: tuple[Row, ...]
    up: int = 0
    down: int = 0


INSTANT = (
    Row("jobs a second", "jobs_a_second", 3.5, at_least=True, digits=0),
    Row("processor time a job (ms)", "processor_ms", 0.7),
    Row("requests a job", "requests", digits=1),
    Row("lag p50 (s)", "lag_p50_s"),
    Row("memory peak (MiB)", "peak_mib", digits=0),
    Row("the server's processor time (ms)", "server_processor_ms"),
)
TEXT = (
    Row("requests a job", "requests", 0.75, digits=1),
    Row("lag p50 (s)", "lag_p50_s"),
    Row("lag mean (s)", "lag_mean_s", 0.7),
    Row("lag p99 (s)", "lag_p99_s"),
    Row("processor time a job (ms)", "processor_ms", 0.85),
    Row("memory peak (MiB)", "peak_mib", digits=0),
    Row("the server's processor time (ms)", "server_processor_ms"),
)
FILES = (
    Row("processor time a job (ms)", "processor_ms", 0.5, digits=0),
    Row("lag mean (s)", "lag_mean_s", 0.9),
    Row("memory peak (MiB)", "peak_mib", 0.06, digits=0),
    Row("requests a job", "requests", digits=1),
    Row("seconds in all", "seconds", digits=1),
    Row("the server's processor time (ms)", "server_processor_ms", digits=0),
)


def cases(*, quick: bool) -> tuple[Case, ...]:
    if quick:
        return (
            Case("instant", 20, 5, 0.0, INSTANT),
            Case("text", 5, 5, 1.0, TEXT),
            Case("files", 2, 2, 0.5, FILES, MB, 2 * MB),
        )
    return (
        Case("instant", 5000, 100, 0.0, INSTANT),
        Case("text", 1000, 1000, 20.0, TEXT),
        Case("files", 50, 50, 5.0, FILES, 20 * MB, 50 * MB),
    )


async def one(client: str, case: Case, scale: float, folder: Path) -> Json:
    """A client's run on fresh servers."""
    clip = await asyncio.to_thread(clip_file, folder)
    data = padded(clip, case.up, folder / "up.mp4") if case.up else None
    down = padded(clip, case.down, folder / "down.mp4") if case.down else clip
    # No drawn time is cut off here: all that is wanted is the same for both.
    times = ("--median", str(case.seconds), "--sigma", "0.3", "--low", "0", "--high", "3600", "--scale", str(scale))
    async with server("queue_server", "--clip", str(down), *times) as queue:
        command = ["-m", "benchmarks.queue_clients", client, "--url", queue.url, "--jobs", str(case.jobs),
                   "--at-once", str(case.at_once), "--folder", str(folder)]  # fmt: skip
        python = sys.executable if client == "ours" else str(sdk_python())
        process = await asyncio.create_subprocess_exec(
            python, *command, *(("--data", str(data)) if data else ()), env=environment(), stdin=DEVNULL, stdout=PIPE
        )
        try:
            printed, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise BenchmarkFailed(f"{client} failed at {case.name}")
        return _summary(json.loads(printed), await queue.report(), case.jobs)


def _summary(said: Json, done: Json, count: int) -> Json:
    lags = [fetched - completed for _, _, completed, _, _, fetched in done["jobs"] if fetched is not None]
    return {
        "seconds": said["seconds"],
        "jobs_a_second": count / said["seconds"],
        "processor_ms": 1000 * said["processor_seconds"] / count,
        "peak_mib": said["peak_mib"],
        "requests": sum(done["counts"].values()) / count,
        "lag_mean_s": statistics.fmean(lags),
        "lag_p50_s": statistics.median(lags),
        "lag_p99_s": percentile(lags, 0.99),
        "server_processor_ms": 1000 * done["processor_seconds"] / count,
        "kinds": done["counts"],
    }


async def compare(case: Case, rounds: int, scale: float) -> Json:
    found: dict[str, list[Json]] = {"sdk": [], "ours": []}
    for number in range(rounds):
        for client in ("sdk", "ours") if number % 2 == 0 else ("ours", "sdk"):
            with tempfile.TemporaryDirectory(prefix="clapper-benchmark-") as scratch:
                found[client].append(await one(client, case, scale, Path(scratch)))
            print(f"{case.name}, round {number + 1} of {rounds}: {client} is done", file=sys.stderr, flush=True)
    ours, sdk = medians(found["ours"]), medians(found["sdk"])
    return {"case": case.name, "sdk": sdk, "ours": ours, "ratios": ratios(ours, sdk, case.rows), "rounds": found}


async def run(options: argparse.Namespace) -> Json:
    await asyncio.to_thread(sdk_python)
    chosen = [case for case in cases(quick=options.quick) if case.name in options.cases]
    results = [await compare(case, options.rounds, options.scale) for case in chosen]
    return {"scale": options.scale, "load_average": os.getloadavg()[1], "cases": results}


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 where something could not be measured."""
    options = argparse.ArgumentParser(
        prog="python -m benchmarks.client", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [case.name for case in cases(quick=False)]
    options.add_argument("--cases", type=lambda text: text.split(","), default=names, help=f"some of {','.join(names)}")
    options.add_argument("--rounds", type=int, default=3, help="the tables show the medians (default: 3)")
    options.add_argument("--scale", type=float, default=1.0, help="of the jobs' times (default: 1)")
    options.add_argument("--quick", action="store_true", help="a few small jobs, to see that it works")
    options.add_argument("--json", type=Path, help="write the numbers of all rounds there")
    chosen = options.parse_args(arguments)
    if chosen.quick:
        chosen.rounds = 1
    found = finish(run(chosen))
    if found is None:
        return 1
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2))
    rows = {case.name: case.rows for case in cases(quick=chosen.quick)}
    for each in found["cases"]:
        print(each["case"], table(each["ours"], each["sdk"], rows[each["case"]], ("ours", "sdk")), "", sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
