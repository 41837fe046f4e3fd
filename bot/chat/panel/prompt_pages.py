"""The pages on prompt rules, and on the channels in which moderators read and decide."""

from __future__ import annotations

import discord
from discord import ui

from bot.chat.panel.parts import TALKING, Item, Scene, button, channels, choice, listed_page, mentions
from bot.rules.prompts import PATTERNS_MAX, WordRule
from bot.wording import Markup, translated
from bot.wording.facts import escape, plain


def prompts(scene: Scene) -> list[Item]:
    """The prompt rules, ten at a time."""
    rules = scene.guild_settings.word_rules
    page = listed_page(scene, rules, "panel_rules_page")
    listing = [*page.head, *(_told(scene, rule) for rule in page.here)] or [scene.say("panel_no_rules")]
    items: list[Item] = [ui.TextDisplay(f"{scene.say('panel_about_prompts')}\n\n" + "\n".join(listing))]
    if page.here:
        options = [(str(at), plain(rule.pattern, 100), False) for at, rule in enumerate(page.here, page.first)]
        items.append(choice(scene, "drop", scene.say("panel_drop_rule"), options, many=True))
    add = button(
        scene, "add", scene.say("panel_add_rule"), style=discord.ButtonStyle.primary,
        disabled=len(rules) >= PATTERNS_MAX,
    )  # fmt: skip
    return [*items, ui.ActionRow(add, *page.buttons), *_moderators(scene)]


def _told(scene: Scene, rule: WordRule) -> str:
    parts = [translated(f"panel_rule_{rule.action}", scene.locale)]
    parts += [] if rule.fold else [translated("panel_rule_exact", scene.locale)]
    parts += [scene.say("quoted", text=Markup(escape(rule.note, 30)))] if rule.note else []
    return f"• **{escape(rule.pattern)}**: {', '.join(parts)}"


def audit_channels(scene: Scene) -> list[Item]:
    """Where entries and questions go."""
    channel_id = scene.guild_settings.audit_channel_id
    chosen = set() if channel_id is None else {channel_id}
    now = scene.say("panel_now_audit", list=mentions("#", chosen, scene.say("value_none")))
    lines = [scene.say("panel_about_channels"), "", now, *_warning(scene, channel_id), *_silence(scene)]
    items: list[Item] = [
        ui.TextDisplay("\n".join(lines)),
        channels(scene, "audit", scene.say("panel_audit_here"), chosen, types=TALKING, most=1),
    ]
    if scene.silenced:
        items.append(ui.ActionRow(button(scene, "retry", scene.say("panel_retry"))))
    return [*items, *_moderators(scene)]


def _moderators(scene: Scene) -> list[Item]:
    channel_id = scene.guild_settings.mod_channel_id
    chosen = set() if channel_id is None else {channel_id}
    now = scene.say("panel_now_mods", list=mentions("#", chosen, scene.say("value_none")))
    return [
        ui.TextDisplay("\n".join([now, *_warning(scene, channel_id)])),
        channels(scene, "mods", scene.say("panel_mods_here"), chosen, types=TALKING, most=1),
    ]


def warnings(scene: Scene) -> list[str]:
    """Sentences on what keeps the bot from writing in the audit channel and the moderators' channel."""
    watched = dict.fromkeys((scene.guild_settings.audit_channel_id, scene.guild_settings.mod_channel_id))
    return [*(line for channel_id in watched for line in _warning(scene, channel_id)), *_silence(scene)]


def _warning(scene: Scene, channel_id: int | None) -> list[str]:
    if channel_id is None:
        return []
    place = scene.places.get(channel_id)
    if place is None or not place.there:
        return [scene.say("panel_channel_gone")]
    if not place.lacking:
        return []
    names = ", ".join(translated(f"permission_{name}", scene.locale) for name in place.lacking)
    return [scene.say("panel_lacking", channels=str(channel_id), list=Markup(names))]


def _silence(scene: Scene) -> list[str]:
    return [scene.say("panel_silenced")] if scene.silenced else []
