"""How a member's own list of jobs looks, with the buttons and the selects under it."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import discord
from discord import ui

from bot.chat.persistent import Persistent, Verb, job_button, view_with
from bot.chat.replies.cards import card_of, embed_of, may_go_well
from bot.rules.catalog import Catalog, Operation
from bot.rules.jobs import Job, JobGroup
from bot.wording import Markup, say, translated
from bot.wording.facts import escape, plain, stamp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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

_ONLY = r"(?::(?P<only>[a-z0-9]{1,16}))?"
OWN_BUTTON = Persistent(
    r"clapper:own:(?P<verb>[a-z_]{1,16}):(?P<page>\d{1,6})(?::(?P<job>[0-9a-f]{32}))?" + _ONLY, in_place=True
)
"""Turns to a page, or does something with one job. Another version may have had other verbs."""

OWN_SELECT = Persistent(r"clapper:own-pick:(?P<page>\d{1,6})" + _ONLY, in_place=True)
"""Chooses one job of the page; the values are job ids."""

OWN_FILTER = Persistent(r"clapper:own-only", in_place=True)
"""Chooses which jobs are listed; the values are groups, commands or `all`."""

_ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListView:
    """What of the list is on the screen: the page, from 0, and of which group or command its jobs are."""

    number: int = 0
    only: JobGroup | Operation | None = None

    @classmethod
    def read(cls, word: str | None, number: int = 0) -> ListView:
        """By the word in a custom id; one that another version wrote means all."""
        found: tuple[JobGroup | Operation, ...] = (*JobGroup, *Operation)
        return cls(number=number, only=next((one for one in found if one == word), None))

    @property
    def suffix(self) -> str:
        """The end of a custom id."""
        return "" if self.only is None else f":{self.only}"


Place = Callable[[Job], str]
"""Where a job's message is, in words; empty where that is not known."""


def list_heading(jobs: Sequence[Job], shown: ListView, *, pages: int, locale: str) -> str:
    """What stands above the list, in the reader's language."""
    title = f"**{say('jobs_title', locale)}**"
    if not jobs:
        return f"{title}\n{say('jobs_none' if shown.only is None else 'jobs_none_of_these', locale)}"
    return f"{title} · {say('jobs_page', locale, page=shown.number + 1, pages=pages)}"


def list_embeds(
    jobs: Sequence[Job], catalog: Catalog, shown: ListView, *, place: Place, stills: Mapping[str, bytes], locale: str
) -> list[discord.Embed]:
    """An embed for each job of the page, with its still where there is one: `still_files` are to be sent with them."""
    embeds = []
    for at, job in enumerate(jobs, shown.number * PAGE_SIZE + 1):
        card = card_of(_read_in(job, locale), catalog)
        facts = [card.title, f"/{job.request.operation}", stamp(job.accepted_at)]
        where = [part for part in (place(job), _link(job, locale)) if part]
        lines = [f"**{at}. {escape(_about(job), _LINE_CHARS)}**", " · ".join(facts), " · ".join(where)]
        embed = discord.Embed(description="\n".join(filter(None, lines)), colour=card.colour)
        if job.id in stills:
            embed.set_thumbnail(url=f"attachment://{_still_name(job.id)}")
        embeds.append(embed)
    return embeds


def still_files(stills: Mapping[str, bytes]) -> list[discord.File]:
    """The attachments that the embeds show."""
    return [discord.File(io.BytesIO(picture), _still_name(job_id)) for job_id, picture in stills.items()]


def _still_name(job_id: str) -> str:
    return f"still-{job_id[:8]}.jpg"


