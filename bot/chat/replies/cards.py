"""How a job looks: a pure function from its row to what the reply says, and from that to Discord's parts.

The footer holds the state's own word, the model's name and the start of the job's id, the same in every language: it is
what people report, what logs say and what `python -m sandbox try` reads.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

import discord
from discord import ui

from bot.chat.persistent import Verb, job_button, view_with
from bot.errors import HoldUndecided, HoldUnseen, ModelUnknown, PromptDenied
from bot.rules.catalog import FORMS, Catalog, Kind, Role
from bot.rules.delivery import Clip, Link
from bot.rules.jobs import Failure, Job, JobState, is_hidden
from bot.wording import Markup, say
from bot.wording.facts import escape

PROMPT_MAX_CHARS = 700
"""How much of a prompt a card quotes: the longest prompt needs two screens of a phone, this one a third."""

PATH_MAX_CHARS = 300

SHORT_ID_CHARS = 8

_GREY, _BLUE = discord.Colour.lighter_grey(), discord.Colour.blurple()
STATE_LOOKS = {
    JobState.ACCEPTED: ("⏳", _GREY),
    JobState.SUBMITTING: ("⏳", _GREY),
    JobState.PENDING: ("⏳", _GREY),
    JobState.PROCESSING: ("⚙️", _BLUE),
    JobState.COMPLETED: ("⚙️", _BLUE),
    JobState.DELIVERED: ("✅", discord.Colour.green()),
    JobState.FAILED: ("❌", discord.Colour.red()),
    JobState.CANCELLED: ("🚫", _GREY),
}
"""The sign before a title and the colour beside it."""

_PICTURE_KEYS = {
    "title_processing": "title_processing_picture",
    "waiting_note": "waiting_note_picture",
    "slow_note": "slow_note_picture",
}
_READY = "📥"
_PICTURED = (Role.DATA, Role.START, Role.REFERENCE)
_SHOWABLE = (".jpg", ".jpeg", ".png", ".webp", ".gif")
"""What Discord shows in an embed (reference, "Using Attachments within Embeds"); it goes by the name."""
_UNAPPROVED = frozenset({PromptDenied.key, HoldUndecided.key, HoldUnseen.key})
_WAITING = frozenset({JobState.ACCEPTED, JobState.SUBMITTING, JobState.PENDING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the reply says, apart from Discord's way to say it. Equal cards need no edit."""

    job_id: str
    title: str
    lines: tuple[str, ...]
    footer: str
    colour: discord.Colour
    buttons: tuple[Verb, ...]
    locale: str
    picture: str | None = None
    thumbnail: str | None = None


def card_of(
    job: Job,
    catalog: Catalog,
    *,
    handed: Clip | Link | None = None,
    bare: bool = False,
    fleeting: bool = False,
    alone: bool = False,
) -> Card:
    """The card of the row. `handed` is what is delivered with it; `bare` leaves out every word of strangers; `fleeting`
    says that this reply may be out of reach before the video is there, so that it offers a way to come for it; `alone`:
    its requester alone sees it, wherever the reply is. Others see nothing of what no moderator has approved."""
    locale = job.requester.locale
    sign, colour = STATE_LOOKS[job.state]
    waits = job.awaits_member
    shown = not bare and (alone or job.reply.ephemeral or not _unapproved(job))
    lines = [
        *(_quoted(job) if shown else []),
        _options(job, catalog),
        *_instead(job),
        *_used_part(job),
        *_times(job),
        *_outcome(job, bare=bare),
        *_handover(handed, locale),
    ]
    if fleeting and not waits:
        lines.append(say("fleeting_note", locale))
    return Card(
        job_id=job.id,
        title=f"{_READY if waits else sign} {say(_of_kind(_title_key(job), job), locale)}",
        lines=tuple(lines),
        footer=f"{job.state} · {job.request.model} · {job.id[:SHORT_ID_CHARS]}",
        colour=colour,
        buttons=_buttons(job, handed, fleeting=fleeting),
        locale=locale,
        picture=f"attachment://{poster_name(job)}" if _shows_poster(job, handed) else None,
        thumbnail=_thumbnail(job) if shown else None,
    )


def _unapproved(job: Job) -> bool:
    """Whether a moderator had to see it first and has not allowed it."""
    return job.held or (job.failure is not None and job.failure.key in _UNAPPROVED)


def _quoted(job: Job) -> list[str]:
    """The requester's own words."""
    inputs = job.request.inputs
    words = ((inputs.prompt, PROMPT_MAX_CHARS), (inputs.path or None, PATH_MAX_CHARS))
    return [f"> {escape(text, limit)}" for text, limit in words if text is not None]


def embed_of(card: Card) -> discord.Embed:
    """The card as an embed; a new one each time."""
    embed = discord.Embed(title=card.title, description="\n".join(card.lines), colour=card.colour)
    embed.set_footer(text=card.footer)
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


def _options(job: Job, catalog: Catalog) -> str:
    inputs, locale = job.request.inputs, job.requester.locale
    parts = [
        f"**{escape(model_title(job.request.model, catalog))}**",
        inputs.resolution,
        inputs.orientation,
        f"{inputs.duration} s" if inputs.duration else None,
        None if inputs.audio is None else say("with_sound" if inputs.audio else "without_sound", locale),
        say("with_avoid", locale) if inputs.avoid else None,
        None if inputs.seed is None else say("seed_is", locale, seed=Markup(f"`{inputs.seed}`")),
        None if inputs.enhance_prompt is None else say("enhanced" if inputs.enhance_prompt else "as_written", locale),
        say("asked_by", locale, user_id=job.requester.user_id),
        *_origins(job),
    ]
    return " · ".join(part for part in parts if part)


