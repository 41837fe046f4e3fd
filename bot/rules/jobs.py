"""A job: its states, the moves between them, and everything its row says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from bot.errors import Fact, UserFacing
from bot.rules.catalog import Role
from bot.rules.requests import SPOILER, Attachment, VideoRequest, hidden_name


class JobState(StrEnum):
    """What is already true. `pending`, `processing`, `completed` and `failed` are the Queue API's own words."""

    ACCEPTED = "accepted"  # the row exists, the member has been told, the limits count it
    SUBMITTING = "submitting"  # inputs are stored; a POST may be under way, or may have been when a process died
    PENDING = "pending"  # the service gave a job id, which the row holds
    PROCESSING = "processing"  # the service says that it is at work
    COMPLETED = "completed"  # the service has the video; it may be on our disk already
    DELIVERED = "delivered"  # the member has it
    FAILED = "failed"  # it ended without a video; `failure` says why
    CANCELLED = "cancelled"  # the requester or a moderator stopped it


S = JobState
_ENDS = frozenset({S.FAILED, S.CANCELLED})
MOVES: Mapping[JobState, frozenset[JobState]] = {
    S.ACCEPTED: _ENDS | {S.SUBMITTING},
    S.SUBMITTING: _ENDS | {S.PENDING, S.ACCEPTED},  # back where the service said that it did not take the job
    S.PENDING: _ENDS | {S.PROCESSING, S.COMPLETED},
    S.PROCESSING: _ENDS | {S.COMPLETED, S.PENDING},  # services do put jobs back into their queue
    S.COMPLETED: _ENDS | {S.DELIVERED},
    S.DELIVERED: frozenset(),
    S.FAILED: frozenset(),
    S.CANCELLED: frozenset(),
}
ENDED = frozenset(state for state, moves in MOVES.items() if not moves)
LIVE = frozenset(JobState) - ENDED
del S


class JobGroup(StrEnum):
    """What a member looks for among their jobs. The values stand in custom ids and can't be changed."""

    LIVE = "live"
    READY = "ready"
    ENDED_WITHOUT = "without"

    @property
    def states(self) -> frozenset[JobState]:
        """The states of its jobs."""
        match self:
            case JobGroup.LIVE:
                return LIVE
            case JobGroup.READY:
                return frozenset({JobState.DELIVERED})
            case JobGroup.ENDED_WITHOUT:
                return _ENDS


A_MOMENT = timedelta(seconds=3)
"""Two presses of one button within it are one: a hand that double-clicks, or a screen that hangs."""

LAST_EDIT_BEFORE = timedelta(seconds=60)
"""How long before a token's end the last edit is made: room for a few tries, and little that can change after it."""


class Requester(BaseModel):
    """Who asked, and as what: enough to decide limits and rights without asking Discord again.

    `moderator` may manage messages where they asked, `server_moderator` in the whole server by their roles, and `admin`
    the server. In a thread `parent_channel_id` is the channel
    that it belongs to. `age_restricted` says that the channel is. `locale` is their language, in Discord's names.
    `guild_locale` is the server's, which its admins chose or Discord says.
    """

    model_config = ConfigDict(frozen=True)

    user_id: int
    name: str
    guild_id: int | None = None
    channel_id: int
    parent_channel_id: int | None = None
    role_ids: tuple[int, ...] = ()
    moderator: bool = False
    server_moderator: bool = False
    admin: bool = False
    age_restricted: bool = False
    locale: str = "en-US"
    guild_locale: str | None = None


def may_see(job: Job, by: Requester) -> bool:
    """Whether they may repeat the job: its requester may anywhere; where its card is public, so may whoever is in the
    server where it was made or, as a private group is of no server, in the card's own channel."""
    if job.requester.user_id == by.user_id:
        return True
    if job.reply.ephemeral or job.requester.guild_id != by.guild_id:
        return False
    return by.guild_id is not None or job.reply.channel_id == by.channel_id


def is_hidden(job: Job) -> bool:
    """Whether what the job was made from, and so its video, is shown only to who asks for it: its member hid it, or it
    is of an age-restricted channel and the reply is elsewhere now."""
    hid = any(file.filename.startswith(SPOILER) for file in job.request.files.values())
    return hid or _only_for_adults(job, job.reply.channel_id)


def given_again(job: Job, by: Requester) -> dict[Role, Attachment]:
    """The files of the job for a repetition where `by` asks: what `is_hidden` there stays hidden, whatever comes of it
    next."""
    hidden = _only_for_adults(job, by.channel_id)
    return {
        role: file.model_copy(update={"filename": hidden_name(file.filename, hidden=hidden)})
        for role, file in job.request.files.items()
    }


def _only_for_adults(job: Job, channel_id: int) -> bool:
    """Whether it was asked for in an age-restricted channel, and that channel is another one."""
    return job.requester.age_restricted and channel_id != job.requester.channel_id


def moderates(job: Job, by: Requester) -> bool:
    """Whether they may stop the job and take it away: who may manage messages where it is, or in the whole server."""
    if job.requester.guild_id is None or job.requester.guild_id != by.guild_id:
        return False
    here = _channel_of(by) == _channel_of(job.requester)
    return by.server_moderator or by.admin or (by.moderator and here)


def _channel_of(requester: Requester) -> int:
    return requester.parent_channel_id or requester.channel_id


