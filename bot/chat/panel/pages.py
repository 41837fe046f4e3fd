"""The panel of `/settings` as an admin sees it: pure functions from a scene (`bot.chat.panel.parts`) to a view."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import discord
from discord import ui

from bot.chat.panel import limit_pages, option_pages, prompt_pages
from bot.chat.panel.parts import Item, PanelPage, Scene, button, choice, layout, mentions
from bot.chat.settings_text import change_lines
from bot.rules.guild_settings_file import Change
from bot.rules.limit_presets import LimitPreset
from bot.wording import Markup, translated
from bot.wording.facts import escape, number

_ACCENT = discord.Colour.blurple()
_DIFF_MAX_CHARS = 3000
_NOTES_MAX_CHARS = 500


def panel_view(scene: Scene) -> ui.LayoutView:
    """The page, in a new view."""
    inner: list[Item] = [ui.TextDisplay(_head(scene))]
    if scene.notes:
        inner.append(ui.TextDisplay("\n".join(scene.notes)[:_NOTES_MAX_CHARS]))
    inner += [_navigation(scene), ui.Separator()]
    inner += _PAGES[scene.page](scene)
    return layout(ui.Container(*inner, accent_colour=_ACCENT), _foot(scene))


def import_view(scene: Scene, changes: Sequence[Change], mark: str) -> ui.LayoutView:
    """What a file would change, with a button that does it."""
    return _preview(scene, [f"### {scene.say('import_title')}"], changes, "apply", mark)


def preset_view(scene: Scene, preset: LimitPreset, changes: Sequence[Change]) -> ui.LayoutView:
    """What a preset means and would change, with a button that applies it."""
    head = [*limit_pages.preset_lines(scene, preset), "", f"**{scene.say('preset_changes')}**"]
    return _preview(scene, head, changes, "usepreset", preset.value)


def _preview(scene: Scene, head: list[str], changes: Sequence[Change], control: str, what: str) -> ui.LayoutView:
    told = change_lines(changes, scene.locale, most_chars=_DIFF_MAX_CHARS)
    text = "\n".join([*head, *(told or [scene.say("import_nothing")])])
    buttons = [button(scene, "cancel", scene.say("import_cancel"))]
    if told:
        style = discord.ButtonStyle.success
        buttons.insert(0, button(scene, control, scene.say("import_apply"), what=what, style=style))
    return layout(ui.Container(ui.TextDisplay(text), ui.ActionRow(*buttons), accent_colour=_ACCENT))


def _head(scene: Scene) -> str:
    title = scene.say("panel_title", server=Markup(escape(scene.server, 80)))
    return f"## {title}\n{scene.say('panel_version', version=scene.guild_settings.version)}"


def _navigation(scene: Scene) -> ui.ActionRow[Any]:
    pages = [(page.value, translated(f"panel_page_{page}", scene.locale), page is scene.page) for page in PanelPage]
    return choice(scene, "go", translated("panel_choose", scene.locale), pages)


def _foot(scene: Scene) -> ui.ActionRow[Any]:
    undo = [button(scene, "undo", scene.say("panel_undo"), style=discord.ButtonStyle.primary)] if scene.undo else []
    return ui.ActionRow(
        *undo,
        button(scene, "refresh", scene.say("panel_refresh")),
        button(scene, "export", scene.say("panel_export")),
        button(scene, "import", scene.say("panel_import")),
    )


def _overview(scene: Scene) -> list[Item]:
    guild_settings, locale = scene.guild_settings, scene.locale
    limited = sum(bool(access.channel_ids or access.role_ids) for access in guild_settings.access.values())
    models = (
        translated("value_all", locale)
        if guild_settings.models_offered is None
        else number(len(guild_settings.models_offered), locale)
    )
    book = guild_settings.limits
    people = len(book.exempt_role_ids) + len(book.blocks_at(scene.now))
    everybody = f"{translated('value_everywhere', locale)}, {translated('value_everyone', locale)}"
    rows = {
        PanelPage.LIMITS: _number(len(book.rules), locale),
        PanelPage.PEOPLE: _number(people, locale),
        PanelPage.ACCESS: scene.say("panel_access_limited", number=limited) if limited else everybody,
        PanelPage.MODELS: models,
        PanelPage.DEFAULTS: _number(len(guild_settings.defaults), locale),
        PanelPage.HABITS: _habits_in_short(scene),
        PanelPage.PROMPTS: _number(len(guild_settings.word_rules), locale),
        PanelPage.CHANNELS: mentions(
            "#",
            [c for c in (guild_settings.audit_channel_id, guild_settings.mod_channel_id) if c],
            translated("value_none", locale),
        ),
    }
    lines = [f"**{translated(f'panel_page_{page}', locale)}**: {value}" for page, value in rows.items()]
    return [ui.TextDisplay("\n".join([*lines, *prompt_pages.warnings(scene)]))]


def _habits_in_short(scene: Scene) -> str:
    on = [name for name in option_pages.SWITCHES.values() if getattr(scene.guild_settings, name)]
    told = [translated(f"change_{name}", scene.locale) for name in on]
    return ", ".join(told) or translated("value_none", scene.locale)


def _number(count: int, locale: str) -> str:
    return number(count, locale) if count else translated("value_none", locale)


_PAGES: Mapping[PanelPage, Callable[[Scene], list[Item]]] = {
    PanelPage.OVERVIEW: _overview,
    PanelPage.LIMITS: limit_pages.limits,
    PanelPage.PEOPLE: limit_pages.people,
    PanelPage.ACCESS: option_pages.access,
    PanelPage.MODELS: option_pages.models,
    PanelPage.DEFAULTS: option_pages.defaults,
    PanelPage.HABITS: option_pages.habits,
    PanelPage.PROMPTS: prompt_pages.prompts,
    PanelPage.CHANNELS: prompt_pages.audit_channels,
}
