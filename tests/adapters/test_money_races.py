"""Limits on money while several processes ask, and settle, at the same moment."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import Process
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.engine import URL

from bot.rules.limit_rules import Scope, Unit, Window
from bot.store import tables
from bot.store.database import Database
from tests.adapters.databases import database, scalar
from tests.adapters.racing import AT_ONCE, SERVERS
from tests.adapters.test_admission import Desk, at_most
from tests.jobs import GUILD, a_member

__all__ = ["database"]

PROCESSES = 3
ROOT = Path(__file__).parents[2]


@pytest.mark.asyncio
@pytest.mark.timeout(600)
async def test_of_two_hundred_at_once_from_several_processes_no_cent_is_above_the_limit_and_no_press_counts_twice(
    database: Database, migrated_url: URL
) -> None:
    desk = Desk(database)
    await desk.set(at_most(7, Window.DAY, Scope.SERVER, unit=Unit.COST))
    await desk.set(at_most(20, Window.DAY, Scope.SERVER, unit=Unit.COST), guild_id=GUILD + 1)
    for place in range(SERVERS):
        await desk.set(guild_id=GUILD + 10 + place)
    await asyncio.gather(*(desk.put(a_member(place + 10, guild_id=GUILD + 1), cost=0.01) for place in range(AT_ONCE)))
    racers = await _racers(migrated_url)
    assert await _race(racers, "server") == (23, AT_ONCE - 23), "7.00 dollars, and each takes 0.30"
    assert await _race(racers, "member") == (23, AT_ONCE - 23), "of the operator's 7.00 in all servers together"
    assert await _race(racers, "settle") == (18, AT_ONCE - 18), "2.00 are reserved of 20.00, and each grows by 0.99"
    assert await _race(racers, "again") == (2, AT_ONCE - 2), "presses within a moment are one, in each place"
    spent = select(func.sum(tables.jobs.c.cost))
    assert await scalar(database, spent) == pytest.approx(6.9 + 6.9 + 2 + 18 * 0.99)
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.close()
        assert await racer.wait() == 0


async def _racers(url: URL) -> list[Process]:
    address = url.render_as_string(hide_password=False)
    racers = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.adapters.racing", address, str(number), str(PROCESSES)),
            cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    for number, racer in enumerate(racers):
        assert await _said(racer) == {"ready": number}
    return racers


async def _race(racers: list[Process], verb: str) -> tuple[int, int]:
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write(f"{verb}\n".encode())
    found = await asyncio.gather(*map(_said, racers))
    return sum(one["let_in"] for one in found), sum(one["refused"] for one in found)


async def _said(racer: Process) -> dict[str, int]:
    assert racer.stdout is not None
    told: dict[str, int] = json.loads(await racer.stdout.readline())
    return told
