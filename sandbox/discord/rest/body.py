"""What a request carries: JSON, or a form with payload_json and files that are streamed to disk."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from sandbox.discord.files import Files, Upload
from sandbox.discord.responses import ApiError, Json

_CHUNK = 256 * 1024


@dataclass(slots=True)
class Body:
    json: Any = None
    uploads: list[Upload] = field(default_factory=list)

    @property
    def object(self) -> Json:
        """The JSON as an object; 400/50035 when it is something else."""
        if not isinstance(self.json, dict):
            raise ApiError(400, 50035, "Invalid Form Body")
        return self.json


async def read_body(request: web.Request, files: Files) -> Body:
    """Raises 400/50109 for broken JSON. Files are read to their end whatever their size, as Discord's edge does."""
    if request.content_type.startswith("multipart/"):
        return await _form(request, files)
    raw = await request.read()
    return Body(_parsed(raw) if raw else None)


async def _form(request: web.Request, files: Files) -> Body:
    body = Body(json={})
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        if part.name == "payload_json":
            body.json = _parsed(bytes(await part.read()))
        elif part.filename is not None:
            path, size = files.scratch(), 0
            with path.open("wb") as file:
                while chunk := await part.read_chunk(_CHUNK):
                    file.write(chunk)
                    size += len(chunk)
            body.uploads.append(Upload(part.name or "", part.filename, path, size))
    return body


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise ApiError(400, 50109, "The request body contains invalid JSON.") from None
