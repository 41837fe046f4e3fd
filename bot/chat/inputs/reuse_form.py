"""The form of Use this: what to make of a video that was delivered, in one go.

The video is the one of the message under which the button was pressed; Discord sends that message with the form, and
its addresses are fresh each time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.chat.inputs.form_parts import inputs_of, labelled
from bot.chat.inputs.sources import attachment_in
from bot.chat.replies.interactions import attachment_of
from bot.errors import ModelUnknown, VideoGone
from bot.rules.catalog import FORMS, Catalog, Kind, Operation, Role
from bot.rules.requests import Attachment
from bot.wording import say, translated

REUSE_FORM = re.compile(r"clapper:reuse:(?P<job>[0-9a-f]{32})")
_FORM_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What came back."""

    operation: Operation
    prompt: str | None
    reference: Attachment | None


def offered(catalog: Catalog) -> tuple[Operation, ...]:
    """The operations that begin with a video and have a model."""
    return tuple(o for o, form in FORMS.items() if form.files.get(Role.DATA) is Kind.VIDEO and catalog.of(o))


def video_in(message: discord.Message | None) -> Attachment:
    """The message's own video, as an input. Raises `VideoGone`."""
    for file in message.attachments if message else ():
        if file.filename.casefold().endswith(".mp4"):
            return attachment_of(file)
    raise VideoGone


def reuse_form(job_id: str, catalog: Catalog, locale: str) -> ui.Modal:
    """What to make, a prompt and a picture. Raises `VideoGone` where no model takes videos."""
    operations = offered(catalog)
    if not operations:
        raise VideoGone
    form = ui.Modal(
        title=say("form_reuse_title", locale)[:45], custom_id=f"clapper:reuse:{job_id}", timeout=_FORM_SECONDS
    )
    options = [
        discord.SelectOption(
            label=f"/{operation}",
            value=operation.value,
            description=translated(f"command_{operation}", locale)[:100],
            default=operation is operations[0],
        )
        for operation in operations
    ]
    form.add_item(labelled("form_command", ui.Select[Any](custom_id="command", options=options), locale))
    prompt = ui.TextInput[ui.Modal](
        custom_id="prompt",
        style=discord.TextStyle.paragraph,
        required=False,
        max_length=max(model.prompt_max_chars for operation in operations for model in catalog.of(operation)),
    )
    form.add_item(labelled("form_prompt", prompt, locale, "option_prompt"))
    if any(model.reference for operation in operations for model in catalog.of(operation)):
        upload = ui.FileUpload[ui.Modal](custom_id="reference", required=False, min_values=0, max_values=1)
        form.add_item(labelled("form_reference", upload, locale, "form_reuse_hint"))
    return form


def read_wish(data: Mapping[str, Any], catalog: Catalog) -> Wish:
    """What a MODAL_SUBMIT's data say. Raises `ModelUnknown` for a command that the form did not offer."""
    parts = inputs_of(data)
    uploads = (data.get("resolved") or {}).get("attachments") or {}
    chosen = next(iter((parts.get("command") or {}).get("values") or []), "")
    reference = next(iter((parts.get("reference") or {}).get("values") or []), None)
    if chosen not in offered(catalog):
        raise ModelUnknown(model=str(chosen), choices=", ".join(offered(catalog)))
    return Wish(
        operation=Operation(chosen),
        prompt=(parts.get("prompt") or {}).get("value"),
        reference=attachment_in(uploads[reference]) if reference in uploads else None,
    )
