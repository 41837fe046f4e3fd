"""The body of a submit: multipart/form-data, written here so that a form of text is one piece of bytes."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence

from aiohttp import Payload
from aiohttp.abc import AbstractStreamWriter

from bot.queue.transfer import FileField, Slots, in_thread

_LINE_END = b"\r\n"


class FormBody(Payload):
    """One attempt's body. Its length is known unless a stream's is not.

    `complete` turns True just before the last boundary goes out: while it is False, the service can't have read a
    whole request. `broken` is the error of a file that could not be read to its end.
    """

    _autoclose = True  # the files are closed by whoever opened them

    def __init__(
        self, fields: Mapping[str, str], files: Sequence[FileField], slots: Slots, *, idle_seconds: float
    ) -> None:
        boundary = secrets.token_hex(16)
        super().__init__(None, content_type=f"multipart/form-data; boundary={boundary}")
        self.complete = False
        self.broken: Exception | None = None
        self._slots = slots
        self._idle_seconds = idle_seconds
        begin = f"--{boundary}\r\nContent-Disposition: form-data; name="
        self._texts = "".join(f'{begin}"{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()).encode()
        self._files = [(f"{begin}{_file_head(file)}".encode(), file) for file in files]
        self._end = f"--{boundary}--\r\n".encode("ascii")
        self._size = self._length()

    def _length(self) -> int | None:
        size = len(self._texts) + len(self._end)
        for head, file in self._files:
            if file.size_bytes is None:
                return None
            size += len(head) + file.size_bytes + len(_LINE_END)
        return size

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        raise TypeError("a form is streamed, never held as text")

    async def write(self, writer: AbstractStreamWriter) -> None:
        before = self._texts
        for head, file in self._files:
            await writer.write(before + head)
            async for piece in self._pieces(file):
                async with asyncio.timeout(self._idle_seconds):
                    await writer.write(piece)
            before = _LINE_END
        self.complete = True
        await writer.write(before + self._end)

    async def _pieces(self, file: FileField) -> AsyncIterator[bytes]:
        """The file from where it stood when it was opened."""
        sent = 0
        while file.size_bytes is None or sent < file.size_bytes:
            left = None if file.size_bytes is None else file.size_bytes - sent
            wanted = self._slots.piece_bytes if left is None else min(self._slots.piece_bytes, left)
            piece = await self._read(file, sent, wanted)
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


def _file_head(file: FileField) -> str:
    return f'"{file.role}"; filename="{file.filename}"\r\nContent-Type: {file.content_type}\r\n\r\n'
