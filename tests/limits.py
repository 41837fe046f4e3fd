"""Limits without a database: what `bot.store.waitlist_rows` has it add up, added up from rows in plain Python."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.rules import limits
from bot.rules.jobs import Requester
from bot.rules.limit_rules import LimitBook, Rule, Window
from bot.rules.limits import LEAST, Decision, blocked, holding
from bot.rules.usage import Asked, Held, Standing, Tally, Usage, counts, fits, needs_time, stand


def counted_by(held: Held, requester: Requester, rows: Iterable[Usage], now: datetime) -> list[Usage]:
    """The rows that the rule counts for this member now, oldest first."""
    at_once = held.rule.window is Window.AT_ONCE
    inside = [row for row in rows if (row.live if at_once else row.accepted_at + held.rule.span > now)]
    return sorted((row for row in inside if counts(held, requester, row)), key=lambda row: row.accepted_at)


def tally_of(held: Held, rows: Sequence[Usage]) -> Tally:
    """What these rows, all of which the rule counts, add up to."""
    unit = held.rule.unit
    running = [row for row in rows if not row.waiting]
    return Tally(
        used=sum(row.measure(unit) for row in rows),
        running=sum(row.measure(unit) for row in running),
        running_jobs=len(running),
        waiting_jobs=len(rows) - len(running),
        latest=max((row.accepted_at for row in rows), default=None),
    )


def frees_at(standing: Standing, asked: Asked, rows: Sequence[Usage]) -> datetime | None:
    """When so much has left the window that what is asked fits."""
    rule, rest = standing.held.rule, standing.used
    for row in rows:
        rest -= row.measure(rule.unit)
        if fits(rule, rest + asked.measure(rule.unit)):
            return row.accepted_at + rule.span
    return None


def standings(
    book: LimitBook,
    requester: Requester,
    asked: Asked,
    rows: Iterable[Usage],
    now: datetime,
    *,
    operator: Sequence[Rule] = (),
) -> tuple[Standing, ...]:
    """How the member stands under every rule that holds for them."""
    known, found = tuple(rows), []
    for held in holding(book, requester, operator):
        counted = counted_by(held, requester, known, now)
        standing = stand(held, asked, tally_of(held, counted), now)
        if needs_time(standing, asked):
            standing = replace(standing, frees_at=frees_at(standing, asked, counted))
        found.append(standing)
    return tuple(found)


def decide(
    book: LimitBook,
    requester: Requester,
    asked: Asked,
    rows: Iterable[Usage],
    now: datetime,
    *,
    operator: Sequence[Rule] = (),
) -> Decision:
    """As `bot.store.admission` decides."""
    if (barred := blocked(book, requester, now)) is not None:
        return Decision(standings=(), refusal=barred)
    return limits.decide(book, asked, standings(book, requester, asked, rows, now, operator=operator))


def review(
    book: LimitBook, requester: Requester, rows: Iterable[Usage], now: datetime, *, operator: Sequence[Rule] = ()
) -> tuple[Standing, ...]:
    """As `/usage` tells it."""
    return standings(book, requester, LEAST, rows, now, operator=operator)