def list_view(jobs: Sequence[Job], catalog: Catalog, shown: ListView, *, pages: int, locale: str) -> ui.View:
    """The select of the page's jobs, that of what is listed, and the pages before and after."""
    items: list[ui.Item[Any]] = []
    if jobs:
        select = ui.Select[Any](
            custom_id=f"clapper:own-pick:{shown.number}{shown.suffix}", placeholder=say("jobs_choose", locale)
        )
        for place, job in enumerate(jobs, shown.number * PAGE_SIZE + 1):
            select.add_option(
                label=f"{place}. {plain(_about(job), _LABEL_CHARS)}",
                value=job.id,
                description=card_of(_read_in(job, locale), catalog).title[:100],
            )
        items.append(select)
    if jobs or shown.only is not None:
        items.append(_filter(catalog, shown, locale))
    if shown.number > 0:
        items.append(_button(NEWER, replace(shown, number=shown.number - 1), locale))
    if shown.number < pages - 1:
        items.append(_button(OLDER, replace(shown, number=shown.number + 1), locale))
    return view_with(*items)


def _filter(catalog: Catalog, shown: ListView, locale: str) -> ui.Select[Any]:
    select = ui.Select[Any](custom_id="clapper:own-only")
    select.add_option(label=say("jobs_all", locale), value=_ALL, default=shown.only is None)
    for group in JobGroup:
        select.add_option(label=say(f"jobs_{group}", locale), value=group, default=shown.only is group)
    for operation in (operation for operation in Operation if catalog.of(operation) or shown.only is operation):
        label = say("jobs_by_command", locale, command=f"/{operation}")
        select.add_option(label=label, value=operation, default=shown.only is operation)
    return select


def detail_embed(job: Job, catalog: Catalog, *, kept_until: datetime | None, locale: str) -> discord.Embed:
    """The card of one job, with a link to its message and until when its video is kept."""
    card = card_of(_read_in(job, locale), catalog, alone=True)
    lines = [*card.lines, *filter(None, [_link(job, locale)])]
    if kept_until is not None:
        lines.append(say("jobs_kept", locale, until=kept_until))
    return embed_of(replace(card, lines=tuple(lines)))


def _link(job: Job, locale: str) -> str | None:
    """To the message; None where nobody can open it by a link, or Discord has not said which it is."""
    reply = job.reply
    if reply.ephemeral or reply.message_id is None:
        return None
    place = reply.guild_id or "@me"
    url = Markup(f"https://discord.com/channels/{place}/{reply.channel_id}/{reply.message_id}")
    return say("jobs_where", locale, url=url)


def detail_view(job: Job, catalog: Catalog, shown: ListView, *, locale: str) -> ui.View:
    """Buttons for what can be done with the job now, and for going back to the list."""
    show, back = _button(SHOW, shown, locale, job.id), _button(LIST, shown, locale)
    if not job.ended:
        return view_with(show, _button(CANCEL, shown, locale, job.id), back)
    again = _again(job, catalog, shown, locale) if may_go_well(job, catalog) else []
    return view_with(show, *again, job_button(Verb.REVISE, job.id, locale), back)


def _again(job: Job, catalog: Catalog, shown: ListView, locale: str) -> list[ui.Button[Any]]:
    """With the same seed or another one; one button for a model that knows no seeds."""
    if catalog.get(job.request.model).highest_seed is None:
        return [_button(NEW, shown, locale, job.id, label="button_again")]
    return [_button(verb, shown, locale, job.id) for verb in (SAME, NEW)]


def _button(verb: str, shown: ListView, locale: str, job_id: str = "", *, label: str = "") -> ui.Button[Any]:
    return ui.Button(
        label=translated(label or f"button_{verb}", locale),
        style=_STYLES.get(verb, discord.ButtonStyle.secondary),
        custom_id=f"clapper:own:{verb}:{shown.number}" + (f":{job_id}" if job_id else "") + shown.suffix,
    )


def _read_in(job: Job, locale: str) -> Job:
    """A copy of the job whose card is in that language."""
    return job.model_copy(
        update={"requester": job.requester.model_copy(update={"locale": locale, "guild_locale": None})}
    )


def _about(job: Job) -> str:
    return job.request.inputs.prompt or f"/{job.request.operation}"
