"""The table of sentences: complete, harmless, and the same in every language."""

from __future__ import annotations

import ast
import re
import string
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ClapperError, UserFacing
from bot.rules.guild_settings import IDS_MAX
from bot.rules.jobs import Failure
from bot.wording import SENTENCES, Markup, say, sentence_of
from bot.wording.facts import (
    MESSAGE_MAX_CHARS,
    day,
    duration,
    escape,
    fitted,
    moment,
    number,
    plain,
    short_day,
    size,
    stamp,
)

REPO = Path(__file__).parents[2]
PREFIXES = (
    "state_",
    "role_",
    "found_",
    "whose_",
    "scope_",
    "unit_",
    "window_",
    "permission_",
    "file_unsupported_",
    "file_of_other_kind_",
    "member_blocked_",
    "prompt_denied_",
    "trajectory_invalid_",
    "pattern_invalid_",
    "guild_settings_invalid_",
)
"""What the keys begin with of words that stand for a fact's value: bot/wording/__init__.py."""

FAMILIES = {"user_facing", "refused", "failed", "input_rejected"}


def leaves(of: type[UserFacing] = UserFacing) -> Iterator[type[UserFacing]]:
    below = of.__subclasses__()
    if not below:
        yield of
    for kind in below:
        yield from leaves(kind)


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def source_words() -> set[str]:
    """Every string constant of our own code, and the constant beginnings of f-strings."""
    words: set[str] = set()
    for path in [*(REPO / "bot").rglob("*.py"), *(REPO / "cogs").rglob("*.py")]:
        if path.parent.name == "wording":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words.add(node.value)
    return words


@pytest.mark.parametrize("kind", [*leaves()], ids=lambda kind: kind.__name__)
def test_every_error_that_members_see_has_a_sentence(kind: type[UserFacing]) -> None:
    if kind.key not in SENTENCES:
        pytest.fail(f'add a sentence for {kind.__name__} to bot/wording/english.py: "{kind.key}": "…",', pytrace=False)


_VARIANTS = re.compile("(_together|_cost)?(_unexplained)?(_cooldown)?$")


def test_no_sentence_is_without_use() -> None:
    words = source_words()
    keys = {kind.key for kind in leaves()}
    prefixes = {word for word in words if word.endswith("_")} | set(PREFIXES)
    roots = {key: _VARIANTS.sub("", key) for key in SENTENCES}
    unused = [
        key
        for key, root in roots.items()
        if not (root in keys or root in words or any(root.startswith(p) for p in prefixes))
    ]
    if unused:
        pytest.fail(f"nothing in bot/ or cogs/ says these sentences of english.py: {', '.join(unused)}", pytrace=False)


def keys_said() -> Iterator[tuple[str, str]]:
    """Where the code names a sentence (`say("…")`, `translated("…")`, `Described("…")`), and its key."""
    for path in [*(REPO / "bot").rglob("*.py"), *(REPO / "cogs").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Name(id="say" | "translated" | "Described") | ast.Attribute(attr="say"),
                    args=[ast.Constant(value=str(key)), *_],
                ):
                    yield f"{path.relative_to(REPO)}:{node.lineno}", key


def test_every_sentence_that_the_code_names_is_there() -> None:
    missing = [f"{place}: {key}" for place, key in keys_said() if key not in SENTENCES]
    if missing:
        pytest.fail("add these sentences to bot/wording/english.py:\n" + "\n".join(missing), pytrace=False)


def test_families_of_errors_have_no_sentence_of_their_own() -> None:
    assert not FAMILIES & SENTENCES.keys()


def test_german_readers_are_told_in_german_and_others_in_english() -> None:
    assert "Zeichen" in say("prompt_too_long", "de", length=1001, limit=1000)
    assert say("prompt_too_long", "xx", length=1001, limit=1000) == say("prompt_too_long", length=1001, limit=1000)
    assert say("prompt_missing", "en-GB") == SENTENCES["prompt_missing"]


