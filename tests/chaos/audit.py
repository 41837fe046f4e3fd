"""After the storm: is every job accounted for? One line for each breach."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from sqlalchemy import select

from bot.rules.catalog import load_catalog
from bot.rules.clock import SystemClock
from bot.rules.jobs import Job, JobState, Requester
from bot.rules.limit_rules import LimitBook, Scope, Window
from bot.store.admission import Admission
from bot.store.encryption import Keys
from bot.store.guild_settings import GuildSettingsTable
from bot.store.rows import ROW, job_of
from tests.cards import state_of
from tests.chaos.storm import Asked, Storm, leftovers

CATALOG = load_catalog(services=("decart", "fal"))
_NUMBER = re.compile(r"job (\d+) of the storm")


@dataclass(frozen=True, slots=True)
class Report:
    """`outcomes` counts how jobs ended, `services` how many were delivered from which; `breaches` are what must not be.
    `unheard`: asked of a bot that was dead."""

    accepted: int
    unheard: int
    services: Counter[str]
    outcomes: Counter[str]
    breaches: list[str]


async def audit(storm: Storm) -> Report:
    """Look at the rows, the messages, the service's orders, the files and the limits."""
    database = storm.database
    keys = Keys([storm.ships.secret_keys])
    try:
        rows = await database.read(
            lambda connection: [job_of(row, keys) for row in connection.execute(select(*ROW)).mappings()]
        )
        breaches = [
            *_of_rows(storm, rows),
            *_of_files(storm, rows),
            *[line async for line in _of_limits(storm, rows)],
            *(f"{name} did not stop as it should" for name in storm.failed_stops),
        ]
    finally:
        await database.close()
    outcomes = Counter(_outcome(job) for job in rows)
    services: Counter[str] = Counter(
        CATALOG.get(job.request.model).service for job in rows if job.state is JobState.DELIVERED
    )
    return Report(len(rows), len(storm.asked) - len(rows), services, outcomes, breaches)


def _outcome(job: Job) -> str:
    return f"failed: {job.failure.key}" if job.failure else job.state.value


def _of_rows(storm: Storm, rows: list[Job]) -> Iterator[str]:
    by_number: dict[int, list[Job]] = {}
    for job in rows:
        found = _NUMBER.search(job.request.inputs.prompt or "")
        by_number.setdefault(int(found.group(1)) if found else -1, []).append(job)
    orders = _orders(storm, rows)
    for asked in storm.asked:
        theirs = by_number.pop(asked.ask.number, [])
        if len(theirs) > 1:
            yield f"ask {asked.ask.number} has {len(theirs)} jobs"
        for job in theirs:
            for breach in (*_of_job(job, orders[job.id]), *_of_money(storm, job), *_of_reply(storm, job, asked)):
                yield f"{asked.ask.number} ({asked.ask.trouble}, {job.id[:8]}, {_outcome(job)}): {breach}"
    if by_number:
        yield f"jobs that nobody asked for: {sorted(by_number)}"
    strange = set(orders) - {job.id for job in rows}
    if strange:
        yield f"{len(strange)} orders at the service without a job"


def _orders(storm: Storm, rows: list[Job]) -> Counter[str | None]:
    """How many jobs the services made for each of ours. The second knows no key of ours: its are told by their words,
    which are another for each ask."""
    ours = {job.request.inputs.prompt: job.id for job in rows}
    assert storm.ships.fal is not None
    keys = [order.idempotency_key for order in storm.ships.queue.jobs.values()]
    return Counter([*keys, *(ours.get(order.arguments["prompt"]) for order in storm.ships.fal.jobs.values())])


def _of_money(storm: Storm, job: Job) -> Iterator[str]:
    """A job that its member cancelled and that limits don't count costs nothing, where the service can cancel."""
    assert storm.ships.fal is not None
    for order in storm.ships.fal.jobs.values():
        ours = order.arguments["prompt"] == job.request.inputs.prompt
        if ours and job.state is JobState.CANCELLED and job.refunded and order.paid:
            yield "cancelled and given back, but the service charges for it"


def _of_job(job: Job, orders: int) -> Iterator[str]:
    if not job.ended:
        yield f"it is still {job.state.value}, waiting {job.undeliverable}"
    if orders > 1:
        yield f"it was sent {orders} times"
    if job.state is JobState.DELIVERED and (orders != 1 or job.refunded):
        yield f"delivered, but {orders} orders, refunded {job.refunded}"
    if job.state is JobState.FAILED and job.failure is None:
        yield "failed without a reason"


def _of_reply(storm: Storm, job: Job, asked: Asked) -> Iterator[str]:
    message = asked.invocation.message
    if message is None and asked.invocation.failed is not None:
        yield from _of_direct_messages(storm, job, asked)
        return
    if message is None:
        yield "its message is gone"
        return
    if state_of(message) != job.state.value:
        yield f"its message shows {state_of(message)!r}"
    videos = len(message["attachments"])
    if videos != (job.state is JobState.DELIVERED):
        yield f"its message has {videos} videos"
    if any(followup["attachments"] for followup in asked.invocation.followups):
        yield "a video came in another message"


def _of_direct_messages(storm: Storm, job: Job, asked: Asked) -> Iterator[str]:
    """The bot died after the row was written and before it could answer: there is no reply, and its member is told
    directly."""
    member = storm.ships.discord.member(asked.ask.member)
    videos = [one for one in member.sees(member.dm) if one["attachments"] and job.id in str(one["components"])]
    if len(videos) != (job.state is JobState.DELIVERED):
        yield f"its member was never answered, and has {len(videos)} videos of it in direct messages"


def _of_files(storm: Storm, rows: list[Job]) -> Iterator[str]:
    for path in leftovers(storm.ships.folder):
        yield f"left behind: {path.relative_to(storm.ships.folder)}"
    named = {file.key for job in rows for file in (*job.stored.values(), job.result) if file is not None}
    root = storm.ships.files
    for path in root.rglob("*"):
        key = path.relative_to(root).as_posix()
        if path.is_file() and not key.startswith("cluster/") and key not in named:
            yield f"a file of no job: {key}"


async def _of_limits(storm: Storm, rows: list[Job]) -> AsyncIterator[str]:
    database = storm.database
    admission = Admission(database, operator=(), clock=SystemClock())
    settings = GuildSettingsTable(database, clock=SystemClock())
    counted = Counter(
        (job.requester.user_id, job.requester.guild_id) for job in rows if not job.refunded and job.requester.guild_id
    )
    whos = {(job.requester.user_id, job.requester.guild_id): job.requester for job in rows if job.requester.guild_id}
    for who, requester in whos.items():
        limits = (await settings.get(requester.guild_id or 0)).limits
        used = await _used(admission, requester, limits)
        if used != counted[who]:
            yield f"the limits count {used} jobs of {requester.name} where {counted[who]} are to be counted"
    await database.close()


async def _used(admission: Admission, requester: Requester, book: LimitBook) -> float:
    account = await admission.account(requester, book)
    for standing in account.standings:
        rule = standing.held.rule
        if (rule.scope, rule.window) == (Scope.EVERYONE, Window.DAY):
            return standing.used
    raise AssertionError("the rule is gone")
