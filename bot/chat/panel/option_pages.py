"""The pages on where, with what and how commands work: channels and roles, models, usual options, answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from discord import ui

from bot.chat.panel.parts import (
    ALL,
    CHOICES_MAX,
    USABLE,
    Item,
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
from bot.rules.catalog import Operation
from bot.rules.guild_settings import PING_AFTER
from bot.rules.languages import name_of
from bot.wording import translated
from bot.wording.catalogues import languages_spoken

UNSET = "unset"
SWITCHES = {"private": "private_by_default", "ping": "ping_when_slow", "age": "age_restricted_only"}
"""Controls of switches, and the fields of `GuildSettings` that they turn over."""


def switch_field(control: str) -> str | None:
    """The field of `GuildSettings` that a switch turns on and off; None where the control is no switch."""
    return SWITCHES.get(control)


def access(scene: Scene) -> list[Item]:
    """Where, and with which roles, each command may be used."""
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


def models(scene: Scene) -> list[Item]:
    """Which models members are offered."""
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


def defaults(scene: Scene) -> list[Item]:
    """What a command does where the member doesn't say."""
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
        named = {str(o): translated(f"orientation_{o}", scene.locale) for o in orientations}
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


def habits(scene: Scene) -> list[Item]:
    """Who sees answers, who is pinged, and the language of what everybody sees."""
    items: list[Item] = [ui.TextDisplay(scene.say("panel_about_habits"))]
    for control, field in SWITCHES.items():
        on = bool(getattr(scene.guild_settings, field))
        state = "on" if on else "off"
        told = scene.say(f"panel_{control}_is_{state}", minutes=PING_AFTER // timedelta(minutes=1))
        items.append(ui.Section(told, accessory=button(scene, control, scene.say("panel_off" if on else "panel_on"))))
    return [*items, _language(scene)]


def _language(scene: Scene) -> ui.ActionRow[Any]:
    title, chosen = scene.say("panel_language"), scene.guild_settings.language
    codes = dict.fromkeys([*languages_spoken(), *([chosen] if chosen else [])])
    named = [(code, f"{title}: {name_of(code)}", code == chosen) for code in codes]
    unset = (UNSET, f"{title}: {scene.say('panel_language_unset')}", chosen is None)
    return choice(scene, "language", title, [unset, *named])
