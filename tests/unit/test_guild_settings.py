from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.errors import (
    AgeRestrictedOnly,
    ChannelNotAllowed,
    GuildSettingsInvalid,
    ModelNotOffered,
    Refused,
    RoleNotAllowed,
)
from bot.rules.catalog import Operation, load_catalog
from bot.rules.guild_settings import (
    Access,
    Defaults,
    GuildSettings,
    Known,
    check_known,
    offered_models,
    permits,
    with_defaults,
)
from bot.rules.guild_settings_file import FILE_MAX_CHARS, Change, diff, export_settings, import_settings
from bot.rules.jobs import Requester
from bot.rules.limit_rules import Block, LimitBook, Rule, Scope, Unit, Window
from bot.rules.limits import Asked, Usage
from bot.rules.prompts import WordAction, WordRule, judge
from bot.rules.requests import Inputs
from bot.wording import SENTENCES, say
from tests.limits import decide

CATALOG = load_catalog()
GUILD = 1_100_000_000_000_000_001
ROLE, OTHER_ROLE = 1_100_000_000_000_000_050, 1_100_000_000_000_000_051
CHANNEL, MOD_CHANNEL = 1_100_000_000_000_000_010, 1_100_000_000_000_000_011
KNOWN = Known(guild_id=GUILD, role_ids={ROLE, OTHER_ROLE}, channel_ids={CHANNEL, MOD_CHANNEL}, catalog=CATALOG)
T2V = CATALOG.get("lucy-pro-t2v")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

FULL = GuildSettings(
    version=3,
    limits=LimitBook(
        rules=(
            Rule(scope=Scope.EVERYONE, amount=5, window=Window.DAY),
            Rule(scope=Scope.ROLE, target_id=ROLE, amount=50, unit=Unit.COST, window=Window.WEEK),
            Rule(scope=Scope.CHANNEL, target_id=CHANNEL, amount=30, window=Window.COOLDOWN),
        ),
        exempt_role_ids=frozenset({OTHER_ROLE}),
        blocks=(Block(user_id=7, reason="spam", until=NOW), Block(user_id=8)),
        when_full="queue",
    ),
    access={"all": Access(channel_ids=frozenset({CHANNEL})), Operation.EDIT: Access(role_ids=frozenset({ROLE}))},
    models_offered=frozenset({"lucy-pro-t2v", "lucy-dev-i2v"}),
    defaults={Operation.TEXT_TO_VIDEO: Defaults(resolution="480p", orientation="portrait")},
    private_by_default=True,
    age_restricted_only=True,
    word_rules=(WordRule(pattern="cat*", action=WordAction.HOLD), WordRule(pattern="dog", note="no dogs")),
    audit_channel_id=CHANNEL,
    mod_channel_id=MOD_CHANNEL,
    language="de",
)


def member(*roles: int, channel: int = CHANNEL, guild: int | None = GUILD) -> Requester:
    return Requester(user_id=7, name="Ada", guild_id=guild, channel_id=channel, role_ids=roles)


def allowed(
    guild_settings: GuildSettings, who: Requester | None = None, *, nsfw: bool = False, parent: int | None = None
) -> None:
    permits(guild_settings, Operation.TEXT_TO_VIDEO, who or member(), T2V, age_restricted=nsfw, catalog=CATALOG,
            parent_channel_id=parent)  # fmt: skip


def refusal(text: str, current: GuildSettings = FULL) -> dict[str, object]:
    with pytest.raises(GuildSettingsInvalid) as caught:
        import_settings(text, current, KNOWN)
    assert caught.value.facts["why"]
    return dict(caught.value.facts)


def document(**changes: Any) -> str:
    return json.dumps({"format": 1, **changes})


def test_a_new_server_has_sensible_limits_and_forbids_nothing() -> None:
    guild_settings = GuildSettings()
    for operation in Operation:
        for model in CATALOG.of(operation):
            permits(guild_settings, operation, member(), model, age_restricted=False, catalog=CATALOG)
    rows = [Usage(job_id=str(n), user_id=7, channel_id=CHANNEL, guild_id=GUILD, accepted_at=NOW, cost=5, seconds=5)
            for n in range(20)]  # fmt: skip
    asked = Asked(cost=5, seconds=5)
    assert decide(guild_settings.limits, member(), asked, rows[:19], NOW).allowed
    assert not decide(guild_settings.limits, member(), asked, rows, NOW).allowed
    assert judge(guild_settings.word_rules, "anything at all") is None
    check_known(guild_settings, KNOWN)


