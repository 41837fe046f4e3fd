"""A draft: a request whose preview a member is looking at. It does not count, and is deleted within two hours."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from bot.rules.requests import VideoRequest

LIFE = timedelta(hours=1)
"""How long a preview can be used. Discord keeps what the member attached for longer."""

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
    """32 hexadecimal digits, as a job id has: first the second at which it expires (12 digits), then random ones."""
    return f"{_stamp(now + LIFE)}{secrets.token_hex(10)}"


def is_over(draft: str, now: datetime) -> bool:
    return draft[:_STAMP_DIGITS] <= _stamp(now)


def ended_before(now: datetime) -> str:
    """An id that sorts after those of all drafts that have expired."""
    return f"{_stamp(now)}{'f' * 20}"


def _stamp(at: datetime) -> str:
    return f"{int(at.timestamp()):0{_STAMP_DIGITS}x}"
