"""What a card says of a job, line by line, in the requester's language."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from bot.errors import ModelUnknown
from bot.rules.catalog import FORMS, Catalog, Kind, Role
from bot.rules.delivery import Clip, Link
from bot.rules.durations import LONGEST_FACTOR
from bot.rules.jobs import Failure, Job, JobState
from bot.rules.limits import GIVEN_BACK
from bot.wording import Markup, say
from bot.wording.facts import duration, escape

PROMPT_MAX_CHARS = 700
"""How much of a prompt a card quotes: the longest prompt needs two screens of a phone, this one a third."""

PATH_MAX_CHARS = 300

SHORT_ID_CHARS = 8

_PICTURE_KEYS = {
    "title_processing": "title_processing_picture",
    "waiting_note": "waiting_note_picture",
    "slow_note": "slow_note_picture",
}
_SIZES = (2160, 1440, 1080, 720, 480)
_SIZE_TOLERANCE = 0.03
"""How far the shorter side may be from the number in a size's name: encoders like multiples of 32."""
_GUESS_DIVISOR = 6
"""How many times faster than the catalogue's guess a model has been seen to be."""
_AT_WORK = frozenset({JobState.PENDING, JobState.PROCESSING})
_WAITING = frozenset({JobState.ACCEPTED, JobState.SUBMITTING, JobState.PENDING})


def quoted(job: Job) -> list[str]:
    """The requester's own words."""
    inputs = job.request.inputs
    words = ((inputs.prompt, PROMPT_MAX_CHARS), (inputs.path or None, PATH_MAX_CHARS))
    return [f"> {escape(text, limit)}" for text, limit in words if text is not None]


def options(job: Job, catalog: Catalog, handed: Clip | Link | None = None, *, alone: bool = False) -> str:
    """Which model, what was made or is to be made, and for whom where Discord does not show that above the reply."""
    inputs, locale = job.request.inputs, job.locale
    told = alone or job.reply.ephemeral or job.reply.names_asker
    parts = [
        f"**{escape(_short_title(job.request.model, catalog))}**",
        *_form(job, handed),
        None if inputs.audio is None else say("with_sound" if inputs.audio else "without_sound", locale),
        say("with_avoid", locale) if inputs.avoid else None,
        None if inputs.enhance_prompt is None else say("enhanced" if inputs.enhance_prompt else "as_written", locale),
        None if told else say("asked_by", locale, user_id=job.requester.user_id),
        *origins(job),
    ]
    return " · ".join(part for part in parts if part)


def _form(job: Job, handed: Clip | Link | None) -> list[str | None]:
    """How long and how large: of the video itself once it is there, and until then as it was asked for."""
    inputs, locale = job.request.inputs, job.locale
    made = handed if isinstance(handed, Clip) and handed.width else job.result
    if job.state is not JobState.DELIVERED or made is None or not (made.width and made.height):
        orientation = say(f"orientation_{inputs.orientation}", locale) if inputs.orientation else None
        return [f"{inputs.duration} s" if inputs.duration else None, inputs.resolution, orientation]
    length = None if made.seconds is None else duration(made.seconds, locale)
    return [length, size_name(made.width, made.height)]


def size_name(width: int, height: int) -> str:
    """`720p` where that is what it is called, as 1280 by 704 pixels are; else `960 x 600`."""
    short = min(width, height)
    name = next((name for name in _SIZES if abs(short - name) <= name * _SIZE_TOLERANCE), None)
    return f"{width} x {height}" if name is None else f"{name}p"


def small_print(job: Job) -> str:
    """The numbers that are good for copying: the seed, and the job's number, which is also in the operator's log."""
    seed, locale = job.request.inputs.seed, job.locale
    number = say("number_is", locale, number=Markup(f"`{job.id[:SHORT_ID_CHARS]}`"))
    return number if seed is None else f"{say('seed_is', locale, seed=Markup(f'`{seed}`'))} · {number}"


def instead(job: Job) -> list[str]:
    """That the usual model is not to be had, so that another one is used."""
    usual = job.request.instead_of
    return [] if usual is None else [say("instead_of", job.locale, model=usual)]


def used_part(job: Job) -> list[str]:
    """Which part of a clip the model gets, where it is not all of it."""
    start = job.request.inputs.start_seconds
    clip = job.stored.get(Role.DATA)
    if clip is None or clip.seconds is None or not clip.shortened:
        return []
    key = "clip_shortened" if start else "clip_shortened_beginning"
    return [say(key, job.locale, seconds=clip.seconds, start_seconds=start or 0.0)]


def origins(job: Job) -> list[str]:
    """Whose picture it is and where, except where it came with the very message that is answered."""
    locale = job.locale
    return [
        say("picture_from", locale, posted_by_id=file.posted_by, posted_in=Markup(file.posted_in))
        for file in job.request.files.values()
        if file.posted_by is not None and file.posted_in and not file.posted_in.endswith(f"/{job.reply.answers}")
    ]


def _short_title(name: str, catalog: Catalog) -> str:
    """Without what tells models of one name apart in lists, as "(text)": the command says that, and the video."""
    return re.sub(r"(?<=\S) \([^()]*\)$", "", model_title(name, catalog))


def model_title(name: str, catalog: Catalog) -> str:
    """What the model is called; its name where the operator took it out while the job was running."""
    try:
        return catalog.get(name).title
    except ModelUnknown:
        return name


