"""A guild's settings: everything that its admins have set, as one document with a version.

A guild that has set nothing has `GuildSettings()`: limits that keep one member from using up everybody's share, and
nothing else forbidden. Two admins can't overwrite each other's changes unseen: who saves gives the `version` that they
looked at, and the store raises `GuildSettingsOutdated` where a newer one exists.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, ValidationError

from bot.errors import (
    AgeRestrictedOnly,
    ChannelNotAllowed,
    Fact,
    GuildSettingsInvalid,
    ModelNotOffered,
    RoleNotAllowed,
)
from bot.rules.catalog import Catalog, Model, Operation
from bot.rules.jobs import Requester
from bot.rules.languages import LANGUAGES
from bot.rules.limit_rules import IdSet, LimitBook, Rule, Scope, Window
from bot.rules.prompts import PATTERNS_MAX, WordAction, WordRule
from bot.rules.requests import Inputs, Orientation, Resolution

PING_AFTER = timedelta(minutes=2)
"""How long a job must have taken for its requester to be pinged at its end, where the guild wants that."""

IDS_MAX = 250
"""The most roles or channels in one list: Discord's own limit for roles in a guild."""

REASONS: Mapping[str, str] = {
    "unknown_key": "there is no such setting as “{name}”",
    "no_mod_channel": "prompts can be held only where a moderators' channel is set, too",
    "id_unknown": "{id} is not in this server",
    "model_unknown": "there is no model {model} for this",
    "not_settings": "this is not a file of my settings",
    "not_json": "it is not JSON",
    "too_long": "it is longer than {limit} characters",
    "said_twice": "it is there twice",
    "too_high": "it may be at most {limit}",
    "too_low": "it must be at least {limit}",
    "too_many": "there may be at most {limit}",
    "not_a_choice": "it must be one of these: {choices}",
    "wrong_kind": "it must be of another kind (text, a number, a list, true or false), as in a file of Export",
    "incomplete": "something that it needs is left out; a file that Export gives has all of it",
    "language_unknown": "there is no such language",
}

_KINDS: Mapping[str, tuple[str, str]] = {
    "less_than_equal": ("too_high", "le"),
    "less_than": ("too_high", "lt"),
    "greater_than_equal": ("too_low", "ge"),
    "greater_than": ("too_low", "gt"),
    "too_long": ("too_many", "max_length"),
    "string_too_long": ("too_long", "max_length"),
    "literal_error": ("not_a_choice", "expected"),
    "enum": ("not_a_choice", "expected"),
    "missing": ("incomplete", ""),
}
"""Pydantic's kinds of errors: the reason for each, and the key of what it tells (its `ctx`)."""
"""Why a value is refused, in English, by the `reason` fact of `GuildSettingsInvalid`. The reason `invalid` is not here:
the fact `why` is then a validator's own sentence."""

Id = Annotated[int, Field(ge=1, lt=2**63)]
Ids = Annotated[IdSet, Field(max_length=IDS_MAX)]
Names = Annotated[frozenset[str], PlainSerializer(sorted, return_type=list[str]), Field(max_length=200)]

STARTING_LIMITS = LimitBook(
    rules=(
        Rule(scope=Scope.EVERYONE, amount=2, window=Window.AT_ONCE),
        Rule(scope=Scope.EVERYONE, amount=20, window=Window.DAY),
        Rule(scope=Scope.SERVER, amount=10, window=Window.AT_ONCE),
        Rule(scope=Scope.SERVER, amount=200, window=Window.DAY),
    ),
    when_full="queue",
)


class Access(BaseModel):
    """Where, and by whom, a command may be used. Empty: everywhere, by everyone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel_ids: Ids = frozenset()
    role_ids: Ids = frozenset()


class Defaults(BaseModel):
    """What a command uses where the member says nothing. None leaves it to the catalogue and the service."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str | None = Field(default=None, max_length=100)
    resolution: Resolution | None = None
    orientation: Orientation | None = None
    enhance_prompt: bool | None = None


