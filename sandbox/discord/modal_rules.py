"""What a modal may hold (Discord's docs: receiving-and-responding, components/reference)."""

from __future__ import annotations

from sandbox.discord.components import (
    CHECKBOX,
    CHECKBOXES,
    FILE_UPLOAD,
    LABEL,
    RADIO,
    ROW,
    SELECTS,
    TEXT,
    TEXT_INPUT,
    V2_TEXT,
    check_ids,
    check_options,
    check_select,
    wrong_type,
)
from sandbox.discord.limits import check_file_types, check_text
from sandbox.discord.responses import Json, form_error

_IN_LABEL = SELECTS | {TEXT_INPUT, FILE_UPLOAD, RADIO, CHECKBOXES, CHECKBOX}


def check_modal(data: Json) -> None:
    """Title 45, custom_id 100, one to five parts, each a label with one input, a text or a classic row."""
    check_text(data.get("title"), "data.title", 45, 1)
    check_text(data.get("custom_id"), "data.custom_id", 100, 1)
    parts = data.get("components") or []
    if not 1 <= len(parts) <= 5:
        raise form_error("data.components", "Must be between 1 and 5 in length.", "BASE_TYPE_BAD_LENGTH")
    for at, part in enumerate(parts):
        path = f"data.components.{at}"
        if part.get("type") == TEXT:
            check_text(part.get("content"), f"{path}.content", V2_TEXT, 1)
        elif part.get("type") == ROW:
            inner = part.get("components") or []
            if len(inner) != 1:
                raise form_error(f"{path}.components", "Must be between 1 and 1 in length.", "BASE_TYPE_BAD_LENGTH")
            _check_input(inner[0], f"{path}.components.0", {TEXT_INPUT})
            check_text(inner[0].get("label"), f"{path}.components.0.label", 45, 1)
        elif part.get("type") == LABEL:
            check_text(part.get("label"), f"{path}.label", 45, 1)
            if part.get("description") is not None:
                check_text(part["description"], f"{path}.description", 100)
            _check_input(part.get("component") or {}, f"{path}.component", _IN_LABEL)
        else:
            raise wrong_type(f"{path}.type", {ROW, TEXT, LABEL})
    check_ids(parts)


def _check_input(part: Json, path: str, allowed: set[int]) -> None:
    kind = part.get("type")
    if kind not in allowed:
        raise wrong_type(f"{path}.type", allowed)
    check_text(part.get("custom_id"), f"{path}.custom_id", 100, 1)
    if kind == TEXT_INPUT:
        for key, most in (("value", 4000), ("placeholder", 100)):
            if part.get(key) is not None:
                check_text(part[key], f"{path}.{key}", most)
        _check_numbers(part, path, {"min_length": 0, "max_length": 1}, 4000)
    elif kind in SELECTS:
        check_select(part, path)
    elif kind == FILE_UPLOAD:
        _check_numbers(part, path, {"min_values": 0, "max_values": 1}, 10)
        check_file_types(part, path, may_have=True)
    elif kind in {RADIO, CHECKBOXES}:
        check_options(part.get("options") or [], f"{path}.options", 10)


def _check_numbers(part: Json, path: str, lowest: dict[str, int], most: int) -> None:
    for key, least in lowest.items():
        if part.get(key) is not None and not least <= part[key] <= most:
            raise form_error(f"{path}.{key}", f"Must be between {least} and {most}.", "NUMBER_TYPE_MAX")
