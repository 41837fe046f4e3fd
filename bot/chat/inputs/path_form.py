"""How a motion path looks before anything is made: the picture with the path, two buttons, and the form of Change.

The form outlives a restart as the menus' forms do (`bot.chat.inputs.forms`): its draft's id stands in its custom id.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

import discord
from discord import ui

from bot.chat.inputs.form_parts import inputs_of, labelled
from bot.chat.persistent import JobButton, Verb
from bot.rules.catalog import Model
from bot.rules.drafts import Preview
from bot.rules.trajectory import TEXT_MAX_CHARS
from bot.wording import say, translated
from bot.wording.facts import escape

PATH_FORM = re.compile(r"clapper:path:(?P<draft>[0-9a-f]{32})")
_PICTURE = "path.jpg"
_PATH_QUOTED_CHARS = 300
_COLOUR = 0x5865F2
_FORM_SECONDS = 900.0


def preview_message(key: str, path: str, preview: Preview, model: Model, locale: str) -> dict[str, Any]:
    """What an edit of the private reply sends; everything in it is new, as discord.py uses files and views up."""
    lines = [f"> {escape(path, _PATH_QUOTED_CHARS)}", say("preview_legend", locale)]
    if preview.cropped:
        width, height = model.frame
        lines.append(say("preview_cropped", locale, width=width, height=height))
    lines.append(say("preview_note", locale))
    embed = discord.Embed(title=translated("preview_title", locale), description="\n".join(lines), colour=_COLOUR)
    embed.set_image(url=f"attachment://{_PICTURE}")
    view = ui.View(timeout=None)
    for verb in (Verb.GO, Verb.CHANGE):
        view.add_item(JobButton(verb, key, locale))
    return {
        "embed": embed,
        "view": view,
        "attachments": [discord.File(io.BytesIO(preview.picture), _PICTURE)],
        "allowed_mentions": discord.AllowedMentions.none(),
    }


def path_form(key: str, path: str, locale: str) -> ui.Modal:
    """The form of Change, with the path as it was written."""
    form = ui.Modal(title=say("form_path_title", locale)[:45], custom_id=f"clapper:path:{key}", timeout=_FORM_SECONDS)
    text = ui.TextInput[ui.Modal](
        custom_id="path", style=discord.TextStyle.paragraph, default=path, max_length=TEXT_MAX_CHARS
    )
    form.add_item(labelled("form_path", text, locale, "form_path_hint"))
    return form


def read_path(data: Mapping[str, Any]) -> str:
    """The text that came back."""
    return str((inputs_of(data).get("path") or {}).get("value") or "")
