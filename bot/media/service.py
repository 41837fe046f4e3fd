"""What the rest of the bot may ask of media: normalised inputs and encodes, each made by a walled-in child."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.errors import (
    FileBroken,
    FileEmpty,
    FileOfOtherKind,
    FilesUnavailable,
    FileTooCostly,
    FileUnsupported,
    InputRejected,
    MachineBusy,
    ResultInvalid,
    UserFacing,
)
from bot.media.guard import ChildFailed, ChildStarved, ChildTooLarge, ChildTooSlow, Guard
from bot.media.playable import playable
from bot.media.sniff import HEAD_BYTES, Format, describe, sniff
from bot.media.walls import Bounds
from bot.rules.bounds import SMALL_BYTES
from bot.rules.catalog import Kind, Model
from bot.rules.jobs import Requester
from bot.rules.media import Dimensions, Fitted, Probe, Sketched
from bot.rules.requests import Point

LIGHT_CLIP_BOUNDS = Bounds(wall_seconds=60, cpu_seconds=60)
"""A clip that takes longer is told by its packets to be heavy, before a second picture of it is decoded."""
PICTURE_BOUNDS = Bounds(wall_seconds=60, cpu_seconds=10)
"""64 megapixels take 3 s, of whatever format; pictures that are made to take long take any time that they are given."""
ANIMATION_BOUNDS = Bounds(wall_seconds=60, cpu_seconds=30)
SKETCH_BOUNDS = Bounds(wall_seconds=30, cpu_seconds=10)
_DECODERS = {"animated WebP": "WEBP", "WebP": "WEBP"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A file that the model can take: where it is, its type and the suffix that its name should end in.

    `seconds` is a clip's length.
    """

    path: Path
    content_type: str
    suffix: str
    done: tuple[str, ...] = ()
    seconds: float | None = None


class Normaliser:
    """Brings what members attach into a form that a model takes. The original passes where it is fine already."""

    def __init__(
        self, guard: Guard | None = None, *, pictures: Guard | None = None, heavy: Guard | None = None
    ) -> None:
        self._clips = guard or Guard(bounds=LIGHT_CLIP_BOUNDS)
        # Lines of their own: a picture takes seconds, unless it was made to take long, and some clips take minutes.
        self._pictures = pictures or guard or Guard(self._clips.workers, bounds=PICTURE_BOUNDS)
        self._heavy_clips = heavy or guard or Guard(self._clips.workers)

    async def ready(
        self,
        path: Path,
        to: Path,
        *,
        kind: Kind,
        model: Model,
        start_seconds: float | None = None,
        by: Requester | None = None,
    ) -> Ready:
        """`to` is written only where something had to be done; `by` is whose turn it takes.

        A clip is used from `start_seconds` on, and as much of it as the model takes. Raises leaves of `InputRejected`,
        without `role`, `MachineBusy`, and `OSError` where the disk is at fault or there is no room for a process.
        """
        found = await asyncio.to_thread(recognise, path, kind)
        try:
            if kind is Kind.IMAGE:
                return await self._picture(path, to, found, model, by)
            return await self._clip(path, to, found, model, start_seconds=start_seconds or 0.0, by=by)
        except (ChildFailed, FileBroken, FileTooCostly) as exc:  # the two know the decoder's names alone
            _forget(to)
            raise _blamed(exc, found) from exc
        except BaseException:
            _forget(to)
            raise

    async def _picture(self, path: Path, to: Path, found: Format, model: Model, by: Requester | None) -> Ready:
        answer = await self._pictures.run(
            "picture",
            to.parent,
            by=by,
            path=str(path),
            to=str(to),
            decoder=_decoder(found),
            frame=list(model.frame),
            cut=model.form.trajectory,  # its points are places of the frame
        )
        if not answer["changed"]:
            return Ready(path=path, content_type=found.content_type, suffix=found.suffix)
        return Ready(path=to, content_type="image/jpeg", suffix=".jpg", done=tuple(answer["done"]))

    async def _clip(
        self, path: Path, to: Path, found: Format, model: Model, *, start_seconds: float, by: Requester | None
    ) -> Ready:
        asked: dict[str, Any] = {
            "path": str(path),
            "to": str(to),
            "demuxer": found.demuxer,
            "decoder": _decoder(found),
            "frame": list(model.frame),
            "fps": model.fps,
            "max_seconds": model.max_input_seconds,
            "begin": start_seconds,
        }
        bounds = None if found.demuxer is not None else ANIMATION_BOUNDS
        answer = await self._clips.run("clip", to.parent, by=by, bounds=bounds, if_light=True, **asked)
        if "heavy" in answer:
            answer = await self._heavy_clips.run("clip", to.parent, by=by, **asked)
        return Ready(
            path=to if answer["changed"] else path,
            content_type="video/mp4",
            suffix=".mp4",
            done=tuple(answer["done"]),
            seconds=answer["seconds"],
        )


