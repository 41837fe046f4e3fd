"""A modal as it is filled in and sent back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.discord.components import CHECKBOX, CHECKBOXES, FILE_UPLOAD, LABEL, RADIO, ROW, SELECTS, TEXT, TEXT_INPUT
from sandbox.discord.core import Core
from sandbox.discord.files import Upload
from sandbox.discord.options import ClientRefused, attach, resolve_user
from sandbox.discord.responses import Json
from sandbox.discord.world import Channel


@dataclass(slots=True)
class ModalForm:
    """Values and files by custom_id for one modal; `raw` skips the checks of Discord's client."""

    core: Core
    channel: Channel
    upload_limit: int
    values: Json
    uploads: dict[str, list[Upload]]
    raw: bool = False
    resolved: Json = field(default_factory=dict)

    def fill(self, modal: Json) -> list[Json]:
        """The components of a MODAL_SUBMIT; raises `ClientRefused` for what is missing or too much."""
        parts: list[Json] = []
        for at, part in enumerate(modal["components"], 1):
            sent: Json = {"type": part["type"], "id": part.get("id", at)}
            if part["type"] == ROW:
                sent["components"] = [self._one(part["components"][0])]
            elif part["type"] == LABEL:
                sent["component"] = self._one(part["component"])
            elif part["type"] != TEXT:
                raise ClientRefused(f"A form holds no component of type {part['type']}")
            parts.append(sent)
        return parts

    def _one(self, part: Json) -> Json:
        kind, name = part["type"], part["custom_id"]
        sent: Json = {"type": kind, "custom_id": name, "id": part.get("id", 1)}
        value = self.values.get(name)
        if kind == FILE_UPLOAD:
            return sent | {"values": self._files(part, self.uploads.get(name, []))}
        if kind == TEXT_INPUT:
            return sent | {"value": self._text(part, value)}
        if kind in SELECTS or kind == CHECKBOXES:
            return sent | {"values": self._chosen(part, value)}
        if kind == RADIO and value is None and part.get("required", True) and not self.raw:
            raise ClientRefused(f"{name!r} must be chosen")
        return sent | {"value": bool(value) if kind == CHECKBOX else value}

    def _files(self, part: Json, files: list[Upload]) -> list[str]:
        self._check_count(part, len(files))
        if any(file.size > self.upload_limit for file in files) and not self.raw:
            raise ClientRefused(f"Your files are too powerful: {self.upload_limit} bytes are the most here")
        return [attach(self.core, file, self.resolved) for file in files]

    def _chosen(self, part: Json, value: Any) -> list[str]:
        chosen = [str(v) for v in (value if isinstance(value, list) else [] if value is None else [value])]
        self._check_count(part, len(chosen))
        for user_id in chosen if part["type"] in {5, 7} else []:
            if user_id in self.core.world.users:
                resolve_user(self.core, self.channel, self.core.world.users[user_id], self.resolved)
        return chosen

    def _text(self, part: Json, value: Any) -> str:
        text = str(part.get("value") or "") if value is None else str(value)
        if self.raw:
            return text
        if not text and part.get("required", True):
            raise ClientRefused(f"{part['custom_id']!r} must be filled in")
        if text and len(text) < (part.get("min_length") or 0):
            raise ClientRefused(f"{part['custom_id']!r} is too short")
        if len(text) > (part.get("max_length") or 4000):
            raise ClientRefused(f"{part['custom_id']!r} is too long")
        return text

    def _check_count(self, part: Json, count: int) -> None:
        required = part.get("required", True) is not False
        least = int(required) if part.get("min_values") is None else part["min_values"]
        most = part.get("max_values") or (10 if part["type"] == CHECKBOXES else 1)
        too_few = count < least and (count > 0 or required)
        if not self.raw and (too_few or count > most):
            raise ClientRefused(f"{part['custom_id']!r} takes {least} to {most}")
