"""How large and how long a member's file may be for any model: what the media worker can decode."""

from __future__ import annotations

ANIMATION_MAX_PIXELS = 16_000_000
"""The largest canvas of a GIF or WebP that is used as a video: each of its hundreds of frames is drawn on all of it."""

PICTURE_MAX_PIXELS = 64_000_000
"""More than the 50 megapixels that phones save. Decoded it takes 192 MB, and the worker's memory holds several."""

CLIP_MAX_SIDE = 8192
"""Pixels of a video's longer side: 8K."""

ENCODED_MAX_SECONDS = 300
"""Of a clip that must be encoded again, which takes a good share of that time; models that take more get more of what
needs no encoding alone."""

SENT_MAX_BYTES = 200_000_000
"""The largest file that the service takes (queue-api.md, section 5)."""

LEAST_SIDE = 16
"""Pixels of the shorter side of what a model gets: in a dot or a line there is nothing to see, and it would be paid
for."""

LENGTH_SLACK_SECONDS = 0.5
"""By how much a clip may be longer than the model's limit: cutters end on a frame, and sound ends after pictures."""

SMALL_BYTES = 256 * 1024
"""A file of up to that size is read or written sooner than another thread would begin to."""
