"""Which files Discord's own client offers for an option, so that others do not leave a member's device.

It goes by the end of a file's name alone, at most ten of them (reference, "File Type Filtering"), and older clients
know nothing of it: what comes is looked at all the same. discord.py 2.7.1 has no way to say it, so it is written into
what is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import discord
from discord import ui

from bot.rules.catalog import Kind

FILE_TYPES: Mapping[Kind, Sequence[str]] = {
    Kind.IMAGE: ("image", ".heic", ".heif", ".bmp", ".tif", ".tiff"),
    Kind.VIDEO: ("video", ".gif", ".webp", ".m4v", ".mkv", ".avi", ".wmv", ".mpg", ".3gp", ".mts"),
}
"""Discord's word for what it shows itself, and what we read besides. Of videos there are more formats than ten: the
rarest are left to the Apps menus, which take any file that is in a message."""

_OF_VIDEOS = frozenset({"video"})
"""Options of commands that take a video; all others take a picture."""


class PictureUpload(ui.FileUpload[ui.Modal]):
    """A part of a form that takes pictures."""

    def to_component_dict(self) -> Any:
        """As discord.py has it, with the types."""
        return {**super().to_component_dict(), "file_types": list(FILE_TYPES[Kind.IMAGE])}


def with_file_types(command: Mapping[str, Any]) -> dict[str, Any]:
    """The command's payload, with the types of its attachments."""
    if not command.get("options"):
        return dict(command)
    return {**command, "options": [_typed(option) for option in command["options"]]}


def _typed(option: Mapping[str, Any]) -> dict[str, Any]:
    if option["type"] != discord.AppCommandOptionType.attachment.value:
        return with_file_types(option)
    kind = Kind.VIDEO if option["name"] in _OF_VIDEOS else Kind.IMAGE
    return {**option, "file_types": list(FILE_TYPES[kind])}
