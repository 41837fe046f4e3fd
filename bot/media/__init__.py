"""Strangers' pictures and videos, opened in walled-in child processes only: see `guard` and `walls`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.media.service import MediaEncoder, Normaliser, Sketcher

__all__ = ["MediaEncoder", "Normaliser", "Sketcher"]


def __getattr__(name: str) -> object:
    """The names, imported when they are asked for: the child, which lives in this package too, starts without."""
    if name not in __all__:
        raise AttributeError(name)
    from bot.media import service  # noqa: PLC0415

    found: object = getattr(service, name)
    return found
