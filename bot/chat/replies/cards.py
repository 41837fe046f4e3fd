"""How a job looks: a pure function from its row to what the reply says, and from that to Discord's parts.

Members read the state in the title. Programs, such as `python -m sandbox try`, know it by the colour, which is the same
in every language and is no other state's.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import discord
from discord import ui

from bot.chat.persistent import Verb, job_button, view_with
from bot.chat.replies.card_lines import (
    SHORT_ID_CHARS,
    handover,
    instead,
    makes_pictures,
    of_kind,
    options,
    outcome,
    quoted,
    small_print,
    times,
    used_part,
)
from bot.errors import (
    ContentRefused,
    HoldUndecided,
    HoldUnseen,
    InputRejected,
    PromptDenied,
    ResultTooLarge,
    ServiceRefused,
    UserFacing,
)
from bot.rules.catalog import Catalog, Role
from bot.rules.delivery import Clip, Link
from bot.rules.jobs import Job, JobState, is_hidden
from bot.wording import say
from bot.wording.facts import plain

STATE_LOOKS = {
    JobState.ACCEPTED: ("⏳", discord.Colour(0xB5BAC1)),
    JobState.SUBMITTING: ("⏳", discord.Colour(0x9AA0A8)),
    JobState.PENDING: ("⏳", discord.Colour(0x80848E)),
    JobState.PROCESSING: ("⚙️", discord.Colour(0x3B82F6)),
    JobState.COMPLETED: ("⚙️", discord.Colour(0x06B6D4)),
    JobState.DELIVERED: ("✅", discord.Colour(0x23A55A)),
    JobState.FAILED: ("❌", discord.Colour(0xDA373C)),
    JobState.CANCELLED: ("🚫", discord.Colour(0x5C5F66)),
}
"""The sign before a title and the colour beside it: greys that darken while it waits, blues while it is made. No two
states have one colour, and nothing else that answers a member has one of these."""

_READY = "📥"
_ALT_MAX_CHARS = 1000
"""Discord takes 1024 characters."""
_PICTURED = (Role.DATA, Role.START, Role.REFERENCE)
_SHOWABLE = (".jpg", ".jpeg", ".png", ".webp", ".gif")
"""What Discord shows in an embed (reference, "Using Attachments within Embeds"); it goes by the name."""
_UNAPPROVED = frozenset({PromptDenied.key, HoldUndecided.key, HoldUnseen.key})
_HOPELESS_ERRORS: tuple[type[UserFacing], ...] = (PromptDenied, ContentRefused, ServiceRefused, ResultTooLarge)
_HOPELESS = frozenset(error.key for error in (*_HOPELESS_ERRORS, *InputRejected.__subclasses__()))
"""Failures that the same request meets again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the reply says, apart from Discord's way to say it. Equal cards need no edit. `small` is the last line, with
    numbers to copy; `alt` describes the video or picture to who can't see it."""

    job_id: str
    title: str
    lines: tuple[str, ...]
    small: str
    colour: discord.Colour
    buttons: tuple[Verb, ...]
    locale: str
    picture: str | None = None
    thumbnail: str | None = None
    alt: str | None = None


def card_of(
    job: Job,
    catalog: Catalog,
    *,
    handed: Clip | Link | None = None,
    bare: bool = False,
    fleeting: bool = False,
    alone: bool = False,
    elsewhere: bool = False,
) -> Card:
    """The card of the row. `handed` is what is delivered with it; `bare` leaves out every word of strangers; `fleeting`
    says that this reply may be out of reach before the video is there, so that it offers a way to come for it; `alone`:
    its requester alone sees it, wherever the reply is; `elsewhere`: it is delivered, but not in this message. Others
    see nothing of what no moderator has approved."""
    locale = job.locale
    sign, colour = STATE_LOOKS[job.state]
    waits = job.awaits_member
    shown = not bare and (alone or job.reply.ephemeral or not unapproved(job))
    lines = [
        *(quoted(job) if shown else []),
        options(job, catalog, handed, alone=alone),
        *instead(job),
        *used_part(job),
        *times(job, catalog),
        *outcome(job, bare=bare),
        *handover(handed, locale),
    ]
    if elsewhere:
        lines.append(say("delivered_elsewhere", locale))
    if fleeting and not waits:
        lines.append(say("fleeting_note", locale))
    return Card(
        job_id=job.id,
        title=f"{_READY if waits else sign} {say(of_kind(_title_key(job), job), locale)}",
        lines=tuple(lines),
        small=small_print(job),
        colour=colour,
        buttons=_buttons(job, catalog, shown=not (elsewhere or isinstance(handed, Link)), fleeting=fleeting),
        locale=locale,
        picture=f"attachment://{poster_name(job)}" if _shows_poster(job, handed) else None,
        thumbnail=_thumbnail(job) if shown else None,
        alt=plain(job.request.inputs.prompt, _ALT_MAX_CHARS) if shown and job.request.inputs.prompt else None,
    )


