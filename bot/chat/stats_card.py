"""A server's numbers as an embed and as a chart: the same numbers in both, for who can't see one of them."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import discord

from bot.rules.chart import Bar, Chart, Panel
from bot.rules.statistics import OUTCOMES, WAIT_EDGES, Statistics
from bot.wording import Markup, say, translated
from bot.wording.facts import duration, mention, tame
from bot.work.studio import Report

CHART_NAME = "stats.png"
_COMMANDS_SHOWN = 8
_DAYS_TOLD = 3
_NAME_MAX_CHARS = 18
_COLOUR = 0x5865F2


def chart_of(report: Report, server: str, locale: str) -> Chart:
    """What is drawn. Names are cut, not tamed: a picture formats nothing."""
    found = report.statistics
    return Chart(
        title=say("stats_title", locale, days=len(found.days), server=Markup(_short(server, 60)))[:120],
        nothing=say("stats_nothing", locale),
        panels=(
            Panel(
                title=say("stats_days", locale),
                parts=tuple(translated(f"stats_{name}", locale) for name in OUTCOMES),
                bars=tuple(Bar(label=_day(day), values=values) for day, values in found.days),
            ),
            Panel(
                title=say("stats_commands", locale),
                across=True,
                bars=tuple(Bar(label=f"/{o}", values=(n,)) for o, n in found.commands[:_COMMANDS_SHOWN]),
            ),
            Panel(
                title=say("stats_members", locale),
                across=True,
                bars=tuple(Bar(label=_short(_name(report, user)), values=(n,)) for user, n in found.members),
            ),
            Panel(
                title=say("stats_waits", locale),
                bars=tuple(Bar(label=label, values=(n,)) for label, n in zip(_groups(), found.waits, strict=True)),
            ),
        ),
    )


def embed_of(report: Report, server: str, locale: str, *, drawn: bool) -> discord.Embed:
    """The numbers as text. The chart stands beside it: a picture in an embed would have no description for readers."""
    found = report.statistics
    title = say("stats_title", locale, days=len(found.days), server=server)
    notes = [say("stats_total", locale, number=found.total)]
    notes += [say("stats_cut", locale)] if found.cut else []
    notes += [] if drawn else [say("stats_no_chart", locale)]
    embed = discord.Embed(title=title[:256], description="\n".join(notes), colour=_COLOUR)
    outcomes = zip(OUTCOMES, found.outcomes, strict=True)
    _add(embed, "stats_outcomes", [f"{translated(f'stats_{name}', locale)}: {n}" for name, n in outcomes], locale)
    _add(embed, "stats_commands", [f"/{o}: {n}" for o, n in found.commands[:_COMMANDS_SHOWN]], locale)
    _add(embed, "stats_members", [f"{mention(user)}: {n}" for user, n in found.members], locale)
    _add(embed, "stats_busiest", _busiest(found), locale)
    _add(embed, "stats_waits", _waits(found, locale), locale)
    return embed


def _add(embed: discord.Embed, key: str, lines: list[str], locale: str) -> None:
    embed.add_field(name=say(key, locale), value="\n".join(lines)[:1024] or say("stats_nothing", locale))


def _busiest(found: Statistics) -> list[str]:
    days = sorted(found.days, key=lambda item: -sum(item[1]))[:_DAYS_TOLD]
    return [f"{day.isoformat()}: {sum(values)}" for day, values in days if sum(values)]


def _waits(found: Statistics, locale: str) -> list[str]:
    if found.median_seconds is None or found.slow_seconds is None:
        return []
    told = say("stats_percentiles", locale, median_seconds=found.median_seconds, slow_seconds=found.slow_seconds)
    return [told, *(f"{label}: {n}" for label, n in zip(_groups(), found.waits, strict=True) if n)]


def _groups() -> list[str]:
    """`< 30 s`, `30 s - 1 min`, …, `> 10 min`."""
    edges = [duration(edge) for edge in WAIT_EDGES]
    between = [f"{low} - {high}" for low, high in pairwise(edges)]
    return [f"< {edges[0]}", *between, f"> {edges[-1]}"]


def _day(day: date) -> str:
    return f"{day:%m-%d}"


def _name(report: Report, user_id: int) -> str:
    return report.names.get(user_id) or str(user_id)


def _short(text: str, limit: int = _NAME_MAX_CHARS) -> str:
    line = tame(text, limit).replace("\\", "").replace("\u200b", "")
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
