"""Files on their way: uploads read from disk while they are sent, downloads written to disk while they arrive.

No more than some chunks of either are ever in memory, and no read or write of a file happens on the event loop.
"""

from __future__ import annotations

import asyncio
import io
import mimetypes
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from aiohttp import MultipartWriter, Payload, StreamReader
from aiohttp.abc import AbstractStreamWriter

from bot.errors import FileEmpty, FileGone, QueueInputError
from bot.queue.responses import FileInput, Upload
from bot.rules.catalog import Role

CHUNK_BYTES = 256 * 1024
_HEAD_BYTES = 32
_UNKNOWN_TYPE = "application/octet-stream"
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"mif1", b"msf1"})
_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)


class TooLarge(Exception):
    """More bytes came than were allowed."""


class DiskError(Exception):
    """The local file can't be written; `__cause__` is the system's reason."""


@dataclass(slots=True)
class FileField:
    """An open file that is to be sent. `size_bytes` and `start` are None for a stream that can't be rewound."""

    role: Role
    stream: BinaryIO
    filename: str
    content_type: str
    size_bytes: int | None
    start: int | None


def content_type_of(head: bytes, filename: str) -> str:
    """What the first bytes show; where they show nothing known, what the name says."""
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in _HEIC_BRANDS:
            return "image/heic"
        return {b"avif": "image/avif", b"qt  ": "video/quicktime"}.get(brand, "video/mp4")
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"AVI ": "video/x-msvideo"}.get(head[8:12], _UNKNOWN_TYPE)
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    return mimetypes.guess_type(filename)[0] or _UNKNOWN_TYPE


@asynccontextmanager
async def opened_inputs(files: Mapping[Role, FileInput]) -> AsyncIterator[list[FileField]]:
    """The files, open, in the order given; raises `QueueInputError` for one that is missing, empty or not a file.

    What was a path is closed afterwards; what was an open stream is put back to where it stood.
    """
    fields: list[FileField] = []
    ours: list[BinaryIO] = []
    try:
        for role, given in files.items():
            fields.append(await _in_thread(_open, role, given, ours))
        yield fields
    finally:
        await _in_thread(_put_back, fields, ours)


def _open(role: Role, given: FileInput, ours: list[BinaryIO]) -> FileField:
    upload = given if isinstance(given, Upload) else Upload(given)
    source: object = upload.source
    if isinstance(source, Path):
        with _as_input_error(role, f"{source.name} can't be read"):
            if not source.is_file():
                raise FileNotFoundError("not a file")
            stream: BinaryIO = source.open("rb")
        ours.append(stream)
    elif hasattr(source, "read") and not isinstance(source, io.TextIOBase):
        stream = upload.source  # type: ignore[assignment]  # checked by what it can do, as streams are
    else:
        raise QueueInputError(
            f"{role} must be a Path, a stream open in binary mode or an Upload, not {type(given).__name__}"
        )
    with _as_input_error(role, "the stream can't be read"):
        return _describe(role, stream, upload)


def _describe(role: Role, stream: BinaryIO, upload: Upload) -> FileField:
    size_bytes = start = None
    head = b""
    if getattr(stream, "seekable", lambda: False)():
        start = stream.tell()
        size_bytes = stream.seek(0, os.SEEK_END) - start
        stream.seek(start)
        if size_bytes <= 0:
            raise QueueInputError(f"{role} is empty") from FileEmpty(role=role.value)
        head = stream.read(_HEAD_BYTES)
        stream.seek(start)
    own_name = getattr(stream, "name", None)
    name = upload.filename or (own_name if isinstance(own_name, str) else "") or role.value
    name = _safe_name(name) or role.value
    kind = upload.content_type or content_type_of(head, name)
    return FileField(role, stream, name, kind, size_bytes, start)


def _safe_name(name: str) -> str:
    """The last part of the name, without what would end a header's quoted string."""
    last = PurePath(name.replace("\\", "/")).name
    return "".join("_" if c == '"' or not c.isprintable() else c for c in last)[:200]