def test_channels_and_roles_are_allowed_for_each_command() -> None:
    only_mod = GuildSettings(access={Operation.TEXT_TO_VIDEO: Access(channel_ids=frozenset({MOD_CHANNEL}))})
    with pytest.raises(ChannelNotAllowed) as caught:
        allowed(only_mod)
    assert caught.value.facts == {"command": "t2v", "channels": str(MOD_CHANNEL)}
    allowed(only_mod, member(channel=MOD_CHANNEL))
    allowed(only_mod, member(channel=999), parent=MOD_CHANNEL)
    permits(only_mod, Operation.EDIT, member(), CATALOG.get("lucy-2.1"), age_restricted=False, catalog=CATALOG)

    only_role = GuildSettings(access={"all": Access(role_ids=frozenset({ROLE}))})
    with pytest.raises(RoleNotAllowed):
        allowed(only_role, member(OTHER_ROLE))
    allowed(only_role, member(OTHER_ROLE, ROLE))


def test_outside_of_servers_no_rule_of_a_house_holds() -> None:
    allowed(FULL, member(guild=None, channel=5))


def test_an_age_restricted_house_is_closed_elsewhere() -> None:
    guild_settings = GuildSettings(age_restricted_only=True)
    with pytest.raises(AgeRestrictedOnly):
        allowed(guild_settings)
    allowed(guild_settings, nsfw=True)


def test_models_that_are_not_offered_are_refused_and_not_listed() -> None:
    guild_settings = GuildSettings(models_offered=frozenset({"lucy-dev-i2v", "lucy-clip"}))
    with pytest.raises(ModelNotOffered) as caught:
        allowed(guild_settings)
    assert caught.value.facts == {"model": "Lucy Pro (text)", "choices": ""}
    assert [m.name for m in offered_models(guild_settings, CATALOG, Operation.IMAGE_TO_VIDEO)] == ["lucy-dev-i2v"]
    assert offered_models(GuildSettings(), CATALOG, Operation.EDIT) == CATALOG.of(Operation.EDIT)


def test_the_houses_default_model_comes_first() -> None:
    guild_settings = GuildSettings(defaults={Operation.EDIT: Defaults(model="lucy-2.6")})
    names = [model.name for model in offered_models(guild_settings, CATALOG, Operation.EDIT)]
    assert names[0] == "lucy-2.6"
    assert sorted(names) == sorted(model.name for model in CATALOG.of(Operation.EDIT))


def test_defaults_fill_what_the_member_left_open_and_the_model_takes() -> None:
    guild_settings = GuildSettings(
        defaults={
            Operation.TEXT_TO_VIDEO: Defaults(resolution="480p", orientation="portrait", enhance_prompt=True),
            Operation.EDIT: Defaults(resolution="480p", enhance_prompt=True),
        }
    )
    assert with_defaults(guild_settings, T2V, Inputs(prompt="a cat")) == Inputs(
        prompt="a cat", resolution="480p", orientation="portrait"
    )
    said = Inputs(prompt="a cat", resolution="720p", orientation="landscape")
    assert with_defaults(guild_settings, T2V, said) == said
    edit = CATALOG.get("lucy-2.1")
    assert with_defaults(guild_settings, edit, Inputs(prompt="snow")) == Inputs(prompt="snow", enhance_prompt=True)
    assert with_defaults(guild_settings, edit, Inputs()) == Inputs()
    assert with_defaults(GuildSettings(), edit, Inputs(prompt="snow")).enhance_prompt is True, "as the service does"
    never = GuildSettings(defaults={Operation.EDIT: Defaults(enhance_prompt=False)})
    assert with_defaults(never, edit, Inputs(prompt="snow")).enhance_prompt is False
    assert with_defaults(guild_settings, edit, Inputs(prompt="x", enhance_prompt=False)).enhance_prompt is False


