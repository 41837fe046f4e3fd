"""The short storms; `make chaos` has the long ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.plan import MODELS, TROUBLES, draw
from tests.chaos.run import run, table


@pytest.mark.asyncio
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    "cluster", [pytest.param(False, id="sqlite"), pytest.param(True, id="postgres", marks=pytest.mark.postgres)]
)
async def test_every_job_of_a_storm_has_one_outcome_one_reply_and_at_most_one_submit(
    tmp_path: Path, *, cluster: bool
) -> None:
    storm, report = await run(tmp_path, seed=3, jobs=25, cluster=cluster, seconds_between=0.45)
    assert report.breaches == [], table(storm, report)
    assert report.accepted >= 25
    assert storm.faults["kill -9"] >= 1
    assert set(report.services) == {"decart", "fal"}, "each service has made videos of the same storm"


def test_the_same_seed_gives_the_same_storm() -> None:
    assert draw(5, 40, cluster=True) == draw(5, 40, cluster=True)
    assert draw(5, 40, cluster=True) != draw(6, 40, cluster=True)
    assert {ask.trouble for ask in draw(5, 40, cluster=False).asks} == set(TROUBLES)
    assert {ask.model for ask in draw(5, 40, cluster=False).asks} == set(MODELS)
