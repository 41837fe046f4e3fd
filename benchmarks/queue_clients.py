"""One client of the queue at work, as a program of its own: `benchmarks.client` runs it with each client's Python.

`python -m benchmarks.queue_clients ours|sdk …` does so many jobs, so many at a time, and prints JSON: seconds,
processor seconds and the most memory that it had. It imports only the client that it is told to.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

DoJob = Callable[[int], Awaitable[None]]
KEY = "load-key"


async def ours(url: str, data: Path | None, folder: Path, stack: AsyncExitStack) -> DoJob:
    """Clapper's `QueueClient`, as it comes."""
    from bot.queue import CompletedJob, QueueClient  # noqa: PLC0415  # the other Python has none of it

    queue = await stack.enter_async_context(QueueClient(api_key=KEY, base_url=url))
    model = "lucy-pro-t2v" if data is None else "lucy-pro-v2v"
    inputs: dict[str, Any] = {} if data is None else {"data": data}

    async def do(number: int) -> None:
        path = folder / f"{number}.mp4"
        done = await queue.submit_and_poll(model, path=path, prompt=f"a cat, job {number}", **inputs)
        assert isinstance(done, CompletedJob)
        path.unlink()

    return do


async def sdk(url: str, data: Path | None, folder: Path, stack: AsyncExitStack) -> DoJob:
    """The official SDK, as its documentation uses it; the video is written to a file, as ours is."""
    from decart import DecartClient, models  # noqa: PLC0415  # our Python has none of it

    client = await stack.enter_async_context(DecartClient(api_key=KEY, base_url=url))
    model = models.video("lucy-pro-t2v" if data is None else "lucy-pro-v2v")
    inputs: dict[str, Any] = {} if data is None else {"data": data}

    async def do(number: int) -> None:
        path = folder / f"{number}.mp4"
        wanted = {"model": model, "prompt": f"a cat, job {number}", **inputs}
        done = await client.queue.submit_and_poll(wanted)
        assert done.status == "completed"
        path.write_bytes(done.data)
        path.unlink()

    return do


async def work(options: argparse.Namespace) -> dict[str, float]:
    """Do the jobs, and say what it took. The client is made and the modules are imported before the clock starts."""
    async with AsyncExitStack() as stack:
        make = ours if options.client == "ours" else sdk
        do = await make(options.url, options.data, options.folder, stack)
        gate = asyncio.Semaphore(options.at_once)

        async def one(number: int) -> None:
            async with gate:
                await do(number)

        begun, spent = time.monotonic(), _processor_seconds()
        async with asyncio.TaskGroup() as group:
            for number in range(options.jobs):
                group.create_task(one(number))
        return {
            "seconds": time.monotonic() - begun,
            "processor_seconds": _processor_seconds() - spent,
            "peak_mib": _peak_mib(),
        }


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak_mib() -> float:
    """The most memory that this program had. `ru_maxrss` would count what the process was before it became this one."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.queue_clients", description=__doc__)
    options.add_argument("client", choices=("ours", "sdk"))
    options.add_argument("--url", required=True)
    options.add_argument("--jobs", type=int, required=True)
    options.add_argument("--at-once", type=int, required=True)
    options.add_argument("--data", type=Path, help="a video that each job sends")
    options.add_argument("--folder", type=Path, required=True, help="where the results are written and removed again")
    json.dump(asyncio.run(work(options.parse_args())), sys.stdout)


if __name__ == "__main__":
    main()
