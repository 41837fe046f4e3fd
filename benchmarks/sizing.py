"""What a size of Clapper needs: bytes that a job leaves, jobs that the database takes a second, and a simulated day.

The first two are measured on SQLite: whole jobs, from the insert to `delivered`, through the code that the bot uses,
with a limit that counts them. The day is simulated second by second: commands come by a curve with its peak in the
evening, jobs last as long as a lognormal says, and what they need is added up.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.fernet import Fernet

from bot.rules.clock import SystemClock
from bot.rules.jobs import Job, JobState, StoredFile
from bot.rules.limit_rules import operator_rules
from bot.store.admission import Admission
from bot.store.database import Database, parse_url
from bot.store.encryption import Keys
from bot.store.jobs import Jobs
from bot.store.upgrade import migrate
from tests.jobs import a_job, a_member, a_reply

LIMITS = "everyone 100000 jobs day, server 1000000 jobs day"
MOVES = (JobState.SUBMITTING, JobState.PENDING, JobState.PROCESSING, JobState.COMPLETED, JobState.DELIVERED)
WRITES_A_JOB = 1 + len(MOVES) + 1
"""One more than the moves: the result is noted once it is stored (docs/architecture.md counts them)."""
REQUESTS_A_JOB = 4
RESULT_BYTES, INPUT_BYTES = 4_000_000, 1_500_000
"""Of a usual result and a usual picture: what files a day come to."""
_MEMBERS = 5000
_DAY_SECONDS = 86_400
_PEAK_HOUR = 20
_RESULTS_KEPT_DAYS, _ROWS_KEPT_DAYS = 3, 30


@dataclass(frozen=True, slots=True)
class Measured:
    """Of the database: what a delivered job leaves in it, and how many whole jobs it takes a second."""

    bytes_a_job: float
    jobs_a_second: float


async def measure(count: int, at_once: int) -> Measured:
    """So many whole jobs, so many of them beside each other."""
    with tempfile.TemporaryDirectory(prefix="clapper-sizing-") as folder:
        path = Path(folder) / "clapper.sqlite3"
        url, clock = parse_url(f"sqlite:///{path}"), SystemClock()
        await migrate(url, clock=clock)
        empty = path.stat().st_size
        database = Database(url, clock=clock)
        jobs = Jobs(database, keys=Keys([Fernet.generate_key().decode()]), clock=clock)
        admission = Admission(database, operator=operator_rules(LIMITS), clock=clock)
        left = iter(range(count))

        async def work() -> None:
            for number in left:
                await _whole(jobs, admission, number)

        began = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(at_once)))
        took = time.perf_counter() - began
        await database.close()
        return Measured(bytes_a_job=(path.stat().st_size - empty) / count, jobs_a_second=count / took)


async def _whole(jobs: Jobs, admission: Admission, number: int) -> None:
    member = a_member(10**17 + number % _MEMBERS)
    job: Job = a_job(requester=member, reply=a_reply(answers=10**18 + number), accepted_at=datetime.now(UTC))
    job = await jobs.insert(job, admission=admission)
    result = StoredFile(
        key=f"jobs/{job.id}/result", filename="v.mp4", content_type="video/mp4", size_bytes=RESULT_BYTES
    )
    for to in MOVES:
        if to is JobState.DELIVERED:
            job = await jobs.note(job, result=result)
        job = await jobs.advance(job, to, **({"remote_id": f"remote-{number}"} if to is JobState.PENDING else {}))  # type: ignore[arg-type]


def day(jobs: int, *, median_seconds: float, sigma: float, measured: Measured, seed: int = 1) -> dict[str, Any]:
    """A simulated day of so many commands: what is needed in its busiest second, and what it leaves."""
    draw = np.random.default_rng(seed)
    seconds = np.arange(_DAY_SECONDS)
    curve = 1 + 0.8 * np.cos((seconds / 3600 - _PEAK_HOUR) / 24 * 2 * np.pi)
    arrivals = draw.poisson(curve / curve.sum() * jobs)
    starts = np.repeat(seconds, arrivals)
    lasts = draw.lognormal(np.log(median_seconds), sigma, len(starts))
    ends = np.minimum(starts + np.maximum(1, lasts.astype(int)), _DAY_SECONDS)
    change = np.bincount(starts, minlength=_DAY_SECONDS + 1) - np.bincount(ends, minlength=_DAY_SECONDS + 1)
    busiest = float(np.convolve(arrivals, np.ones(60), "valid").max() / 60)
    return {
        "jobs_a_day": jobs,
        "commands_a_second_at_peak": round(busiest, 2),
        "in_flight_at_peak": int(np.cumsum(change).max()),
        "writes_a_second_at_peak": round(busiest * WRITES_A_JOB, 1),
        "of_what_sqlite_takes": round(busiest / measured.jobs_a_second, 3),
        "requests_to_discord_a_second_at_peak": round(busiest * REQUESTS_A_JOB, 1),
        "database_gb_kept": round(jobs * _ROWS_KEPT_DAYS * measured.bytes_a_job / 1e9, 2),
        "files_gb_a_day": round(jobs * (RESULT_BYTES + INPUT_BYTES) / 1e9, 1),
        "files_gb_kept": round(jobs * (RESULT_BYTES * _RESULTS_KEPT_DAYS + INPUT_BYTES * _ROWS_KEPT_DAYS) / 1e9, 1),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, nargs="+", default=[100, 2_000, 20_000, 200_000, 1_000_000], help="a day")
    parser.add_argument("--median", type=float, default=60.0, help="seconds that a job lasts")
    parser.add_argument("--sigma", type=float, default=0.5, help="of the lognormal")
    parser.add_argument("--count", type=int, default=5000, help="jobs to measure with")
    parser.add_argument("--at-once", type=int, default=200)
    parser.add_argument("--quick", action="store_true", help="few jobs, to see that it works")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    random.seed(1)
    measured = asyncio.run(measure(200 if options.quick else options.count, options.at_once))
    days = [day(jobs, median_seconds=options.median, sigma=options.sigma, measured=measured) for jobs in options.jobs]
    found = {"bytes_a_job": round(measured.bytes_a_job), "jobs_a_second": round(measured.jobs_a_second), "days": days}
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    print(
        f"a delivered job leaves {found['bytes_a_job']} bytes; "
        f"SQLite takes {found['jobs_a_second']} whole jobs a second"
    )
    for name in days[0]:
        print(f"{name:38}" + "".join(f"{each[name]:>14}" for each in days))
    return 0


if __name__ == "__main__":
    sys.exit(main())
