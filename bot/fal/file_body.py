"""The body of an upload: a file, or a part of one, as it is on the disk."""

from __future__ import annotations

from aiohttp.abc import AbstractStreamWriter

from bot.http.bodies import StreamedBody
from bot.http.file_inputs import FileField
from bot.http.slots import Slots


class FileBody(StreamedBody):
    """A file, sent from where it stood when it was opened. `offset_bytes` and `size_bytes` say which part of it, where
    not all is sent."""

    def __init__(
        self,
        field: FileField,
        slots: Slots,
        *,
        idle_seconds: float,
        offset_bytes: int = 0,
        size_bytes: int | None = None,
    ) -> None:
        super().__init__(field, field.content_type, slots, idle_seconds=idle_seconds)
        self._size = field.size_bytes if size_bytes is None else size_bytes
        self._offset_bytes = offset_bytes
        self._field = field

    async def write(self, writer: AbstractStreamWriter) -> None:
        await self._send_file(writer, self._field, offset_bytes=self._offset_bytes, size_bytes=self._size)