class Sketcher:
    """Draws motion paths over their pictures. Cheap to ask for, so it has places of its own in the line."""

    def __init__(self, guard: Guard | None = None) -> None:
        self._guard = guard or Guard(bounds=SKETCH_BOUNDS)

    async def sketch(
        self, path: Path, to: Path, *, model: Model, points: Sequence[Point], by: Requester | None = None
    ) -> Sketched:
        """Write a JPEG to `to`. Raises leaves of `InputRejected`, without `role`, and `MachineBusy`."""
        found = await asyncio.to_thread(recognise, path, Kind.IMAGE)
        try:
            answer = await self._guard.run(
                "sketch",
                to.parent,
                by=by,
                path=str(path),
                to=str(to),
                decoder=_decoder(found),
                frame=list(model.frame),
                points=[(point.frame, point.x, point.y) for point in points],
                fps=model.fps,
            )
        except (ChildFailed, FileBroken, FileTooCostly) as exc:
            raise _blamed(exc, found) from exc
        return Sketched(path=to, cropped=answer["cropped"])


class MediaEncoder:
    """`bot.rules.media.Encoder`. A child that ends without an answer means that the result is no video we can use.

    What a result's boxes say is read here, and starts no child: almost every result is fit as it comes.
    """

    def __init__(self, guard: Guard | None = None) -> None:
        self._guard = guard or Guard()

    async def faststart(self, path: Path, to: Path, *, by: Requester | None = None) -> tuple[Path, Dimensions]:
        known = playable(path) if _is_small(path) else await asyncio.to_thread(playable, path)
        if known is not None:
            return path, Dimensions(width=known.width, height=known.height, seconds=known.seconds)
        answer = await self._run("faststart", path, to, by=by)
        return to if answer.pop("changed") else path, Dimensions(**answer)

    async def fit(self, path: Path, to: Path, limit_bytes: int, *, by: Requester | None = None) -> Fitted | None:
        answer = await self._run("fit", path, to, by=by, limit_bytes=limit_bytes)
        return Fitted(path=to, **answer) if answer.pop("fits") else None

    async def poster(self, path: Path, to: Path, *, by: Requester | None = None) -> Path:
        await self._run("poster", path, to, by=by)
        return to

    async def still(self, path: Path, to: Path, *, kind: Kind, by: Requester | None = None) -> Path:
        try:
            found = await asyncio.to_thread(recognise, path, kind)
        except InputRejected as exc:
            raise ResultInvalid from exc
        await self._run("still", path, to, by=by, decoder=_decoder(found) if kind is Kind.IMAGE else None)
        return to

    async def probe(self, path: Path) -> Probe:
        return await asyncio.to_thread(playable, path) or Probe(**await self._run("probe", path))

    async def _run(
        self,
        task: str,
        path: Path,
        to: Path | None = None,
        *,
        by: Requester | None = None,
        **arguments: int | str | None,
    ) -> dict[str, Any]:
        given: dict[str, Any] = arguments | {"path": str(path)} | ({"to": str(to)} if to else {})
        try:
            return await self._guard.run(task, path.parent, by=by, **given)
        except (OSError, ChildStarved) as exc:
            raise FilesUnavailable(f"a result can't be opened here: {exc}") from exc
        except (ChildFailed, InputRejected) as exc:
            raise ResultInvalid from exc


def _is_small(path: Path) -> bool:
    return path.stat().st_size <= SMALL_BYTES


def recognise(path: Path, kind: Kind) -> Format:
    """The format of the file, by its bytes. Raises `FileEmpty`, `FileUnsupported` or `FileOfOtherKind`."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise FileEmpty
    found = sniff(head)
    wanted = "picture" if kind is Kind.IMAGE else "video"
    if found is None:
        raise FileUnsupported(found=describe(head), wanted=wanted)
    if kind not in found.kinds:
        raise FileOfOtherKind(found=found.name, wanted=wanted)
    return found


def _blamed(failure: ChildFailed | InputRejected, found: Format) -> UserFacing:
    """What is said of a file that cost a child too much, or its life, unless the file is not to blame."""
    if isinstance(failure, ChildStarved):
        return MachineBusy()
    costly = isinstance(failure, ChildTooLarge | ChildTooSlow | FileTooCostly)
    return (FileTooCostly if costly else FileBroken)(found=found.name)


def _forget(path: Path) -> None:
    """At once, and not in a thread: a task that was cancelled may not get another turn."""
    path.unlink(missing_ok=True)


def _decoder(found: Format) -> str:
    return _DECODERS.get(found.name, found.name)
