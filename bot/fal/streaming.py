"""Files on their way to and from the media hosts: read from disk while they are sent, written while they arrive.

No more than a chunk of either is ever in memory, and no read or write of a file happens on the event loop.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from aiohttp import Payload, StreamReader
from aiohttp.abc import AbstractStreamWriter

from bot.queue.transfer import FileField

T = TypeVar("T")

CHUNK_BYTES = 256 * 1024
_HEAD_BYTES = 32


class OverLimit(Exception):
    """More bytes came than were allowed."""


class Unwritable(Exception):
    """The local file can't be written; `str()` is the system's reason."""


class FileBody(Payload):
    """A file, sent from where it stood when it was opened; never closed by aiohttp.

    `offset_bytes` and `size_bytes` say which part of it, where not all is sent. `broken` is the error of a file that
    could not be read to its end.
    """

    _autoclose = True

    def __init__(
        self, field: FileField, *, idle_seconds: float, offset_bytes: int = 0, size_bytes: int | None = None
    ) -> None:
        super().__init__(field, content_type=field.content_type)
        self._size = field.size_bytes if size_bytes is None else size_bytes
        self._offset_bytes = offset_bytes
        self._field = field
        self._idle_seconds = idle_seconds
        self.broken: Exception | None = None

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        raise TypeError("a file is streamed, never held as text")

    async def write(self, writer: AbstractStreamWriter) -> None:
        async for chunk in self._chunks():
            async with asyncio.timeout(self._idle_seconds):
                await writer.write(chunk)

    async def _chunks(self) -> AsyncIterator[bytes]:
        sent = 0
        while self._size is None or sent < self._size:
            left = None if self._size is None else self._size - sent
            chunk = await self._read(self._offset_bytes + sent, CHUNK_BYTES if left is None else min(CHUNK_BYTES, left))
            if not chunk and left is None:
                return
            if not chunk:
                self.broken = EOFError(f"{left} bytes fewer than when it was opened")
                raise self.broken
            sent += len(chunk)
            yield chunk

    async def _read(self, offset_bytes: int, wanted: int) -> bytes:
        try:
            return await _off_loop(self._field.read_at, offset_bytes, wanted)
        except (OSError, ValueError) as exc:  # ValueError: the file was closed meanwhile
            self.broken = exc
            raise


class Arrival:
    """A video on its way to `path`, where it appears (or is replaced) in one step, at `finish`.

    It is written beside `path`. `size_bytes` counts what has come, and `head` is how it begins.
    """

    def __init__(self, path: Path) -> None:
        self.size_bytes = 0
        self.head = b""
        self._path = path
        self._partial = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}.part")
        self._file: BinaryIO | None = None

    async def fill(self, content: StreamReader, *, limit_bytes: int | None) -> None:
        """Take all that arrives. Raises `OverLimit` and `Unwritable`."""
        await _on_disk(self._open)
        async for chunk in content.iter_chunked(CHUNK_BYTES):
            self.size_bytes += len(chunk)
            if limit_bytes is not None and self.size_bytes > limit_bytes:
                raise OverLimit
            self.head += chunk[: _HEAD_BYTES - len(self.head)]
            if self._file is not None:
                await _on_disk(self._file.write, chunk)

    async def finish(self) -> None:
        """Give the file its name. Raises `Unwritable`."""
        await _on_disk(self._close)
        await _on_disk(self._partial.replace, self._path)

    async def discard(self) -> None:
        """Remove what is left of it, if anything."""
        await _on_disk(self._close)
        await _on_disk(self._remove)

    def _open(self) -> None:
        self._file = self._partial.open("xb")

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _remove(self) -> None:
        self._partial.unlink(missing_ok=True)


async def _on_disk(function: Callable[..., object], *args: Any) -> None:
    try:
        await _off_loop(function, *args)
    except OSError as exc:
        raise Unwritable(exc.strerror or str(exc)) from exc


async def _off_loop(function: Callable[..., T], *args: Any) -> T:
    """The function's answer. A cancelled caller waits for the thread, too: what it opens must not be opened unseen."""
    work = asyncio.ensure_future(asyncio.to_thread(function, *args))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.gather(work, return_exceptions=True)  # nobody is left to hear of its error
        raise
