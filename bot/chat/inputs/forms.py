"""The form that a menu opens: what a command's options would ask, on the message that it was chosen on.

A form outlives a restart: what it is about stands in its custom id, and what was filled in is read from the event, not
from an object in memory.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.chat.inputs.sources import MENUS, attachment_in
from bot.rules.catalog import Kind, Model, Operation, Role
from bot.rules.requests import Attachment
from bot.wording import say, translated

CUSTOM_ID = re.compile(rf"clapper:form:(?P<operation>{'|'.join(MENUS)}):(?P<message>\d{{1,20}})")
_LIFE_SECONDS = 900.0
"""discord.py keeps an object of every open form; nobody says when one is closed unsent, so it goes after a while."""

MOST_CHOICES = 25
_TEXT_MOST = 4000


@dataclass(frozen=True, slots=True)
class Filled:
    """What came back. `chosen` counts the message's files from 0."""

    prompt: str | None = None
    model: str | None = None
    chosen: int = 0
    reference: Attachment | None = None


def form_of(
    operation: Operation, message_id: int, files: Sequence[Attachment], models: Sequence[Model], locale: str
) -> ui.Modal:
    """The form, with a choice wherever there is one."""
    form = ui.Modal(title=MENUS[operation], custom_id=f"clapper:form:{operation}:{message_id}", timeout=_LIFE_SECONDS)
    takes_reference = any(model.reference for model in models)
    prompt = ui.TextInput[ui.Modal](
        custom_id="prompt",
        style=discord.TextStyle.paragraph,
        required=not takes_reference,
        max_length=min(_TEXT_MOST, max((model.prompt_max_chars for model in models), default=_TEXT_MOST)),
    )
    form.add_item(_labelled("form_prompt", prompt, locale, "option_prompt"))
    if len(files) > 1:
        kind = models[0].files[Role.DATA] if models else Kind.IMAGE
        form.add_item(_labelled(f"form_{kind}", chooser("chosen", files, locale), locale))
    if takes_reference:
        upload = ui.FileUpload[ui.Modal](custom_id="reference", required=False, min_values=0, max_values=1)
        form.add_item(_labelled("form_reference", upload, locale, "option_reference"))
    if len(models) > 1:
        form.add_item(_labelled("form_model", _models(models), locale))
    return form


def chooser(
    custom_id: str, files: Sequence[Attachment], locale: str, values: Sequence[str] | None = None
) -> ui.Select[Any]:
    """A menu of the files by name and size; its values count from 0 where none are given."""
    options = [
        discord.SelectOption(
            label=f"{at + 1}. {file.filename}"[:100], value=values[at] if values else str(at), description=_sides(file)
        )
        for at, file in enumerate(files[:MOST_CHOICES])
    ]
    return ui.Select(
        custom_id=custom_id, placeholder=translated("which_one_short", locale), options=options, required=False
    )


def read_form(data: Mapping[str, Any]) -> Filled:
    """What a MODAL_SUBMIT's data say (D receiving-and-responding, "Modal Submit Data Structure")."""
    parts = {part["custom_id"]: part for part in _inputs(data.get("components") or [])}
    uploads = (data.get("resolved") or {}).get("attachments") or {}
    reference = _first(parts.get("reference"))
    chosen = _first(parts.get("chosen")) or "0"
    return Filled(
        prompt=(parts.get("prompt") or {}).get("value"),
        model=_first(parts.get("model")),
        chosen=int(chosen) if chosen.isdecimal() else 0,
        reference=attachment_in(uploads[reference]) if reference in uploads else None,
    )


def _labelled(key: str, part: ui.Item[Any], locale: str, description: str | None = None) -> ui.Label[ui.Modal]:
    told = translated(description, locale)[:100] if description else None
    return ui.Label(text=say(key, locale)[:45], description=told, component=part)


def _models(models: Sequence[Model]) -> ui.Select[Any]:
    options = [
        discord.SelectOption(
            label=model.title[:100], value=model.name, description=model.note[:100] or None, default=at == 0
        )
        for at, model in enumerate(models[:MOST_CHOICES])
    ]
    return ui.Select(custom_id="model", options=options, required=False)


def _sides(file: Attachment) -> str | None:
    return f"{file.width} x {file.height}" if file.width and file.height else None


def _inputs(parts: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    inner: list[Mapping[str, Any]] = [
        part.get("component") or next(iter(part.get("components") or []), {}) for part in parts
    ]
    return [part for part in inner if "custom_id" in part]


def _first(part: Mapping[str, Any] | None) -> str | None:
    return next(iter((part or {}).get("values") or []), None)
