"""Uploaded bytes in a folder of their own, and the signed, expiring addresses under which they are served."""

from __future__ import annotations

import hashlib
import hmac
import mimetypes
import re
import secrets
import shutil
import struct
import tempfile
import warnings
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

from PIL import Image

from sandbox.discord.clock import StandInClock
from sandbox.discord.ids import Snowflakes
from sandbox.discord.responses import Json

URL_LIFE = timedelta(days=1)
_TYPES = {".mp4": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm", ".webp": "image/webp",
          ".avif": "image/avif", ".heic": "image/heic"}  # fmt: skip


@dataclass(slots=True)
class Upload:
    """An uploaded file: the form's field, its name, the path of its bytes, their number."""

    field: str
    filename: str
    path: Path
    size: int


@dataclass(slots=True)
class Attachment:
    id: str
    folder: str
    filename: str
    path: Path
    size: int
    content_type: str | None
    title: str | None = None
    description: str | None = None
    spoiler: bool = False
    facts: Json = field(default_factory=dict)
    removed: bool = False
    signed: tuple[int, int] = (0, 0)


class Files:
    """Keeps attachments and makes and checks their addresses. `base` is the CDN's, known once the server listens."""

    def __init__(self, clock: StandInClock, ids: Snowflakes) -> None:
        self._clock = clock
        self._ids = ids
        self._key = secrets.token_bytes(16)
        self.parent: Path | None = None
        self._folder: Path | None = None
        self.base = ""
        self.kept: dict[str, Attachment] = {}

    @property
    def folder(self) -> Path:
        """Where they are, made in `parent` (None: the system's temporary folder) when first needed."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="stand-in-discord-", dir=self.parent))
        return self._folder

    def scratch(self) -> Path:
        """A new name in the folder for bytes that are arriving."""
        return self.folder / secrets.token_hex(12)

    def take(self, upload: Upload, folder: str) -> Attachment:
        """An attachment under `folder`, such as `attachments/<channel id>`; Discord judges a file by its name alone."""
        name = safe_name(upload.filename)
        suffix = Path(name).suffix.lower()
        content_type = _TYPES.get(suffix) or mimetypes.guess_type(name)[0]
        found = Attachment(self._ids.next(), folder, name, upload.path, upload.size, content_type)
        if name != upload.filename:
            found.title = Path(upload.filename).stem
        found.facts = _facts(upload.path, content_type or "")
        self.kept[found.id] = found
        return found

    def put(self, data: bytes, filename: str, field: str = "files[0]") -> Upload:
        path = self.scratch()
        path.write_bytes(data)
        return Upload(field, filename, path, len(data))

    def remove(self, attachment: Attachment) -> None:
        attachment.removed = True
        attachment.path.unlink(missing_ok=True)

    def url(self, attachment: Attachment) -> str:
        """Signed for a day; the same address until half of that is over."""
        now = int(self._clock.timestamp())
        expires, _ = attachment.signed
        if expires - now < URL_LIFE.total_seconds() / 2:
            attachment.signed = (now + int(URL_LIFE.total_seconds()), now)
        expires, issued = attachment.signed
        path = f"/{attachment.folder}/{attachment.id}/{quote(attachment.filename)}"
        return f"{self.base}{path}?ex={expires:x}&is={issued:x}&hm={self._sign(attachment.id, expires, issued)}&"

    def _sign(self, attachment_id: str, expires: int, issued: int) -> str:
        return hmac.new(self._key, f"{attachment_id}/{expires:x}/{issued:x}".encode(), hashlib.sha256).hexdigest()

    def admit(self, attachment_id: str, query: dict[str, str]) -> Attachment | int:
        """The attachment, or the status to refuse with: 403 for a forged address, 404 for an old one or a lost file."""
        try:
            expires, issued = int(query["ex"], 16), int(query["is"], 16)
        except (KeyError, ValueError):
            return 403
        if not hmac.compare_digest(self._sign(attachment_id, expires, issued), query.get("hm", "")):
            return 403
        found = self.kept.get(attachment_id)
        if found is None or found.removed or self._clock.timestamp() >= expires:
            return 404
        return found

    def refreshed(self, url: str) -> str | None:
        """A fresh address for the file that `url` named, expired or not."""
        parts = urlsplit(url)
        steps = parts.path.strip("/").split("/")
        found = self.kept.get(steps[-2]) if len(steps) >= 3 else None
        if found is None or found.removed:
            return None
        dict(parse_qsl(parts.query))
        found.signed = (0, 0)
        return self.url(found)

    def json(self, attachment: Attachment, *, ephemeral: bool = False) -> Json:
        url = self.url(attachment)
        data: Json = {
            "id": attachment.id, "filename": attachment.filename, "size": attachment.size, "url": url,
            "proxy_url": url, "flags": 8 if attachment.spoiler else 0,
        } | attachment.facts  # fmt: skip
        for key, value in (("content_type", attachment.content_type), ("description", attachment.description)):
            if value is not None:
                data[key] = value
        if attachment.title is not None:
            data["title"] = attachment.title
        if ephemeral:
            data["ephemeral"] = True
        return data

    def close(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def safe_name(name: str) -> str:
    """As Discord renames: letters, digits, `_`, `-` and `.` stay; spaces become underscores; the rest goes."""
    return re.sub(r"[^A-Za-z0-9_.-]", "", Path(name).name.replace(" ", "_")).lstrip(".") or "unknown"


def _facts(path: Path, content_type: str) -> Json:
    """What Discord says about the contents: width and height, and a video's duration."""
    if content_type.startswith("image/"):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with Image.open(path) as image:
                    return {"width": image.width, "height": image.height}
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return {}
    if content_type in {"video/mp4", "video/quicktime"}:
        try:
            return _mp4_facts(path)
        except (OSError, struct.error, ValueError, ZeroDivisionError):
            return {}
    return {}


def _mp4_facts(path: Path) -> Json:
    """Sides and seconds from the file's own header, without opening what strangers sent in a decoder."""
    with path.open("rb") as file:
        size = path.stat().st_size
        position, moov = 0, b""
        while position + 8 <= size and not moov:
            file.seek(position)
            head = file.read(16)
            length, kind = struct.unpack(">I4s", head[:8])
            length = struct.unpack(">Q", head[8:16])[0] if length == 1 else (length or size - position)
            if length < 8:
                return {}
            if kind == b"moov" and length <= 32 * 1024 * 1024:
                file.seek(position)
                moov = file.read(length)
            position += length
    facts: Json = {}
    start = moov.find(b"mvhd")
    if start > 0:
        long = moov[start + 4] == 1
        scale, length = struct.unpack_from(">IQ" if long else ">II", moov, start + (24 if long else 16))
        facts["duration_secs"] = round(length / scale, 3)
    start = moov.find(b"tkhd")
    while start > 0:
        offset = start + (92 if moov[start + 4] == 1 else 80)
        width, height = (side >> 16 for side in struct.unpack_from(">II", moov, offset))
        if width and height:
            return facts | {"width": width, "height": height}
        start = moov.find(b"tkhd", start + 4)
    return facts
