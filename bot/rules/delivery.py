"""What passes between a job's steps and whoever shows jobs to people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bot.rules.jobs import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A video ready to be handed over: a local MP4, and what was done to it to fit (a sentence's key, or None).

    `note_facts` fill that sentence; `fit_reencoded` knows `size_bytes_before` besides the clip's own `size_bytes`.
    """

    path: Path
    filename: str
    size_bytes: int
    seconds: float | None = None
    note: str | None = None
    note_facts: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A video too large for Discord, at an address that dies at `expires_at`, with a still picture to show."""

    url: str
    poster: Path | None
    size_bytes: int
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What became of an edit of the reply. `reached` is False where Discord is out of reach, so that the same can be
    said later; it is True also where it never can be. `message_id` is the message that answers, where Discord said."""

    reached: bool = True
    message_id: int | None = None


class DeliveryTooLarge(Exception):
    """Discord said 413 or 40005 whatever it had announced: go one rung down."""


class DeliveryLost(Exception):
    """No way leads to the member now; the result waits in `/jobs`. `reason` is a short word for logs."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Announcer(Protocol):
    """Shows jobs to people. A job's steps call it after the row says so, and know nothing else of Discord."""

    async def show(self, job: Job) -> Shown:
        """Make the reply say what the row says. Never raises because Discord refuses: the row stays the truth."""
        ...

    async def leave(self, job: Job) -> None:
        """Have the reply say that the job goes on in another one. Never raises because Discord refuses."""
        ...

    async def deliver(self, job: Job, thing: Clip | Link) -> Shown:
        """Put the video into the reply, or wherever the member can be reached. Safe to repeat: the same message is
        edited. Raises `DeliveryTooLarge` or `DeliveryLost`."""
        ...
