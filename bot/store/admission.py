"""Limits: decided from sums over the jobs' rows, in the transaction that writes the next one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, update

from bot.errors import DatabaseUnavailable, RowUnreadable
from bot.rules.clock import Clock
from bot.rules.jobs import Job, Requester
from bot.rules.limit_rules import LimitBook, Rule, Scope, Window
from bot.rules.limits import (
    LEAST,
    Account,
    Asked,
    Standing,
    Usage,
    blocked,
    decide,
    holding,
    tries_files,
    used_up,
)
from bot.rules.usage import Held, Tally, needs_time, stand
from bot.rules.waitlist import Waiter, advance, place_behind
from bot.store.database import Database
from bot.store.locks import AdvisoryLock
from bot.store.tables import jobs
from bot.store.tallies import frees_in, tallies_in
from bot.store.waitlist_rows import (
    Lane,
    books_in,
    give_place,
    lanes_in,
    last_free_try_in,
    placed,
    running_in,
    waiters_in,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What a move of the waitlist has changed: the jobs that may start now, and those with another place, by id.
    `waiting` is False where nobody waited."""

    waiting: bool = True
    starting: tuple[str, ...] = ()
    nearer: tuple[str, ...] = ()


class Admission:
    """Decides whether one more job may be, from sums over the jobs' rows. Every method may raise `DatabaseUnavailable`
    and `RowUnreadable`.

    All whose jobs count for the same limits are decided on one after the other: those of a server, a member's of all
    servers where the operator limits members, or everybody where an operator's limit counts all jobs, or has members
    wait.
    """

    def __init__(self, database: Database, *, operator: Sequence[Rule], clock: Clock) -> None:
        self._database = database
        self._operator: tuple[Rule, ...] = ()
        self._everywhere = False
        self.heed_operator(operator)
        self._clock = clock

    def lock(self, requester: Requester) -> tuple[int, ...]:
        """What is decided on one after the other with what this member asks."""
        if self._everywhere:
            return (AdvisoryLock.ALL_LIMITS,)
        place = requester.guild_id or requester.user_id
        return (place, requester.user_id) if self._of_members else (place,)

    def admit(self, connection: Connection, job: Job, book: LimitBook) -> int | None:
        """None where the new job may start at once, its place in the waitlist where it must wait for others.

        To be asked in the transaction that inserts the row. Raises the `Refused` that says which limit and when it
        frees.
        """
        who, now = placed(job.requester), self._clock.now()
        if (barred := blocked(book, who, now)) is not None:
            raise barred
        if tries_files(job) and (refusal := used_up(last_free_try_in(connection, who.user_id, now))) is not None:
            raise refusal
        asked = Asked(cost=job.cost, seconds=job.output_seconds)
        standings = self._standings(connection, book, who, asked, now)
        decision = decide(book, asked, standings).or_raise()
        if not decision.waits:
            return None
        place = place_behind(decision, asked)
        return place if place is not None else self._place_at_the_end(connection, job, who, book)

    def heed_operator(self, rules: Sequence[Rule]) -> None:
        """Have the operator's rules be these from the next decision on."""
        of_members = [rule for rule in rules if rule.scope is Scope.EVERYONE]
        self._of_members = bool(of_members)
        self._everywhere = any(rule.scope is Scope.BOT for rule in rules) or any(
            rule.window is Window.AT_ONCE for rule in of_members
        )
        self._operator = tuple(rules)

    def settle(self, connection: Connection, job: Job, asked: Asked) -> None:
        """Whether the job, which is counted by its row already, may be as much as it was found to be.

        To be asked in the transaction that writes it. Raises the `Refused` that says which limit and when it frees.
        """
        who, now = placed(job.requester), self._clock.now()
        book = books_in(connection, [who.guild_id])[who.guild_id]
        own = Asked(cost=job.cost, seconds=job.output_seconds)
        rules = [held for held in holding(book, who, self._operator) if _is_touched(held.rule, job, own, asked, now)]
        tallies = zip(rules, tallies_in(connection, who, rules, now), strict=True)
        others = [_without(tally, held.rule, own) for held, tally in tallies]
        standings = self._stand(connection, who, rules, others, asked, now)
        decide(book.model_copy(update={"when_full": "refuse"}), asked, standings).or_raise()

    async def move_waitlist(self) -> Moved:
        """Let those start for whom there is room now. Cheap where nobody waits.

        Each line moves by itself: one that can't be read holds up no other, and once one has moved nothing is raised,
        since what it gives must be heeded.
        """
        lanes: list[Lane] = [*await self._database.read(lanes_in)]
        if self._everywhere and lanes:
            lanes = ["all"]
        starting: list[str] = []
        nearer: list[str] = []
        for lane in lanes:
            try:
                moved = await self._move(lane)
            except RowUnreadable as exc:
                log.warning("the line of server %s does not move: %s", lane, exc)
                continue
            except DatabaseUnavailable:
                if not (starting or nearer):
                    raise
                break
            starting += moved.starting
            nearer += moved.nearer
        return Moved(waiting=bool(lanes), starting=tuple(starting), nearer=tuple(nearer))

    async def account(self, requester: Requester, book: LimitBook) -> Account:
        """How the member stands now under every rule that holds for them."""
        who, now = placed(requester), self._clock.now()
        return Account(
            standings=await self._database.read(lambda found: self._standings(found, book, who, LEAST, now)),
            blocked=blocked(book, who, now),
            exempt=bool(book.exempt_role_ids & set(who.role_ids)),
        )

    async def forgive(self, guild_id: int, user_id: int) -> int:
        """Have the server's rules for each member not count what this one has used so far; gives the jobs' number."""
        theirs = (jobs.c.guild_id == guild_id, jobs.c.user_id == user_id, jobs.c.forgiven.is_(False))
        change = update(jobs).where(*theirs).values(forgiven=True)
        return await self._database.write(lambda connection: connection.execute(change).rowcount)

    async def _move(self, lane: Lane) -> Moved:
        lock = lane if isinstance(lane, int) else AdvisoryLock.ALL_LIMITS

        def unit(connection: Connection) -> Moved:
            line = waiters_in(connection, lane)
            moved = advance([waiter for waiter, _ in line], running_in(connection, lane), operator=self._operator)
            places = {waiter.job.job_id: place for waiter, place in line}
            starting = [job_id for job_id in moved.starting if give_place(connection, job_id, None)]
            changed = {job_id: place for job_id, place in moved.places.items() if places[job_id] != place}
            nearer = [job_id for job_id, place in changed.items() if give_place(connection, job_id, place)]
            return Moved(starting=tuple(starting), nearer=tuple(nearer))

        return await self._database.write(unit, lock=lock)

    def _standings(
        self, connection: Connection, book: LimitBook, who: Requester, asked: Asked, now: datetime
    ) -> tuple[Standing, ...]:
        rules = tuple(holding(book, who, self._operator))
        return self._stand(connection, who, rules, tallies_in(connection, who, rules, now), asked, now)

    @staticmethod
    def _stand(  # noqa: PLR0917  # all of one decision
        connection: Connection,
        who: Requester,
        rules: Sequence[Held],
        tallies: Sequence[Tally],
        asked: Asked,
        now: datetime,
    ) -> tuple[Standing, ...]:
        standings = []
        for held, tally in zip(rules, tallies, strict=True):
            standing = stand(held, asked, tally, now)
            if needs_time(standing, asked):
                standing = replace(standing, frees_at=frees_in(connection, who, standing, asked, now))
            standings.append(standing)
        return tuple(standings)

    def _place_at_the_end(self, connection: Connection, job: Job, who: Requester, book: LimitBook) -> int | None:
        new = Usage(
            job_id=job.id,
            user_id=who.user_id,
            channel_id=who.channel_id,
            guild_id=who.guild_id,
            accepted_at=job.accepted_at,
            cost=job.cost,
            seconds=job.output_seconds,
            live=True,
            waiting=True,
        )
        lane = self._lane(who.guild_id)
        line = [waiter for waiter, _ in waiters_in(connection, lane)]
        newcomer = Waiter(job=new, requester=who, book=book)
        moved = advance([*line, newcomer], running_in(connection, lane), operator=self._operator)
        return moved.places.get(new.job_id)

    def _lane(self, guild_id: int | None) -> Lane:
        return "all" if self._everywhere else guild_id


def _is_touched(rule: Rule, job: Job, own: Asked, asked: Asked, now: datetime) -> bool:
    """Whether the rule counts the job now, and more of it than before."""
    counted = rule.window is Window.AT_ONCE or job.accepted_at > now - rule.span
    return counted and asked.measure(rule.unit) > own.measure(rule.unit)


def _without(tally: Tally, rule: Rule, own: Asked) -> Tally:
    """What is used by others: the job runs, so that nobody in the waitlist comes before it."""
    used = tally.running if rule.window is Window.AT_ONCE else tally.used
    return replace(tally, used=used - own.measure(rule.unit))