class GuildSettings(BaseModel):
    """A guild's settings. `version` is how often they were saved, 0 for a guild that never has.

    `access` is by command, and `all` is for every command: both must allow it. `models_offered` None means all that the
    catalogue shows. `ping_when_slow`: a job that took longer than `PING_AFTER` pings its requester at the end.
    `language` is one of `bot.rules.languages`; None means the one that Discord says of the server.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(default=0, ge=0)
    limits: LimitBook = STARTING_LIMITS
    access: dict[Operation | Literal["all"], Access] = Field(default_factory=dict)
    models_offered: Names | None = None
    defaults: dict[Operation, Defaults] = Field(default_factory=dict)
    private_by_default: bool = False
    ping_when_slow: bool = True
    age_restricted_only: bool = False
    word_rules: tuple[WordRule, ...] = Field(default=(), max_length=PATTERNS_MAX)
    audit_channel_id: Id | None = None
    mod_channel_id: Id | None = None
    language: str | None = Field(default=None, max_length=20)

    def amended(self, /, **changes: object) -> Self:
        """A copy with the changes and the next version. Raises `GuildSettingsInvalid`."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return self.of_fields(fields | changes | {"version": self.version + 1})

    @classmethod
    def of_fields(cls, fields: dict[str, object]) -> Self:
        """Settings from fields that are not checked yet. Raises `GuildSettingsInvalid` with the first wrong key."""
        try:
            guild_settings = cls.model_validate(fields)
        except ValidationError as exc:
            error = exc.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in error["loc"])[:100]
            if error["type"] == "extra_forbidden":
                raise invalid(where, "unknown_key", name=where.rpartition(".")[2]) from None
            raise _broken(where, error["type"], error["msg"], error.get("ctx") or {}) from None
        if (
            any(rule.action is WordAction.HOLD for rule in guild_settings.word_rules)
            and guild_settings.mod_channel_id is None
        ):
            raise invalid("word_rules", "no_mod_channel")
        return guild_settings


def invalid(where: str, reason: str, **facts: Fact) -> GuildSettingsInvalid:
    """The error for a key, or a line, with one of the `REASONS`."""
    return GuildSettingsInvalid(where=where, why=REASONS[reason].format(**facts), reason=reason, **facts)


