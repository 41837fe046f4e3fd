"""The service's storage: places for uploads, in whole or in parts, and the media host that has the files.

It takes what both published clients send: the JavaScript one's way (a place is asked for with the key, and the bytes go
there without it), and the Python one's (a token is asked for with the key, and the bytes go to the media host with it).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from sandbox.fal.answers import wrong
from sandbox.fal.calls import CALL
from sandbox.fal.faults import Fault
from sandbox.service.answers import detail
from sandbox.service.clock import Clock
from sandbox.service.faults import FaultBook

WEEK_SECONDS = 7 * 24 * 3600.0
"""How long a file is kept whose sender does not say."""
_CHUNK_BYTES = 1 << 18


class TooLarge(Exception):
    """A file is over the cap: answered with 413."""


@dataclass
class Stored:
    """A file of the media host, or the place that waits for one. `expires` is a moment of the clock."""

    name: str
    path: Path
    content_type: str
    expires: float
    complete: bool = False
    parts: dict[int, str] = field(default_factory=dict)
    """The etag of each part that came."""
    job: str | None = None
    """The job whose video it is."""
    gone: bool = False


class Storage:
    """The files, by the last part but one of their address, and the handlers of both hosts."""

    def __init__(self, *, faults: FaultBook[Fault], clock: Clock, max_file_bytes: int) -> None:
        self._faults = faults
        self._clock = clock
        self.max_file_bytes = max_file_bytes
        self.files: dict[str, Stored] = {}
        self.tokens: set[str] = set()
        self.folder = Path()
        self.url = ""
        """The media host's address."""

    def rest_routes(self, app: web.Application) -> None:
        """What is asked with the key."""
        app.router.add_post("/storage/upload/initiate", self._initiate)
        app.router.add_post("/storage/upload/initiate-multipart", self._initiate)
        app.router.add_post("/storage/auth/token", self._token)

    def media_routes(self, app: web.Application) -> None:
        """What has the bytes, and never sees the key."""
        app.router.add_put("/put/{id}", self._put)
        app.router.add_put("/put/{id}/{number:[0-9]+}", self._put)
        app.router.add_post("/put/{id}/complete", self._complete)
        app.router.add_post("/files/upload", self._upload)
        app.router.add_post("/files/upload/multipart", self._upload_in_parts)
        app.router.add_put("/files/b/{id}/{name}/multipart/{upload}/{number:[0-9]+}", self._put)
        app.router.add_post("/files/b/{id}/{name}/multipart/{upload}/complete", self._complete)
        app.router.add_get("/files/b/{id}/{name}", self._get)

    # ---- for the queue

    def address(self, file_id: str) -> str:
        return f"{self.url}/files/b/{file_id}/{quote(self.files[file_id].name)}"

    def publish(self, job: str, path: Path, *, gone: bool) -> str:
        """The address of a job's video."""
        file_id = hashlib.sha256(job.encode()).hexdigest()[:24]
        expires = self._clock.monotonic() + WEEK_SECONDS
        if file_id not in self.files:
            self.files[file_id] = Stored("output.mp4", path, "video/mp4", expires, complete=True, job=job, gone=gone)
        return self.address(file_id)

    async def local(self, address: str) -> Path | None:
        """The file at an address, as a model's runner would fetch it; None where there is none."""
        if address.startswith("data:"):
            return await asyncio.to_thread(self._decoded, address)
        if not address.startswith(f"{self.url}/files/b/"):
            return None
        stored = self.files.get(address.removeprefix(f"{self.url}/files/b/").partition("/")[0])
        usable = stored is not None and stored.complete and self._clock.monotonic() < stored.expires
        return stored.path if stored is not None and usable else None

    def _decoded(self, address: str) -> Path | None:
        head, _, body = address.partition(",")
        if not head.endswith(";base64"):
            return None
        try:
            data = base64.b64decode(body, validate=True)
        except ValueError:
            return None
        path = self.folder / uuid.uuid4().hex
        path.write_bytes(data)
        return path

    # ---- with the key

    async def _initiate(self, request: web.Request) -> web.StreamResponse:
        said = await _object(request)
        file_id = self._place(str(said.get("file_name") or "upload.bin"), str(said.get("content_type", "")), request)
        right = {"upload_url": f"{self.url}/put/{file_id}?signature={file_id[::-1]}", "file_url": self.address(file_id)}
        if fault := self._faults.take("initiate"):
            return await wrong(request, fault, self._clock, right)
        if not isinstance(said.get("content_type"), str) or not isinstance(said.get("file_name"), str):
            return detail(422, "content_type and file_name are required")
        return web.json_response(right)

    async def _token(self, request: web.Request) -> web.StreamResponse:
        if fault := self._faults.take("initiate"):
            return await wrong(request, fault, self._clock, None)
        token = uuid.uuid4().hex
        self.tokens.add(token)
        expires = "2099-01-01T00:00:00+00:00"
        return web.json_response({"token": token, "token_type": "Bearer", "base_url": self.url, "expires_at": expires})

    def _place(self, name: str, content_type: str, request: web.Request) -> str:
        file_id = uuid.uuid4().hex
        headers = request.headers
        lifecycle = headers.get("X-Fal-Object-Lifecycle") or headers.get("X-Fal-Object-Lifecycle-Preference") or "{}"
        try:
            seconds = float(json.loads(lifecycle).get("expiration_duration_seconds") or WEEK_SECONDS)
        except (ValueError, AttributeError, TypeError):
            seconds = WEEK_SECONDS
        safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)[-80:] or "file"
        expires = self._clock.monotonic() + seconds
        self.files[file_id] = Stored(safe, self.folder / file_id, content_type, expires)
        return file_id

    # ---- without the key

    async def _put(self, request: web.Request) -> web.StreamResponse:
        stored = self._waiting(request)
        if stored is None:
            return detail(403, "SignatureDoesNotMatch")
        if fault := self._faults.take("upload"):
            return await wrong(request, fault, self._clock, None)
        number = int(request.match_info.get("number", "0"))
        path = stored.path if number == 0 else stored.path.with_name(f"{stored.path.name}.{number}")
        try:
            etag = await self._keep(request, path)
        except TooLarge as exc:
            return detail(413, str(exc))
        stored.content_type = request.content_type
        if number == 0:
            stored.complete = True
            return web.Response(headers={"ETag": etag})
        stored.parts[number] = etag
        return web.json_response({"partNumber": number, "etag": etag}, headers={"ETag": etag})

    def _waiting(self, request: web.Request) -> Stored | None:
        """The place that the address names, if it is one and is asked as it must be: signed, and without our key."""
        file_id = request.match_info["id"]
        stored = self.files.get(file_id)
        if stored is None or stored.complete or "Key " in request.headers.get("Authorization", ""):
            return None
        by_token = self._known_token(request)
        return stored if by_token or request.query.get("signature") == file_id[::-1] else None

    def _known_token(self, request: web.Request) -> bool:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        return kind == "Bearer" and token in self.tokens

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        stored = self._waiting(request)
        if stored is None:
            return detail(403, "SignatureDoesNotMatch")
        if fault := self._faults.take("upload"):
            return await wrong(request, fault, self._clock, None)
        told = (await _object(request)).get("parts")
        entries = told if isinstance(told, list) else []
        said = {part.get("partNumber"): part.get("etag") for part in entries if isinstance(part, dict)}
        if said != stored.parts or sorted(said) != list(range(1, len(said) + 1)) or not said:
            return detail(400, "InvalidPart")
        await asyncio.to_thread(_join, stored)
        stored.complete = True
        return web.json_response({})

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        if not self._known_token(request):
            return detail(401)
        file_id = self._place(request.headers.get("X-Fal-File-Name", "upload.bin"), request.content_type, request)
        if fault := self._faults.take("upload"):
            return await wrong(request, fault, self._clock, None)
        await self._keep(request, self.files[file_id].path)
        self.files[file_id].complete = True
        return web.json_response({"access_url": self.address(file_id)})

    async def _upload_in_parts(self, request: web.Request) -> web.StreamResponse:
        if not self._known_token(request):
            return detail(401)
        file_id = self._place(request.headers.get("X-Fal-File-Name", "upload.bin"), request.content_type, request)
        return web.json_response({"access_url": self.address(file_id), "uploadId": file_id[:8]})

    async def _keep(self, request: web.Request, path: Path) -> str:
        digest, size = hashlib.md5(usedforsecurity=False), 0
        with await asyncio.to_thread(path.open, "wb") as file:
            async for chunk in request.content.iter_chunked(_CHUNK_BYTES):
                size += len(chunk)
                if size > self.max_file_bytes:
                    raise TooLarge(f"The file is larger than {self.max_file_bytes} bytes")
                digest.update(chunk)
                await asyncio.to_thread(file.write, chunk)
        request[CALL].size_bytes = size
        return digest.hexdigest()

    async def _get(self, request: web.Request) -> web.StreamResponse:
        stored = self.files.get(request.match_info["id"])
        if stored is None or not stored.complete:
            return detail(404)
        request[CALL].job_id = stored.job
        fault: Fault | None = None if stored.job is None else self._faults.take("media", job=stored.job)
        if fault is not None:
            return await wrong(request, fault, self._clock, stored.path)
        if stored.gone or self._clock.monotonic() >= stored.expires:
            return detail(403, "AccessDenied")
        headers = {"Content-Type": stored.content_type, "Cache-Control": "public, immutable"}
        return web.FileResponse(stored.path, headers=headers)


def _join(stored: Stored) -> None:
    with stored.path.open("wb") as whole:
        for number in sorted(stored.parts):
            part = stored.path.with_name(f"{stored.path.name}.{number}")
            whole.write(part.read_bytes())
            part.unlink()


async def _object(request: web.Request) -> dict[str, object]:
    try:
        said = await request.json()
    except ValueError:
        said = None
    return said if isinstance(said, dict) else {}
