"""How large and how long a member's file may be for any model: what the media worker can decode."""

from __future__ import annotations

import math

from bot.errors import FileTooLong

ANIMATION_MAX_PIXELS = 16_000_000
"""The largest canvas of a GIF or WebP that is used as a video: each of its hundreds of frames is drawn on all of it."""

PICTURE_MAX_PIXELS = 64_000_000
"""More than the 50 megapixels that phones save. Decoded it takes 192 MB, and the worker's memory holds several."""

CLIP_MAX_SIDE = 8192
"""Pixels of a video's longer side: 8K."""

LENGTH_SLACK_SECONDS = 0.5
"""By how much a clip may be longer than the model's limit: cutters end on a frame, and sound ends after pictures."""


def too_long(seconds: float, limit_seconds: float) -> FileTooLong:
    """The refusal, with the length in whole seconds rounded up: nobody is told that 1 min is more than 1 min."""
    return FileTooLong(seconds=math.ceil(round(seconds, 3)), limit_seconds=limit_seconds)
