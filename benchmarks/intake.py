"""What taking a member's file in costs, and what each part of it is: `python -m benchmarks.intake`.

Passing a file that is fine is compared with encoding the same file again; a child forked from the warm template is
compared with an interpreter that is started for each file and imports the same decoders, and with the same work in this
process. Prints JSON: seconds are processor seconds, ours, the template's and the children's, the mean of several runs,
so that other work on the machine does not count; ratios say how many times the first costs of the second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.media import Normaliser, clips, pictures
from bot.media.guard import Guard
from bot.media.workers import Workers
from bot.rules.catalog import Kind, load_catalog
from tests import corpus

REPEATS = 20
MODEL = load_catalog().get("lucy-pro-v2v")
SIZE = (1280, 704)
_CHECKOUT = Path(__file__).parents[1]
_COLD = "import bot.media.tasks; bot.media.tasks.preload()"


async def seconds(work: Callable[[], Awaitable[object]], repeats: int = REPEATS) -> float:
    """The mean cost of `work`."""
    begin = _spent()
    for _ in range(repeats):
        await work()
    return (_spent() - begin) / repeats


async def seconds_in_children(work: Callable[[Normaliser], Awaitable[object]], repeats: int = REPEATS) -> float:
    """The mean cost of `work` by a template that is warm: what starting it costs is left out."""

    async def batch(number: int) -> float:
        begin, workers = _spent(), Workers()
        normaliser = Normaliser(Guard(workers))
        for _ in range(number):
            await work(normaliser)
        await workers.close()  # its cost, and its children's, is told when it has ended
        return _spent() - begin

    return (await batch(repeats + 1) - await batch(1)) / repeats


def _spent() -> float:
    """Processor seconds of this process and of the children that it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


async def measure(folder: Path) -> dict[str, float]:
    """Seconds by what was done."""
    still = corpus.still(SIZE)
    fine = corpus.clip(folder / "fine.mp4", size=SIZE, seconds=5, rate=Fraction(25), paint=still)
    tail = corpus.clip(folder / "tail.mp4", size=SIZE, seconds=5, rate=Fraction(25), paint=still, faststart=False)
    other = corpus.clip(folder / "other.mp4", codec="mpeg4", size=SIZE, seconds=5, rate=Fraction(25), paint=still)
    photo = corpus.saved(folder / "photo.jpg", "JPEG", corpus.picture((1280, 704)), quality=92)
    camera = corpus.oriented(folder / "camera.jpg", 6, quality=92)
    to = folder / "to"

    async def taken(path: Path, kind: Kind, repeats: int = REPEATS) -> float:
        return await seconds_in_children(lambda normaliser: normaliser.ready(path, to, kind=kind, model=MODEL), repeats)

    async def here(path: Path) -> None:
        await asyncio.to_thread(pictures.normalise, path, to, decoder="JPEG", frame=list(SIZE))

    async def clip_here(path: Path) -> None:
        await asyncio.to_thread(
            clips.normalise, path, to, demuxer="mp4", decoder=None, frame=list(SIZE), fps=25, max_seconds=60
        )

    async def cold_python() -> None:
        await asyncio.to_thread(subprocess.run, [sys.executable, "-c", _COLD], check=True, cwd=_CHECKOUT)

    return {
        "an interpreter of its own": await seconds(cold_python),
        "picture passed": await taken(photo, Kind.IMAGE),
        "picture passed, in this process": await seconds(lambda: here(photo)),
        "picture turned": await taken(camera, Kind.IMAGE),
        "clip passed": await taken(fine, Kind.VIDEO, 5),
        "clip passed, in this process": await seconds(lambda: clip_here(fine), 5),
        "clip rewrapped": await taken(tail, Kind.VIDEO, 5),
        "clip encoded": await taken(other, Kind.VIDEO, 3),
    }


def ratios(taken: dict[str, float]) -> dict[str, float]:
    """How many times the one costs of the other."""
    child = taken["picture passed"] - taken["picture passed, in this process"]
    pairs = {
        "clip: passed to encoded": (taken["clip passed"], taken["clip encoded"]),
        "clip: rewrapped to encoded": (taken["clip rewrapped"], taken["clip encoded"]),
        "clip: child to this process": (taken["clip passed"], taken["clip passed, in this process"]),
        "an interpreter of its own to a forked child": (taken["an interpreter of its own"], child),
    }
    return {name: round(one / other, 3) for name, (one, other) in pairs.items()}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", type=Path, help="write the numbers there, too")
    file: Path | None = options.parse_args().json
    with TemporaryDirectory() as folder:
        taken = asyncio.run(measure(Path(folder)))
    report = {
        "clip": "5 s of 1280 x 704 at 25 frames a second",
        "seconds": {name: round(value, 3) for name, value in taken.items()},
        "child_overhead_seconds": round(taken["picture passed"] - taken["picture passed, in this process"], 3),
        "ratios": ratios(taken),
    }
    print(json.dumps(report, indent=2))
    if file is not None:
        file.write_text(json.dumps(report))


if __name__ == "__main__":
    main()
