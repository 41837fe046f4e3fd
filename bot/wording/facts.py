"""How facts are written: numbers, sizes, durations and dates in the reader's language, other people's text escaped.

A number in an English sentence is written in English, also for a reader whose language has no catalogue. Units are the
language's own, by CLDR; English and German have the shorter signs that everybody there reads (MB, s, min, h).
"""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from babel import Locale, dates, numbers, units

from bot.wording.catalogues import language_of
from bot.wording.plurals import cldr_locale

QUOTE_MAX_CHARS = 300
"""How many characters of other people's text go into one sentence; cards quote more of a prompt."""

_MARKS_IN_A_ROW = 3
"""Combining marks kept on one letter: enough for every script in use, too few to cover other lines."""

_GROUPED_FROM = 10_000
"""From here on thousands are set apart. Smaller numbers are often sizes of pictures and versions, and easy to read."""

_SPECIAL = re.compile(
    r"[\\*_`<\[\]]|~(?=~)|\|(?=\|)|:(?=//)|^[#>+-]|(?<=^\d)\.|(?<=^\d\d)\.|"
    r"(?:(?<=discord\.gg)|(?<=discord\.com)|(?<=discordapp\.com)|(?<=discord\.new)|(?<=discord\.gift))/",
    re.IGNORECASE,
)
"""What begins formatting, a mention or a link, or is an invitation, which Discord shows as a card also without
"https"; at the start of a line also a heading, a quote or a list."""

MESSAGE_MAX_CHARS = 2000
"""What Discord takes as a message's text."""

_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_JOINERS = frozenset("\u200c\u200d")


class Markup(str):
    """Text that Clapper made itself: it is written into sentences without escaping."""

    __slots__ = ()


def fitted(sentence: str) -> str:
    """The sentence, cut where Discord takes no more of a message: a long answer is better than none."""
    return sentence if len(sentence) <= MESSAGE_MAX_CHARS else f"{sentence[: MESSAGE_MAX_CHARS - 1]}…"


def escape(text: str, limit: int = QUOTE_MAX_CHARS) -> str:
    """Other people's text on one line of at most about `limit` characters, so that it does nothing in Discord.

    It pings nobody, formats nothing, makes no link and does not change the order of the text around it. Otherwise it
    looks as it was written.
    """
    line = _tidied(text, limit)
    return _set_apart(_SPECIAL.sub(r"\\\g<0>", line).replace("@", "@\u200b"))


def plain(text: str, limit: int = QUOTE_MAX_CHARS) -> str:
    """The same for where nothing is formatted, and a backslash would be seen: labels, files, pictures, a terminal.

    It is on one line, moves no cursor and does not change the order of the text around it.
    """
    return _set_apart(_tidied(text, limit))


def _tidied(text: str, limit: int) -> str:
    line = "".join(c for c in _one_line(text) if not _is_invisible(c))
    line = _without_stacked_marks(line)
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _set_apart(line: str) -> str:
    """As it is, or between marks that keep the order of what stands beside it, where it reads from right to left."""
    reads_both_ways = any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in line)
    return f"\u2068{line}\u2069" if reads_both_ways else line


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _is_invisible(char: str) -> bool:
    """Control characters, surrogates, and format characters that move or hide text; not the joiners of emoji."""
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn"} and char not in _JOINERS


def _without_stacked_marks(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char) in {"Mn", "Me"} else 0
        if marks <= _MARKS_IN_A_ROW:
            kept.append(char)
    return "".join(kept)


def number(value: float, locale: str | None = None) -> str:
    """`12`, `1.5`, `12,345`: with at most one decimal. In German `1,5` and `12.345`."""
    return numbers.format_decimal(round(value, 1), locale=_babel(locale), group_separator=abs(value) >= _GROUPED_FROM)


def as_counted(value: float, *, money: bool = False) -> int | Decimal:
    """The number as `number`, or `money`, writes it: its last digits decide about the plural."""
    if money:
        return Decimal(str(round(value, 2))).quantize(Decimal("0.01"))
    shown = round(value, 1)
    return int(shown) if shown == int(shown) else Decimal(str(shown))


def money(dollars: float, locale: str | None = None) -> str:
    """`2.50`, `12,345.00`: with cents. In German `2,50`."""
    whole = numbers.format_decimal(
        round(dollars + 0.0, 2), format="#,##0.00", locale=_babel(locale), group_separator=abs(dollars) >= _GROUPED_FROM
    )
    return str(whole)


def price(dollars: float, locale: str | None = None) -> str:
    """`$2.50`, `$12,345.00`: US dollars with their sign. In German `2,50 $`, in British English `US$2.50`."""
    told = numbers.format_currency(
        round(dollars + 0.0, 2), "USD", locale=_babel(locale), group_separator=abs(dollars) >= _GROUPED_FROM
    )
    return re.sub(r"USD(?=\d)", "US$", told)  # in Latin American Spanish the letters would touch the number


