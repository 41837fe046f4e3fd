"""The panel of `/settings` keeps Discord's rules however much is set, and its custom ids say what they said."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from discord import ui

from bot.chat.panel.changes import changes_of, is_change
from bot.chat.panel.limit_forms import BlockForm, LimitForm, amount_form, block_form, limit_form
from bot.chat.panel.pages import import_view, panel_view, preset_view
from bot.chat.panel.parts import PanelPage, Part, Place, Scene
from bot.chat.settings_text import Names
from bot.chat.statistics_file import stats_file
from bot.errors import GuildSettingsInvalid
from bot.rules.catalog import Operation, load_catalog
from bot.rules.guild_settings import Access, Defaults, GuildSettings, Known
from bot.rules.guild_settings_file import diff
from bot.rules.jobs import JobState
from bot.rules.languages import PSEUDO
from bot.rules.limit_presets import PRESETS, LimitPreset, with_preset
from bot.rules.limit_rules import RULES_MAX, Block, LimitBook, Rule, Scope, Unit, Window
from bot.rules.prompts import PATTERNS_MAX, WordAction, WordRule
from bot.rules.statistics import Record, StatisticsLine, count, lines
from bot.wording import translated
from bot.wording.catalogues import languages_spoken
from bot.work.services import Table
from sandbox.discord.components import check_components
from sandbox.discord.modal_rules import check_modal

CATALOG = load_catalog()
ROLES, CHANNELS = range(1000, 1250), range(2000, 2250)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KNOWN = Known(guild_id=1, role_ids=ROLES, channel_ids=CHANNELS, catalog=CATALOG)

FULL = GuildSettings().amended(
    access={key: Access(channel_ids=frozenset(CHANNELS), role_ids=frozenset(ROLES)) for key in ("all", *Operation)},
    models_offered=frozenset(model.name for model in CATALOG),
    defaults={o: Defaults(model=CATALOG.of(o)[0].name, resolution="720p") for o in Operation if CATALOG.of(o)},
    private_by_default=True,
    word_rules=tuple(
        WordRule(pattern=f"{'a*' * 37}a{i:03}", action=WordAction.HOLD, fold=False, note="*" * 200)
        for i in range(PATTERNS_MAX)
    ),
    limits=LimitBook(
        rules=tuple(
            Rule(scope=Scope.ROLE, target_id=10**18 + i, amount=999_999.99, unit=Unit.COST, window=Window.MONTH)
            for i in range(RULES_MAX)
        ),
        exempt_role_ids=frozenset(ROLES),
        blocks=tuple(Block(user_id=10**18 + i, reason="*" * 300, until=NOW + timedelta(days=1)) for i in range(1000)),
    ),
    language="pt-BR",
    audit_channel_id=9,
    mod_channel_id=2001,
)


def scene(guild_settings: GuildSettings, page: PanelPage, locale: str, what: str = "") -> Scene:
    return Scene(
        guild_settings=guild_settings,
        catalog=CATALOG,
        server="*" * 100,
        locale=locale,
        role_ids=ROLES,
        channel_ids=CHANNELS,
        names=Names(None, locale),
        now=NOW,
        places={9: Place(there=False), 2001: Place(there=True, lacking=("send_messages", "embed_links"))},
        page=page,
        what=what,
        notes=("!" * 3000,),
        silenced=True,
        undo=True,
    )


def sent(view: ui.LayoutView) -> list[Any]:
    """The components as Discord would get them."""
    found: list[Any] = view.to_components()  # type: ignore[no-untyped-call]  # discord.py names no types here
    return found


@pytest.mark.parametrize("locale", [*languages_spoken(), PSEUDO])
@pytest.mark.parametrize("guild_settings", [GuildSettings(), FULL], ids=["nothing", "everything"])
@pytest.mark.parametrize("page", list(PanelPage))
def test_every_page_keeps_discords_rules(page: PanelPage, guild_settings: GuildSettings, locale: str) -> None:
    for what in ("", "t2v", "9", "99999"):
        check_components(sent(panel_view(scene(guild_settings, page, locale, what))), v2=True)


@pytest.mark.parametrize("locale", [*languages_spoken(), PSEUDO])
def test_a_dry_run_of_any_size_keeps_discords_rules(locale: str) -> None:
    view = import_view(scene(GuildSettings(), PanelPage.OVERVIEW, locale), diff(GuildSettings(), FULL), "0" * 16)
    check_components(sent(view), v2=True)


@pytest.mark.parametrize("locale", ["en-US", "de"])
@pytest.mark.parametrize("preset", list(LimitPreset))
def test_a_preset_says_what_it_means_before_it_is_applied(preset: LimitPreset, locale: str) -> None:
    old = GuildSettings().amended(limits=LimitBook(rules=FULL.limits.rules[:50]))
    new = old.amended(limits=with_preset(old.limits, preset))
    assert new.limits.rules[: len(PRESETS[preset])] == PRESETS[preset]
    assert new.limits.rules[len(PRESETS[preset]) :] == old.limits.rules, "what was made for a role stays"
    components = sent(preset_view(scene(old, PanelPage.LIMITS, locale), preset, diff(old, new)))
    check_components(components, v2=True)
    [text] = [part["content"] for part in components[0]["components"] if part["type"] == 10]
    about = translated(f"preset_{preset}_about", locale)
    assert about in text
    assert len(about) <= 100, "it stands below the choice, too"


@pytest.mark.parametrize("locale", ["en-US", "de"])
@pytest.mark.parametrize("scope", [scope for scope in Scope if scope is not Scope.BOT])
def test_forms_of_limits_keep_discords_rules(scope: Scope, locale: str) -> None:
    part = Part(version=0, page=PanelPage.LIMITS, control="limit")
    filled = LimitForm(scope=scope, target="12", amount="1" * 12, window=Window.COOLDOWN, unit=Unit.COST)
    for form in (
        limit_form(part, LimitForm(scope=scope), locale),
        limit_form(part, filled, locale),
        amount_form(part, f"r{10**18}cd", "2.50", locale),
        block_form(part, BlockForm(user="12", reason="x" * 300, length="1 day"), locale),
    ):
        made: Any = form.to_dict()
        check_modal(made)
        assert Part.read(made["custom_id"]) is not None


def test_custom_ids_say_what_they_said_and_others_say_nothing() -> None:
    part = Part(version=12, page=PanelPage.ACCESS, control="channels", what="t2v")
    assert Part.read(part.custom_id) == part
    assert Part.read(Part(version=0, page=PanelPage.HABITS, control="ping").custom_id) is not None
    assert Part.read("clapper:house:12:access:channels:t2v") == part, "as earlier versions wrote it"
    for forged in ("", "clapper:settings:", "clapper:settings:-1:habits:ping", "clapper:settings:1:nowhere:ping",
                   "x" * 100, "clapper:settings:1:habits:ping:" + "a" * 99, "clapper:settings:9999999999:habits:ping",
                   "clapper:home:1:habits:ping"):  # fmt: skip
        assert Part.read(forged) is None


@pytest.mark.parametrize(
    ("control", "values"),
    [("channels", ["5"]), ("channels", ["x"]), ("roles", ["2001"]), ("audit", ["5"]), ("mods", ["-1"]),
     ("offer", ["gpt-9"]), ("model", ["gpt-9"]), ("model", ["lucy-2.1"])],
)  # fmt: skip
def test_what_is_not_there_can_not_be_chosen(control: str, values: list[str]) -> None:
    assert is_change(control)
    part = Part(version=0, page=PanelPage.ACCESS, control=control, what="t2v")
    with pytest.raises(GuildSettingsInvalid):
        changes_of(part, values, GuildSettings(), KNOWN)


def test_taking_away_the_last_of_a_commands_rules_leaves_nothing_behind() -> None:
    part = Part(version=0, page=PanelPage.ACCESS, control="channels", what="t2v")
    chosen = GuildSettings().amended(**changes_of(part, ["2001"], GuildSettings(), KNOWN))
    assert chosen.access == {Operation.TEXT_TO_VIDEO: Access(channel_ids=frozenset({2001}))}
    assert changes_of(part, [], chosen, KNOWN) == {"access": {}}


def test_statistics_count_days_outcomes_commands_members_and_waits() -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def record(state: JobState, user_id: int, days_ago: float, seconds: float | None) -> Record:
        asked = now - timedelta(days=days_ago)
        done = None if seconds is None else asked + timedelta(seconds=seconds)
        return Record(
            state=state,
            operation=Operation.TEXT_TO_VIDEO,
            model="lucy-pro-t2v",
            user_id=user_id,
            accepted_at=asked,
            completed_at=done,
            cost=0.4,
            seconds=5,
        )

    records = [
        record(JobState.DELIVERED, 1, 0, 20),
        record(JobState.DELIVERED, 2, 0, 30),
        record(JobState.FAILED, 2, 1, None),
        record(JobState.PENDING, 2, 0, None),
        record(JobState.DELIVERED, 3, 30, 1),
    ]
    found = count(records, now=now, days=3)
    assert [sum(values) for _, values in found.days] == [0, 1, 3]
    assert found.outcomes == (2, 1, 0, 1)
    assert found.total == 4
    assert [(share.key, share.jobs, share.seconds) for share in found.members] == [(2, 3, 15), (1, 1, 5)]
    assert [(share.key, share.jobs) for share in found.models] == [("lucy-pro-t2v", 4)]
    assert [(str(share.key), share.jobs) for share in found.latest] == [("2026-11-22", 3), ("2026-11-21", 1)]
    table = lines(records, now=now, days=3)
    assert [(str(line.day), line.user_id, line.outcomes, line.seconds) for line in table] == [
        ("2026-11-22", 1, (1, 0, 0, 0), 5), ("2026-11-22", 2, (1, 0, 0, 1), 10), ("2026-11-21", 2, (0, 1, 0, 0), 5)
    ]  # fmt: skip
    assert sum(sum(line.outcomes) for line in table) == found.total
    assert sum(line.cost for line in table) == pytest.approx(found.cost)
    assert found.waits == (1, 1, 0, 0, 0, 0)
    assert (found.median_seconds, found.slow_seconds) == (30, 30)
    assert count([], now=now, days=1).median_seconds is None


HOSTILE_NAMES = (
    '=HYPERLINK("http://example.com","free")', "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1:A9)", "\t=1+1", "\r\n=1+1",
    "\uff1d1+1", "|calc", "%0A", " =1+1", "\u200b=1+1", 'a,b"c', "\u0645=1", "\u202e=1",
)  # fmt: skip


@pytest.mark.parametrize("locale", ["en-US", "de"])
@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_spreadsheet_shows_a_members_name_and_never_reckons_it(name: str, locale: str) -> None:
    line = StatisticsLine(
        day=date(2026, 11, 22),
        operation=Operation.EDIT,
        model="lucy-2.5",
        user_id=7,
        outcomes=(1, 2, 0, 0),
        seconds=12.34,
        cost=1.005,
    )
    file = stats_file(Table(lines=(line,), names={7: name}, cut=False), CATALOG, locale)
    raw = file.fp.read()
    assert raw.startswith(b"\xef\xbb\xbf"), "as UTF-8 says"
    head, row = csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""))
    assert len(head) == len(row) == 11
    assert row[0] == "2026-11-22"
    assert row[4:] == ["<@7>", "1", "2", "0", "0", "12.3", "1.0"]
    assert all(not cell.lstrip().startswith(("=", "+", "-", "@", "|", "%", "\uff1d")) for cell in row)
    assert all(cell.isprintable() or "\u2068" in cell for cell in row)
