"""Forms (Discord's modals): their parts, how what was filled in is read, and those that ask what options would.

A form outlives a restart: what it is about stands in its custom id, and what was filled in is read from the event that
brings it, not from an object in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.chat.inputs.file_types import PictureUpload
from bot.chat.inputs.sources import MENU_OF, attachment_in
from bot.chat.persistent import Persistent, unkept
from bot.errors import ModelUnknown, VideoGone
from bot.rules import trajectory
from bot.rules.catalog import FORMS, Kind, Model, Operation, PromptRule, Role
from bot.rules.requests import Attachment
from bot.wording import say, translated
from bot.wording.facts import plain

MENU_FORM = Persistent(rf"clapper:form:(?P<operation>{'|'.join(MENU_OF)}):(?P<message>\d{{1,20}})")
REUSE_FORM = Persistent(r"clapper:reuse:(?P<job>[0-9a-f]{32})")
DENY_FORM = Persistent(r"clapper:denied:(?P<job>[0-9a-f]{32})", once=True)
PATH_FORM = Persistent(r"clapper:path:(?P<draft>[0-9a-f]{32})", in_place=True)

CHOICES_MAX = 25
"""Discord's most for a select."""

DENY_REASON_MAX_CHARS = 300
"""Of a moderator's reason."""

TEXT_MAX_CHARS = 4000
"""Discord's most for a text field."""


def modal(title: str, custom_id: str, *parts: ui.Label[Any]) -> ui.Modal:
    """A form with these parts, which discord.py does not keep; Discord takes 45 characters for the title."""
    made = ui.Modal(title=title[:45], custom_id=custom_id, timeout=None)
    for part in parts:
        made.add_item(part)
    return unkept(made)


def labelled(key: str, part: ui.Item[Any], locale: str, hint: str | None = None) -> ui.Label[ui.Modal]:
    """The part under its name and, if given, a hint; Discord takes 45 and 100 characters."""
    description = translated(hint, locale)[:100] if hint else None
    return ui.Label(text=translated(key, locale)[:45], description=description, component=part)


class FormValues:
    """What a form's event says was filled in, by the custom ids of the form's parts.

    `data` are a MODAL_SUBMIT's (receiving-and-responding, "Modal Submit Data Structure").
    """

    def __init__(self, data: object) -> None:
        found: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
        inner: list[Mapping[str, Any]] = [
            part.get("component") or next(iter(part.get("components") or []), {})
            for part in found.get("components") or []
        ]
        self._parts: dict[str, Mapping[str, Any]] = {part["custom_id"]: part for part in inner if "custom_id" in part}
        self._uploads: Mapping[str, Any] = (found.get("resolved") or {}).get("attachments") or {}

    def text(self, custom_id: str) -> str | None:
        """What was written; None where the form has no such part."""
        value = self._parts.get(custom_id, {}).get("value")
        return None if value is None else str(value)

    def chosen(self, custom_id: str) -> str | None:
        """The first thing that was chosen; None where nothing was."""
        value = next(iter(self._parts.get(custom_id, {}).get("values") or []), None)
        return None if value is None else str(value)

    def all_chosen(self, custom_id: str) -> tuple[str, ...]:
        """Everything that was chosen."""
        return tuple(map(str, self._parts.get(custom_id, {}).get("values") or ()))

    def file(self, custom_id: str) -> Attachment | None:
        """The file that was uploaded; None where none was."""
        found = self._uploads.get(self.chosen(custom_id) or "")
        return None if found is None else attachment_in(found)


def file_select(
    custom_id: str, files: Sequence[Attachment], locale: str, values: Sequence[str] | None = None
) -> ui.Select[Any]:
    """A select of the files by name and size; its values count from 0 where none are given."""
    options = [
        discord.SelectOption(
            label=f"{at + 1}. {plain(file.filename, 90)}",
            value=values[at] if values else str(at),
            description=f"{file.width} x {file.height}" if file.width and file.height else None,
        )
        for at, file in enumerate(files[:CHOICES_MAX])
    ]
    return ui.Select(
        custom_id=custom_id, placeholder=translated("which_one_short", locale), options=options, required=False
    )


@dataclass(frozen=True, slots=True)
class MenuValues:
    """What a menu's form asks for. `at` counts the message's files from 0."""

    prompt: str | None = None
    model: str | None = None
    at: int = 0
    reference: Attachment | None = None


def menu_form(
    operation: Operation, message_id: int, files: Sequence[Attachment], models: Sequence[Model], locale: str
) -> ui.Modal:
    """The form that a menu on a message opens, with a choice wherever there is one."""
    takes_reference = any(model.reference for model in models)
    most_chars = max((model.prompt_max_chars for model in models), default=TEXT_MAX_CHARS)
    needed = FORMS[operation].prompt is PromptRule.REQUIRED
    parts = [_prompt(locale, most_chars, required=needed)]
    if len(files) > 1:
        kind = models[0].files[Role.DATA] if models else Kind.IMAGE
        parts.append(labelled(f"form_{kind}", file_select("chosen", files, locale), locale))
    if takes_reference:
        parts.append(_reference(locale, "option_reference"))
    if len(models) > 1:
        parts.append(labelled("form_model", model_select(models, usual=models[0]), locale))
    return modal(MENU_OF[operation], f"clapper:form:{operation}:{message_id}", *parts)


