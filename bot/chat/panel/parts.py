"""What the panel of `/settings` is made of: its pages' names, its custom ids, and selects and buttons that carry them.

Nothing of an open panel is kept in memory. Each part's custom id says which version of the settings it was made from,
which page it is on and what it does: `clapper:settings:<version>:<page>:<control>[:<what>]`, where earlier versions
wrote `clapper:house:`. So panels outlive restarts, and a press on one that is out of date is found out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Self, TypeVar

import discord
from discord import ui

from bot.chat.persistent import Persistent, unkept
from bot.chat.settings_text import Names
from bot.rules.catalog import Catalog, Operation
from bot.rules.guild_settings import Access, Defaults, GuildSettings
from bot.wording import Markup, say

ALL = "all"
CHOICES_MAX = 25
"""Discord's most for a select."""
LISTED_A_PAGE = 10

Item = ui.Item[Any]
T = TypeVar("T")

TALKING = (discord.ChannelType.text, discord.ChannelType.news)
USABLE = (*TALKING, discord.ChannelType.voice, discord.ChannelType.stage_voice, discord.ChannelType.forum)


class PanelPage(StrEnum):
    """The panel's pages; the values stand in custom ids."""

    OVERVIEW = "overview"
    LIMITS = "limits"
    PEOPLE = "people"
    ACCESS = "access"
    MODELS = "models"
    DEFAULTS = "defaults"
    HABITS = "habits"
    PROMPTS = "prompts"
    CHANNELS = "channels"


PANEL_PART = Persistent(r"clapper:(?:settings|house):.*")
"""Every button, select and form of the panel, also those that this version can't read (`Part.read`)."""