def thousands_sign(locale: str | None = None) -> str:
    """What `number` puts between thousands, for a picture in which numbers are written elsewhere."""
    return numbers.get_group_symbol(_babel(locale))


def size(size_bytes: float, locale: str | None = None) -> str:
    """`20 MB`, `9.9 MB`, as Discord counts: 1 MB is 1,048,576 bytes. One decimal below 100 MB."""
    unit = "byte"
    for larger in ("kilobyte", "megabyte", "gigabyte"):
        if size_bytes < 1024:
            break
        size_bytes, unit = size_bytes / 1024, larger
    return _measure(round(size_bytes) if size_bytes >= 100 else size_bytes, unit, locale)


def duration(seconds: float, locale: str | None = None) -> str:
    """`4.5 s`, `42 s`, `3 min 5 s`, `2 h 10 min`. One decimal below ten seconds."""
    if seconds < 10:
        return _measure(seconds, "second", locale)
    whole = round(seconds)
    if whole < 60:
        return _measure(whole, "second", locale)
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        told = _measure(minutes, "minute", locale)
        return f"{told} {_measure(rest, 'second', locale)}" if rest else told
    hours, minutes = divmod(minutes, 60)
    told = _measure(hours, "hour", locale)
    return f"{told} {_measure(minutes, 'minute', locale)}" if minutes else told


_SIGNS = {
    "byte": "B",
    "kilobyte": "KB",
    "megabyte": "MB",
    "gigabyte": "GB",
    "second": "s",
    "minute": "min",
    "hour": "h",
}
_WITH_SIGNS = frozenset({"en", "de"})


def _measure(value: float, unit: str, locale: str | None) -> str:
    language = _babel(locale)
    if language.language in _WITH_SIGNS:
        return f"{number(value, locale)} {_SIGNS[unit]}"
    pattern = "#,##0.#" if abs(value) >= _GROUPED_FROM else "0.#"
    return units.format_unit(round(value, 1), unit, "short", format=pattern, locale=language)


def day(at: date, locale: str | None = None) -> str:
    """`Nov 22, 2026`."""
    return dates.format_date(at, "medium", locale=_babel(locale))


def short_day(at: date, locale: str | None = None) -> str:
    """`Nov 22`, for where there is little room and the year is clear."""
    return dates.format_skeleton("MMMd", at, locale=_babel(locale))


def moment(at: datetime, locale: str | None = None) -> str:
    """`Nov 22, 2026, 14:05 UTC`: for files. In messages, `stamp` shows a time in the reader's own time zone."""
    utc = at.astimezone(UTC)
    return f"{day(utc.date(), locale)}, {utc:%H:%M} UTC"


@lru_cache(maxsize=64)
def _babel(locale: str | None) -> Locale:
    """How the language of the sentences writes numbers and dates, and its country where Discord names one."""
    language = language_of(locale)
    same = locale and locale.partition("-")[0] == language.partition("-")[0]
    return cldr_locale(locale if locale and same else language)


def stamp(at: datetime) -> Markup:
    """A relative time ("in 5 minutes"), which Discord keeps up to date on the reader's screen, in their language.

    Rounded down: what has just begun would begin "in 1 second" otherwise.
    """
    return Markup(f"<t:{math.floor(at.astimezone(UTC).timestamp())}:R>")


def mention(user_id: int) -> Markup:
    """A member's mention. Whether it pings is decided by the message's allowed mentions."""
    return Markup(f"<@{user_id}>")


def written(name: str, value: object, locale: str | None = None) -> str:
    """A fact as it is shown. Its name says what it is: `…_bytes`, `…seconds`, `…_at` and `until`, `…_id` of a member.

    Times may be ISO text and lengths seconds, as rows keep them.
    """
    match value:
        case Markup():
            text: str = value
        case timedelta():
            text = duration(value.total_seconds(), locale)
        case datetime():
            text = stamp(value)
        case int() | float() if not isinstance(value, bool):
            text = _number(name, value, locale)
        case str() if name.endswith("_at") or name == "until":
            text = _stamp_of(value)
        case _:
            text = escape(str(value))
    return text


def _stamp_of(text: str) -> str:
    try:
        return stamp(datetime.fromisoformat(text))
    except ValueError:
        return escape(text)


def _number(name: str, value: float, locale: str | None) -> str:
    if name.endswith(("_bytes", "_bytes_before")):
        return size(value, locale)
    if name.endswith("seconds"):
        return duration(value, locale)
    if name == "price":
        return price(value, locale)
    if name.endswith("_id"):
        return mention(int(value))
    return number(value, locale)