def read_menu_form(values: FormValues) -> MenuValues:
    """What came back; nothing of it is checked yet."""
    at = values.chosen("chosen") or "0"
    return MenuValues(
        prompt=values.text("prompt"),
        model=values.chosen("model"),
        at=int(at) if at.isdecimal() else 0,
        reference=values.file("reference"),
    )


@dataclass(frozen=True, slots=True)
class ReuseValues:
    """What the form of Use this asks for."""

    operation: Operation
    prompt: str | None
    reference: Attachment | None


def deny_form(job_id: str, locale: str) -> ui.Modal:
    """Why a moderator refuses a prompt."""
    reason = ui.TextInput[ui.Modal](
        custom_id="reason", style=discord.TextStyle.paragraph, required=False, max_length=DENY_REASON_MAX_CHARS
    )
    part = labelled("form_deny_reason", reason, locale, "form_deny_reason_about")
    return modal(say("form_deny", locale), f"clapper:denied:{job_id}", part)


def read_deny_form(values: FormValues) -> str:
    """The reason; empty where none was given."""
    return (values.text("reason") or "").strip()


def reuse_form(job_id: str, offered: Mapping[Operation, Sequence[Model]], kind: Kind, locale: str) -> ui.Modal:
    """What to make of a video or picture, a prompt and a picture. `offered` are the models to choose from. Raises
    `VideoGone` where none takes it."""
    operations = reusing(kind, offered)
    if not operations:
        raise VideoGone
    options = [
        discord.SelectOption(
            label=f"/{operation}",
            value=operation.value,
            description=translated(f"command_{operation}", locale)[:100],
            default=operation is operations[0],
        )
        for operation in operations
    ]
    models = [model for operation in operations for model in offered[operation]]
    parts = [
        labelled("form_command", ui.Select[Any](custom_id="command", options=options), locale),
        _prompt(locale, max(model.prompt_max_chars for model in models), required=False),
    ]
    if any(model.reference for model in models):
        parts.append(_reference(locale, "form_reuse_hint"))
    title = say("form_reuse_title_picture" if kind is Kind.IMAGE else "form_reuse_title", locale)
    return modal(title, f"clapper:reuse:{job_id}", *parts)


def read_reuse_form(values: FormValues, kind: Kind) -> ReuseValues:
    """What came back. Raises `ModelUnknown` for a command that the form did not offer."""
    chosen, offered = values.chosen("command"), reusing(kind)
    if chosen not in offered:
        raise ModelUnknown(model=str(chosen), choices=", ".join(offered))
    return ReuseValues(operation=Operation(chosen), prompt=values.text("prompt"), reference=values.file("reference"))


def path_form(draft: str, path: str, locale: str) -> ui.Modal:
    """Asks for another path of that draft; `path` is the one that it has, as it was written."""
    text = ui.TextInput[ui.Modal](
        custom_id="path", style=discord.TextStyle.paragraph, default=path, max_length=trajectory.TEXT_MAX_CHARS
    )
    part = labelled("form_path", text, locale, "form_path_hint")
    return modal(say("form_path_title", locale), f"clapper:path:{draft}", part)


def read_path_form(values: FormValues) -> str:
    """The path as it was written; "" where there is none."""
    return values.text("path") or ""


def _prompt(locale: str, most_chars: int, *, required: bool) -> ui.Label[ui.Modal]:
    prompt = ui.TextInput[ui.Modal](
        custom_id="prompt",
        style=discord.TextStyle.paragraph,
        required=required,
        max_length=min(TEXT_MAX_CHARS, most_chars),
    )
    return labelled("form_prompt", prompt, locale, "option_prompt")


def _reference(locale: str, hint: str) -> ui.Label[ui.Modal]:
    upload = PictureUpload(custom_id="reference", required=False, min_values=0, max_values=1)
    return labelled("form_reference", upload, locale, hint)


def model_select(models: Sequence[Model], *, usual: Model) -> ui.Select[Any]:
    """A select of the models, `usual` chosen; it is kept in where there are more than Discord takes."""
    listed = [usual, *(model for model in models if model is not usual)]
    options = [
        discord.SelectOption(
            label=model.title[:100], value=model.name, description=model.note[:100] or None, default=at == 0
        )
        for at, model in enumerate(listed[:CHOICES_MAX])
    ]
    return ui.Select(custom_id="model", options=options, required=False)


def reusing(kind: Kind, offered: Mapping[Operation, Sequence[Model]] | None = None) -> tuple[Operation, ...]:
    """The operations that begin with a video, or a picture, and words, and that have a model."""
    fitting = (o for o, form in FORMS.items() if form.files.get(Role.DATA) is kind and not form.trajectory)
    return tuple(o for o in fitting if offered is None or offered.get(o))
