"""Reading a submit's body: multipart or urlencoded, files streamed to disk under a cap."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import aiohttp
from aiohttp import web
from aiohttp.http import HttpProcessingError

TEXT_CAP_BYTES = 1 << 20
"""The longest text field: a thousand points of a trajectory are about 60 kB."""
PARTS_CAP = 64
"""More parts than that are no form of this service."""


@dataclass(frozen=True)
class FieldError:
    """One entry of a 422's `detail`."""

    loc: tuple[str | int, ...]
    msg: str
    type: str = "value_error"

    def as_json(self) -> dict[str, object]:
        return {"loc": list(self.loc), "msg": self.msg, "type": self.type}


class Unprocessable(Exception):
    """The form is refused: answered with 422 and a list of what is wrong."""

    def __init__(self, *problems: FieldError) -> None:
        super().__init__("; ".join(problem.msg for problem in problems))
        self.problems = problems


class TooLarge(Exception):
    """A file is over the cap: answered with 413."""


@dataclass(frozen=True)
class FilePart:
    """An uploaded file, as it was named and as it was kept."""

    field: str
    filename: str
    content_type: str
    path: Path
    size_bytes: int
    sha256: str


@dataclass
class Form:
    """What was in the body. `repeated` holds the names that came more than once."""

    texts: dict[str, str] = field(default_factory=dict)
    files: dict[str, FilePart] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)

    def _note(self, name: str) -> None:
        if name in self.texts or name in self.files:
            self.repeated.add(name)

    def put_text(self, name: str, value: str) -> None:
        self._note(name)
        self.texts[name] = value

    def put_file(self, part: FilePart) -> None:
        self._note(part.field)
        self.files[part.field] = part


async def read_form(request: web.Request, folder: Path, *, max_file_bytes: int) -> Form:
    """The body's fields, its files written to `folder`. Raises `Unprocessable` or `TooLarge`."""
    if request.content_type == "multipart/form-data":
        try:
            return await _read_multipart(request, folder, max_file_bytes)
        except (ValueError, AssertionError, HttpProcessingError) as exc:
            raise Unprocessable(
                FieldError(("body",), f"There was an error parsing the body: {exc}", "multipart")
            ) from exc
    form = Form()
    if request.content_type == "application/x-www-form-urlencoded":
        for name, value in (await request.post()).items():
            form.put_text(name, str(value))
        return form
    if request.can_read_body:
        raise Unprocessable(FieldError(("body",), "Expected multipart/form-data", "content_type"))
    return form


async def _read_multipart(request: web.Request, folder: Path, max_file_bytes: int) -> Form:
    form = Form()
    count = 0
    async for part in await request.multipart():
        count += 1
        if not isinstance(part, aiohttp.BodyPartReader) or not part.name or count > PARTS_CAP:
            raise ValueError("a part has no name, is nested or is one too many")
        if part.filename is None:
            form.put_text(part.name, (await _read_text(part)).decode(part.get_charset("utf-8")))
        else:
            form.put_file(await _keep_file(part, part.name, folder, max_file_bytes))
    return form


async def _read_text(part: aiohttp.BodyPartReader) -> bytes:
    text = bytearray()
    while chunk := await part.read_chunk():
        text += chunk
        if len(text) > TEXT_CAP_BYTES:
            raise ValueError(f"the field {part.name} is longer than {TEXT_CAP_BYTES} bytes")
    return bytes(text)


def _under(cap: int, size: int, name: str) -> None:
    if size > cap:
        raise TooLarge(f"The file in {name} is larger than {cap} bytes")


async def _keep_file(part: aiohttp.BodyPartReader, name: str, folder: Path, cap: int) -> FilePart:
    path = folder / uuid.uuid4().hex
    digest = hashlib.sha256()
    size = 0
    file: BinaryIO = await asyncio.to_thread(path.open, "wb")
    try:
        while chunk := await part.read_chunk(1 << 18):
            size += len(chunk)
            _under(cap, size, name)
            digest.update(chunk)
            await asyncio.to_thread(file.write, chunk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        file.close()
    kind = part.headers.get("Content-Type", "application/octet-stream")
    return FilePart(name, part.filename or "", kind, path, size, digest.hexdigest())
