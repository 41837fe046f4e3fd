"""`python -m tests.chaos`: the long storms on SQLite and on PostgreSQL, each with its table. Exit code 1: a breach."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.run import run, table


def main() -> int:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same plan")
    parser.add_argument("--jobs", type=int, default=300, help="how many jobs must have been accepted, on each database")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--keep", type=Path, help="keep the data and the processes' logs in this folder")
    chosen = parser.parse_args()
    # The stand-ins' server tells of each connection that a killed bot left behind.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    kinds = ("sqlite", "postgres") if chosen.database == "both" else (chosen.database,)
    breaches = 0
    for kind in kinds:
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="clapper-chaos-") as folder:
            home = (chosen.keep or Path(folder)) / kind
            clustered = kind == "postgres"
            # A cluster hardly ever keeps members waiting: they come more slowly, or there is little time for blows.
            between = 0.5 if clustered else 0.25
            doing = run(home, seed=chosen.seed, jobs=chosen.jobs, cluster=clustered, seconds_between=between)
            storm, report = asyncio.run(doing)
            if chosen.keep:
                for number, child in enumerate(storm.ships.children):
                    (home / f"{number:03}.log").write_text(child.output, encoding="utf-8")
        sys.stdout.write(f"\n== {kind}, seed {chosen.seed}, {time.monotonic() - begun:.0f} s\n")
        sys.stdout.write(table(storm, report) + "\n")
        breaches += len(report.breaches)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