def times(job: Job, catalog: Catalog) -> list[str]:
    """Stamps that Discord keeps ticking on the reader's screen, so that nothing is edited for the time's sake, and how
    long such a job takes. None promises what nobody knows: a moderator's time, or that of a service that is busy."""
    if job.ended or job.state is JobState.COMPLETED:
        return []
    locale = job.locale
    if job.held:
        return [say("accepted_at", locale, accepted_at=job.accepted_at)]
    if job.in_line:
        return [say("accepted_at", locale, accepted_at=job.accepted_at), _place_in_line(job)]
    began = job.processing_at if job.state not in _WAITING else None
    told = (
        say("processing_at", locale, processing_at=began)
        if began is not None
        else say("accepted_at", locale, accepted_at=job.accepted_at)
    )
    if job.state is JobState.PENDING and job.service_place is not None:
        key = "service_place" if job.service_place else "service_place_next"
        return [told, say(key, locale, place=job.service_place)]
    told += "".join(f" · {part}" for part in _expectations(job, catalog))
    return [told, say(of_kind("slow_note", job), locale)] if job.slow else [told]


def _place_in_line(job: Job) -> str:
    locale = job.locale
    if job.expected_seconds is None or job.place is None:
        return say("in_line", locale, place=job.place)
    return say("in_line_within", locale, place=job.place, seconds=tidy_seconds(job.place * job.expected_seconds))


def _expectations(job: Job, catalog: Catalog) -> list[str]:
    """How long such a job takes: a range where this model has made none yet; and until when this one is expected."""
    expected, locale = job.expected_seconds, job.locale
    if expected is None:
        return []
    if _is_guessed(job, catalog):
        shortest, longest = tidy_seconds(expected / _GUESS_DIVISOR), tidy_seconds(expected * LONGEST_FACTOR)
        told = [say("takes_between", locale, shortest_seconds=shortest, longest_seconds=longest)]
    else:
        told = [say("takes_about", locale, seconds=tidy_seconds(expected))]
    due = expected_at(job)
    return told if due is None or job.slow else [*told, say("expected_at", locale, expected_at=due)]


def _is_guessed(job: Job, catalog: Catalog) -> bool:
    """Whether the expectation is the catalogue's, as this model had made too few videos to learn from."""
    model = job.request.model
    return model in catalog and job.expected_seconds == catalog.get(model).typical_seconds


def tidy_seconds(seconds: float) -> float:
    """As people say it: to one second below ten, to five below a minute, to half a minute above."""
    step = 1 if seconds < 10 else 5 if seconds < 60 else 30
    return max(1.0, float(round(seconds / step) * step))


def expected_at(job: Job) -> datetime | None:
    """Until when the video should be there, by what this model took lately; then it is said to be slow. None while
    nobody knows: while the service has not taken the job, and while it waits in the service's queue."""
    if job.expected_seconds is None or job.submitted_at is None or job.state not in _AT_WORK:
        return None
    if job.state is JobState.PENDING and job.service_place is not None:
        return None
    began = job.processing_at if job.state is JobState.PROCESSING else None
    return (began or job.submitted_at) + timedelta(seconds=job.expected_seconds * LONGEST_FACTOR)


def outcome(job: Job, *, bare: bool) -> list[str]:
    locale = job.locale
    if job.held:
        return [say("held_note", locale)]
    if job.awaits_member:
        return [say(of_kind("waiting_note", job), locale)]
    if job.state is JobState.FAILED and job.failure is not None:
        return [failure_sentence(job.failure, locale, bare=bare), _counted(job)]
    if job.state is JobState.DELIVERED and job.completed_at is not None:
        began = job.submitted_at or job.accepted_at
        return [say("took", locale, seconds=(job.completed_at - began).total_seconds())]
    return []


def _counted(job: Job) -> str:
    """Whether the limits count a failed job, as `given_back` decided, and why."""
    locale = job.requester.locale
    if job.refunded:
        return say("failure_not_counted", locale)
    if job.completed_at is not None:
        return say("failure_counts", locale)
    return say("failure_counts_often", locale, amount=GIVEN_BACK)


def failure_sentence(failure: Failure, locale: str | None, *, bare: bool = False) -> str:
    """Why a job has no video; `bare` leaves out the service's own words."""
    facts: dict[str, object] = {**failure.facts}
    if bare:
        facts["reason"] = None
    try:
        return say(failure.key, locale, **facts)
    except KeyError:  # the row was written by another version of Clapper
        return say("internal_failure", locale)


def handover(handed: Clip | Link | None, locale: str) -> list[str]:
    match handed:
        case Clip(note=str(key)):
            return [say(key, locale, **{"size_bytes": handed.size_bytes} | dict(handed.note_facts))]
        case Link():
            address = Markup(handed.url)
            return [say("link_ready", locale, size_bytes=handed.size_bytes, url=address, expires_at=handed.expires_at)]
        case _:
            return []


def makes_pictures(job: Job) -> bool:
    return FORMS[job.request.operation].makes is Kind.IMAGE


def of_kind(key: str, job: Job) -> str:
    """The key of the sentence about a picture, where there is one and the job makes one."""
    return _PICTURE_KEYS.get(key, key) if makes_pictures(job) else key
