"""The body of a submit: multipart/form-data, written here so that a form of text is one piece of bytes."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

from aiohttp.abc import AbstractStreamWriter

from bot.http.bodies import StreamedBody
from bot.http.file_inputs import FileField
from bot.http.slots import Slots

_LINE_END = b"\r\n"


class FormBody(StreamedBody):
    """One attempt's body. Its length is known unless a stream's is not.

    `complete` turns True just before the last boundary goes out: while it is False, the service can't have read a
    whole request.
    """

    def __init__(
        self, fields: Mapping[str, str], files: Sequence[FileField], slots: Slots, *, idle_seconds: float
    ) -> None:
        boundary = secrets.token_hex(16)
        super().__init__(None, f"multipart/form-data; boundary={boundary}", slots, idle_seconds=idle_seconds)
        self.complete = False
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

    async def write(self, writer: AbstractStreamWriter) -> None:
        before = self._texts
        for head, file in self._files:
            await writer.write(before + head)
            await self._send_file(writer, file, offset_bytes=0, size_bytes=file.size_bytes)
            before = _LINE_END
        self.complete = True
        await writer.write(before + self._end)


def _file_head(file: FileField) -> str:
    return f'"{file.role}"; filename="{file.filename}"\r\nContent-Type: {file.content_type}\r\n\r\n'