def test_every_change_is_checked_and_counts_the_version() -> None:
    guild_settings = GuildSettings().amended(private_by_default=True)
    assert (guild_settings.version, guild_settings.private_by_default) == (1, True)
    for changes in ({"audit_channel_id": -1}, {"no_such": 1}, {"word_rules": [{"pattern": "(a+)+"}]}):
        with pytest.raises(GuildSettingsInvalid):
            guild_settings.amended(**changes)
    with pytest.raises(GuildSettingsInvalid) as caught:
        guild_settings.amended(word_rules=(WordRule(pattern="cat", action=WordAction.HOLD),))
    assert caught.value.facts["reason"] == "no_mod_channel"


def test_a_file_comes_back_as_it_was_written_over_whatever_is_there() -> None:
    text = export_settings(FULL, GUILD)
    for current in (GuildSettings(), FULL, GuildSettings(version=9, audit_channel_id=MOD_CHANNEL)):
        assert import_settings(text, current, KNOWN) == FULL.model_copy(update={"version": current.version + 1})
    assert import_settings(export_settings(GuildSettings(), GUILD), FULL, KNOWN) == GuildSettings(
        version=FULL.version + 1
    )
    assert f'"{CHANNEL}"' in text
    assert str(CHANNEL) not in text.replace(f'"{CHANNEL}"', "")
    assert import_settings("\ufeff" + text, GuildSettings(), KNOWN) == FULL.model_copy(update={"version": 1})


