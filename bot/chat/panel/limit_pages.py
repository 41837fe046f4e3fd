"""The pages on limits, and on the roles and members for whom they don't hold or nothing is allowed."""

from __future__ import annotations

import discord
from discord import ui

from bot.chat.panel.parts import CHOICES_MAX, Item, Scene, button, choice, listed_page, mentions, roles
from bot.chat.settings_text import block_text, limit_lines, rule_text
from bot.rules.limit_codes import code_of
from bot.rules.limit_presets import PRESETS, LimitPreset
from bot.rules.limit_rules import BLOCKS_MAX, RULES_MAX, Scope
from bot.wording import Markup, translated

_REASON_SHOWN = 60
"""Ten of the longest reasons would not fit into a panel."""


def limits(scene: Scene) -> list[Item]:
    """The server's limits, ten at a time, and what can be done with them."""
    book, plainly = scene.guild_settings.limits, scene.names.plainly
    rules = book.in_order
    page = listed_page(scene, rules, "panel_limits_page")
    lines = [f"- {line}" for line in limit_lines(page.here, scene.names)] or [scene.say("limits_none")]
    items: list[Item] = [ui.TextDisplay("\n".join((scene.say("panel_about_limits"), "", *page.head, *lines)))]
    if len(rules) < RULES_MAX:
        scopes = [(scope.value, translated(f"scope_{scope}", scene.locale), False) for scope in _SCOPES]
        items.append(choice(scene, "limit", scene.say("panel_add_limit"), scopes))
    if page.here:
        named = [(code_of(rule.key), rule_text(rule, plainly)) for rule in page.here]
        amounts = [(f"{code}:{rule.amount}", text, False) for rule, (code, text) in zip(page.here, named, strict=True)]
        items.append(choice(scene, "amount", scene.say("panel_change_limit"), amounts))
        gone = [(code, text, False) for code, text in named]
        items.append(choice(scene, "unlimit", scene.say("panel_drop_limit"), gone, many=True))
    presets = [(preset.value, translated(f"preset_{preset}", scene.locale), False) for preset in LimitPreset]
    about = {preset.value: translated(f"preset_{preset}_about", scene.locale) for preset in LimitPreset}
    items.append(choice(scene, "preset", scene.say("panel_presets"), presets, about=about))
    told = scene.say("panel_full", value=Markup(scene.say(f"value_{book.when_full}")))
    other = scene.say("panel_full_refuse" if book.when_full == "queue" else "panel_full_queue")
    items.append(ui.Section(told, accessory=button(scene, "full", other)))
    return [*items, *([ui.ActionRow(*page.buttons)] if page.buttons else [])]


_SCOPES = (Scope.EVERYONE, Scope.ROLE, Scope.CHANNEL, Scope.SERVER)


def people(scene: Scene) -> list[Item]:
    """Exempt roles and blocked members."""
    book = scene.guild_settings.limits
    blocks = book.blocks_at(scene.now)
    page = listed_page(scene, blocks, "panel_blocks_page")
    exempt = scene.say("panel_now_exempt", list=mentions("@&", book.exempt_role_ids, scene.say("value_nobody")))
    notes = [scene.say("panel_first_only", limit=CHOICES_MAX)] if len(book.exempt_role_ids) > CHOICES_MAX else []
    listed = [f"- {block_text(known, scene.names, most_chars=_REASON_SHOWN)}" for known in page.here]
    lines = [*page.head, *(listed or [scene.say("panel_no_blocks")])]
    block = button(
        scene, "block", scene.say("panel_block"), style=discord.ButtonStyle.primary,
        disabled=len(blocks) >= BLOCKS_MAX,
    )  # fmt: skip
    plainly = scene.names.plainly
    unblock = [(str(known.user_id), plainly.member(known.user_id), False) for known in page.here]
    return [
        ui.TextDisplay("\n".join((scene.say("panel_about_people"), "", exempt, *notes))),
        roles(scene, "exempt", scene.say("panel_exempt_here"), book.exempt_role_ids),
        ui.TextDisplay("\n".join(lines)),
        *([choice(scene, "unblock", scene.say("panel_unblock"), unblock, many=True)] if unblock else []),
        ui.ActionRow(block, *page.buttons),
    ]


def preset_lines(scene: Scene, preset: LimitPreset) -> list[str]:
    """What the preset means, and the limits that it sets."""
    return [
        f"### {translated(f'preset_{preset}', scene.locale)}",
        scene.say(f"preset_{preset}_about"),
        *(f"- {line}" for line in limit_lines(PRESETS[preset], scene.names)),
        scene.say("preset_keeps"),
    ]
