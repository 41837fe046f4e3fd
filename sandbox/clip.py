"""Whether a file is a clip that plays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
from PIL import Image


class NotPlayable(Exception):
    """`str()` says why."""


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """What was found by decoding the whole file."""

    codec: str
    pixels: str
    width: int
    height: int
    seconds: float
    frames: int
    sound: str | None

    def __str__(self) -> str:
        """One line for people."""
        sound = f", sound {self.sound}" if self.sound else ""
        size = f"{self.width}x{self.height}"
        return f"{self.codec} {self.pixels} {size}, {self.seconds:.1f} s, {self.frames} frames{sound}"


def inspect(path: Path) -> ClipFacts:
    """Decode every frame. Raises `NotPlayable` unless it is H.264 in yuv420p with more than one frame, or a PNG."""
    if path.read_bytes()[:4] == b"\x89PNG":
        return _inspect_picture(path)
    try:
        with av.open(path, format="mp4") as container:
            if not container.streams.video:
                raise NotPlayable("it has no picture")
            stream = container.streams.video[0]
            last, frames = 0.0, 0
            for frame in container.decode(stream):
                frames, last = frames + 1, max(last, frame.time or 0.0)
            rate = float(stream.average_rate or 25)
            sound = container.streams.audio[0].codec_context.name if container.streams.audio else None
            context = stream.codec_context
            facts = ClipFacts(
                context.name, context.pix_fmt or "", context.width, context.height, last + 1 / rate, frames, sound
            )
    except (av.FFmpegError, OSError) as exc:
        raise NotPlayable(f"it can't be decoded ({exc})") from exc
    if facts.codec != "h264" or facts.pixels != "yuv420p" or facts.frames < 2:
        raise NotPlayable(f"not every device plays it: {facts}")
    return facts


def _inspect_picture(path: Path) -> ClipFacts:
    try:
        with Image.open(path) as picture:
            picture.load()
            return ClipFacts("png", picture.mode.lower(), picture.width, picture.height, 0.0, 1, None)
    except OSError as exc:
        raise NotPlayable(f"it can't be decoded ({exc})") from exc
