"""A file on its way to Discord, which may need more than one attempt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import discord


class AttachedFile(discord.File):
    """The file at `path`, opened anew for each attempt of a request; raises OSError where it can't be opened.

    discord.py rewinds one open file between its attempts. When an upload breaks, the HTTP library's last read of it may
    still be in its thread, and would take a piece from the next attempt.
    """

    def __init__(self, path: Path, filename: str, **more: Any) -> None:
        super().__init__(path, filename, **more)
        self._path = path

    def reset(self, *, seek: int | bool = True) -> None:
        """Called before each attempt; `seek` is false before the first."""
        if seek:
            self.close()
            self.fp = self._path.open("rb")
            self._closer = self.fp.close
            self.fp.close = lambda: None  # type: ignore[method-assign]  # the HTTP library closes what it has sent
