"""A draft: a request whose preview a member is looking at. No limit counts it, and it is deleted after an hour."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, ConfigDict

from bot.rules.requests import VideoRequest

PREVIEWS_MAX, PREVIEWS_WITHIN = 5, timedelta(minutes=1)
"""So many previews a member may ask for in that time: each is drawn by a process of its own, and costs nothing."""

LIFE = timedelta(hours=1)
"""How long a preview can be used. Discord keeps what the member attached for longer."""


class Draft(BaseModel):
    """What was asked for, by whom, and whether the answer is to be private."""

    model_config = ConfigDict(frozen=True)

    user_id: int
    request: VideoRequest
    private: bool = False


class Preview(BaseModel):
    """What the member is shown of a draft: a JPEG, and whether the picture loses its edges to the model's shape."""

    model_config = ConfigDict(frozen=True)

    picture: bytes
    cropped: bool