_ID = re.compile(
    rf"clapper:(?:settings|house):(?P<version>[0-9]{{1,9}}):(?P<page>{'|'.join(PanelPage)}):(?P<control>[a-z]{{1,20}})(?::(?P<what>[a-z0-9]{{0,32}}))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a custom id says. `what` is the command that the page is about, a page of rules, or a file's mark."""

    version: int
    page: PanelPage
    control: str
    what: str = ""

    @classmethod
    def read(cls, custom_id: str) -> Self | None:
        """None for an id that this version can't read."""
        found = _ID.fullmatch(custom_id)
        if found is None:
            return None
        return cls(
            version=int(found["version"]),
            page=PanelPage(found["page"]),
            control=found["control"],
            what=found["what"] or "",
        )

    @property
    def custom_id(self) -> str:
        end = f":{self.what}" if self.what else ""
        return f"clapper:settings:{self.version}:{self.page}:{self.control}{end}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A channel as the panel needs it: whether it is there, and what the bot may not do in it."""

    there: bool
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that a page is drawn from. `notes` are shown above it; `silenced`: nothing is posted in the audit channel any
    more, since Discord refused it several times; `undo`: what was just saved can be undone."""

    guild_settings: GuildSettings
    catalog: Catalog
    server: str
    locale: str
    role_ids: Collection[int]
    channel_ids: Collection[int]
    places: Mapping[int, Place]
    names: Names
    now: datetime
    page: PanelPage = PanelPage.OVERVIEW
    what: str = ""
    notes: tuple[str, ...] = ()
    silenced: bool = False
    undo: bool = False

    def part(self, control: str, what: str | None = None) -> str:
        """The custom id of a part of this page."""
        kept = self.what if what is None else what
        return Part(version=self.guild_settings.version, page=self.page, control=control, what=kept).custom_id

    def say(self, key: str, **facts: object) -> str:
        return say(key, self.locale, **facts)

    @property
    def operation(self) -> Operation:
        """The command that the page is about; the first of all where none was chosen."""
        try:
            return Operation(self.what)
        except ValueError:
            return next(iter(Operation))


def button(
    scene: Scene,
    control: str,
    label: str,
    *,
    what: str | None = None,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    disabled: bool = False,
) -> ui.Button[Any]:
    """One of this page's buttons."""
    return ui.Button(label=label[:80], custom_id=scene.part(control, what), style=style, disabled=disabled)


def choice(
    scene: Scene,
    control: str,
    placeholder: str,
    options: Iterable[tuple[str, str, bool]],
    *,
    least: int = 1,
    many: bool = False,
    about: Mapping[str, str] | None = None,
) -> ui.ActionRow[Any]:
    """A select of (value, label, chosen) in a row of its own; `about` are sentences below labels, by their values."""
    told = about or {}
    offered = [
        discord.SelectOption(
            value=value, label=label[:100], default=chosen, description=told[value][:100] if value in told else None
        )
        for value, label, chosen in options
    ][:CHOICES_MAX]
    return ui.ActionRow(
        ui.Select(
            custom_id=scene.part(control),
            placeholder=placeholder[:150],
            options=offered,
            min_values=least,
            max_values=len(offered) if many else 1,
        )
    )


def channels(
    scene: Scene,
    control: str,
    placeholder: str,
    chosen: Collection[int],
    *,
    types: Collection[discord.ChannelType],
    most: int = CHOICES_MAX,
) -> ui.ActionRow[Any]:
    """A select of channels; those that are gone are left out, as Discord would refuse them."""
    kind = discord.SelectDefaultValueType.channel
    there = [discord.SelectDefaultValue(id=one, type=kind) for one in sorted(chosen) if one in scene.channel_ids]
    return ui.ActionRow(
        ui.ChannelSelect(
            custom_id=scene.part(control),
            placeholder=placeholder[:150],
            channel_types=list(types),
            min_values=0,
            max_values=most,
            default_values=there[:most],
        )
    )


def roles(scene: Scene, control: str, placeholder: str, chosen: Collection[int]) -> ui.ActionRow[Any]:
    """A select of roles; those that are gone are left out, as Discord would refuse them."""
    kind = discord.SelectDefaultValueType.role
    there = [discord.SelectDefaultValue(id=one, type=kind) for one in sorted(chosen) if one in scene.role_ids]
    return ui.ActionRow(
        ui.RoleSelect(
            custom_id=scene.part(control),
            placeholder=placeholder[:150],
            min_values=0,
            max_values=CHOICES_MAX,
            default_values=there[:CHOICES_MAX],
        )
    )


def mentions(mark: str, ids: Collection[int], nothing: str) -> Markup:
    """The ids as Discord's mentions, ten at most; `nothing` where there are none. A panel pings nobody."""
    found = sorted(ids)
    shown = ", ".join(f"<{mark}{one}>" for one in found[:10])
    return Markup(f"{shown} …" if len(found) > 10 else shown or nothing)


def access_of(scene: Scene) -> Access:
    """What is set for the command that the page is about."""
    return scene.guild_settings.access.get(access_key(scene.what), Access())


def access_key(what: str) -> Any:
    """The key in `GuildSettings.access`: an operation or `all`."""
    return Operation(what) if what in set(Operation) else ALL


def defaults_of(scene: Scene) -> Defaults:
    return scene.guild_settings.defaults.get(scene.operation, Defaults())


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPage(Generic[T]):
    """A page of a list: what is `here`, from the number `first` on; a line that says which these are, and the buttons
    to the others, where there are others."""

    first: int
    here: Sequence[T]
    head: tuple[str, ...]
    buttons: tuple[ui.Button[Any], ...]


def listed_page(scene: Scene, everything: Sequence[T], key: str) -> ListedPage[T]:
    """The page of the list that `scene.what` names, the last one where it names none; `key` is its heading's."""
    pages = max(1, -(-len(everything) // LISTED_A_PAGE))
    at = min(int(scene.what) if scene.what.isdecimal() else 0, pages - 1)
    first = at * LISTED_A_PAGE
    here = everything[first : first + LISTED_A_PAGE]
    if not here:
        return ListedPage(first=0, here=here, head=(), buttons=())
    head = scene.say(key, first=first + 1, last=first + len(here), total=len(everything))
    back = button(scene, "back", scene.say("panel_previous"), what=str(at), disabled=at == 0)
    forth = button(scene, "forth", scene.say("panel_next"), what=str(at), disabled=at + 1 == pages)
    return ListedPage(first=first, here=here, head=(head,), buttons=(back, forth) if pages > 1 else ())


def layout(*items: Item) -> ui.LayoutView:
    """A new view with these items."""
    view = ui.LayoutView(timeout=None)
    for item in items:
        view.add_item(item)
    return unkept(view)
