"""What a clip may be made of, and so what it shows."""

from __future__ import annotations

from enum import StrEnum


class Operation(StrEnum):
    """What a model makes of its inputs."""

    TEXT = "text to video"
    IMAGE = "image to video"
    VIDEO = "video to video"
    FIRST_LAST = "first and last frame"
    MOTION = "motion"
    RESTYLE = "restyle"
    EDIT = "video edit"
    TRY_ON = "virtual try-on"
    PICTURE = "picture edit"
