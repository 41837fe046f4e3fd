"""Whether a video's file is all there, by the sizes that its container states: players hide a missing end."""

from __future__ import annotations

from pathlib import Path

from bot.media.boxes import outer_boxes

_TAIL_BYTES = 1024**2
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
"""What stands before the file's number and its size."""
_SEGMENT = b"\x18\x53\x80\x67"
_MATTERS = frozenset({b"moov", b"mdat", b"moof"})


def is_whole(path: Path, demuxer: str) -> bool:
    """False where the file ends before its container says so. Sizes that are left open pass."""
    size = path.stat().st_size
    if demuxer in {"mp4", "mov"}:
        return all(box.at + box.size <= size for box in outer_boxes(path) if box.kind in _MATTERS)
    with path.open("rb") as file:
        head = file.read(4096)
        file.seek(max(0, size - _TAIL_BYTES))
        tail = file.read()
    match demuxer:
        case "avi":
            stated = int.from_bytes(head[4:8], "little")
            return stated + 8 <= size or stated >= 0xFFFFFF00  # recorders that never came back leave it at the highest
        case "asf":
            at = head.find(_ASF_PROPERTIES)
            return at < 0 or int.from_bytes(head[at + 40 : at + 48], "little") <= size
        case "flv":
            return _ends_with_a_tag(tail, size)
        case "ogg":
            return _ends_with_a_page(tail)
    return _segment_end(head) <= size  # broadcasts (MPEG) state no size, and may end anywhere


def _ends_with_a_tag(tail: bytes, size: int) -> bool:
    """FLV repeats each tag's length behind it. A tag that is longer than what was read of the file passes."""
    length = int.from_bytes(tail[-4:], "big")
    tag = tail[-4 - length : -4]
    if length + 4 > len(tail):
        return length + 4 <= size
    return len(tag) > 11 and int.from_bytes(tag[1:4], "big") + 11 == length


def _ends_with_a_page(tail: bytes) -> bool:
    page = tail[max(0, tail.rfind(b"OggS")) :]
    pieces = page[27 : 27 + page[26]] if len(page) > 26 else b""
    return len(pieces) > 0 and 27 + len(pieces) + sum(pieces) <= len(page)


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
