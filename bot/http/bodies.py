"""Bodies of requests that are read from files while they are sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import Payload
from aiohttp.abc import AbstractStreamWriter

from bot.http.file_inputs import FileField
from bot.http.slots import Slots, in_thread


class StreamedBody(Payload):
    """One attempt's body, of which no more than a piece is ever in memory. aiohttp closes no file of it.

    `broken` is the error of a file that could not be read to its end.
    """

    _autoclose = True  # the files are closed by whoever opened them

    def __init__(self, value: object, content_type: str, slots: Slots, *, idle_seconds: float) -> None:
        super().__init__(value, content_type=content_type)
        self.broken: Exception | None = None
        self._slots = slots
        self._idle_seconds = idle_seconds

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        raise TypeError("a file is streamed, never held as text")

    async def _send_file(
        self, writer: AbstractStreamWriter, file: FileField, *, offset_bytes: int, size_bytes: int | None
    ) -> None:
        """So many bytes from `offset_bytes` after where the file stood when it was opened; to its end where None."""
        async for piece in self._pieces(file, offset_bytes, size_bytes):
            async with asyncio.timeout(self._idle_seconds):
                await writer.write(piece)

    async def _pieces(self, file: FileField, offset_bytes: int, size_bytes: int | None) -> AsyncIterator[bytes]:
        sent = 0
        while size_bytes is None or sent < size_bytes:
            left = None if size_bytes is None else size_bytes - sent
            wanted = self._slots.piece_bytes if left is None else min(self._slots.piece_bytes, left)
            piece = await self._read(file, offset_bytes + sent, wanted)
            if not piece and left is None:
                return
            if not piece:
                self.broken = EOFError(f"{left} bytes fewer than when it was opened")
                raise self.broken
            sent += len(piece)
            yield piece

    async def _read(self, file: FileField, offset_bytes: int, wanted: int) -> bytes:
        try:
            if file.in_memory:
                return file.read_at(offset_bytes, wanted)
            return await in_thread(file.read_at, offset_bytes, wanted)
        except (OSError, ValueError) as exc:  # ValueError: the file was closed meanwhile
            self.broken = exc
            raise
