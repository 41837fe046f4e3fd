"""The files of the benchmarks, drawn by the playground."""

from __future__ import annotations

import functools
from pathlib import Path

from sandbox.playground.samples import SAMPLES

_BOX_HEADER_BYTES = 8


def clip_file(folder: Path) -> Path:
    """A clip of three seconds, H.264 with its index first, such as the service gives."""
    path = folder / "clip.mp4"
    path.write_bytes(_clip())
    return path


@functools.cache
def _clip() -> bytes:
    return next(sample for sample in SAMPLES if sample.name == "ball.mp4").render()


def padded(clip: Path, size_bytes: int, to: Path) -> Path:
    """The clip made that long by a `free` box at its end, which players skip."""
    body = clip.read_bytes()
    missing = size_bytes - len(body)
    to.write_bytes(body + missing.to_bytes(4, "big") + b"free" + bytes(missing - _BOX_HEADER_BYTES))
    return to
