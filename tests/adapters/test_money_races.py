"""Limits on money while several processes ask, and settle, at the same moment."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.engine import URL

from bot.rules.limit_rules import Scope, Unit, Window
from bot.store import tables
from bot.store.database import Database
from tests.adapters.databases import database, scalar
from tests.adapters.test_admission import Desk, at_most
from tests.jobs import GUILD, a_member

__all__ = ["database"]

PROCESSES = 4
EACH = 50
ROOT = Path(__file__).parents[2]


@pytest.mark.asyncio
@pytest.mark.parametrize("verb", ["server", "member"])
async def test_of_two_hundred_asked_of_several_processes_no_cent_is_above_the_limit(
    database: Database, migrated_url: URL, verb: str
) -> None:
    desk = Desk(database)
    amount = 7 if verb == "server" else 1000
    for place in range(5):
        await desk.set(at_most(amount, Window.DAY, Scope.SERVER, unit=Unit.COST), guild_id=GUILD + place)
    let_in, refused = await _race(migrated_url, verb, EACH)
    assert (let_in, refused) == (23, PROCESSES * EACH - 23), "7.00 dollars, and each takes 0.30"
    assert await scalar(desk.database, select(func.sum(tables.jobs.c.cost))) == pytest.approx(6.9)


@pytest.mark.asyncio
async def test_of_two_hundred_settled_by_several_processes_no_cent_is_above_the_limit(
    database: Database, migrated_url: URL
) -> None:
    desk = Desk(database)
    await desk.set(at_most(20, Window.DAY, Scope.SERVER, unit=Unit.COST))
    for place in range(PROCESSES * EACH):
        await desk.put(a_member(place + 1), cost=0.01)
    let_in, refused = await _race(migrated_url, "settle", PROCESSES)
    assert (let_in, refused) == (18, PROCESSES * EACH - 18), "2.00 are reserved, and each grows by 0.99"
    assert await scalar(desk.database, select(func.sum(tables.jobs.c.cost))) == pytest.approx(2 + 18 * 0.99)


async def _race(url: URL, verb: str, share: int) -> tuple[int, int]:
    address = url.render_as_string(hide_password=False)
    racers = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.adapters.racing", address, verb, str(share), str(number)),
            cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    for racer in racers:
        assert racer.stdout is not None
        assert await racer.stdout.readline() == b"ready\n"
    said = await asyncio.gather(*(racer.communicate(b"go\n") for racer in racers))
    found = [json.loads(out) for out, _ in said]
    return sum(one["let_in"] for one in found), sum(one["refused"] for one in found)
