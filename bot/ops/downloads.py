"""Large results over HTTP: whoever has a signed address may fetch that one video until the address expires.

`<PUBLIC_URL>/videos/<job>/<expires>/<signature>/<name>.mp4`: the signature covers the job, the end and the name. None
of them can be changed, and a wrong address is refused without looking anything up.
"""

from __future__ import annotations

import base64
import hmac
import logging
import re
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Protocol
from urllib.parse import quote

from aiohttp import web

from bot.errors import FileNotStored, FilesUnavailable
from bot.ops.streams import Streams, TooManyStreams
from bot.rules.clock import Clock

log = logging.getLogger(__name__)

_JOB = r"[0-9a-f]{32}"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,80}\.(mp4|png|jpg|webp)")
_TYPES = {"mp4": "video/mp4", "png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
_ROUTE = f"/videos/{{job:{_JOB}}}/{{expires:[0-9]{{1,12}}}}/{{signature}}/{{name}}"
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
PIECE_BYTES = 256 * 1024
"""What is read ahead for each reader."""
_FORBIDDEN = "This link is not valid. Please copy it again, whole, from the message in Discord."
_EXPIRED = "This link has expired. In Discord, /jobs shows the video again."
_GONE = "This video is not kept any more. In Discord, /jobs makes it again."
_TOO_MANY = "Too many videos are being fetched at the moment. Please try again in a minute."
_NOT_NOW = "This video can't be read at the moment. Please try again in a minute."


class Blobs(Protocol):
    """What downloads need of the stored files. Both may raise `FilesUnavailable`, and `read` also `FileNotStored`."""

    async def size_bytes(self, key: str) -> int | None: ...

    def read(
        self, key: str, *, start: int = 0, end: int | None = None, piece_bytes: int = PIECE_BYTES
    ) -> AsyncGenerator[bytes]: ...


class Downloads:
    """Makes the addresses and answers them. `secret` must be the same in every process that shares the files."""

    def __init__(self, blobs: Blobs, *, secret: bytes, public_url: str, clock: Clock) -> None:
        self._blobs = blobs
        self._secret = secret
        self._public_url = public_url.rstrip("/")
        self._clock = clock
        self.streams = Streams(clock)

    def link(self, job_id: str, name: str, lifetime: timedelta) -> tuple[str, datetime] | None:
        """The address of a job's result and when it dies; None where members can't reach this server."""
        if not self._public_url or not _NAME.fullmatch(name) or not re.fullmatch(_JOB, job_id):
            return None
        ends = int((self._clock.now() + lifetime).timestamp())
        path = f"/videos/{job_id}/{ends}/{self._sign(job_id, str(ends), name)}/{quote(name)}"
        return self._public_url + path, datetime.fromtimestamp(ends, UTC)

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """For the server that listens already. HEAD is answered, too: players ask so."""
        return [web.get(_ROUTE, self._serve)]

    def _sign(self, *parts: str) -> str:
        digest = hmac.new(self._secret, "\n".join(parts).encode(), "sha256").digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        job_id, expires, signature, name = (request.match_info[k] for k in ("job", "expires", "signature", "name"))
        right = self._sign(job_id, expires, name)
        if not hmac.compare_digest(right.encode(), signature.encode()) or not _NAME.fullmatch(name):
            return _plainly(403, _FORBIDDEN)
        if self._clock.now().timestamp() >= int(expires):
            return _plainly(403, _EXPIRED)
        key = f"jobs/{job_id}/result"
        try:
            size = await self._blobs.size_bytes(key)
        except FilesUnavailable as exc:
            log.warning("the video of job %s can't be downloaded now: %s", job_id, exc)
            return _plainly(503, _NOT_NOW)
        if not size:
            return _plainly(404, _GONE)
        try:
            return await self._answer(request, key, size, name)
        except TooManyStreams:
            return _plainly(503, _TOO_MANY, {"Retry-After": "60"})

    async def _answer(self, request: web.Request, key: str, size: int, name: str) -> web.StreamResponse:
        start, end = 0, size
        response = web.StreamResponse(headers=_headers(name))
        is_get = request.method == "GET"
        if is_get and "Range" in request.headers and "If-Range" not in request.headers:
            wanted = _range(request.headers["Range"], size)
            if wanted is None:
                return web.Response(status=416, headers={"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"})
            start, end = wanted
            response.set_status(206)
            response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        response.content_length = end - start
        try:
            if is_get:
                with self.streams.place(request):
                    await self._stream(request, response, key, start, end)
            else:
                await response.prepare(request)
                await response.write_eof()
        except ConnectionError:
            log.debug("a reader of %s has gone", key)
        return response

    async def _stream(self, request: web.Request, response: web.StreamResponse, key: str, start: int, end: int) -> None:
        """Raises `ConnectionError` where the reader goes, or was disconnected since it stood still."""
        await response.prepare(request)
        try:
            async with aclosing(self._blobs.read(key, start=start, end=end, piece_bytes=PIECE_BYTES)) as pieces:
                async for piece in pieces:
                    for at in range(0, len(piece), PIECE_BYTES):
                        await response.write(piece[at : at + PIECE_BYTES])
                        self.streams.moved(request)
        except (FilesUnavailable, FileNotStored) as exc:
            log.warning("a download of %s broke off: %s", key, exc)
            # More bytes were announced: only a broken connection tells the other side that they don't come.
            if request.transport is not None:
                request.transport.abort()
            return
        await response.write_eof()


def _headers(name: str) -> dict[str, str]:
    return {
        "Content-Type": _TYPES[name.rpartition(".")[2]],
        "Content-Disposition": f'inline; filename="{name}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=3600",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
    }


def _range(asked: str, size: int) -> tuple[int, int] | None:
    """The one range that is asked for, as start and end; None where it lies outside, is empty, or is no single one."""
    found = _RANGE.fullmatch(asked.strip())
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        return (max(0, size - int(last)), size) if int(last) else None
    start, end = int(first), min(int(last) + 1, size) if last else size
    return (start, end) if start < end else None


def _plainly(status: int, sentence: str, more: Mapping[str, str] | None = None) -> web.Response:
    headers = {
        **(more or {}),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
    }
    return web.Response(status=status, text=sentence + "\n", headers=headers)
