"""The panel's two forms, and what comes back of them."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import discord
from discord import ui

from bot.chat.client_base import ClientBase
from bot.chat.inputs.forms import FormValues, labelled, modal
from bot.chat.panel.parts import Part
from bot.chat.replies.edit_routes import UNSENT
from bot.rules.guild_settings_file import FILE_MAX_CHARS
from bot.rules.prompts import NOTE_MAX_CHARS, WordAction
from bot.rules.requests import Attachment
from bot.wording import say

log = logging.getLogger(__name__)

FILE_MAX_BYTES = 4 * FILE_MAX_CHARS
"""A character has four bytes at most."""

_FETCH_SECONDS = 20.0
_UNREAD: tuple[type[Exception], ...] = (*UNSENT, UnicodeDecodeError)
_PATTERNS_MAX_CHARS = 4000
_PATTERNS, _ACTION, _FOLD, _NOTE, _FILE = "patterns", "action", "fold", "note", "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesForm:
    """What an admin wrote to add prompt rules."""

    patterns: tuple[str, ...]
    action: WordAction
    fold: bool
    note: str


EMPTY_RULES = RulesForm(patterns=(), action=WordAction.BLOCK, fold=True, note="")


def rules_form(part: Part, locale: str, filled: RulesForm = EMPTY_RULES) -> ui.Modal:
    """Asks for patterns and what they do; `part` is the button that opens it, and `filled` what it begins with."""
    actions = [
        discord.SelectOption(value=a.value, label=say(f"panel_rule_{a}", locale), default=a is filled.action)
        for a in WordAction
    ]
    chosen = "yes" if filled.fold else "no"
    folds = [
        discord.SelectOption(value=value, label=say(f"form_fold_{value}", locale), default=value == chosen)
        for value in ("yes", "no")
    ]
    patterns = ui.TextInput[ui.Modal](
        custom_id=_PATTERNS,
        style=discord.TextStyle.paragraph,
        max_length=_PATTERNS_MAX_CHARS,
        default="\n".join(filled.patterns) or None,
    )
    note = ui.TextInput[ui.Modal](
        custom_id=_NOTE, required=False, max_length=NOTE_MAX_CHARS, default=filled.note or None
    )
    return modal(
        say("form_rules", locale),
        replace(part, control="rules").custom_id,
        labelled("form_patterns", patterns, locale, "form_patterns_about"),
        labelled("form_action", ui.Select[Any](custom_id=_ACTION, options=actions), locale),
        labelled("form_fold", ui.Select[Any](custom_id=_FOLD, options=folds), locale),
        labelled("form_note", note, locale, "form_note_about"),
    )


def import_form(part: Part, locale: str) -> ui.Modal:
    """Asks for a file that Export gave; `part` is the button that opens the form."""
    upload = ui.FileUpload[ui.Modal](custom_id=_FILE, min_values=1, max_values=1)
    return modal(
        say("form_import", locale),
        replace(part, control="file").custom_id,
        labelled("form_file", upload, locale, "form_file_about"),
    )


def read_rules_form(values: FormValues) -> RulesForm:
    """What no form of ours sends becomes what one would: the strictest."""
    lines = (values.text(_PATTERNS) or "").splitlines()
    action = values.chosen(_ACTION)
    return RulesForm(
        patterns=tuple(dict.fromkeys(line.strip() for line in lines if line.strip())),
        action=WordAction(action) if action in set(WordAction) else WordAction.BLOCK,
        fold=values.chosen(_FOLD) != "no",
        note=(values.text(_NOTE) or "").strip(),
    )


def read_import_form(values: FormValues) -> Attachment | None:
    """The file that was sent; None where none was."""
    return values.file(_FILE)


async def text_of(file: Attachment | None, bot: ClientBase) -> str | None:
    """The text of a settings file that an admin sent; None where it can't be had, is no text, or is too large."""
    hosts = bot.settings.discord_cdn_hosts
    if file is None or file.size_bytes > FILE_MAX_BYTES or urlsplit(file.url).netloc not in hosts:
        return None
    try:
        raw = await asyncio.wait_for(bot.http.get_from_cdn(file.url), _FETCH_SECONDS)
        return raw.decode("utf-8")
    except _UNREAD as exc:
        log.info("a settings file was not read: %s", type(exc).__name__)
        return None