def fairness_group(requester: Requester) -> int:
    """Whose jobs wait behind each other: a server's, or a member's in direct messages."""
    return requester.guild_id if requester.guild_id is not None else requester.user_id


class Reply(BaseModel):
    """The one message that answers the member, and every way to reach it.

    `message_id` is None until Discord has said which message answers; its token reaches it all the same.
    `token` edits it until `token_expires_at` (15 minutes from the interaction); afterwards the bot's own message edit
    does, where `ephemeral` and `user_install` are both False. None as `token`: the reply answers a text message.
    `user_install`: only somebody's account has the app there, be it the requester's or not.
    `upload_limit_bytes` is what Discord announced for one file in this interaction, or the guild's limit. `answers` is
    the id of the interaction or message that it answers: either may be sent twice, and it gets one job all the same.
    `names_asker`: Discord itself shows above it who asked, as above the answer to a command.
    """

    model_config = ConfigDict(frozen=True)

    application_id: int
    channel_id: int
    guild_id: int | None = None
    message_id: int | None = None
    token: str | None = Field(default=None, repr=False)
    token_expires_at: datetime | None = None
    ephemeral: bool = False
    user_install: bool = False
    upload_limit_bytes: int = Field(ge=0)
    answers: int | None = None
    names_asker: bool = False

    @property
    def only_by_token(self) -> bool:
        """Whether the message is out of reach once its token has died: the bot itself can't see it."""
        return self.ephemeral or self.user_install

    @property
    def last_edit_at(self) -> datetime | None:
        """When to make the last edit that the token allows, one that offers a way to a new token; None: needless."""
        if not self.only_by_token or self.token is None or self.token_expires_at is None:
            return None
        return self.token_expires_at - LAST_EDIT_BEFORE


class StoredFile(BaseModel):
    """Bytes that we keep, by their key in `bot.files`. `seconds` is a clip's length, `width` and `height` are as it is
    shown; None where nobody looked. `shortened`: its member's file has more, which is not used."""

    model_config = ConfigDict(frozen=True)

    key: str
    filename: str
    content_type: str
    size_bytes: int = Field(ge=0)
    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    shortened: bool = False


class Failure(BaseModel):
    """Why a job failed: an error's key and facts, so that `wording` can say it in any language, later too."""

    model_config = ConfigDict(frozen=True)

    key: str
    facts: dict[str, str | int | float | bool | None] = Field(default_factory=dict)

    @classmethod
    def of(cls, error: UserFacing) -> Self:
        return cls(key=error.key, facts={name: _plain(value) for name, value in error.facts.items()})


class Job(BaseModel):
    """A job's row. Immutable: `store.advance` returns the changed copy.

    `epoch` counts the writers that took the job over; every write matches it. `remote_id` is the service's job id.
    Times are aware, in UTC. `refunded` means that the limits do not count it; `cost` (US dollars) and
    `output_seconds` are what they count: by what the inputs declare, and once they were looked at by what they are.
    `has_next_step`: somebody has to do something for it now (`bot.store.rows` says when, once for the whole code).
    `held`: accepted, and a moderator has to decide on it first.
    `undeliverable`: completed, and this is why no way leads to its member now (a short word); it rests until they come.
    `forgotten`: its member had it deleted; what limits count is all that is left of the row.
    `place`: an at-once limit holds the accepted job back, and so many places from the front of the line (1 is next).
    `service_place`: how many jobs were before it in its service's queue when that was told last; no row keeps it.
    `untold`: it has ended without a video, and nobody has said so yet; whoever finds it so does.
    `resubmitted`: an unknown outcome has been risked once already (RESUBMIT_UNKNOWN).
    """

    model_config = ConfigDict(frozen=True)

    id: str
    epoch: int = 0
    state: JobState
    request: VideoRequest
    requester: Requester
    reply: Reply
    stored: dict[Role, StoredFile] = Field(default_factory=dict)
    remote_id: str | None = None
    result: StoredFile | None = None
    failure: Failure | None = None
    refunded: bool = False
    place: int | None = None
    service_place: int | None = None
    slow: bool = False
    untold: bool = False
    has_next_step: bool = True
    held: bool = False
    undeliverable: str | None = None
    forgotten: bool = False
    resubmitted: bool = False
    cost: float = 0.2
    output_seconds: float = 5.0
    again_of: str | None = None
    expected_seconds: float | None = None
    accepted_at: datetime
    submitted_at: datetime | None = None
    processing_at: datetime | None = None
    completed_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def locale(self) -> str:
        """The language of its reply, in Discord's names: its member's where they alone see it, else the server's."""
        return self.requester.locale if self.reply.ephemeral else self.requester.guild_locale or self.requester.locale

    @property
    def refused(self) -> bool:
        """Whether it ended since its member's file could not be used: they are told alone, and nobody failed."""
        return self.state is JobState.CANCELLED and self.failure is not None

    @property
    def in_line(self) -> bool:
        """Whether it waits until an at-once limit lets it start."""
        return self.state is JobState.ACCEPTED and self.place is not None

    @property
    def awaits_member(self) -> bool:
        """Whether the video is there and its member must come for it."""
        return self.state is JobState.COMPLETED and self.undeliverable is not None


def _plain(value: Fact) -> str | int | float | bool | None:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return value.isoformat() if isinstance(value, datetime) else value.total_seconds()
