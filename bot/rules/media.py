"""What jobs need from media and files, as protocols: who fetches, stores and encodes is decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bot.rules.catalog import Kind, Model, Role
from bot.rules.jobs import Job, Requester, StoredFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a media file really is, as it was read, whatever its name says.

    `width` and `height` are as shown (turned, if the file says so). `seconds` and `fps` are None for still pictures.
    `video` and `audio` are the codecs' names; `audio` is None where there is none. `faststart`: its index comes first.
    """

    container: str
    size_bytes: int
    width: int
    height: int
    seconds: float | None = None
    fps: float | None = None
    video: str | None = None
    audio: str | None = None
    pixels: str | None = None
    faststart: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimensions:
    """How large a result is shown, in pixels, and how long it lasts; None for a picture."""

    width: int
    height: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A clip that was encoded again to come under a limit: what it is now, and what it was, for the sentence."""

    path: Path
    size_bytes: int
    seconds: float
    width: int
    height: int
    size_bytes_before: int
    width_before: int
    height_before: int
    audio_dropped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketched:
    """A motion path drawn over its picture, as a JPEG; `cropped`: the picture loses its edges to the model's shape."""

    path: Path
    cropped: bool


class Intake(Protocol):
    """Fetches what the member attached, brings it into a form that the model takes, and stores it."""

    async def take(self, job: Job, model: Model) -> dict[Role, StoredFile]:
        """The job's inputs, stored under `jobs/<job id>/<role>`. Safe to repeat: the same keys are overwritten.

        Raises a leaf of `bot.errors.InputRejected` for the first file that can't be used; nothing stays on disk.
        """
        ...


class Files(Protocol):
    """Bytes by key: inputs that wait for their submit, and results. Every method may raise `FilesUnavailable`.

    A local file and a stored one may be the same bytes under two names, so nobody writes into a file that was put or
    fetched: it is replaced, or deleted.
    """

    async def put(self, key: str, path: Path, content_type: str) -> int:
        """Store the file's bytes under `key`, all or nothing, over what was there; gives their number."""
        ...

    async def fetch(self, key: str, to: Path) -> Path:
        """Write the bytes to `to`, all or nothing; raises `FileNotStored` where the key holds nothing."""
        ...

    async def delete(self, keys: Iterable[str]) -> None:
        """Forget the keys; one that holds nothing is no error."""
        ...

    async def exists(self, key: str) -> bool: ...

    async def keys(self, under: str) -> list[str]:
        """Every key below the folder `under`."""
        ...

    async def drop_unfinished(self, before: datetime) -> int:
        """Delete what was left, before then, of files that were never stored whole; gives the number."""
        ...


class Links(Protocol):
    """Addresses at which a stored result can be fetched by whoever has them."""

    async def link(self, job_id: str, name: str, *, ended_at: datetime | None = None) -> tuple[str, datetime] | None:
        """The address and when it dies; None where the operator offers none. `name` is what it is saved as; `ended_at`
        is when the job ended, if it has."""
        ...


class Encoder(Protocol):
    """Makes results ready to be shown. Decodes them in a walled-in child process only; their headers are read here.

    `by` is whose turn it takes. Every method may raise `FilesUnavailable`: this machine is at fault, and not the video.
    """

    async def faststart(self, path: Path, to: Path, *, by: Requester | None = None) -> tuple[Path, Dimensions]:
        """The same video with its index first, so that it plays while it loads: `path` itself where it is so already,
        else written to `to` without encoding. Raises `bot.errors.ResultInvalid` where `path` is no video."""
        ...

    async def fit(self, path: Path, to: Path, limit_bytes: int, *, by: Requester | None = None) -> Fitted | None:
        """Encode to at most `limit_bytes`; None where no picture worth watching fits. Raises `ResultInvalid`."""
        ...

    async def poster(self, path: Path, to: Path, *, by: Requester | None = None) -> Path:
        """A JPEG of a telling frame. Raises `ResultInvalid`."""
        ...

    async def still(self, path: Path, to: Path, *, kind: Kind, by: Requester | None = None) -> Path:
        """A JPEG of the video's telling frame, or of the picture, of at most 320 pixels a side. Raises
        `ResultInvalid`."""
        ...

    async def probe(self, path: Path) -> Probe:
        """What the file is. Raises `ResultInvalid` where it is neither picture nor video."""
        ...