def test_a_failure_without_a_reason_is_told_without_quotation_marks() -> None:
    assert "“" not in say("service_failed", reason=None)
    assert "“too dark”" in say("service_failed", reason="too dark")


def test_numbers_sizes_and_durations_are_written_in_the_readers_language() -> None:
    assert [number(n) for n in (7, 1.5, 1.04, 1280, 12_345)] == ["7", "1.5", "1", "1280", "12,345"]
    assert [number(n, "de") for n in (7, 1.5, 1.04, 1280, 12_345)] == ["7", "1,5", "1", "1280", "12.345"]
    assert [size(n, "de") for n in (12, 10_380_902, 20 * 1024**2)] == ["12 B", "9,9 MB", "20 MB"]
    assert [duration(s, "de") for s in (1.1, 42, 185)] == ["1,1 s", "42 s", "3 min 5 s"]
    assert "1,1 s" in say("took", "de", seconds=1.1)
    assert "3,4 MB" in say("file_too_large", "de", role="data", size_bytes=1, limit_bytes=3.4 * 1024**2)
    assert "5,5 Sekunden" in say("trajectory_invalid", "de", where="x", why="", reason="too_long", length=5.5)
    assert "5.5 seconds" in say("trajectory_invalid", "en-GB", where="x", why="", reason="too_long", length=5.5)


def test_a_locale_that_nobody_knows_is_no_trouble() -> None:
    assert (number(12_345, "xx"), number(12_345, "de-Atlantis"), number(1.5, "en-")) == ("12,345", "12.345", "1.5")


def test_dates_are_written_in_the_readers_language_and_times_in_utc() -> None:
    at = datetime(2026, 11, 22, 14, 5, tzinfo=timezone(timedelta(hours=1)))
    assert (day(at), short_day(at), moment(at)) == ("Nov 22, 2026", "Nov 22", "Nov 22, 2026, 13:05 UTC")
    assert (day(at, "en-GB"), day(at, "de"), short_day(at, "de")) == ("22 Nov 2026", "22.11.2026", "22. Nov.")


