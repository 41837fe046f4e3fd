"""The panel's two forms, and what comes back of them. They are read from what Discord sends, not from discord.py's
memory, so that a form that was open during a restart is taken all the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.chat.panel.parts import Scene
from bot.rules.guild_settings_file import FILE_MAX_CHARS
from bot.rules.prompts import NOTE_MAX_CHARS, WordAction

FILE_MAX_BYTES = 4 * FILE_MAX_CHARS
"""A character has four bytes at most."""

_PATTERNS, _ACTION, _FOLD, _NOTE, _FILE = "patterns", "action", "fold", "note", "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesForm:
    """What an admin wrote to add prompt rules."""

    patterns: tuple[str, ...]
    action: WordAction
    fold: bool
    note: str


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file in a form, as Discord describes it."""

    url: str
    size_bytes: int


def rules_form(scene: Scene) -> ui.Modal:
    """Asks for patterns and what they do."""
    actions = [
        discord.SelectOption(value=a.value, label=scene.say(f"panel_rule_{a}"), default=a is WordAction.BLOCK)
        for a in WordAction
    ]
    folds = [
        discord.SelectOption(value=value, label=scene.say(f"form_fold_{value}"), default=value == "yes")
        for value in ("yes", "no")
    ]
    return _modal(
        scene.say("form_rules"),
        scene.part("rules"),
        ui.Label(
            text=scene.say("form_patterns"),
            description=scene.say("form_patterns_about"),
            component=ui.TextInput(custom_id=_PATTERNS, style=discord.TextStyle.paragraph, max_length=4000),
        ),
        ui.Label(text=scene.say("form_action"), component=ui.Select(custom_id=_ACTION, options=actions)),
        ui.Label(text=scene.say("form_fold"), component=ui.Select(custom_id=_FOLD, options=folds)),
        ui.Label(
            text=scene.say("form_note"),
            description=scene.say("form_note_about"),
            component=ui.TextInput(custom_id=_NOTE, required=False, max_length=NOTE_MAX_CHARS),
        ),
    )


def import_form(scene: Scene) -> ui.Modal:
    """Asks for a file that Export gave."""
    return _modal(
        scene.say("form_import"),
        scene.part("file"),
        ui.Label(
            text=scene.say("form_file"),
            description=scene.say("form_file_about"),
            component=ui.FileUpload(custom_id=_FILE, min_values=1, max_values=1),
        ),
    )


def read_rules(data: Mapping[str, Any]) -> RulesForm:
    """What no form of ours sends becomes what one would: the strictest."""
    values = _values(data)
    lines = str(values.get(_PATTERNS) or "").splitlines()
    action = _one(values.get(_ACTION))
    return RulesForm(
        patterns=tuple(dict.fromkeys(line.strip() for line in lines if line.strip())),
        action=WordAction(action) if action in set(WordAction) else WordAction.BLOCK,
        fold=_one(values.get(_FOLD)) != "no",
        note=str(values.get(_NOTE) or "").strip(),
    )


def read_file(data: Mapping[str, Any]) -> SentFile | None:
    """None for what no form of ours sends."""
    attachments = (data.get("resolved") or {}).get("attachments") or {}
    found = attachments.get(_one(_values(data).get(_FILE)))
    return SentFile(str(found.get("url")), int(found.get("size") or 0)) if isinstance(found, Mapping) else None


def _values(data: Mapping[str, Any]) -> dict[str, Any]:
    """By custom id: a text, or what was chosen."""
    found: dict[str, Any] = {}
    for label in data.get("components") or []:
        part = label.get("component") or {}
        found[str(part.get("custom_id"))] = part.get("values", part.get("value"))
    return found


def _one(value: Any) -> str:
    if isinstance(value, list):
        return str(value[0]) if value else ""
    return str(value or "")


def _modal(title: str, custom_id: str, *items: ui.Label[Any]) -> ui.Modal:
    modal = ui.Modal(title=title[:45], custom_id=custom_id, timeout=None)
    for item in items:
        modal.add_item(item)
    modal.stop()  # else discord.py would keep it until it is sent, which may be never
    return modal
