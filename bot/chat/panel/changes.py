"""What a press, a choice or a form of the `/settings` panel changes: pure, and checked before anything is saved."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Literal

from bot.chat.panel.forms import RulesForm
from bot.chat.panel.option_pages import UNSET, switch_field
from bot.chat.panel.parts import CHOICES_MAX, Part, access_key
from bot.errors import ModChannelInUse, ModChannelMissing, PatternInvalid
from bot.rules.catalog import Operation
from bot.rules.guild_settings import Access, Defaults, GuildSettings, Known, check_known, invalid
from bot.rules.prompts import WordAction, add_rule, make_word_rule

Values = Sequence[str]
Changes = dict[str, object]

_ENHANCE = {"yes": True, "no": False}


def is_change(control: str) -> bool:
    """Whether the control is a button or select that changes settings."""
    return control in _CHANGES or switch_field(control) is not None


def changes_of(part: Part, values: Values, guild_settings: GuildSettings, known: Known) -> Changes:
    """The fields of `GuildSettings` that this control changes (`is_change`), with what they become.

    Raises the `Refused` of a value that can't be set: an id of another server, an unknown model.
    """
    field = switch_field(part.control)
    return (
        {field: not getattr(guild_settings, field)}
        if field
        else _CHANGES[part.control](part, values, guild_settings, known)
    )


def with_rules(form: RulesForm, guild_settings: GuildSettings) -> Changes:
    """The prompt rules with those of the form added. Raises `PatternInvalid`, `TooManyRules`; then none is added."""
    if not form.patterns:
        raise PatternInvalid(where="", reason="empty", why="it holds no word", position=1)
    if form.action is WordAction.HOLD and guild_settings.mod_channel_id is None:
        raise ModChannelMissing
    rules = guild_settings.word_rules
    for pattern in form.patterns:
        rules = add_rule(rules, make_word_rule(pattern, form.action, fold=form.fold, note=form.note))
    return {"word_rules": rules}


def _access_channels(part: Part, values: Values, guild_settings: GuildSettings, known: Known) -> Changes:
    chosen = check_ids(values, known.channel_ids, "access")
    return _change_access(part, guild_settings, lambda access: access.model_copy(update={"channel_ids": chosen}))


def _access_roles(part: Part, values: Values, guild_settings: GuildSettings, known: Known) -> Changes:
    chosen = check_ids(values, known.role_ids, "access")
    return _change_access(part, guild_settings, lambda access: access.model_copy(update={"role_ids": chosen}))


def _anywhere(part: Part, values: Values, guild_settings: GuildSettings, known: Known) -> Changes:
    del values, known
    return _change_access(part, guild_settings, lambda _: Access())


def _change_access(part: Part, guild_settings: GuildSettings, change: Callable[[Access], Access]) -> Changes:
    key = access_key(part.what)
    changed = change(guild_settings.access.get(key, Access()))
    others = {name: access for name, access in guild_settings.access.items() if name != key}
    return {"access": others if changed == Access() else {**others, key: changed}}


def _offer(part: Part, values: Values, guild_settings: GuildSettings, known: Known) -> Changes:
    del part
    _check_models(values, guild_settings, known)
    shown = {model.name for model in known.catalog if not model.hidden}
    # All of what there is would leave out what is new one day.
    return {"models_offered": None if shown <= set(values) else frozenset(values)}


def _everything(part: Part, values: Values, guild_settings: GuildSettings, known: Known) -> Changes:
    del part, values, guild_settings, known
    return {"models_offered": None}


def _change_default(field: str) -> Callable[[Part, Values, GuildSettings, Known], Changes]:
    def change(part: Part, values: Values, guild_settings: GuildSettings, known: Known) -> Changes:
        operation = Operation(part.what) if part.what in set(Operation) else next(iter(Operation))
        value = None if not values or values[0] == UNSET else values[0]
        fields = guild_settings.defaults.get(operation, Defaults()).model_dump()
        fields[field] = _ENHANCE.get(value or "") if field == "enhance_prompt" else value
        defaults: dict[Operation, object] = {o: d for o, d in guild_settings.defaults.items() if o is not operation}
        if any(found is not None for found in fields.values()):
            defaults[operation] = fields
        if field == "model" and value is not None:
            # Alone, since what was fine when it was saved may be gone since, and must not hold up this.
            check_known(GuildSettings().amended(defaults={operation: {"model": value}}), known)
        return {"defaults": defaults}

    return change


def _full(part: Part, values: Values, guild_settings: GuildSettings, known: Known) -> Changes:
    del part, values, known
    other: Literal["refuse", "queue"] = "refuse" if guild_settings.limits.when_full == "queue" else "queue"
    return {"limits": guild_settings.limits.with_full(other)}


def _exempt(part: Part, values: Values, guild_settings: GuildSettings, known: Known) -> Changes:
    del part
    chosen = check_ids(values, known.role_ids, "limits.exempt_role_ids")
    book = guild_settings.limits
    unseen = sorted(book.exempt_role_ids & set(known.role_ids))[CHOICES_MAX:]
    return {"limits": book.with_exempt_roles(chosen | set(unseen))}


def _language(part: Part, values: Values, guild_settings: GuildSettings, known: Known) -> Changes:
    del part, guild_settings
    value = None if not values or values[0] == UNSET else values[0]
    check_known(GuildSettings().amended(language=value), known)
    return {"language": value}


def _drop(part: Part, values: Values, guild_settings: GuildSettings, known: Known) -> Changes:
    del part, known
    chosen = {int(value) for value in values if value.isdecimal()}
    return {"word_rules": tuple(rule for at, rule in enumerate(guild_settings.word_rules) if at not in chosen)}


def _channel(field: str) -> Callable[[Part, Values, GuildSettings, Known], Changes]:
    def change(part: Part, values: Values, guild_settings: GuildSettings, known: Known) -> Changes:
        del part
        chosen = check_ids(values[:1], known.channel_ids, field)
        holds = any(rule.action is WordAction.HOLD for rule in guild_settings.word_rules)
        if field == "mod_channel_id" and not chosen and holds:
            raise ModChannelInUse
        return {field: next(iter(chosen), None)}

    return change


def check_ids(values: Values, there: Collection[int], where: str) -> frozenset[int]:
    """The values as ids. Raises the `Refused` of an id that is not of this server, which a forged press may name."""
    for value in values:
        if not value.isdecimal() or int(value) not in there:
            raise invalid(where, "id_unknown", id=value[:40])
    return frozenset(int(value) for value in values)


def _check_models(values: Values, guild_settings: GuildSettings, known: Known) -> None:
    del guild_settings
    for value in values:
        if value not in known.catalog:
            raise invalid("models_offered", "model_unknown", model=value[:100])


_CHANGES: Mapping[str, Callable[[Part, Values, GuildSettings, Known], Changes]] = {
    "channels": _access_channels,
    "roles": _access_roles,
    "anywhere": _anywhere,
    "offer": _offer,
    "everything": _everything,
    "model": _change_default("model"),
    "resolution": _change_default("resolution"),
    "orientation": _change_default("orientation"),
    "enhance": _change_default("enhance_prompt"),
    "full": _full,
    "exempt": _exempt,
    "language": _language,
    "drop": _drop,
    "audit": _channel("audit_channel_id"),
    "mods": _channel("mod_channel_id"),
}
