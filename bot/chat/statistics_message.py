"""What `/stats` and `/usage` show: the same numbers as an embed and as a chart, for who sees only one of them."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable, Iterable
from itertools import pairwise
from typing import Any

import discord
from discord import ui

from bot.chat.replies.card_lines import model_title
from bot.chat.replies.interactions import Interaction
from bot.rules.catalog import Catalog
from bot.rules.chart import Bar, Chart, Panel
from bot.rules.statistics import OUTCOMES, WAIT_EDGES, Share, Statistics
from bot.wording import Markup, say, translated
from bot.wording.facts import duration, mention, number, plain, short_day, thousands_sign
from bot.work.services import Report

CHART_NAME = "stats.png"
_SHARES_SHOWN = 8
_DAYS_TOLD = 7
_NAME_MAX_CHARS = 12


async def show_with_chart(
    interaction: Interaction,
    embed_of: Callable[[bool], discord.Embed],
    draw: Callable[[], Awaitable[bytes | None]] | None,
    view: ui.View | None = None,
) -> None:
    """Edit the private reply that was opened: the numbers at once, the chart when it is drawn, for which a machine may
    need seconds. `embed_of` is told whether there is a chart or one is to come; `draw` is None if nothing is drawn.
    `view` stands below it all.
    """
    quiet = discord.AllowedMentions.none()
    await interaction.edit_original_response(embed=embed_of(True), view=view, allowed_mentions=quiet)
    if draw is None:
        return
    picture = await draw()
    if picture is None:
        await interaction.edit_original_response(embed=embed_of(False), allowed_mentions=quiet)
    else:
        file = chart_file(picture, interaction.locale.value)
        await interaction.edit_original_response(attachments=[file], allowed_mentions=quiet)


def chart_of_server(report: Report, server: str, locale: str) -> Chart:
    """What `/stats` draws. Names are cut but not escaped: a picture has no markup."""
    title = say("stats_title", locale, days=len(report.statistics.days), server=Markup(_short(server, 60)))
    return _chart(title, _panels(report, locale), locale)


def chart_of_member(report: Report, member: str | None, locale: str) -> Chart:
    """What `/usage` draws: the same without the other members. `member` None: it is the reader's own."""
    days = len(report.statistics.days)
    if member is None:
        title = say("usage_chart_yours", locale, days=days)
    else:
        title = say("usage_chart_title", locale, days=days, name=Markup(_short(member, 60)))
    by_day, commands, _, waits = _panels(report, locale)
    return _chart(title, (by_day, commands, waits), locale)


def _chart(title: str, panels: tuple[Panel, ...], locale: str) -> Chart:
    return Chart(
        title=title[:120], nothing=say("stats_nothing", locale), panels=panels, thousands=thousands_sign(locale)
    )


def _panels(report: Report, locale: str) -> tuple[Panel, Panel, Panel, Panel]:
    """The panels of days, commands, members and waiting times."""
    found = report.statistics
    return (
        Panel(
            title=say("stats_days", locale),
            parts=tuple(translated(f"stats_{name}", locale) for name in OUTCOMES),
            bars=tuple(Bar(label=short_day(on, locale), values=values) for on, values in found.days),
        ),
        Panel(
            title=say("stats_commands", locale),
            across=True,
            bars=tuple(Bar(label=f"/{s.key}", values=(s.jobs,)) for s in found.commands[:_SHARES_SHOWN]),
        ),
        Panel(
            title=say("stats_members", locale),
            across=True,
            bars=tuple(Bar(label=_short(_name(report, s.key)), values=(s.jobs,)) for s in found.members),
        ),
        Panel(
            title=say("stats_waits", locale),
            across=True,
            bars=tuple(Bar(label=label, values=(n,)) for label, n in zip(_groups(locale), found.waits, strict=True)),
        ),
    )


