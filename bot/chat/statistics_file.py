"""The numbers of `/stats` as a CSV file, for a spreadsheet, and the button that asks for it."""

from __future__ import annotations

import csv
import io

import discord
from discord import ui

from bot.chat.persistent import Persistent, view_with
from bot.chat.replies.card_lines import model_title
from bot.rules.catalog import Catalog
from bot.rules.statistics import OUTCOMES
from bot.wording import translated
from bot.wording.facts import mention, plain
from bot.work.services import Table

STATS_FILE = Persistent(r"clapper:stats-file:(?P<days>[1-9][0-9]?)")

_NAME_MAX_CHARS = 60
_COLUMNS = ("day", "command", "model", "member", "mention")
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "|", "%")
"""What a spreadsheet may take a cell for a formula, or a command, that begins with it (OWASP, "CSV Injection")."""


def stats_file_view(days: int, locale: str) -> ui.View:
    """The button under the numbers of so many days."""
    label = translated("button_stats_file", locale)
    return view_with(ui.Button(label=label, custom_id=f"clapper:stats-file:{days}"))


def stats_file(table: Table, catalog: Catalog, locale: str) -> discord.File:
    """A line for each day, command, model and member. Numbers and days are written the same in every language, so that
    programs read them."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([
        *(translated(f"stats_column_{name}", locale) for name in _COLUMNS),
        *(translated(f"stats_{name}", locale) for name in OUTCOMES),
        translated("stats_column_seconds", locale),
        translated("stats_column_dollars", locale),
    ])  # fmt: skip
    for line in table.lines:
        writer.writerow([
            str(line.day),
            _cell(f"/{line.operation}"),
            _cell(model_title(line.model, catalog)),
            _cell(plain(table.names.get(line.user_id, ""), _NAME_MAX_CHARS)),
            mention(line.user_id),
            *line.outcomes,
            round(line.seconds, 1),
            round(line.cost, 2),
        ])  # fmt: skip
    # With a mark of its encoding, without which Excel takes it for another.
    return discord.File(io.BytesIO(out.getvalue().encode("utf-8-sig")), "clapper-stats.csv")


def _cell(text: str) -> str:
    """The text as a spreadsheet shows it and never reckons it."""
    return f"'{text}" if text.lstrip("\u2068 ").startswith(_FORMULA_SIGNS) else text
