"""The panel of `/settings` as an admin sees it: pure functions from a scene (`bot.chat.panel.parts`) to a view."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

import discord
from discord import ui

from bot.chat.panel.parts import (
    ALL,
    CHOICES_MAX,
    RULES_A_PAGE,
    TALKING,
    USABLE,
    Item,
    PanelPage,
    Scene,
    access_key,
    access_of,
    button,
    channels,
    choice,
    defaults_of,
    mentions,
    roles,
)
from bot.chat.persistent import unkept
from bot.chat.settings_text import change_lines
from bot.rules.catalog import Operation
from bot.rules.guild_settings import PING_AFTER, GuildSettings
from bot.rules.guild_settings_file import Change
from bot.rules.prompts import PATTERNS_MAX, WordRule
from bot.wording import Markup, translated
from bot.wording.facts import escape, number, plain

UNSET = "unset"
_ACCENT = discord.Colour.blurple()
_DIFF_MAX_CHARS = 3000
_NOTES_MAX_CHARS = 500
_SWITCHES = {"private": "private_by_default", "ping": "ping_when_slow", "age": "age_restricted_only"}
"""Controls of switches, and the fields of `GuildSettings` that they turn over."""


def panel_view(scene: Scene) -> ui.LayoutView:
    """The page, in a new view."""
    inner: list[Item] = [ui.TextDisplay(_head(scene))]
    if scene.notes:
        inner.append(ui.TextDisplay("\n".join(scene.notes)[:_NOTES_MAX_CHARS]))
    inner += [_navigation(scene), ui.Separator()]
    inner += _PAGES[scene.page](scene)
    return _layout(ui.Container(*inner, accent_colour=_ACCENT), _foot(scene))


def import_view(scene: Scene, changes: Iterable[Change], mark: str) -> ui.LayoutView:
    """What a file would change, with a button that does it."""
    told = change_lines(tuple(changes), scene.locale, most_chars=_DIFF_MAX_CHARS)
    head = f"### {scene.say('import_title')}\n" + ("\n".join(told) or scene.say("import_nothing"))
    buttons = [button(scene, "cancel", scene.say("import_cancel"))]
    if told:
        buttons.insert(
            0, button(scene, "apply", scene.say("import_apply"), what=mark, style=discord.ButtonStyle.success)
        )
    return _layout(ui.Container(ui.TextDisplay(head), ui.ActionRow(*buttons), accent_colour=_ACCENT))


def _head(scene: Scene) -> str:
    title = scene.say("panel_title", server=Markup(escape(scene.server, 80)))
    return f"## {title}\n{scene.say('panel_version', version=scene.guild_settings.version)}"


def _navigation(scene: Scene) -> ui.ActionRow[Any]:
    pages = [(page.value, translated(f"panel_page_{page}", scene.locale), page is scene.page) for page in PanelPage]
    return choice(scene, "go", translated("panel_choose", scene.locale), pages)


def _foot(scene: Scene) -> ui.ActionRow[Any]:
    return ui.ActionRow(
        button(scene, "refresh", scene.say("panel_refresh")),
        button(scene, "export", scene.say("panel_export")),
        button(scene, "import", scene.say("panel_import")),
    )


def _layout(*items: Item) -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    for item in items:
        view.add_item(item)
    return unkept(view)


def switch_field(control: str) -> str | None:
    """The field of `GuildSettings` that a switch turns on and off; None where the control is no switch."""
    return _SWITCHES.get(control)


def rule_pages(guild_settings: GuildSettings) -> int:
    """How many pages of prompt rules there are, at least one."""
    return max(1, -(-len(guild_settings.word_rules) // RULES_A_PAGE))


def rule_page(scene: Scene) -> int:
    """The page of rules that is shown, from 0."""
    wanted = int(scene.what) if scene.what.isdecimal() else 0
    return min(wanted, rule_pages(scene.guild_settings) - 1)


def _overview(scene: Scene) -> list[Item]:
    guild_settings, locale = scene.guild_settings, scene.locale
    limited = sum(bool(access.channel_ids or access.role_ids) for access in guild_settings.access.values())
    models = (
        translated("value_all", locale)
        if guild_settings.models_offered is None
        else number(len(guild_settings.models_offered), locale)
    )
    rows = {
        PanelPage.ACCESS: number(limited, locale),
        PanelPage.MODELS: models,
        PanelPage.DEFAULTS: number(len(guild_settings.defaults), locale),
        PanelPage.HABITS: _habits_in_short(scene),
        PanelPage.PROMPTS: number(len(guild_settings.word_rules), locale),
        PanelPage.CHANNELS: mentions(
            "#",
            [c for c in (guild_settings.audit_channel_id, guild_settings.mod_channel_id) if c],
            translated("value_none", locale),
        ),
    }
    lines = [f"**{translated(f'panel_page_{page}', locale)}**: {value}" for page, value in rows.items()]
    return [ui.TextDisplay("\n".join([*lines, *_warnings(scene)]))]


def _habits_in_short(scene: Scene) -> str:
    on = [name for control, name in _SWITCHES.items() if getattr(scene.guild_settings, name)]
    told = [translated(f"change_{name}", scene.locale) for name in on]
    return ", ".join([*told, translated(f"value_{scene.guild_settings.limits.when_full}", scene.locale)])


def _access(scene: Scene) -> list[Item]:
    access = access_of(scene)
    lines = [
        scene.say("panel_now_channels", list=mentions("#", access.channel_ids, scene.say("value_everywhere"))),
        scene.say("panel_now_roles", list=mentions("@&", access.role_ids, scene.say("value_everyone"))),
    ]
    gone = len(access.channel_ids - set(scene.channel_ids)) + len(access.role_ids - set(scene.role_ids))
    if gone:
        lines.append(scene.say("panel_deleted", number=gone))
    if max(len(access.channel_ids), len(access.role_ids)) > CHOICES_MAX:
        lines.append(scene.say("panel_first_only", limit=CHOICES_MAX))
    chosen = access_key(scene.what)
    commands = [(ALL, translated("panel_all_commands", scene.locale), chosen == ALL)]
    commands += [(o.value, f"/{o}", chosen == o) for o in Operation]
    clear = button(
        scene, "anywhere", scene.say("panel_everywhere"), disabled=not (access.channel_ids or access.role_ids)
    )
    return [
        ui.TextDisplay(f"{scene.say('panel_about_access')}\n\n" + "\n".join(lines)),
        choice(scene, "pick", scene.say("panel_command"), commands),
        channels(scene, "channels", scene.say("panel_channels_here"), access.channel_ids, types=USABLE),
        roles(scene, "roles", scene.say("panel_roles_here"), access.role_ids),
        ui.ActionRow(clear),
    ]


def _models(scene: Scene) -> list[Item]:
    offered = scene.guild_settings.models_offered
    shown = [model for model in scene.catalog if not model.hidden]
    options = [(m.name, f"/{m.operation} · {m.title}", offered is not None and m.name in offered) for m in shown]
    everything = button(scene, "everything", scene.say("panel_models_all"), disabled=offered is None)
    about = [scene.say("panel_about_models")]
    if len(shown) > CHOICES_MAX:
        about.append(scene.say("panel_first_only", limit=CHOICES_MAX))
    return [
        ui.TextDisplay("\n".join(about)),
        choice(scene, "offer", scene.say("panel_models_here"), options, many=True),
        ui.ActionRow(everything),
    ]


def _defaults(scene: Scene) -> list[Item]:
    chosen, models = defaults_of(scene), scene.catalog.of(scene.operation)
    resolutions = dict.fromkeys(r for model in models for r in model.resolutions)
    orientations = dict.fromkeys(o for model in models for o in model.orientations)
    commands = [(o.value, f"/{o}", o is scene.operation) for o in Operation if scene.catalog.of(o)]
    items: list[Item] = [
        ui.TextDisplay(f"{scene.say('panel_about_defaults')}\n\n{scene.say('panel_command')}: **/{scene.operation}**"),
        choice(scene, "pick", scene.say("panel_command"), commands),
        _default(scene, "model", "panel_usual_model", {m.name: m.title for m in models}, chosen.model),
        _default(scene, "resolution", "panel_usual_resolution", {r: r for r in resolutions}, chosen.resolution),
    ]
    if orientations:
        named = {str(o): str(o) for o in orientations}
        items.append(_default(scene, "orientation", "panel_usual_orientation", named, chosen.orientation))
    if any(model.enhance for model in models):
        named = {"yes": scene.say("value_yes"), "no": scene.say("value_no")}
        now = None if chosen.enhance_prompt is None else "yes" if chosen.enhance_prompt else "no"
        items.append(_default(scene, "enhance", "panel_usual_enhance", named, now))
    return items


def _default(scene: Scene, control: str, key: str, options: Mapping[str, str], chosen: str | None) -> ui.ActionRow[Any]:
    title = translated(key, scene.locale)
    unset = (UNSET, f"{title}: {scene.say('panel_unset')}", chosen is None)
    rest = [(value, f"{title}: {label}", value == chosen) for value, label in options.items()]
    return choice(scene, control, title, [unset, *rest], least=1)


def _habits(scene: Scene) -> list[Item]:
    items: list[Item] = [ui.TextDisplay(scene.say("panel_about_habits"))]
    for control, field in _SWITCHES.items():
        on = bool(getattr(scene.guild_settings, field))
        state = "on" if on else "off"
        told = scene.say(f"panel_{control}_is_{state}", minutes=PING_AFTER // timedelta(minutes=1))
        items.append(ui.Section(told, accessory=button(scene, control, scene.say("panel_off" if on else "panel_on"))))
    queues = scene.guild_settings.limits.when_full == "queue"
    told = scene.say("panel_full", value=Markup(scene.say(f"value_{scene.guild_settings.limits.when_full}")))
    other = scene.say("panel_full_refuse" if queues else "panel_full_queue")
    items.append(ui.Section(told, accessory=button(scene, "full", other)))
    return items


def _prompts(scene: Scene) -> list[Item]:
    rules, at = scene.guild_settings.word_rules, rule_page(scene)
    first = at * RULES_A_PAGE
    here = list(enumerate(rules))[first : first + RULES_A_PAGE]
    listing = [_told(scene, rule) for _, rule in here] or [scene.say("panel_no_rules")]
    if rules:
        listing.insert(0, scene.say("panel_rules_page", first=first + 1, last=first + len(here), total=len(rules)))
    items: list[Item] = [ui.TextDisplay(f"{scene.say('panel_about_prompts')}\n\n" + "\n".join(listing))]
    if here:
        options = [(str(i), plain(rule.pattern, 100), False) for i, rule in here]
        items.append(choice(scene, "drop", scene.say("panel_drop_rule"), options, many=True))
    buttons = [
        button(
            scene, "add", scene.say("panel_add_rule"), style=discord.ButtonStyle.primary,
            disabled=len(rules) >= PATTERNS_MAX,
        )
    ]  # fmt: skip
    if rule_pages(scene.guild_settings) > 1:
        last = at + 1 >= rule_pages(scene.guild_settings)
        buttons.append(button(scene, "back", scene.say("panel_previous"), what=str(at), disabled=at == 0))
        buttons.append(button(scene, "forth", scene.say("panel_next"), what=str(at), disabled=last))
    return [*items, ui.ActionRow(*buttons), *_moderators(scene)]


def _told(scene: Scene, rule: WordRule) -> str:
    parts = [translated(f"panel_rule_{rule.action}", scene.locale)]
    parts += [] if rule.fold else [translated("panel_rule_exact", scene.locale)]
    parts += [f"“{escape(rule.note, 30)}”"] if rule.note else []
    return f"• **{escape(rule.pattern)}**: {', '.join(parts)}"


def _channels(scene: Scene) -> list[Item]:
    guild_settings, nothing = scene.guild_settings, scene.say("value_none")
    audit = {guild_settings.audit_channel_id} if guild_settings.audit_channel_id else set()
    lines = [scene.say("panel_about_channels"), "", scene.say("panel_now_audit", list=mentions("#", audit, nothing))]
    items: list[Item] = [
        ui.TextDisplay("\n".join([*lines, *_warnings(scene)])),
        channels(scene, "audit", scene.say("panel_audit_here"), audit, types=TALKING, most=1),
    ]
    if scene.silenced:
        items.append(ui.ActionRow(button(scene, "retry", scene.say("panel_retry"))))
    return [*items, *_moderators(scene)]


def _moderators(scene: Scene) -> list[Item]:
    chosen = {scene.guild_settings.mod_channel_id} if scene.guild_settings.mod_channel_id else set()
    told = scene.say("panel_now_mods", list=mentions("#", chosen, scene.say("value_none")))
    return [
        ui.TextDisplay(told),
        channels(scene, "mods", scene.say("panel_mods_here"), chosen, types=TALKING, most=1),
    ]


def _warnings(scene: Scene) -> list[str]:
    """Sentences on what keeps the bot from writing in the audit channel and the moderators' channel."""
    told = []
    for channel_id in dict.fromkeys((scene.guild_settings.audit_channel_id, scene.guild_settings.mod_channel_id)):
        if channel_id is None:
            continue
        place = scene.places.get(channel_id)
        if place is None or not place.there:
            told.append(scene.say("panel_channel_gone"))
        elif place.lacking:
            names = ", ".join(translated(f"permission_{name}", scene.locale) for name in place.lacking)
            told.append(scene.say("panel_lacking", channels=str(channel_id), list=Markup(names)))
    if scene.silenced:
        told.append(scene.say("panel_silenced"))
    return told


_PAGES: Mapping[PanelPage, Callable[[Scene], list[Item]]] = {
    PanelPage.OVERVIEW: _overview,
    PanelPage.ACCESS: _access,
    PanelPage.MODELS: _models,
    PanelPage.DEFAULTS: _defaults,
    PanelPage.HABITS: _habits,
    PanelPage.PROMPTS: _prompts,
    PanelPage.CHANNELS: _channels,
}
