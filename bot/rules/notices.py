"""What is told to people besides the one reply: to moderators, in an audit channel, and to who waited long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.rules.guild_settings_file import Change
from bot.rules.jobs import Job, Requester
from bot.rules.prompts import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnded:
    """A job has come to its end: the row says how."""

    job: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptNoted:
    """A prompt met one of the server's rules. It was blocked, is held, or went on (`verdict.action`)."""

    requester: Requester
    command: str
    prompt: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldSettled:
    """A moderator has decided on a job that was held."""

    job: Job
    by: Requester
    approved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChanged:
    """An admin has saved a change of the server's settings."""

    by: Requester
    version: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsReset:
    """An admin has let a member start anew; `jobs` of theirs count no more."""

    by: Requester
    user_id: int
    jobs: int


Entry = JobEnded | PromptNoted | HoldSettled | SettingsChanged | LimitsReset
"""One line of a server's audit channel."""


class NoticeLost(Exception):
    """It could not be posted. `final`: the channel is gone or closed to us, so that another try would fail, too."""

    def __init__(self, reason: str, *, final: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.final = final


class Notices(Protocol):
    """Posts messages that are no job's reply. Nothing that it posts pings anybody, but for `ping`."""

    async def record(self, guild_id: int, channel_id: int, entry: Entry) -> None:
        """Post an entry in the audit channel. Raises `NoticeLost`."""
        ...

    async def ask(self, channel_id: int, job: Job, pattern: str) -> int:
        """Ask the moderators there to decide on a job that `pattern` holds (empty: not known any more); gives the
        message's id. Raises `NoticeLost`."""
        ...

    async def close_question(
        self, channel_id: int, message_id: int, job: Job, by: Requester, *, approved: bool | None
    ) -> None:
        """Have the question say how it ended (None: the job was cancelled) and take its buttons away. Never raises."""
        ...

    async def ping(self, job: Job) -> None:
        """Tell the requester, and nobody else, that the job has ended. Never raises."""
        ...