def unapproved(job: Job) -> bool:
    """Whether a moderator had to see it first and has not allowed it."""
    return job.held or (job.failure is not None and job.failure.key in _UNAPPROVED)


def embed_of(card: Card) -> discord.Embed:
    """The card as an embed; a new one each time."""
    text = "\n".join((*card.lines, f"-# {card.small}"))
    embed = discord.Embed(title=card.title, description=text, colour=card.colour)
    if card.picture:
        embed.set_image(url=card.picture)
    if card.thumbnail:
        embed.set_thumbnail(url=card.thumbnail)
    return embed


def view_of(card: Card) -> ui.View:
    """The card's buttons; a new view each time."""
    return view_with(*(job_button(verb, card.job_id, card.locale) for verb in card.buttons))


def result_name(job: Job, ending: str = ".mp4") -> str:
    """A file name that every device takes and Discord shows: ASCII, made from the prompt, with that ending."""
    plain = unicodedata.normalize("NFKD", job.request.inputs.prompt or "").encode("ascii", "ignore").decode().casefold()
    slug = "-".join(re.findall(r"[a-z0-9]+", plain))[:40].strip("-") or job.request.operation.value
    return f"{slug}-{job.id[:SHORT_ID_CHARS]}{ending}"


def poster_name(job: Job) -> str:
    """The file name under which a link's still picture is attached."""
    return f"poster-{job.id[:SHORT_ID_CHARS]}.jpg"


def _shows_poster(job: Job, handed: Clip | Link | None) -> bool:
    """An embed hides no picture, so that a hidden one stands beside it."""
    return isinstance(handed, Link) and handed.poster is not None and not is_hidden(job)


def _thumbnail(job: Job) -> str | None:
    """The address of a picture that the video is made from, as long as it is being made.

    Afterwards the video shows it better, and the address of what was attached to a command dies within days.
    """
    if job.ended or is_hidden(job):
        return None
    for role in _PICTURED:
        file = job.request.files.get(role)
        if file is not None and file.filename.casefold().endswith(_SHOWABLE):
            return file.url
    return None


def _title_key(job: Job) -> str:
    if job.held:
        return "title_held"
    if job.in_line:
        return "title_in_line"
    return "title_waiting" if job.awaits_member else f"title_{job.state}"


def may_go_well(job: Job, catalog: Catalog) -> bool:
    """Whether the same once more can end otherwise: not what a moderator, the service or the file itself forbids, and
    not for a model that was taken out."""
    hopeless = job.failure is not None and job.failure.key in _HOPELESS
    return not hopeless and job.request.model in catalog


def _buttons(job: Job, catalog: Catalog, *, shown: bool, fleeting: bool) -> tuple[Verb, ...]:
    """`shown`: what was made is in the message itself, where it is delivered."""
    if job.ended:
        usable = job.state is JobState.DELIVERED and shown
        again = (Verb.AGAIN,) if may_go_well(job, catalog) else ()
        use = (Verb.USE,) if usable else ()
        if usable and makes_pictures(job):
            return (Verb.ANIMATE, *use, *again, Verb.REVISE, Verb.DELETE)
        return (*again, Verb.REVISE, *use, Verb.DELETE)
    if job.awaits_member:
        return (Verb.GET,)
    return (Verb.CANCEL, Verb.GET) if fleeting else (Verb.CANCEL,)
