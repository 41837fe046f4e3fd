"""Whether a video's file is all there, by the sizes that its container states: players hide a missing end."""

from __future__ import annotations

from pathlib import Path

from bot.media.boxes import outer_boxes

_SEGMENT = b"\x18\x53\x80\x67"
_MATTERS = frozenset({b"moov", b"mdat", b"moof"})


def is_whole(path: Path, demuxer: str) -> bool:
    """False where the file ends before its container says so. Sizes that are left open pass."""
    size = path.stat().st_size
    if demuxer in {"mp4", "mov"}:
        return all(box.at + box.size <= size for box in outer_boxes(path) if box.kind in _MATTERS)
    with path.open("rb") as file:
        head = file.read(4096)
    if demuxer == "avi":
        stated = int.from_bytes(head[4:8], "little")
        return stated + 8 <= size or stated >= 0xFFFFFF00  # recorders that never came back leave it at the highest
    return _segment_end(head) <= size


def _segment_end(head: bytes) -> int:
    """Where Matroska's one great element ends; 0 where it is left open, as live recordings do."""
    at = head.find(_SEGMENT)
    if at < 0 or at + 5 > len(head):
        return 0
    first = head[at + 4]
    width = 9 - first.bit_length()
    if not 1 <= width <= 8:
        return 0
    value = int.from_bytes(head[at + 4 : at + 4 + width], "big") & ((1 << 7 * width) - 1)
    is_open = value == (1 << 7 * width) - 1
    return 0 if is_open else at + 4 + width + value
