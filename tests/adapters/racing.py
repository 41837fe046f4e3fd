"""One of several processes that ask for jobs, or settle them, at the same moment:
`python -m tests.adapters.racing URL NUMBER OF`.

It says "ready", and for each line that it is told does its share at once and prints how many were let in and refused.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Coroutine, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import make_url

from bot.errors import LimitReached, PressedTwice
from bot.rules.jobs import Job, JobState
from bot.store import tables
from bot.store.database import Database
from tests.adapters.test_admission import Desk
from tests.clock import ManualClock
from tests.jobs import ADA, GUILD, a_member

AT_ONCE = 200
OPERATOR = "everyone 7 cost day"
SERVERS = 5


async def race(url: str, number: int, of: int) -> None:
    """Until there are no more lines."""
    database = Database(make_url(url), clock=ManualClock(auto=True), pool_size=5)
    desk = Desk(database)
    say({"ready": number})
    try:
        while verb := (await asyncio.to_thread(sys.stdin.readline)).strip():
            outcomes = await asyncio.gather(*await share(desk, verb, number, of), return_exceptions=True)
            for strange in (one for one in outcomes if not isinstance(one, Job | LimitReached | PressedTwice)):
                raise RuntimeError(repr(strange))
            let_in = sum(isinstance(outcome, Job) for outcome in outcomes)
            say({"let_in": let_in, "refused": len(outcomes) - let_in})
    finally:
        await database.close()


async def share(desk: Desk, verb: str, number: int, of: int) -> Sequence[Coroutine[Any, Any, Job]]:
    """This process's part: "server", many members of one server; "member", one in several servers;
    "again", one member's presses of Again in a server and in direct messages; "settle", the second server's jobs."""
    mine = range(AT_ONCE)[number::of]
    if verb == "server":
        return [desk.put(a_member(ADA + place), cost=0.3) for place in mine]
    if verb == "member":
        gate = desk.admission_of(OPERATOR)
        return [desk.put(a_member(1, guild_id=GUILD + 10 + place % SERVERS), gate, cost=0.3) for place in mine]
    if verb == "again":
        places: list[dict[str, Any]] = [{"guild_id": GUILD + 10}, {"guild_id": None}]
        return [desk.put(a_member(ADA, **places[at % 2]), cost=0.0, again_of=f"{at % 2:032x}") for at in mine]
    there = select(tables.jobs.c.id).where(tables.jobs.c.guild_id == GUILD + 1).order_by(tables.jobs.c.id)
    ids = await desk.database.read(lambda connection: connection.scalars(there).all())
    jobs = [await desk.jobs.get(ids[place]) for place in mine]
    return [desk.jobs.settle(job, JobState.SUBMITTING, desk.admission, cost=1.0) for job in jobs]


def say(facts: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(race(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
