"""The panel of `/settings`: a pure function from a server's settings to what an admin sees."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import discord
from discord import ui

from bot.chat.panel.pages import page_items
from bot.chat.panel.parts import Item, Page, Scene, button, choice
from bot.chat.persistent import unkept
from bot.chat.settings_text import change_lines
from bot.rules.guild_settings_file import Change
from bot.wording import Markup, translated
from bot.wording.facts import escape

_ACCENT = discord.Colour.blurple()
_DIFF_MAX_CHARS = 3000
_NOTES_MAX_CHARS = 500


def panel(scene: Scene) -> ui.LayoutView:
    """The page, in a new view."""
    inner: list[Item] = [ui.TextDisplay(_head(scene))]
    if scene.notes:
        inner.append(ui.TextDisplay("\n".join(scene.notes)[:_NOTES_MAX_CHARS]))
    inner += [_navigation(scene), ui.Separator()]
    inner += page_items(scene)
    return _view(ui.Container(*inner, accent_colour=_ACCENT), _foot(scene))


def import_panel(scene: Scene, changes: Iterable[Change], mark: str) -> ui.LayoutView:
    """What a file would change, with a button that does it."""
    told = change_lines(tuple(changes), scene.locale, most_chars=_DIFF_MAX_CHARS)
    head = f"### {scene.say('import_title')}\n" + ("\n".join(told) or scene.say("import_nothing"))
    buttons = [button(scene, "cancel", scene.say("import_cancel"))]
    if told:
        buttons.insert(
            0, button(scene, "apply", scene.say("import_apply"), what=mark, style=discord.ButtonStyle.success)
        )
    return _view(ui.Container(ui.TextDisplay(head), ui.ActionRow(*buttons), accent_colour=_ACCENT))


def _head(scene: Scene) -> str:
    title = scene.say("panel_title", server=Markup(escape(scene.server, 80)))
    return f"## {title}\n{scene.say('panel_version', version=scene.guild_settings.version)}"


def _navigation(scene: Scene) -> ui.ActionRow[Any]:
    pages = [(page.value, translated(f"panel_page_{page}", scene.locale), page is scene.page) for page in Page]
    return choice(scene, "go", translated("panel_choose", scene.locale), pages)


def _foot(scene: Scene) -> ui.ActionRow[Any]:
    return ui.ActionRow(
        button(scene, "refresh", scene.say("panel_refresh")),
        button(scene, "export", scene.say("panel_export")),
        button(scene, "import", scene.say("panel_import")),
    )


def _view(*items: Item) -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    for item in items:
        view.add_item(item)
    return unkept(view)
