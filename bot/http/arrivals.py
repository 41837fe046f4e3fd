"""Results on their way: written to disk while they arrive, or held in memory.

No more than a piece or two is ever in memory, and what is larger than `SMALL_BYTES` is not written on the event loop.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from aiohttp import StreamReader

from bot.http.slots import Slots, in_thread
from bot.rules.bounds import SMALL_BYTES

_CHUNKS_MAX = 512
"""The system writes at most 1,024 chunks at once."""
_HEAD_BYTES = 32


class TooLarge(Exception):
    """More bytes came than were allowed."""


class DiskError(Exception):
    """The local file can't be written; `__cause__` is the system's reason."""


class ResultBytes:
    """A result that is held in memory: the same calls as `ResultFile` has. `data` is all of it."""

    def __init__(self) -> None:
        self.data = b""
        self._parts = bytearray()

    @property
    def size(self) -> int:
        return len(self._parts)

    @property
    def head(self) -> bytes:
        return bytes(self._parts[:_HEAD_BYTES])

    async def fill(self, content: StreamReader, slots: Slots, *, limit_bytes: int | None) -> None:
        """Take all that arrives. Raises `TooLarge`."""
        del slots
        while chunk := await content.readany():
            self._parts += chunk
            if limit_bytes is not None and self.size > limit_bytes:
                raise TooLarge

    async def finish(self) -> None:
        self.data = bytes(self._parts)

    async def discard(self) -> None:
        self._parts.clear()


class ResultFile:
    """A result on its way to `path`, where it appears (or is replaced) in one step, at `finish`.

    It is written beside `path`, a piece at a time and by one thread at a time; one of up to `SMALL_BYTES` is held until
    `finish`. `size` counts the bytes so far, and `head` are the first of them.
    """

    def __init__(self, path: Path) -> None:
        self.size = 0
        self.head = b""
        self._path = path
        self._partial = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}.part")
        self._file: BinaryIO | None = None
        self._held: list[bytes] = []

    async def fill(self, content: StreamReader, slots: Slots, *, limit_bytes: int | None) -> None:
        """Take all that arrives, in pieces as `slots` say. Raises `TooLarge` and `DiskError`."""
        held_bytes = 0
        while True:
            chunk, _ = await content.readchunk()  # as it came: `readany` copies all that has arrived into one
            if not chunk and content.at_eof():
                return
            self.size += len(chunk)
            if limit_bytes is not None and self.size > limit_bytes:
                raise TooLarge
            self.head += chunk[: _HEAD_BYTES - len(self.head)]
            self._held.append(chunk)
            held_bytes += len(chunk)
            if held_bytes >= slots.piece_bytes or len(self._held) >= _CHUNKS_MAX:
                await _on_disk(self._write)
                held_bytes = 0

    async def finish(self) -> None:
        """Write what is left, and give the file its name. Raises `DiskError`."""
        await _on_disk(self._move, here=self.size <= SMALL_BYTES)

    async def discard(self) -> None:
        """Remove what is left of it, if anything."""
        self._held.clear()
        if self._file is not None:
            await _on_disk(self._remove)

    def _write(self) -> None:
        file = self._file = self._file or self._partial.open("xb", buffering=0)
        left = sum(map(len, self._held)) - os.writev(file.fileno(), self._held)
        rest = b"".join(self._held)[-left:] if left else b""  # a disk that is nearly full takes a part
        while rest:
            rest = rest[file.write(rest) :]
        self._held.clear()

    def _move(self) -> None:
        self._write()
        self._close()
        self._partial.replace(self._path)
        self._file = None

    def _remove(self) -> None:
        self._close()
        self._partial.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()


async def _on_disk(function: Callable[[], None], *, here: bool = False) -> None:
    """`here`: on the event loop, where that takes less than going to a thread does."""
    try:
        if here:
            function()
        else:
            await in_thread(function)
    except OSError as exc:
        raise DiskError(exc.strerror or str(exc)) from exc
