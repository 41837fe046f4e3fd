"""What a worker is told: plain data that goes through a pipe as one line of JSON."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

SECONDS_MIN, SECONDS_MAX = 2.0, 5.0
"""How long clips are."""


def even(value: float) -> int:
    """The nearest even number, as yuv420p wants its sides."""
    return max(2, round(value / 2) * 2)


def frame_size(
    width: int, height: int, *, resolution: str, portrait: bool, preview_width: int | None
) -> tuple[int, int]:
    """The clip's frame: the model's, made smaller for 480p and for previews, and turned for portrait."""
    scale = 480 / height if resolution == "480p" else 1.0
    if preview_width is not None and preview_width < width:
        scale *= preview_width / width
    size = even(width * scale), even(height * scale)
    return (size[1], size[0]) if portrait else size


@dataclass(frozen=True)
class Task:
    """One clip to be made. `files` are paths by field, `points` shares of the frame (0..1) by frame number."""

    operation: str
    model: str
    width: int
    height: int
    fps: int
    seconds: float
    seed: int
    prompt: str = ""
    enhance: bool = False
    files: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    points: list[tuple[int, float, float]] = field(default_factory=list)
    noise_bytes: int = 0
    pad_to_bytes: int = 0

    @property
    def key(self) -> str:
        """Equal for tasks that give the same clip, whatever their files are called."""
        facts = dataclasses.asdict(self) | {"files": sorted(self.files)}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def to_line(self, out: str) -> bytes:
        """The line that asks a worker for this clip at `out`."""
        return json.dumps({"out": out, "task": dataclasses.asdict(self)}).encode() + b"\n"

    @classmethod
    def from_line(cls, line: str) -> tuple[Task, str]:
        said: dict[str, Any] = json.loads(line)
        task = said["task"]
        task["points"] = [(int(frame), float(x), float(y)) for frame, x, y in task["points"]]
        return cls(**task), said["out"]