def test_a_file_replaces_only_the_settings_that_it_names() -> None:
    assert import_settings(document(private_by_default=False), FULL, KNOWN) == FULL.amended(private_by_default=False)


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.mark.parametrize(
    ("text", "reason", "where"),
    [
        ("", "not_json", "line 1"),
        ("{", "not_json", "line 1"),
        ("[]", "not_settings", "the file"),
        ("{}", "not_settings", "format"),
        ('{"format": 2}', "not_settings", "format"),
        (nested(100_000), "not_json", "the file"),
        ("1" * 10_000, "not_json", "the file"),
        (" " * (FILE_MAX_CHARS + 1), "too_long", "the file"),
        ('{"format": 1, "format": 1}', "said_twice", "format"),
        (document(colour="red"), "unknown_key", "colour"),
        (document(self=1), "unknown_key", "self"),
        (document(version=99), "unknown_key", "version"),
        (document(limits={"rules": [], "extra": 1}), "unknown_key", "limits.extra"),
        (document(limits={"rules": [{"scope": "everyone", "amount": 10**12, "window": "day"}]}), "too_high",
         "limits.rules.0.amount"),
        (document(limits={"rules": [{"scope": "everyone", "amount": -1, "window": "day"}]}), "too_low",
         "limits.rules.0.amount"),
        (document(limits={"rules": [{"scope": "role", "target_id": n + 1, "amount": 1, "window": "day"}
                                    for n in range(101)]}), "too_many", "limits.rules"),
        (document(limits={"when_full": "explode"}), "not_a_choice", "limits.when_full"),
        (document(private_by_default=[]), "wrong_kind", "private_by_default"),
        (document(word_rules=[{}]), "incomplete", "word_rules.0.pattern"),
        (document(limits={"rules": [{"scope": "role", "target_id": 5, "amount": 1, "window": "day"}]}), "id_unknown",
         "limits.rules"),
        (document(limits={"rules": [{"scope": "channel", "target_id": str(ROLE), "amount": 1, "window": "day"}]}),
         "id_unknown", "limits.rules"),
        (document(limits={"exempt_role_ids": [5]}), "id_unknown", "limits.exempt_role_ids"),
        (document(access={"t2v": {"channel_ids": [5]}}), "id_unknown", "access.t2v"),
        (document(access={"all": {"role_ids": [5]}}), "id_unknown", "access.all"),
        (document(audit_channel_id=5), "id_unknown", "audit_channel_id or mod_channel_id"),
        (document(models_offered=["sora"]), "model_unknown", "models_offered"),
        (document(defaults={"edit": {"model": "lucy-clip"}}), "model_unknown", "defaults.edit"),
        (document(word_rules=[{"pattern": "(a+)+$"}]), "invalid", "word_rules.0"),
        (document(mod_channel_id=None), "no_mod_channel", "word_rules"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_says_where_and_why(text: str, reason: str, where: str) -> None:
    facts = refusal(text)
    assert (facts["reason"], facts["where"]) == (reason, where)
    for locale in ("en-US", "de"):
        told = say("guild_settings_invalid", locale, **facts)
        typed = {"colour", "self", "version", "extra"} if reason == "unknown_key" else set()
        names = {*GuildSettings.model_fields, *LimitBook.model_fields, *Rule.model_fields, *WordRule.model_fields}
        shown = {word for word in re.findall(r"[a-z]+(?:_[a-z]+)+|\bformat\b", told) if word in names | {"format"}}
        assert shown <= typed, told
        assert "limits." not in told
        assert "Input should" not in told


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
KEYS = st.sampled_from(
    [*GuildSettings.model_fields, "rules", "blocks", "amount", "scope", "pattern", "edit", "all", "self"]
)


@given(st.dictionaries(KEYS, JSON | st.dictionaries(KEYS, JSON, max_size=3), max_size=4))
@example({"word_rules": [{"pattern": "a", "note": "\ud800"}]})
@example({"models_offered": ["\ud800"]})
@example({"limits": {"blocks": [{"user_id": 1, "reason": "\ud800"}]}})
def test_any_file_is_refused_or_gives_settings_that_can_be_written(fields: dict[str, Any]) -> None:
    try:
        guild_settings = import_settings(json.dumps({"format": 1} | fields), GuildSettings(), KNOWN)
    except Refused:
        return
    text = export_settings(guild_settings, GUILD)
    text.encode()
    assert import_settings(text, GuildSettings(), KNOWN) == guild_settings


@given(st.text(max_size=200))
def test_any_text_as_a_file_is_refused_in_a_sentence(text: str) -> None:
    assert refusal(text)["reason"] in {"not_json", "not_settings"}


def test_the_dry_run_says_what_would_change() -> None:
    changes = diff(GuildSettings(), FULL)
    assert Change("limit", "everyone jobs day", 20, 5) in changes
    assert Change("limit", "everyone jobs at once", 2, None) in changes
    assert Change("limit", f"role:{ROLE} cost week", None, 50) in changes
    assert Change("exempt_role", str(OTHER_ROLE), None, True) in changes
    assert Change("block", "8", None, "blocked") in changes
    assert Change("channels", "all", "", str(CHANNEL)) in changes
    assert Change("roles", "edit", "", str(ROLE)) in changes
    assert Change("models_offered", "", None, "lucy-dev-i2v, lucy-pro-t2v") in changes
    assert Change("defaults", "t2v", None, "resolution 480p, orientation portrait") in changes
    assert Change("word_rule", "cat*", None, "hold") in changes
    assert Change("word_rule", "dog", None, "block, no dogs") in changes
    assert Change("private_by_default", "", False, True) in changes
    assert Change("audit_channel_id", "", None, CHANNEL) in changes
    assert all(change.key != "when_full" for change in changes)
    backwards = {(change.key, change.what, change.after, change.before) for change in diff(FULL, GuildSettings())}
    assert backwards == {(change.key, change.what, change.before, change.after) for change in changes}


def test_nothing_changes_between_two_versions_of_the_same() -> None:
    assert diff(FULL, FULL.amended()) == ()


@pytest.mark.parametrize("field", sorted(set(GuildSettings.model_fields) - {"version"}))
def test_no_setting_can_change_unseen_by_the_dry_run(field: str) -> None:
    plain = GuildSettings(limits=LimitBook(), ping_when_slow=False, mod_channel_id=CHANNEL)
    changes = diff(plain, plain.model_copy(update={field: getattr(FULL, field)}))
    assert changes, f"let _changes in bot/rules/guild_settings_file.py tell {field}, and FULL above have it"
    missing = {f"change_{change.key}" for change in changes} - SENTENCES.keys()
    assert missing == set(), "add to bot/wording/english_settings.py"


def test_a_language_that_is_not_listed_is_refused() -> None:
    with pytest.raises(GuildSettingsInvalid) as refused:
        import_settings(document(language="xx"), GuildSettings(), KNOWN)
    assert (refused.value.facts["where"], refused.value.facts["reason"]) == ("language", "language_unknown")
    assert import_settings(document(language="pl"), GuildSettings(), KNOWN).language == "pl"
    assert import_settings(document(language=None), FULL, KNOWN).language is None
