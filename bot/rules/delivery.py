"""What the job runner gives to the announcer, and the errors that come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bot.rules.jobs import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A local MP4 or picture that is ready to upload; how long and large it is shown, where that is known.

    `note` is the key of a sentence that says how it was changed to fit (None: not at all), `note_facts` are that
    sentence's facts: `fit_reencoded` has `size_bytes_before`, besides the clip's own `size_bytes`.
    """

    path: Path
    filename: str
    size_bytes: int
    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    note: str | None = None
    note_facts: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A video that is too large for Discord: its address, valid until `expires_at`, and a still picture to show."""

    url: str
    poster: Path | None
    size_bytes: int
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What became of an edit of the reply.

    `reached` is False where Discord can't be reached, so that the same can be tried later; it is True also where the
    edit is impossible. `message_id` is the message that is the reply, where Discord named it.
    """

    reached: bool = True
    message_id: int | None = None


class DeliveryTooLarge(Exception):
    """Discord answered 413 or 40005, whatever limit it had announced: try the next smaller form."""


class DeliveryLost(Exception):
    """Nobody can be reached with the video now, so it waits in `/jobs`. `reason` is a short word for logs."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Announcer(Protocol):
    """Shows jobs to people. A job's steps call it after they have written the row, and know nothing else of Discord."""

    async def show(self, job: Job) -> Shown:
        """Edit the reply to say what the row says. Does not raise where Discord refuses."""
        ...

    async def leave(self, job: Job) -> None:
        """Edit the reply to say that the job goes on in another one. Does not raise where Discord refuses."""
        ...

    async def deliver(self, job: Job, thing: Clip | Link) -> Shown:
        """Put the video into the reply, or wherever the member can be reached. Safe to repeat.

        Raises `DeliveryTooLarge` or `DeliveryLost`.
        """
        ...
