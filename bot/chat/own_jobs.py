"""How a member's own list looks, and the buttons and the menu under it; all of them work after any restart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol, Self, cast

import discord
from discord import ui

from bot.chat.replies.cards import card_of, embed_of
from bot.rules.catalog import Catalog
from bot.rules.jobs import Job
from bot.wording import Markup, say, translated
from bot.wording.facts import escape, stamp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

PAGE_SIZE = 5
"""Jobs on one page: with their prompts they fill a phone's screen once."""

_LINE_CHARS, _LABEL_CHARS = 80, 80

# Verbs of the buttons; they stand in custom ids, like those of `bot.chat.persistent`.
NEWER, OLDER, LIST, CANCEL, SHOW, SAME, NEW, PICK = (
    "newer", "older", "list", "cancel", "show", "same_seed", "new_seed", "pick",
)  # fmt: skip
_STYLES = {
    CANCEL: discord.ButtonStyle.danger,
    SHOW: discord.ButtonStyle.primary,
}


class _Owner(Protocol):
    """The part of a cog that a press needs."""

    async def act(self, interaction: discord.Interaction[Any], verb: str, page: int, job_id: str) -> None: ...


class _Excuser(Protocol):
    async def report_error(self, interaction: discord.Interaction[Any], error: Exception) -> None: ...


async def _dispatch(interaction: discord.Interaction[Any], verb: str, page: int, job_id: str) -> None:
    cog = cast("_Owner | None", interaction.client.get_cog("Own"))
    if cog is None:
        return
    try:
        await cog.act(interaction, verb, page, job_id)
    except Exception as exc:  # noqa: BLE001  # discord.py would only log it and leave the member waiting
        await cast("_Excuser", interaction.client).report_error(interaction, exc)


class OwnButton(
    ui.DynamicItem[ui.Button[ui.View]],
    template=r"clapper:own:(?P<verb>[a-z_]{1,16}):(?P<page>\d{1,6})(?::(?P<job>[0-9a-f]{32}))?",
):
    """Turns pages, and does things with one job."""

    def __init__(self, verb: str, page: int, job_id: str = "", *, locale: str | None = None) -> None:
        custom_id = f"clapper:own:{verb}:{page}" + (f":{job_id}" if job_id else "")
        label = translated(f"button_{verb}", locale)
        style = _STYLES.get(verb, discord.ButtonStyle.secondary)
        super().__init__(ui.Button(label=label, style=style, custom_id=custom_id))
        self.verb, self.page, self.job_id = verb, page, job_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        # An id with another verb than ours was forged, or is of another version: it turns to the list.
        verb = match["verb"] if match["verb"] in {NEWER, OLDER, LIST, CANCEL, SHOW, SAME, NEW} else LIST
        return cls(verb, int(match["page"]), match["job"] or "")

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await _dispatch(interaction, self.verb, self.page, self.job_id)


class OwnMenu(ui.DynamicItem[ui.Select[ui.View]], template=r"clapper:own-pick:(?P<page>\d{1,6})"):
    """Chooses one job of the page."""

    def __init__(self, select: ui.Select[ui.View], page: int) -> None:
        super().__init__(select)
        self.page = page

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(cast("ui.Select[ui.View]", item), int(match["page"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await _dispatch(interaction, PICK, self.page, next(iter(self.item.values), ""))


def list_embed(jobs: Sequence[Job], catalog: Catalog, *, number: int, pages: int, locale: str) -> discord.Embed:
    """One page, in the reader's language."""
    embed = discord.Embed(title=say("jobs_title", locale))
    if not jobs:
        embed.description = say("jobs_none", locale)
        return embed
    first = number * PAGE_SIZE + 1
    embed.description = "\n".join(
        f"**{place}.** {card_of(_read_in(job, locale), catalog).title} · {stamp(job.accepted_at)}"
        f"\n> {escape(_about(job), _LINE_CHARS)}"
        for place, job in enumerate(jobs, first)
    )
    embed.set_footer(text=say("jobs_page", locale, page=number + 1, pages=pages))
    return embed


def list_view(jobs: Sequence[Job], catalog: Catalog, *, number: int, pages: int, locale: str) -> ui.View:
    """The menu of the page's jobs, and the pages before and after."""
    view = ui.View(timeout=None)
    if jobs:
        select: ui.Select[ui.View] = ui.Select(
            custom_id=f"clapper:own-pick:{number}", placeholder=say("jobs_choose", locale)
        )
        for place, job in enumerate(jobs, number * PAGE_SIZE + 1):
            select.add_option(
                label=f"{place}. {' '.join(_about(job).split())}"[:_LABEL_CHARS],
                value=job.id,
                description=card_of(_read_in(job, locale), catalog).title[:100],
            )
        view.add_item(OwnMenu(select, number))
    if number > 0:
        view.add_item(OwnButton(NEWER, number - 1, locale=locale))
    if number < pages - 1:
        view.add_item(OwnButton(OLDER, number + 1, locale=locale))
    return view


def detail_embed(job: Job, catalog: Catalog, *, kept_until: datetime | None, locale: str) -> discord.Embed:
    """One job as its card shows it, with where it is."""
    embed = embed_of(card_of(_read_in(job, locale), catalog))
    lines = [embed.description or ""]
    place = job.reply.guild_id or "@me"
    if not job.reply.ephemeral:
        url = Markup(f"https://discord.com/channels/{place}/{job.reply.channel_id}/{job.reply.message_id}")
        lines.append(say("jobs_where", locale, url=url))
    if kept_until is not None:
        lines.append(say("jobs_kept", locale, until=kept_until))
    embed.description = "\n".join(lines)
    return embed


def detail_view(job: Job, *, page: int, locale: str) -> ui.View:
    """What can be done with it now, and the way back."""
    verbs = [SHOW, SAME, NEW] if job.ended else [SHOW, CANCEL]
    view = ui.View(timeout=None)
    for verb in verbs:
        view.add_item(OwnButton(verb, page, job.id, locale=locale))
    view.add_item(OwnButton(LIST, page, locale=locale))
    return view


def _read_in(job: Job, locale: str) -> Job:
    """The job as its card would say it in another language than that in which it was asked for."""
    return job.model_copy(update={"requester": job.requester.model_copy(update={"locale": locale})})


def _about(job: Job) -> str:
    return job.request.inputs.prompt or f"/{job.request.operation}"
