"""How large and how long a member's file may be, whatever the model: what the decoding child can bear."""

from __future__ import annotations

PICTURE_MAX_PIXELS = 64_000_000
"""Past the 50 megapixels that phones save; decoded it is 192 MB, which the child's memory holds several times."""

CLIP_MAX_SIDE = 8192
"""Pixels of a video's longer side: 8K."""

LENGTH_SLACK_SECONDS = 0.5
"""By how much a clip may be longer than the model's limit: cutters end on a frame, and sound ends after pictures."""