def _instead(job: Job) -> list[str]:
    """That the usual model is not to be had, so that another one is used."""
    usual = job.request.instead_of
    return [] if usual is None else [say("instead_of", job.requester.locale, model=usual)]


def _used_part(job: Job) -> list[str]:
    """Which part of a clip the model gets, where it is not all of it."""
    start = job.request.inputs.start_seconds
    clip = job.stored.get(Role.DATA)
    if clip is None or clip.seconds is None or not clip.shortened:
        return []
    key = "clip_shortened" if start else "clip_shortened_beginning"
    return [say(key, job.requester.locale, seconds=clip.seconds, start_seconds=start or 0.0)]


def _origins(job: Job) -> list[str]:
    """Whose picture it is and where, except where it came with the very message that is answered."""
    locale = job.requester.locale
    return [
        say("picture_from", locale, posted_by_id=file.posted_by, posted_in=Markup(file.posted_in))
        for file in job.request.files.values()
        if file.posted_by is not None and file.posted_in and not file.posted_in.endswith(f"/{job.reply.answers}")
    ]


def model_title(name: str, catalog: Catalog) -> str:
    """What the model is called; its name where the operator took it out while the job was running."""
    try:
        return catalog.get(name).title
    except ModelUnknown:
        return name


def _times(job: Job) -> list[str]:
    """Stamps that Discord keeps ticking on the reader's screen, so that nothing is edited for the time's sake."""
    if job.ended or job.state is JobState.COMPLETED:
        return []
    locale = job.requester.locale
    if job.in_line:
        return [say("accepted_at", locale, accepted_at=job.accepted_at), say("in_line", locale, place=job.place)]
    began = job.processing_at if job.state not in _WAITING else None
    stamps = (
        say("processing_at", locale, processing_at=began)
        if began is not None
        else say("accepted_at", locale, accepted_at=job.accepted_at)
    )
    if job.state is JobState.PENDING and job.service_place is not None:
        key = "service_place" if job.service_place else "service_place_next"
        return [stamps, say(key, locale, place=job.service_place)]
    due = expected_at(job)
    if due is not None and not job.slow:
        stamps += f" · {say('expected_at', locale, expected_at=due)}"
    return [stamps, say(_of_kind("slow_note", job), locale)] if job.slow else [stamps]


def expected_at(job: Job) -> datetime | None:
    """When the video should be there, from what this model took lately; None where nothing is known, as while the job
    waits in its service's queue."""
    if job.expected_seconds is None or (job.state is JobState.PENDING and job.service_place is not None):
        return None
    began = job.processing_at if job.state is JobState.PROCESSING else None
    return (began or job.submitted_at or job.accepted_at) + timedelta(seconds=job.expected_seconds)


def _outcome(job: Job, *, bare: bool) -> list[str]:
    locale = job.requester.locale
    if job.held:
        return [say("held_note", locale)]
    if job.awaits_member:
        return [say(_of_kind("waiting_note", job), locale)]
    if job.state is JobState.FAILED and job.failure is not None:
        counts = [] if job.refunded else [say("failure_counts", locale)]
        return [failure_sentence(job.failure, locale, bare=bare), *counts]
    if job.state is JobState.DELIVERED and job.completed_at is not None:
        return [say("took", locale, seconds=(job.completed_at - job.accepted_at).total_seconds())]
    return []


def failure_sentence(failure: Failure, locale: str | None, *, bare: bool = False) -> str:
    """Why a job has no video; `bare` leaves out the service's own words."""
    facts: dict[str, object] = {**failure.facts}
    if bare:
        facts["reason"] = None
    try:
        return say(failure.key, locale, **facts)
    except KeyError:  # the row was written by another version of Clapper
        return say("internal_failure", locale)


def _handover(handed: Clip | Link | None, locale: str) -> list[str]:
    match handed:
        case Clip(note=str(key)):
            return [say(key, locale, **{"size_bytes": handed.size_bytes} | dict(handed.note_facts))]
        case Link():
            address = Markup(handed.url)
            return [say("link_ready", locale, size_bytes=handed.size_bytes, url=address, expires_at=handed.expires_at)]
        case _:
            return []


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


def _makes_pictures(job: Job) -> bool:
    return FORMS[job.request.operation].makes is Kind.IMAGE


def _of_kind(key: str, job: Job) -> str:
    """The key of the sentence about a picture, where there is one and the job makes one."""
    return _PICTURE_KEYS.get(key, key) if _makes_pictures(job) else key


def _title_key(job: Job) -> str:
    if job.held:
        return "title_held"
    if job.in_line:
        return "title_in_line"
    return "title_waiting" if job.awaits_member else f"title_{job.state}"


def _buttons(job: Job, handed: Clip | Link | None, *, fleeting: bool) -> tuple[Verb, ...]:
    if job.ended:
        usable = job.state is JobState.DELIVERED and not isinstance(handed, Link)
        if usable and _makes_pictures(job):
            return (Verb.ANIMATE, Verb.USE, Verb.AGAIN, Verb.DELETE)
        return (Verb.AGAIN, Verb.USE, Verb.DELETE) if usable else (Verb.AGAIN, Verb.DELETE)
    if job.awaits_member:
        return (Verb.GET,)
    return (Verb.CANCEL, Verb.GET) if fleeting else (Verb.CANCEL,)
