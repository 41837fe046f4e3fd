"""How facts are written into sentences: sizes, durations, stamps, and other people's words made harmless."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta

QUOTE_MAX_CHARS = 300
"""How much of a stranger's text goes into one sentence; cards quote prompts at greater length."""

_MARKS_IN_A_ROW = 3
"""Combining marks kept on one letter: enough for every script in use, too few to climb over other lines."""

_SPECIAL = re.compile(r"[\\*_`<\[\]]|~(?=~)|\|(?=\|)|:(?=//)|^[#>+-]|(?<=^\d)\.|(?<=^\d\d)\.")
"""What begins formatting, a mention or a link anywhere, or a heading, a quote or a list at a line's start."""

_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_JOINERS = frozenset("\u200c\u200d")


class Markup(str):
    """Text of our own making: written into sentences as it is."""

    __slots__ = ()


def escape(text: str, limit: int = QUOTE_MAX_CHARS) -> str:
    """A stranger's text as one harmless line of at most about `limit` characters.

    It pings nobody, formats nothing, links nowhere, reorders nothing around it, and looks as it was written otherwise.
    """
    line = "".join(c for c in _one_line(text) if not _is_invisible(c))
    line = _without_towers(line)
    if len(line) > limit:
        line = line[: limit - 1].rstrip() + "…"
    reads_both_ways = any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in line)
    line = _SPECIAL.sub(r"\\\g<0>", line).replace("@", "@\u200b")
    return f"\u2068{line}\u2069" if reads_both_ways else line


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _is_invisible(char: str) -> bool:
    """Controls, surrogates, and format characters that move or hide text; the joiners of emoji and Persian stay."""
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn"} and char not in _JOINERS


def _without_towers(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char) in {"Mn", "Me"} else 0
        if marks <= _MARKS_IN_A_ROW:
            kept.append(char)
    return "".join(kept)


def size(size_bytes: float) -> str:
    """As Discord counts: 1 MB is 1,048,576 bytes. One decimal below 100 MB."""
    if size_bytes < 1024:
        return f"{size_bytes:.0f} B"
    for unit in ("KB", "MB", "GB"):
        size_bytes /= 1024
        if size_bytes < 1024 or unit == "GB":
            break
    return f"{size_bytes:.0f} {unit}" if size_bytes >= 100 else f"{size_bytes:.1f} {unit}".replace(".0 ", " ")


def duration(seconds: float) -> str:
    """`4.5 s`, `42 s`, `3 min 5 s`, `2 h 10 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s".replace(".0 ", " ")
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def stamp(at: datetime) -> Markup:
    """A time that ticks on the reader's own screen, in their language."""
    return Markup(f"<t:{round(at.astimezone(UTC).timestamp())}:R>")


def mention(user_id: int) -> Markup:
    """A member's name; whether it pings is decided by the message's allowed mentions."""
    return Markup(f"<@{user_id}>")


def written(name: str, value: object) -> str:
    """A fact as it is shown. Its name tells the unit: `…_bytes`, `…seconds`, `…_at` and `until`, `…_id` of a member.

    Rows keep times as ISO text and lengths as seconds, so both forms are read.
    """
    match value:
        case Markup():
            text: str = value
        case timedelta():
            text = duration(value.total_seconds())
        case datetime():
            text = stamp(value)
        case int() | float() if not isinstance(value, bool):
            text = _number(name, value)
        case str() if name.endswith("_at") or name == "until":
            text = _moment(value)
        case _:
            text = escape(str(value))
    return text


def _moment(text: str) -> str:
    try:
        return stamp(datetime.fromisoformat(text))
    except ValueError:
        return escape(text)


def _number(name: str, value: float) -> str:
    if name.endswith(("_bytes", "_bytes_before")):
        return size(value)
    if name.endswith("seconds"):
        return duration(value)
    if name.endswith("_id"):
        return mention(int(value))
    if value != int(value):
        return f"{value:.1f}"
    whole = int(value)
    return f"{whole:,}".replace(",", "\u202f") if abs(whole) >= 10_000 else str(whole)
