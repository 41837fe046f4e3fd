"""The catalogue's files, as the tables that they hold: what ships with Clapper, changed by the operator's."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from bot.errors import SettingsError

_FILES = ("catalog.toml", "catalog_fal.toml")


def catalog_entries(operator_file: Path | None) -> dict[str, dict[str, Any]]:
    """The fields of each model by its name. Raises `SettingsError` for a file that can't be read, is none of models, or
    makes two models the default of one command."""
    entries = {name: fields for file in _FILES for name, fields in _shipped(file).items()}
    if operator_file is not None:
        changed = _operator_entries(operator_file)
        for name, changes in changed.items():
            entries[name] = entries.get(name, {}) | changes
        for name, changes in changed.items():
            if changes.get("default"):
                _undo_other_defaults(entries, name, changed, operator_file)
    return entries


def _shipped(file: str) -> dict[str, dict[str, Any]]:
    text = resources.files("bot.rules").joinpath(file).read_text(encoding="utf-8")
    return dict(tomllib.loads(text)["models"])


def _operator_entries(path: Path) -> dict[str, dict[str, Any]]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as exc:
        raise SettingsError(f"CATALOG_FILE {path} can't be read: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise SettingsError(f"CATALOG_FILE {path} is not TOML: {exc}") from exc
    entries = data.pop("models", {})
    if data or not isinstance(entries, dict) or not all(isinstance(e, dict) for e in entries.values()):
        found = f", and {next(iter(data))!r} is nothing I know" if data else ""
        raise SettingsError(f'CATALOG_FILE {path}: models are tables such as [models."lucy-clip"]{found}')
    return entries


def _undo_other_defaults(
    entries: dict[str, dict[str, Any]], chosen: str, changed: dict[str, dict[str, Any]], path: Path
) -> None:
    for name, fields in entries.items():
        if name != chosen and fields.get("operation") == entries[chosen].get("operation"):
            if changed.get(name, {}).get("default"):
                raise SettingsError(f"CATALOG_FILE {path}: {chosen!r} and {name!r} are both the default of one command")
            fields["default"] = False
