"""What taking a member's file in costs, and what each part of it is: `python -m benchmarks.intake`.

Passing a file that is fine is compared with encoding the same file again; the guarded child is compared with the same
work in this process. Prints JSON: seconds are processor seconds, ours and the child's, the median of `REPEATS` runs,
so that other work on the machine does not count; ratios say how many times the first costs of the second.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from fractions import Fraction
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bot.media import Normaliser, clips, pictures
from bot.rules.catalog import Kind, load_catalog
from tests import corpus

REPEATS = 5
MODEL = load_catalog().get("lucy-pro-v2v")
SIZE = (1280, 704)


async def seconds(work: Callable[[], Awaitable[object]], repeats: int = REPEATS) -> float:
    """The median cost of `work`."""
    times = []
    for _ in range(repeats):
        begin = _spent()
        await work()
        times.append(_spent() - begin)
    return median(times)


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
    normaliser, to = Normaliser(), folder / "to"

    async def take(path: Path, kind: Kind) -> None:
        await normaliser.ready(path, to, kind=kind, model=MODEL)

    async def here(path: Path) -> None:
        await asyncio.to_thread(pictures.normalise, path, to, decoder="JPEG", frame=list(SIZE))

    async def clip_here(path: Path) -> None:
        await asyncio.to_thread(
            clips.normalise, path, to, demuxer="mp4", decoder=None, frame=list(SIZE), fps=25, max_seconds=60
        )

    async def bare_python() -> None:
        await asyncio.to_thread(subprocess.run, [sys.executable, "-c", "pass"], check=True)

    return {
        "python": await seconds(bare_python),
        "picture passed": await seconds(lambda: take(photo, Kind.IMAGE)),
        "picture passed, in this process": await seconds(lambda: here(photo)),
        "picture turned": await seconds(lambda: take(camera, Kind.IMAGE)),
        "clip passed": await seconds(lambda: take(fine, Kind.VIDEO)),
        "clip passed, in this process": await seconds(lambda: clip_here(fine)),
        "clip rewrapped": await seconds(lambda: take(tail, Kind.VIDEO)),
        "clip encoded": await seconds(lambda: take(other, Kind.VIDEO), 3),
    }


def ratios(taken: dict[str, float]) -> dict[str, float]:
    """How many times the one costs of the other."""
    pairs = {
        "clip: passed to encoded": ("clip passed", "clip encoded"),
        "clip: rewrapped to encoded": ("clip rewrapped", "clip encoded"),
        "clip: child to this process": ("clip passed", "clip passed, in this process"),
        "picture: child to bare python": ("picture passed", "python"),
        "picture: child to this process": ("picture passed", "picture passed, in this process"),
    }
    return {name: round(taken[one] / taken[other], 3) for name, (one, other) in pairs.items()}


def main() -> None:
    with TemporaryDirectory() as folder:
        taken = asyncio.run(measure(Path(folder)))
    report = {
        "clip": "5 s of 1280 x 704 at 25 frames a second",
        "seconds": {name: round(value, 3) for name, value in taken.items()},
        "child_overhead_seconds": round(taken["picture passed"] - taken["picture passed, in this process"], 3),
        "ratios": ratios(taken),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
