"""Real files for commands: drawn here, each once, from the playground's samples."""

from __future__ import annotations

from functools import cache

from sandbox.playground.samples import SAMPLES

Given = tuple[str, bytes]


@cache
def sample(name: str) -> Given:
    """A picture (`cat.png`, `harbour.jpg`, `harbour-night.jpg`, `painting.png`, `jacket.png`) or a clip (`ball.mp4`,
    `dancer.mp4`), as the pair that the stand-in takes for a file."""
    return name, next(one for one in SAMPLES if one.name == name).render()
