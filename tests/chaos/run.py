"""One storm from its plan to its report."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from sandbox.discord.interactions import ANSWER_IN
from tests.adapters.sandbox_material import clip as draw_clip
from tests.chaos.audit import Report, audit
from tests.chaos.plan import draw
from tests.chaos.storm import Storm
from tests.end_to_end.scratch_postgres import scratch_server
from tests.fleet import Fleet, fleet


async def run(
    folder: Path, *, seed: int, jobs: int, cluster: bool, seconds_between: float = 0.25
) -> tuple[Storm, Report]:
    """`cluster`: a bot and two workers on a PostgreSQL server of their own; else one process on SQLite."""
    async with _storm(folder, seed=seed, jobs=jobs, cluster=cluster, seconds_between=seconds_between) as storm:
        await storm.rage()
        return storm, await audit(storm)


@asynccontextmanager
async def _storm(folder: Path, *, seed: int, jobs: int, cluster: bool, seconds_between: float) -> AsyncIterator[Storm]:
    folder.mkdir(parents=True, exist_ok=True)
    clip = folder / "clip.mp4"
    clip.write_bytes(draw_clip(64, 36, seconds=1, sound=False))
    # Some asks meet a dead bot, so more are drawn than are needed.
    plan = draw(seed, jobs * 3 + 20, cluster=cluster, seconds_between=seconds_between)
    if not cluster:
        async with _fleet(folder, "", clip, seed) as ships:
            yield Storm(plan, ships, jobs)
        return
    async with scratch_server() as server, _fleet(folder, server.url, clip, seed) as ships:
        yield Storm(plan, ships, jobs, server=server, workers=2)


def _fleet(folder: Path, url: str, clip: Path, seed: int) -> AbstractAsyncContextManager[Fleet]:
    return fleet(
        folder / "data",
        url,
        clip=clip,
        pending_seconds=lambda rng: rng.uniform(0.0, 1.0),
        processing_seconds=lambda rng: rng.uniform(0.0, 2.0),
        seed=seed,
        second_service=True,
        answer_in=ANSWER_IN,  # many ask a bot that is dead
    )


def table(storm: Storm, report: Report) -> str:
    """What befell, and what became of the jobs."""
    lines = [f"{'fault injected':<44}{'times':>6}"]
    lines += [f"{name:<44}{times:>6}" for name, times in sorted(storm.faults.items()) if times]
    lines += ["", f"{'service':<44}{'jobs':>6}"]
    lines += [f"{name:<44}{times:>6}" for name, times in sorted(report.services.items())]
    lines += ["", f"{'outcome':<44}{'jobs':>6}"]
    lines += [f"{name:<44}{times:>6}" for name, times in sorted(report.outcomes.items())]
    lines += [
        "",
        (
            f"{report.accepted} jobs accepted and accounted for, {report.unheard} asks that met no bot, "
            f"{sum(storm.faults.values())} faults, {len(storm.ships.children)} processes started"
        ),
    ]
    lines += [f"BREACH {line}" for line in report.breaches] or ["no breach"]
    return "\n".join(lines)