def formatted_numbers(path: Path) -> Iterator[str]:
    """Where a module formats a number or a date by itself: `{seconds:.1f}`, `{count:,}`, `{day:%m-%d}`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.FormattedValue(format_spec=ast.JoinedStr()) | ast.Attribute(attr="strftime" | "isoformat"):
                yield f"{path.name}:{node.lineno}"


def test_what_members_see_is_formatted_in_one_place() -> None:
    shown = [*(REPO / "bot" / "chat").rglob("*.py"), *(REPO / "cogs").glob("*.py")]
    assert [place for path in shown for place in formatted_numbers(path)] == [], "use bot.wording.facts"


def test_facts_are_written_in_their_units() -> None:
    assert size(20 * 1024**2) == "20 MB"
    assert size(10_380_902) == "9.9 MB"
    assert size(300 * 1024**2) == "300 MB"
    assert size(12) == "12 B"
    assert [duration(s) for s in (4.5, 42, 60, 185, 7800)] == ["4.5 s", "42 s", "1 min", "3 min 5 s", "2 h 10 min"]
    at = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert stamp(at) == "<t:1795348800:R>"
    told = say("model_unavailable", model="lucy-2.1", until=at)
    assert "<t:1795348800:R>" in told
    assert say("model_unavailable", model="lucy-2.1", until=at.isoformat()) == told, "rows keep times as text"
    assert "3 min" in say("file_too_long", role="data", seconds=timedelta(minutes=3), limit_seconds=60)


ROWS_OF_EARLIER_VERSIONS: dict[str, dict[str, Any]] = {
    "service_failed": {"reason": "too dark"},
    "content_refused": {"reason": "violence"},
    "service_refused": {"reason": "too dark", "http_status": 400},
    "service_busy": {},
    "service_unreachable": {},
    "key_refused": {},
    "out_of_credits": {},
    "job_expired": {},
    "outcome_unknown": {},
    "result_invalid": {},
    "delivery_impossible": {},
    "internal_failure": {},
    "machine_busy": {},
    "prompt_denied": {},
    "hold_unseen": {},
    "hold_undecided": {},
    "deadline_passed": {"minutes": 20},
    "result_too_large": {"size_bytes": 12_000_000},
    "file_empty": {"role": "data"},
    "file_gone": {"role": "data"},
    "file_too_large": {"role": "data", "size_bytes": 12, "limit_bytes": 11},
    "file_too_long": {"role": "data", "seconds": 61.0, "limit_seconds": 60.0},
    "file_unsupported": {"role": "data", "found": "text", "wanted": "picture"},
    "file_broken": {"role": "data", "found": "PNG"},
    "file_too_costly": {"role": "data", "found": "GIF"},
    "file_forbidden": {"role": "data", "host": "example.com"},
    "video_too_large": {"role": "data", "width": 9, "height": 9, "limit_side": 8},
    "picture_too_large": {"role": "data", "width": 9, "height": 9, "limit_pixels": 64},
    "prompt_too_long": {"length": 1001, "limit": 1000},
    "seed_out_of_range": {"lowest": 0, "highest": 9},
    "resolution_unknown": {"model": "lucy-clip", "choices": "720p"},
    "trajectory_invalid": {"where": "frame 3", "why": "frames count upwards"},
}
"""The failures that jobs' rows may hold, with the facts that earlier versions wrote. Whoever renames a key keeps these
readable."""


@pytest.mark.parametrize("key", ROWS_OF_EARLIER_VERSIONS)
def test_the_failure_in_a_row_of_an_earlier_version_is_still_told(key: str) -> None:
    failure = Failure.model_validate({"key": key, "facts": ROWS_OF_EARLIER_VERSIONS[key]})
    assert "{" not in say(failure.key, "de", **failure.facts)


def test_a_row_tells_the_same_as_the_error_that_it_keeps() -> None:
    for kind in (kind for kind in leaves() if kind.key in SENTENCES):
        facts = dict.fromkeys(fields(SENTENCES[kind.key]), "data")
        error = kind(**facts)
        failure = Failure.of(error)
        assert say(failure.key, None, **failure.facts) == sentence_of(error)
        assert isinstance(error, ClapperError)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a cat playing piano", "a cat playing piano"),
        ("@everyone <@123> <@&4> <#5>", "@\u200beveryone \\<@\u200b123> \\<@\u200b&4> \\<#5>"),
        ("**bold** _x_ `code` ||secret||", "\\*\\*bold\\*\\* \\_x\\_ \\`code\\` \\||secret\\||"),
        ("[free](https://example.com)", "\\[free\\](https\\://example.com)"),
        ("# heading\n> quote\n- list", "\\# heading > quote - list"),
        ("- item", "\\- item"),
        ("1. first", "1\\. first"),
        ("nul\x00 \u200bzero \u202eturned", "nul zero turned"),
        ("e\u0301" + "\u0301" * 50, "e" + "\u0301" * 3),
        ("👩\u200d🚀 in space", "👩\u200d🚀 in space"),
        ("قطة", "\u2068قطة\u2069"),
        ("   ", ""),
        ("# قطة", "\u2068\\# قطة\u2069"),
        ("join discord.gg/cats now", "join discord.gg\\/cats now"),
        ("Discord.com/invite/cats", "Discord.com\\/invite/cats"),
        ("one\u2028two\x85three", "one two three"),
    ],
)
def test_strangers_words_are_shown_and_do_nothing(text: str, shown: str) -> None:
    assert escape(text) == shown


@given(st.text(max_size=300))
def test_a_label_is_one_line_that_moves_nothing(text: str) -> None:
    shown = plain(text, 90)
    assert len(shown) <= 92
    assert all(unicodedata.category(char) not in {"Cc", "Cs", "Zl", "Zp"} for char in shown)
    assert not set(shown) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u200e\u200f\u061c")
    assert shown.count("\u2068") == shown.count("\u2069")


def test_a_label_is_as_it_was_written() -> None:
    assert plain("**bold** @everyone [x](https://a.b)") == "**bold** @everyone [x](https://a.b)"


@given(st.text(max_size=3000))
def test_no_text_pings_or_grows_or_breaks_its_line(text: str) -> None:
    shown = escape(text, 300)
    assert "@everyone" not in shown
    assert "@here" not in shown
    assert "\n" not in shown
    assert "\x00" not in shown
    assert len(shown) <= 2 * 300 + 2
    shown.encode("utf-8")


def test_a_limit_says_whose_it_is_and_when_it_frees() -> None:
    facts: dict[str, Any] = {"amount": 5, "unit": "jobs", "window": "at once", "used": 5}
    told = say("limit_reached", whose="role:123", frees_at="2026-11-22T12:00:00+00:00", **facts)
    assert "Each member with <@&123> may make 5 videos at once" in told
    assert "<t:1795348800:R>" in told
    assert "under way" in say("limit_reached", whose="operator_server", frees_at=None, **facts)
    day: dict[str, Any] = {"frees_at": "2026-11-22T12:00:00+00:00", "amount": 5, "window": "day", "used": 5}
    assert say("limit_reached", whose="server", unit="jobs", **day).startswith(
        "The whole server together may make 5 videos a day, and 5 have been made."
    )
    assert say("limit_reached", whose="everyone", unit="cost", **day).startswith(
        "Each member may spend 5.00 US dollars a day, and 5.00 have been spent."
    )
    pause = say("limit_reached", whose="everyone", frees_at=None, **facts | {"window": "cooldown", "amount": 30})
    assert "30 s between two videos" in pause


def test_one_is_counted_in_the_singular() -> None:
    facts = {"target": "everyone", "window": "hour"}
    assert say("rule_line", amount=1, unit="jobs", **facts) == "everyone: 1 video an hour"
    assert say("rule_line", amount=2, unit="jobs", **facts) == "everyone: 2 videos an hour"
    assert "1 Sekunde Video" in say("rule_line", "de", amount=1, unit="seconds", **facts)


def test_why_a_path_or_a_setting_makes_no_sense_is_told_in_the_readers_language() -> None:
    facts = {"where": "9999", "why": "outside the frame", "reason": "outside", "width": 1280, "height": 704}
    assert "1280x704 pixels" in say("trajectory_invalid", None, **facts)
    assert "außerhalb des Bildes" in say("trajectory_invalid", "de", **facts)
    assert "Einstellung" in say("guild_settings_invalid", "de", where="x", why="?", reason="unknown_key", name="x")
    assert "too big" in say("guild_settings_invalid", "de", where="x", why="too big", reason="invalid")


def test_a_server_that_offers_nothing_for_a_command_offers_no_empty_list() -> None:
    assert "another command" in say("model_not_offered", model="lucy-clip", choices="")


def test_a_blocked_member_is_told_until_when_and_why_where_that_is_known() -> None:
    until = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert say("member_blocked", reason="spam", until=until).endswith("“spam”")
    assert "„spam“" in say("member_blocked", "de", reason="spam", until=None)
    assert "“" not in say("member_blocked", reason="", until=None)
    assert "<t:1795348800:R>" in say("member_blocked", reason="", until=until)


def test_markup_of_our_own_stays_as_it_is() -> None:
    assert say("seed_is", seed=Markup("`7`")) == "seed `7`"


@pytest.mark.parametrize("locale", ["en-US", "de"])
def test_a_server_with_many_channels_names_ten(locale: str) -> None:
    channels = ", ".join(str(1080475252798000000 + n) for n in range(IDS_MAX))
    told = say("channel_not_allowed", locale, command="animate", channels=channels)
    assert told.count("<#") == 10
    assert "…" in told
    assert len(told) < MESSAGE_MAX_CHARS


@given(st.text(max_size=2 * MESSAGE_MAX_CHARS))
def test_no_message_is_longer_than_discord_takes(text: str) -> None:
    told = fitted(text)
    assert len(told) <= MESSAGE_MAX_CHARS
    assert told == text or told == text[: MESSAGE_MAX_CHARS - 1] + "…"
