"""A request that its member is still looking at: nothing of it counts, and it is forgotten within two hours."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from bot.rules.requests import VideoRequest

LIFE = timedelta(hours=1)
"""As long as somebody may reasonably look at a preview. What they attached must live as long at Discord."""

_STAMP_DIGITS = 12


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


def draft_id(now: datetime) -> str:
    """32 hexadecimal digits as job ids are; the first twelve are the second in which it ends, the rest is chance."""
    return f"{_stamp(now + LIFE)}{secrets.token_hex(10)}"


def is_over(draft: str, now: datetime) -> bool:
    return draft[:_STAMP_DIGITS] <= _stamp(now)


def ended_before(now: datetime) -> str:
    """The id that comes after those of all drafts that are over, in the order of their digits."""
    return f"{_stamp(now)}{'f' * 20}"


def _stamp(at: datetime) -> str:
    return f"{int(at.timestamp()):0{_STAMP_DIGITS}x}"
