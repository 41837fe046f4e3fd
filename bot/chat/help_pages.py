"""The pages of `/help`, by what one wants to do, with a button for each; pure functions of the commands on offer."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import discord
from discord import ui

from bot.chat.persistent import Persistent, view_with
from bot.rules.catalog import Operation
from bot.rules.languages import SOURCE
from bot.wording import Markup, say, translated
from bot.wording.catalogues import language_of

PICTURES = Path(__file__).with_name("help_pictures")
"""A picture of each page in each language, which `scripts/help_pictures.py` takes."""


class HelpPage(StrEnum):
    """The values stand in custom ids and can't be changed."""

    START = "start"
    WORDS = "words"
    PICTURE = "picture"
    VIDEO = "video"
    CARD = "card"
    ADMINS = "admins"


HELP_BUTTON = Persistent(rf"clapper:help:(?P<page>{'|'.join(HelpPage)})", in_place=True)

_GROUPS: Mapping[HelpPage, Sequence[Operation]] = {
    HelpPage.WORDS: (Operation.TEXT_TO_VIDEO,),
    HelpPage.PICTURE: (Operation.IMAGE_TO_VIDEO, Operation.FIRST_LAST_FRAME, Operation.MOTION, Operation.IMAGE_EDIT),
    HelpPage.VIDEO: (Operation.RESTYLE, Operation.EDIT, Operation.VIDEO_TO_VIDEO, Operation.TRY_ON),
}
_NOTES: Mapping[HelpPage, Sequence[str]] = {
    HelpPage.WORDS: ("help_options", "help_seed", "help_private"),
    HelpPage.PICTURE: ("help_newest_picture", "help_replies", "help_motion"),
    HelpPage.VIDEO: ("help_newest_video", "help_replies_video", "help_use"),
    HelpPage.CARD: ("help_buttons", "help_use", "help_seed", "help_jobs"),
    HelpPage.ADMINS: ("help_admins",),
}
_YOURS = ("jobs", "usage", "models")

Mention = Callable[[str], str]
"""How a command is written so that it can be pressed, by its name."""


def help_embed(
    page: HelpPage, offered: Collection[Operation], mention: Mention, bot_id: int, locale: str
) -> discord.Embed:
    """The page; commands that have no model are left out."""

    def line(command: str) -> str:
        return f"{mention(command)} · {translated(f'command_{command}', locale)}"

    def group(of: HelpPage) -> list[str]:
        return [line(operation.value) for operation in _GROUPS[of] if operation in offered]

    if page is HelpPage.START:
        groups = {translated(f"help_page_{of}", locale): group(of) for of in _GROUPS}
        groups[say("help_yours", locale)] = [line(command) for command in _YOURS]
        parts = ["\n".join([f"**{title}**", *lines]) for title, lines in groups.items() if lines]
        parts.insert(0, say("help_body", locale))
        return discord.Embed(title=say("help_title", locale), description="\n\n".join(parts))
    commands = {name: Markup(mention(name)) for name in ("jobs", "mydata", "forgetme", "settings", "stats", "motion")}
    limits = Markup(mention("limits show"))
    notes = [say(key, locale, bot_id=bot_id, limits=limits, **commands) for key in _NOTES[page]]
    parts = ["\n".join(group(page)) if page in _GROUPS else "", *notes]
    title = translated(f"help_page_{page}", locale)
    return discord.Embed(title=title, description="\n\n".join(part for part in parts if part))


def help_files(page: HelpPage, locale: str) -> list[discord.File]:
    """The picture for the page's embed, to be sent with it; nothing where there is none."""
    language = language_of(locale)
    picture = _picture(page, language) or _picture(page, SOURCE)
    return [] if picture is None else [discord.File(io.BytesIO(picture), f"help-{page}.webp")]


def picture_name(page: HelpPage, language: str) -> str:
    """The name of its file in `PICTURES`."""
    return f"{page}.{language}.webp"


@cache
def _picture(page: HelpPage, language: str) -> bytes | None:
    try:
        return (PICTURES / picture_name(page, language)).read_bytes()
    except OSError:
        return None


def help_view(page: HelpPage, locale: str) -> ui.View:
    """A button for each page, that of the shown one pressed in."""
    buttons: list[ui.Item[Any]] = [
        ui.Button(
            label=translated(f"help_page_{other}", locale),
            custom_id=f"clapper:help:{other}",
            style=discord.ButtonStyle.primary if other is page else discord.ButtonStyle.secondary,
            disabled=other is page,
        )
        for other in HelpPage
    ]
    return view_with(*buttons)
