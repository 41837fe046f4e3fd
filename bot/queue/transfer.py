"""Files on their way: uploads read from disk while they are sent, results written to disk while they arrive.

No more than a piece or two of either is ever in memory, and what is larger than `SMALL_BYTES` is not read or written on
the event loop.
"""

from __future__ import annotations

import asyncio
import io
import mimetypes
import os
import re
import secrets
import stat
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, BinaryIO, TypeVar

from aiohttp import StreamReader

from bot.errors import FileEmpty, FileGone, QueueInputError
from bot.queue.responses import FileInput, Upload
from bot.rules.bounds import SMALL_BYTES
from bot.rules.catalog import Role

T = TypeVar("T")

PIECE_BYTES = 1024 * 1024
ALL_PIECES_BYTES = 16 * PIECE_BYTES
"""What the pieces of all transfers in one direction take together."""
_CHUNKS_MAX = 512
"""The system writes at most 1,024 chunks at once."""
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
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def in_memory(self) -> bool:
        """Whether reading it waits for nothing."""
        return isinstance(self.stream, io.BytesIO)

    def read_at(self, offset_bytes: int, size_bytes: int) -> bytes:
        """Up to `size_bytes` from `offset_bytes` after `start`; from where it stands, where it can't be rewound.

        Raises OSError, and ValueError where it was closed meanwhile. The place is sought anew each time, under a lock:
        when an attempt breaks, its last read may still be in its thread while the next attempt begins to read.
        """
        with self._lock:
            if self.start is not None:
                self.stream.seek(self.start + offset_bytes)
            return self.stream.read(size_bytes)


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

    What was a path is closed afterwards, a small one at once; what was an open stream is put back to where it stood.
    """
    fields: list[FileField] = []
    ours: list[BinaryIO] = []
    try:
        for role, given in files.items():
            upload = given if isinstance(given, Upload) else Upload(given)
            if _is_small(upload.source):
                fields.append(_open(role, upload, ours))
            else:
                fields.append(await in_thread(_open, role, upload, ours))
        yield fields
    finally:
        if not all(sent.in_memory for sent in fields) or ours:
            await in_thread(_put_back, fields, ours)
        else:
            _put_back(fields, ours)


def _is_small(source: object) -> bool:
    if isinstance(source, Path):
        with suppress(OSError, ValueError):  # `_open` says what is wrong with it
            found = source.stat()
            return stat.S_ISREG(found.st_mode) and found.st_size <= SMALL_BYTES
    return isinstance(source, io.BytesIO)


def _open(role: Role, upload: Upload, ours: list[BinaryIO]) -> FileField:
    source: object = upload.source
    if isinstance(source, Path):
        with _as_input_error(role, f"{source.name} can't be read"):
            if not source.is_file():
                raise FileNotFoundError("not a file")
            stream: BinaryIO = source.open("rb")
            ours.append(stream)
            if os.fstat(stream.fileno()).st_size <= SMALL_BYTES:
                with ours.pop() as file:
                    stream = io.BytesIO(file.read(SMALL_BYTES))
    elif hasattr(source, "read") and not isinstance(source, io.TextIOBase):
        stream = upload.source  # type: ignore[assignment]  # checked by what it can do, as streams are
    else:
        raise QueueInputError(
            f"{role} must be a Path, a stream open in binary mode or an Upload, not {type(source).__name__}"
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
    own_name = getattr(upload.source, "name", None)
    name = upload.filename or (own_name if isinstance(own_name, str) else "") or role.value
    name = _safe_name(name) or role.value
    kind = upload.content_type or content_type_of(head, name)
    if not re.fullmatch(r"[ -~]+", kind):
        raise QueueInputError(f"{role}: {kind!r} can't be a content type")
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
    for sent in fields:
        if sent.stream not in ours and sent.start is not None and not sent.stream.closed:
            sent.stream.seek(sent.start)
    for stream in ours:
        stream.close()


class Slots:
    """How many transfers go at once, and how much of each is in memory: a megabyte, or less where many share."""

    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)
        self._going = 0

    @property
    def piece_bytes(self) -> int:
        return min(PIECE_BYTES, ALL_PIECES_BYTES // max(1, self._going))

    async def __aenter__(self) -> None:
        await self._free.acquire()
        self._going += 1

    async def __aexit__(self, *_: object) -> None:
        self._going -= 1
        self._free.release()


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
        while chunk := await content.readany():
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


async def in_thread(function: Callable[..., T], *args: Any) -> T:
    """The function's answer. A cancelled caller waits for the thread, too: what it opens must not be opened unseen."""
    work = asyncio.get_running_loop().run_in_executor(None, function, *args)
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.gather(work, return_exceptions=True)  # nobody is left to hear of its error
        raise
