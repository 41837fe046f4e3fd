"""One burst: so many members use `/t2v`, and what came of it is measured until the last clip is visible."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.load.queue_server import QUICK_FROM
from benchmarks.processes import BenchmarkFailed, Json, Program, Running, Server, running

SETTLE_SECONDS = 3.0
"""discord.py is ready 2 s after the last guild has come."""
_SAMPLE_SECONDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """`rate`: commands a second, None: all at once. `warm_up` commands come before, uncounted. After `patience` seconds
    without a new clip, no more is waited for."""

    commands: int
    rate: float | None = None
    warm_up: int = 2
    patience: float = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Of one burst; ms, MiB and seconds as the names say, costs and requests a job."""

    acknowledged_p50_ms: float
    acknowledged_p99_ms: float
    processor_ms: float
    memory_before_mib: float
    memory_peak_mib: float
    discord_requests: float
    queue_requests: float
    submitted_p50_s: float
    asked_p50_s: float
    visible_p50_s: float
    visible_p99_s: float
    private: int
    unfinished: int
    unfinished_texts: list[str]
    servers_processor_ms: float
    discord_kinds: dict[str, int]
    queue_kinds: dict[str, int]

    def json(self) -> Json:
        return asdict(self)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of them don't exceed; nan where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))] if ordered else float("nan")


async def burst(
    program: Program,
    load: Load,
    discord: Server,
    queue: Server,
    folder: Path,
    *,
    on_begin: Callable[[], None] = lambda: None,
) -> Measured:
    """Start the program, send the load, wait, measure, stop; `on_begin` is called before the load is sent.

    Raises `BenchmarkFailed` if the program ends or no clip comes.
    """
    async with running(program, discord, queue, folder) as bot:
        await asyncio.sleep(SETTLE_SECONDS)
        if load.warm_up:
            await _send(discord, QUICK_FROM, load.warm_up, None)
            await _all_visible(bot, discord, load.warm_up, load.patience)
            for each in (discord, queue):
                await each.ask("POST", "reset", {})
        on_begin()
        return await measured(bot, load, discord, queue)


async def measured(bot: Running, load: Load, discord: Server, queue: Server) -> Measured:
    """The same with a program that runs and is warm."""
    servers_before = [(await each.report())["processor_seconds"] for each in (discord, queue)]
    before, memory = bot.processor_seconds(), bot.memory_bytes()
    bot.peak_bytes = memory
    await _send(discord, 0, load.commands, load.rate)
    await _all_visible(bot, discord, load.commands, load.patience)
    spent = bot.processor_seconds() - before
    said, done = await discord.report(), await queue.report()
    servers = said["processor_seconds"] + done["processor_seconds"] - sum(servers_before)
    return _summary(said, done, load.commands, spent=spent, servers=servers, memory=(memory, bot.peak_bytes))


async def _send(discord: Server, first: int, count: int, rate: float | None) -> None:
    await discord.ask("POST", "commands", {"name": "t2v", "first": first, "count": count, "rate": rate})


async def _all_visible(bot: Running, discord: Server, count: int, patience: float) -> None:
    """Return once all are visible, or none has become so for a while: what is missing is counted as unfinished."""
    visible, since = 0, time.monotonic()
    while visible < count and time.monotonic() - since < patience:
        await asyncio.sleep(_SAMPLE_SECONDS)
        bot.check()
        bot.memory_bytes()
        now = (await discord.ask("GET", "state"))["visible"]
        if now > visible:
            visible, since = now, time.monotonic()


def _summary(said: Json, done: Json, count: int, *, spent: float, servers: float, memory: tuple[int, int]) -> Measured:
    replies = {number: rest for number, *rest in said["replies"]}
    jobs = {number: rest for number, *rest in done["jobs"]}
    acknowledged = [at - sent for sent, at, *_ in replies.values() if at is not None]
    submitted = [jobs[number][0] - rest[0] for number, rest in replies.items() if number in jobs]
    visible = [rest[3] - jobs[number][1] for number, rest in replies.items() if number in jobs and rest[3] is not None]
    asked = [job[3] - job[1] for job in jobs.values() if job[3] is not None]
    texts = sorted({rest[5] for rest in replies.values() if rest[3] is None})
    if not visible:
        raise BenchmarkFailed(f"no clip came; the replies say {texts[:3]}")
    return Measured(
        acknowledged_p50_ms=1000 * statistics.median(acknowledged),
        acknowledged_p99_ms=1000 * percentile(acknowledged, 0.99),
        processor_ms=1000 * spent / count,
        memory_before_mib=memory[0] / 1024**2,
        memory_peak_mib=memory[1] / 1024**2,
        discord_requests=sum(said["counts"].values()) / count,
        queue_requests=sum(done["counts"].values()) / count,
        submitted_p50_s=statistics.median(submitted),
        asked_p50_s=statistics.median(asked),
        visible_p50_s=statistics.median(visible),
        visible_p99_s=percentile(visible, 0.99),
        private=sum(bool(rest[2]) for rest in replies.values()),
        unfinished=count - len(visible),
        unfinished_texts=texts,
        servers_processor_ms=1000 * servers / count,
        discord_kinds=said["counts"],
        queue_kinds=done["counts"],
    )
