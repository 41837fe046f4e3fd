"""One of several processes that ask for jobs, or settle them, at the same moment: `python -m tests.adapters.racing`.

It says "ready", waits for a line, does all of its share at once, and prints how many were let in and refused.
"""

from __future__ import annotations

import asyncio
import json
import sys

from sqlalchemy import select
from sqlalchemy.engine import make_url

from bot.errors import LimitReached
from bot.rules.jobs import Job, JobState
from bot.store import tables
from bot.store.database import Database
from tests.adapters.test_admission import Desk
from tests.clock import ManualClock
from tests.jobs import ADA, GUILD, a_member


async def race(url: str, verb: str, share: int, number: int) -> dict[str, int]:
    """`verb`: "member", the same one in several servers; "server", many members of one; or "settle", of the rows that
    there are, those whose place leaves that remainder."""
    database = Database(make_url(url), clock=ManualClock(auto=True), pool_size=5)
    desk = Desk(database)
    operator = desk.admission_of("everyone 7 cost day")
    try:
        ids = await database.read(lambda connection: connection.scalars(select(tables.jobs.c.id)).all())
        mine = [await desk.jobs.get(job_id) for job_id in sorted(ids)[number::share]]
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
        if verb == "settle":
            asked = [desk.jobs.settle(job, JobState.SUBMITTING, desk.admission, cost=1.0) for job in mine]
        elif verb == "member":
            asked = [desk.put(a_member(ADA, guild_id=GUILD + place % 5), operator, cost=0.3) for place in range(share)]
        else:
            asked = [desk.put(a_member(ADA + place), cost=0.3) for place in range(share)]
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
    finally:
        await database.close()
    strange = [outcome for outcome in outcomes if not isinstance(outcome, Job | LimitReached)]
    if strange:
        raise RuntimeError(repr(strange[0]))
    let_in = sum(isinstance(outcome, Job) for outcome in outcomes)
    return {"let_in": let_in, "refused": len(outcomes) - let_in}


if __name__ == "__main__":
    _, address, what, how_many, which = sys.argv
    sys.stdout.write(json.dumps(asyncio.run(race(address, what, int(how_many), int(which)))) + "\n")