def server_embed(report: Report, server: str, catalog: Catalog, locale: str, *, drawn: bool) -> discord.Embed:
    """The numbers as text. The chart stands beside it: a picture in an embed would have no description for readers."""
    found = report.statistics
    title = say("stats_title", locale, days=len(found.days), server=server)
    total = say("stats_total", locale, number=found.total)
    embed = discord.Embed(
        title=title[:256],
        description="\n".join((total, _spent(found, locale), *_notes(found, locale, drawn=drawn))),
        colour=discord.Colour.blurple(),
    )
    _add(embed, "stats_outcomes", _outcomes(found, locale), locale, inline=True)
    _add(embed, "stats_waits", _waits(found, locale), locale, inline=True)
    _add_shares(embed, found, catalog, locale)
    _add(embed, "stats_members", [_share(mention(s.key), s, locale) for s in found.members], locale)
    return embed


def add_member_fields(embed: discord.Embed, report: Report, catalog: Catalog, locale: str, *, drawn: bool) -> None:
    """What a member's chart shows, as text, below what they have left."""
    found = report.statistics
    total = say("usage_total", locale, number=found.total, days=len(found.days))
    about = "\n".join((total, _spent(found, locale), *_notes(found, locale, drawn=drawn), *_outcomes(found, locale)))
    embed.add_field(name=say("stats_outcomes", locale), value=about[:1024])
    _add(embed, "stats_waits", _waits(found, locale), locale, inline=True)
    _add_shares(embed, found, catalog, locale)


def chart_file(picture: bytes, locale: str) -> discord.File:
    """The chart as an attachment, with a description for who can't see it."""
    return discord.File(io.BytesIO(picture), CHART_NAME, description=say("stats_alt", locale))


def _add_shares(embed: discord.Embed, found: Statistics, catalog: Catalog, locale: str) -> None:
    _add(
        embed, "stats_latest", [_share(short_day(s.key, locale), s, locale) for s in found.latest[:_DAYS_TOLD]], locale
    )
    _add(embed, "stats_commands", [_share(f"/{s.key}", s, locale) for s in found.commands[:_SHARES_SHOWN]], locale)
    models = [_share(model_title(s.key, catalog), s, locale) for s in found.models[:_SHARES_SHOWN]]
    _add(embed, "stats_models", models, locale)


def _add(embed: discord.Embed, key: str, lines: Iterable[str], locale: str, *, inline: bool = False) -> None:
    """`inline`: beside the others that are, where there is room; a share's line would be broken there."""
    embed.add_field(name=say(key, locale), value="\n".join(lines)[:1024] or say("stats_nothing", locale), inline=inline)


def _notes(found: Statistics, locale: str, *, drawn: bool) -> list[str]:
    cut = [say("stats_cut", locale)] if found.cut else []
    return cut if drawn else [*cut, say("stats_no_chart", locale)]


def _spent(found: Statistics, locale: str) -> str:
    return say("stats_spent", locale, seconds=found.seconds, price=found.cost)


def _outcomes(found: Statistics, locale: str) -> list[str]:
    named = zip(OUTCOMES, found.outcomes, strict=True)
    return [f"{translated(f'stats_{name}', locale)}: {number(n, locale)}" for name, n in named]


def _share(name: str, share: Share[Any], locale: str) -> str:
    """`/t2v: 12 · 1 min · $3.40`."""
    return say(
        "stats_share",
        locale,
        name=Markup(name),
        number=share.jobs,
        seconds=share.seconds,
        price=share.cost,
    )


def _waits(found: Statistics, locale: str) -> list[str]:
    if found.median_seconds is None or found.slow_seconds is None:
        return []
    told = say("stats_percentiles", locale, median_seconds=found.median_seconds, slow_seconds=found.slow_seconds)
    return [
        told,
        *(f"{label}: {number(n, locale)}" for label, n in zip(_groups(locale), found.waits, strict=True) if n),
    ]


def _groups(locale: str) -> list[str]:
    """`< 30 s`, `30 s\u20131 min`, `1\u20132 min`, …, `> 10 min`."""
    edges = [duration(edge, locale) for edge in WAIT_EDGES]
    return [f"< {edges[0]}", *(_between(low, high) for low, high in pairwise(edges)), f"> {edges[-1]}"]


def _between(low: str, high: str) -> str:
    number, _, unit = low.rpartition(" ")
    return f"{number if high.endswith(f' {unit}') else low}\u2013{high}"


def _name(report: Report, user_id: int) -> str:
    return report.names.get(user_id) or str(user_id)


def _short(text: str, limit: int = _NAME_MAX_CHARS) -> str:
    return plain(text, limit)
