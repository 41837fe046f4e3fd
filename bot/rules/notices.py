"""What is posted besides a job's reply: audit entries, questions to moderators, and pings after a long wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from bot.rules.guild_settings_file import Change
from bot.rules.jobs import Job, Requester
from bot.rules.prompts import Verdict


class HoldOutcome(StrEnum):
    """How the question about a held job was answered. `WITHDRAWN`: the job was cancelled; `EXPIRED`: by nobody."""

    APPROVED = "approved"
    DENIED = "denied"
    BLOCKED = "blocked"
    """Denied, and its member may make nothing for a day."""
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture of a question. `hidden`: it is shown to those alone who press on it."""

    path: Path
    hidden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnded:
    """A job has ended. Its row says how."""

    job: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptNoted:
    """A prompt matched one of the guild's rules: it was blocked, is held, or was only recorded (`verdict.action`)."""

    requester: Requester
    command: str
    prompt: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldSettled:
    """A moderator decided on a held job; `reason` is in their own words, or empty."""

    job: Job
    by: Requester
    decision: HoldOutcome
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChanged:
    """An admin saved a change of the guild's settings."""

    by: Requester
    version: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsReset:
    """An admin reset a member's limits: so many `jobs` of theirs do not count any more."""

    by: Requester
    user_id: int
    jobs: int


Entry = JobEnded | PromptNoted | HoldSettled | SettingsChanged | LimitsReset
"""One entry of a guild's audit channel."""


class NoticeLost(Exception):
    """It could not be posted. `final`: the channel is deleted or not allowed, so that another try fails, too."""

    def __init__(self, reason: str, *, final: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.final = final


class Notices(Protocol):
    """Posts messages that are not a job's reply. Only `ping` pings anybody."""

    async def record(self, guild_id: int, channel_id: int, entry: Entry) -> None:
        """Post an entry in the audit channel. Raises `NoticeLost`."""
        ...

    async def ask(self, channel_id: int, job: Job, pattern: str, pictures: Sequence[Picture]) -> int:
        """Ask the moderators there to decide on a held job; returns the message's id. Asking the same again within
        minutes gives the same message. Raises `NoticeLost`.

        `pattern` is the rule that holds it, empty where it is not known any more. Where the channel takes no files, the
        question comes without `pictures`.
        """
        ...

    async def close_question(
        self, channel_id: int, message_id: int, job: Job, *, decision: HoldOutcome, by: Requester | None, reason: str
    ) -> None:
        """Edit the question to say how it was decided, and by whom, without buttons and pictures. Never raises."""
        ...

    async def ping(self, job: Job) -> None:
        """Tell the requester, and nobody else, that the job has ended. Never raises."""
        ...
