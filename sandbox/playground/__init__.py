"""The page: a channel as Discord's users know it, served beside the stand-in's own addresses."""

from __future__ import annotations

from sandbox.playground.pages import add_playground

__all__ = ["add_playground"]
