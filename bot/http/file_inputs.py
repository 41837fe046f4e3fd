"""The files that a job is given: described by their first bytes, and open until they are sent.

What is larger than `SMALL_BYTES` is not read on the event loop.
"""

from __future__ import annotations

import io
import mimetypes
import os
import re
import stat
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import BinaryIO

from bot.errors import FileEmpty, FileGone, QueueInputError
from bot.http.slots import in_thread
from bot.http.values import FileInput, Upload
from bot.rules.bounds import SMALL_BYTES
from bot.rules.catalog import Role

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
