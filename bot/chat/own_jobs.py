"""How a member's own list of jobs looks, with the buttons and the select under it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import discord
from discord import ui

from bot.chat.persistent import Persistent, Verb, job_button, view_with
from bot.chat.replies.cards import card_of, embed_of, may_go_well
from bot.rules.catalog import Catalog
from bot.rules.jobs import Job
from bot.wording import Markup, say, translated
from bot.wording.facts import escape, plain, stamp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

PAGE_SIZE = 5
"""Jobs on one page: with their prompts they fill a phone's screen once."""

_LINE_CHARS, _LABEL_CHARS = 80, 80

# What the buttons do. The words stand in custom ids and can't be changed.
NEWER, OLDER, LIST, CANCEL, SHOW, SAME, NEW = ("newer", "older", "list", "cancel", "show", "same_seed", "new_seed")
_STYLES = {
    CANCEL: discord.ButtonStyle.danger,
    SHOW: discord.ButtonStyle.primary,
}

OWN_BUTTON = Persistent(
    r"clapper:own:(?P<verb>[a-z_]{1,16}):(?P<page>\d{1,6})(?::(?P<job>[0-9a-f]{32}))?", in_place=True
)
"""Turns to a page, or does something with one job. Another version may have had other verbs."""

OWN_SELECT = Persistent(r"clapper:own-pick:(?P<page>\d{1,6})", in_place=True)
"""Chooses one job of the page; the values are job ids."""


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
    """The select of the page's jobs, and the pages before and after."""
    items: list[ui.Item[Any]] = []
    if jobs:
        select = ui.Select[Any](custom_id=f"clapper:own-pick:{number}", placeholder=say("jobs_choose", locale))
        for place, job in enumerate(jobs, number * PAGE_SIZE + 1):
            select.add_option(
                label=f"{place}. {plain(_about(job), _LABEL_CHARS)}",
                value=job.id,
                description=card_of(_read_in(job, locale), catalog).title[:100],
            )
        items.append(select)
    if number > 0:
        items.append(_button(NEWER, number - 1, locale))
    if number < pages - 1:
        items.append(_button(OLDER, number + 1, locale))
    return view_with(*items)


def detail_embed(job: Job, catalog: Catalog, *, kept_until: datetime | None, locale: str) -> discord.Embed:
    """The card of one job, with a link to its message and until when its video is kept."""
    card = card_of(_read_in(job, locale), catalog, alone=True)
    lines = list(card.lines)
    place = job.reply.guild_id or "@me"
    if not job.reply.ephemeral:
        url = Markup(f"https://discord.com/channels/{place}/{job.reply.channel_id}/{job.reply.message_id}")
        lines.append(say("jobs_where", locale, url=url))
    if kept_until is not None:
        lines.append(say("jobs_kept", locale, until=kept_until))
    return embed_of(replace(card, lines=tuple(lines)))


def detail_view(job: Job, catalog: Catalog, *, page: int, locale: str) -> ui.View:
    """Buttons for what can be done with the job now, and for going back to the list."""
    again = [SAME, NEW] if may_go_well(job, catalog) else []
    verbs = [SHOW, *again] if job.ended else [SHOW, CANCEL]
    change = [job_button(Verb.REVISE, job.id, locale)] if job.ended else []
    buttons = (*(_button(verb, page, locale, job.id) for verb in verbs), *change)
    return view_with(*buttons, _button(LIST, page, locale))


def _button(verb: str, page: int, locale: str, job_id: str = "") -> ui.Button[Any]:
    return ui.Button(
        label=translated(f"button_{verb}", locale),
        style=_STYLES.get(verb, discord.ButtonStyle.secondary),
        custom_id=f"clapper:own:{verb}:{page}" + (f":{job_id}" if job_id else ""),
    )


def _read_in(job: Job, locale: str) -> Job:
    """A copy of the job whose card is in that language."""
    return job.model_copy(update={"requester": job.requester.model_copy(update={"locale": locale})})


def _about(job: Job) -> str:
    return job.request.inputs.prompt or f"/{job.request.operation}"
