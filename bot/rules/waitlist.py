"""The line of jobs that at-once rules hold back: which may start now, and which place the others have.

It is one line in the order of acceptance, but nobody waits behind those whom only another rule holds: a member who has
asked for twenty videos at once does not keep the server's places from others. Who waits for a rule is never overtaken
by a smaller job that counts for the same rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.rules.jobs import Requester
from bot.rules.limit_rules import LimitBook, Rule, Unit, Window
from bot.rules.limits import Decision, holding
from bot.rules.usage import Asked, Held, Usage, counts, fits


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiter:
    """A job in the line, who asked for it, and the limits of the server where they did."""

    job: Usage
    requester: Requester
    book: LimitBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The ids of jobs that may start now, and the places of those that may not (1 is next), by id."""

    starting: tuple[str, ...]
    places: dict[str, int]


_Ahead = dict[tuple[str, Unit], list[Usage]]
"""The jobs that wait for each rule, so that others can't take the room they wait for."""


def advance(waiters: Iterable[Waiter], usage: Iterable[Usage], *, operator: Sequence[Rule] = ()) -> Line:
    """Let the line move on. `usage` holds at least the live jobs of the waiters' servers, and all of the bot's where
    an operator's rule counts beyond; the waiters' own are among them or not.

    Where nothing runs under a rule its first waiter may start, whatever the amount has become meanwhile: what was let
    in is never stuck.
    """
    running = [row for row in usage if row.live and not row.waiting]
    ahead: _Ahead = {}
    starting: list[str] = []
    places: dict[str, int] = {}
    for waiter in sorted(waiters, key=lambda waiter: (waiter.job.accepted_at, waiter.job.job_id)):
        full = [held for held in _at_once(waiter, operator) if not _has_room(held, waiter, running, ahead)]
        if full:
            places[waiter.job.job_id] = 1 + max(len(_before(held, waiter, ahead)) for held in full)
            for held in full:
                ahead.setdefault((held.whose, held.rule.unit), []).append(waiter.job)
        else:
            starting.append(waiter.job.job_id)
            running.append(waiter.job)
    return Line(starting=tuple(starting), places=places)


def _at_once(waiter: Waiter, operator: Sequence[Rule]) -> list[Held]:
    held_by = holding(waiter.book, waiter.requester, operator)
    return [held for held in held_by if held.rule.window is Window.AT_ONCE]


def _has_room(held: Held, waiter: Waiter, running: list[Usage], ahead: _Ahead) -> bool:
    unit = held.rule.unit
    counted = [*_counted(held, waiter, running), *_before(held, waiter, ahead)]
    used = sum(row.measure(unit) for row in counted)
    return not counted or fits(held.rule, used + waiter.job.measure(unit))


def _counted(held: Held, waiter: Waiter, running: list[Usage]) -> list[Usage]:
    return [row for row in running if row.job_id != waiter.job.job_id and counts(held, waiter.requester, row)]


def _before(held: Held, waiter: Waiter, ahead: _Ahead) -> list[Usage]:
    """The jobs that wait for the same rule and are counted by it, for this member too."""
    return [row for row in ahead.get((held.whose, held.rule.unit), ()) if counts(held, waiter.requester, row)]


def place_behind(decision: Decision, asked: Asked) -> int | None:
    """The place of a new job that must wait because of the running jobs alone; None: ask `advance`.

    Where jobs are counted, all others that wait and count for the full rule wait for it, too. Where their cost or
    length is, a smaller one may wait for another rule alone, and nobody waits behind it.
    """
    places = []
    for standing in decision.standings:
        rule, tally = standing.held.rule, standing.tally
        full = tally.running_jobs > 0 and not fits(rule, tally.running + asked.measure(rule.unit))
        if rule.window is Window.AT_ONCE and not standing.fits and full:
            if tally.waiting_jobs and rule.unit is not Unit.JOBS:
                return None
            places.append(1 + tally.waiting_jobs)
    return max(places, default=None)