def _broken(where: str, kind: str, message: str, told: Mapping[str, Any]) -> GuildSettingsInvalid:
    """The error for what pydantic says of a value, in words of our own: what is allowed instead."""
    if kind == "value_error":  # one of ours, which is a sentence already
        return GuildSettingsInvalid(where=where, why=message.removeprefix("Value error, "), reason="invalid")
    reason, key = _KINDS.get(kind, ("wrong_kind", ""))
    fact = "choices" if reason == "not_a_choice" else "limit"
    value = told.get(key)
    if key and not isinstance(value, str | int | float):
        reason, key = "wrong_kind", ""
    return invalid(where, reason, **({fact: value} if key else {}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The roles, channels and models that exist, to check settings against."""

    guild_id: int
    role_ids: Collection[int]
    channel_ids: Collection[int]
    catalog: Catalog


def check_known(guild_settings: GuildSettings, known: Known) -> None:
    """Raise `GuildSettingsInvalid` for the first role, channel or model that does not exist, or not in this guild.

    Only new settings are checked. Saved ones are kept when a role is deleted: its rules then hold for nobody, and a
    list of allowed channels never becomes "everywhere".
    """
    for where, found, there in _references(guild_settings, known):
        for missing in sorted(found - set(there)):
            raise invalid(where, "id_unknown", id=str(missing))
    names = dict.fromkeys(guild_settings.models_offered or (), "models_offered")
    names |= {d.model: f"defaults.{operation}" for operation, d in guild_settings.defaults.items() if d.model}
    if guild_settings.language is not None and guild_settings.language not in {one.code for one in LANGUAGES}:
        raise invalid("language", "language_unknown")
    for name, where in sorted(names.items()):
        if name not in known.catalog:
            raise invalid(where, "model_unknown", model=name)
    for operation, default in guild_settings.defaults.items():
        if default.model and known.catalog.get(default.model).operation is not operation:
            raise invalid(f"defaults.{operation}", "model_unknown", model=default.model)


def _references(guild_settings: GuildSettings, known: Known) -> list[tuple[str, frozenset[int], Collection[int]]]:
    limits = guild_settings.limits
    targets = {scope: {r.target_id for r in limits.rules if r.scope is scope and r.target_id} for scope in Scope}
    channels = {guild_settings.audit_channel_id, guild_settings.mod_channel_id} - {None}
    return [
        ("limits.rules", frozenset(targets[Scope.ROLE]), known.role_ids),
        ("limits.rules", frozenset(targets[Scope.CHANNEL]), known.channel_ids),
        ("limits.exempt_role_ids", limits.exempt_role_ids, known.role_ids),
        *((f"access.{name}", access.role_ids, known.role_ids) for name, access in guild_settings.access.items()),
        *((f"access.{name}", access.channel_ids, known.channel_ids) for name, access in guild_settings.access.items()),
        ("audit_channel_id or mod_channel_id", frozenset(c for c in channels if c), known.channel_ids),
    ]


def permits(
    guild_settings: GuildSettings,
    operation: Operation,
    requester: Requester,
    model: Model,
    *,
    age_restricted: bool,
    catalog: Catalog,
    parent_channel_id: int | None = None,
) -> None:
    """Raise the `Refused` of the first setting that forbids this. Outside of guilds everything is allowed.

    A thread is allowed where it or its parent channel is.
    """
    if requester.guild_id is None:
        return
    if guild_settings.age_restricted_only and not age_restricted:
        raise AgeRestrictedOnly
    for key in ("all", operation):
        access = guild_settings.access.get(key, Access())
        if access.channel_ids and not access.channel_ids & {requester.channel_id, parent_channel_id}:
            channels = ",".join(str(channel) for channel in sorted(access.channel_ids))
            raise ChannelNotAllowed(command=operation.value, channels=channels)
        if access.role_ids and not access.role_ids & set(requester.role_ids):
            raise RoleNotAllowed(command=operation.value)
    if guild_settings.models_offered is not None and model.name not in guild_settings.models_offered:
        raise ModelNotOffered(
            model=model.title, choices=", ".join(m.title for m in offered_models(guild_settings, catalog, operation))
        )


def offered_models(guild_settings: GuildSettings, catalog: Catalog, operation: Operation) -> tuple[Model, ...]:
    """The models that members may choose from here: the guild's default first, then the catalogue's."""
    default = guild_settings.defaults.get(operation, Defaults()).model
    models = (
        m
        for m in catalog.of(operation)
        if guild_settings.models_offered is None or m.name in guild_settings.models_offered
    )
    return tuple(sorted(models, key=lambda model: model.name != default))


def with_defaults(guild_settings: GuildSettings, model: Model, inputs: Inputs) -> Inputs:
    """The inputs with the guild's defaults where the member said nothing and the model takes them.

    A service rewrites prompts by itself, so whether it is to is always said: the same seed gives the same video only
    with the same words.
    """
    default = guild_settings.defaults.get(model.operation, Defaults())
    changes: dict[str, object] = {}
    if inputs.resolution is None and default.resolution in model.resolutions:
        changes["resolution"] = default.resolution
    if inputs.orientation is None and default.orientation in model.orientations:
        changes["orientation"] = default.orientation
    if inputs.enhance_prompt is None and model.enhance and (inputs.prompt or "").strip():
        changes["enhance_prompt"] = default.enhance_prompt is not False
    return inputs.model_copy(update=changes)