@contextmanager
def _as_input_error(role: Role, problem: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as exc:  # ValueError: a closed file, a name with a null byte
        reason = getattr(exc, "strerror", None) or exc
        raise QueueInputError(f"{role}: {problem}: {reason}") from FileGone(role=role.value)


def _put_back(fields: Sequence[FileField], ours: Sequence[BinaryIO]) -> None:
    for field in fields:
        if field.stream not in ours and field.start is not None and not field.stream.closed:
            field.stream.seek(field.start)
    for stream in ours:
        stream.close()


class FormBody(MultipartWriter):
    """One attempt's multipart body. Its length is known unless a stream's is not.

    `complete` turns True just before the closing boundary goes out: while it is False, the service can't have read a
    whole request. `broken` is the error of a file that could not be read to its end.
    """

    def __init__(self, fields: Mapping[str, str], files: Sequence[FileField], *, idle_seconds: float) -> None:
        super().__init__("form-data")
        self.complete = False
        self.broken: Exception | None = None
        for name, value in fields.items():
            self.append(value).set_content_disposition("form-data", name=name)
        for field in files:
            self.append_payload(_FilePart(self, field, idle_seconds))

    async def write(self, writer: AbstractStreamWriter, close_boundary: bool = True) -> None:
        await super().write(writer, close_boundary=False)
        self.complete = True
        if close_boundary:
            await writer.write(f"--{self.boundary}--\r\n".encode("ascii"))


class _FilePart(Payload):
    """A file, sent from where it stood when it was opened, in chunks; never closed by aiohttp."""

    _autoclose = True

    def __init__(self, body: FormBody, field: FileField, idle_seconds: float) -> None:
        super().__init__(field, content_type=field.content_type, filename=field.filename)
        self.set_content_disposition("form-data", quote_fields=False, name=field.role.value, filename=field.filename)
        self._size = field.size_bytes
        self._body = body
        self._field = field
        self._idle_seconds = idle_seconds

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        raise TypeError("a file part is streamed, never held as text")

    async def write(self, writer: AbstractStreamWriter) -> None:
        async for chunk in self._chunks():
            async with asyncio.timeout(self._idle_seconds):
                await writer.write(chunk)

    async def _chunks(self) -> AsyncIterator[bytes]:
        field = self._field
        left = field.size_bytes
        if field.start is not None:
            await self._off_loop(field.stream.seek, field.start)
        while left is None or left > 0:
            wanted = CHUNK_BYTES if left is None else min(CHUNK_BYTES, left)
            chunk: bytes = await self._off_loop(field.stream.read, wanted)
            if not chunk and left is None:
                return
            if not chunk:
                self._body.broken = EOFError(f"{left} bytes fewer than when it was opened")
                raise self._body.broken
            left = None if left is None else left - len(chunk)
            yield chunk

    async def _off_loop(self, function: Callable[..., Any], *args: object) -> Any:
        try:
            return await _in_thread(function, *args)
        except (OSError, ValueError) as exc:  # ValueError: the file was closed meanwhile
            self._body.broken = exc
            raise


async def save(content: StreamReader, partial: Path, *, limit_bytes: int | None) -> tuple[int, bytes]:
    """Write what arrives to the new file `partial`; its size and first bytes. Raises `TooLarge` and `DiskError`."""
    size, head = 0, b""
    files: list[BinaryIO] = []
    try:
        await _on_disk(lambda: files.append(partial.open("xb")))
        async for chunk in content.iter_chunked(CHUNK_BYTES):
            size += len(chunk)
            if limit_bytes is not None and size > limit_bytes:
                raise TooLarge
            head += chunk[: _HEAD_BYTES - len(head)]
            await _on_disk(files[0].write, chunk)
    finally:
        for file in files:
            await _on_disk(file.close)
    return size, head


async def move(partial: Path, path: Path) -> None:
    """Give the finished file its name, in one step. Raises `DiskError`."""
    await _on_disk(partial.replace, path)


async def discard(partial: Path) -> None:
    """Remove what is left of an attempt, if anything."""
    await _on_disk(partial.unlink, missing_ok=True)


async def _on_disk(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    try:
        return await _in_thread(function, *args, **kwargs)
    except OSError as exc:
        raise DiskError(exc.strerror or str(exc)) from exc


async def _in_thread(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """`asyncio.to_thread`, but a cancelled caller waits for the thread: what it opens must not be opened unseen."""
    work = asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise
