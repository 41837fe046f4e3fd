"""Which encoding brings a clip under a size limit: the arithmetic, which the encoder then tries."""

from __future__ import annotations

from dataclasses import dataclass

TRIES = 3
"""x264 overshoots tight targets by 5-10 %. What does not fit after three tries will not fit."""

_CONTAINER_SHARE = 0.02
_OVERSHOOT = 0.92
_SCALES = (1.0, 0.75, 0.5, 0.375, 0.25)
_BITS_PER_PIXEL = 0.035
"""Below this many bits a pixel and frame H.264 falls apart visibly; then a smaller picture looks better."""
_LEAST_BITS_PER_PIXEL = 0.012
_LEAST_SIDE = 120
_LEAST_VIDEO_BITS, _MOST_VIDEO_BITS = 24_000, 40_000_000
"""Bits a second. Past the upper one nothing looks better, and FFmpeg's 32-bit buffer sizes would overflow."""
_AUDIO_STEPS = (128_000, 96_000, 64_000, 32_000)
_AUDIO_SHARE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Encode:
    """One try: sizes in pixels (even), rates in bits a second; `audio_bits` 0 leaves the sound out."""

    width: int
    height: int
    video_bits: int
    audio_bits: int


def plan(
    *, seconds: float, width: int, height: int, fps: float, limit_bytes: int, has_audio: bool, closeness: float = 1.0
) -> Encode | None:
    """The best-looking encode that should come out under `limit_bytes`; None where none is worth watching.

    `closeness` below 1 aims lower after a try that came out too large: limit over what it came out as, say.
    """
    if seconds <= 0 or limit_bytes <= 0:
        return None
    total = limit_bytes * 8 / seconds * (1 - _CONTAINER_SHARE) * _OVERSHOOT * min(1.0, closeness)
    audio = next((step for step in _AUDIO_STEPS if step <= total * _AUDIO_SHARE), 0) if has_audio else 0
    video = min(int(total - audio), _MOST_VIDEO_BITS)
    if video < _LEAST_VIDEO_BITS:
        return None
    chosen = _size(width, height, video / max(1.0, fps))
    if chosen is None:
        return None
    return Encode(width=chosen[0], height=chosen[1], video_bits=video, audio_bits=audio)


def _size(width: int, height: int, bits_per_frame: float) -> tuple[int, int] | None:
    """The largest size that looks good; else the smallest, if that can be watched at all."""
    size: tuple[int, int] | None = None
    for scale in _SCALES:
        smaller = _even(width * scale), _even(height * scale)
        if size is not None and min(smaller) < _LEAST_SIDE:
            break
        size = smaller
        if bits_per_frame >= _BITS_PER_PIXEL * size[0] * size[1]:
            return size
    return size if size and bits_per_frame >= _LEAST_BITS_PER_PIXEL * size[0] * size[1] else None


def _even(side: float) -> int:
    return max(2, int(side) // 2 * 2)
