"""What media children can do, by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

Task = Callable[..., dict[str, Any]]

_TASKS = {
    "picture": ("pictures", "normalise"),
    "clip": ("clips", "normalise"),
    "probe": ("encode", "probe"),
    "faststart": ("encode", "faststart"),
    "fit": ("encode", "fit"),
    "poster": ("encode", "poster"),
    "still": ("encode", "still"),
    "sketch": ("sketch", "sketch"),
    "chart": ("chart", "draw"),
    "encoder": ("encode", "encoder"),
}
"""By name: its module in this package; its function."""
_WARM = ("bot.media.clips", "bot.media.encode", "bot.media.sketch")
_PICTURES = ("WebPImagePlugin", "AvifImagePlugin", "TiffImagePlugin")
"""Formats of ours that Pillow itself loads only with all the fifty that it knows."""


def preload() -> None:
    """Import, in the template, what nearly every task needs. Charts and HEIF pictures import the rest when they come:
    matplotlib alone is 45 MB."""
    for name in (*_WARM, *(f"PIL.{plugin}" for plugin in _PICTURES)):
        importlib.import_module(name)
    importlib.import_module("PIL.Image").preinit()


def task_of(name: str) -> Task:
    """Raises `KeyError` for a name that is none."""
    module, function = _TASKS[name]
    found: Task = getattr(importlib.import_module(f"bot.media.{module}"), function)
    return found
