"""All errors of Clapper, in one tree. A test keeps this picture of it true.

    ClapperError
    ├── SettingsError            a setting is missing or wrong; the program ends with exit code 2
    ├── Unavailable              not now: the same may succeed later
    │   ├── DatabaseUnavailable
    │   └── FilesUnavailable
    ├── FileNotStored            no bytes are stored under a key (any more)
    ├── RowUnreadable            this version can't read a row
    ├── AlreadyAsked             Discord sent the same interaction or message twice: it has a job already
    │   └── PressedTwice         a member pressed Again twice within a moment
    ├── JobMoved                 another writer has changed the job's row: stop working on it
    ├── UserFacing               shown to a member; `wording` has a sentence for each leaf, filled with `facts`
    │   ├── Refused              no job exists yet: the member changes something and asks again
    │   │   ├── PromptMissing, PromptTooLong, PromptUnreadable, PromptWithoutUse
    │   │   ├── SeedOutOfRange, ResolutionUnknown, OrientationUnknown, DurationUnknown
    │   │   ├── InputMissing, InputNotTaken, PromptOrReference, OnlyOneOfPromptAndReference
    │   │   ├── EnhanceNeedsPrompt, TrajectoryMissing, TrajectoryInvalid, OptionNotTaken
    │   │   ├── ModelUnknown, ModelUnavailable, NothingServed
    │   │   ├── LimitReached, LimitTooSmall, ShutOut, MemberBlocked, TriesUsedUp
    │   │   ├── LimitAmountInvalid, LimitTargetInvalid, LimitRoleMissing, TooManyRules, RuleUnknown
    │   │   ├── BlockUnknown, NothingToUndo
    │   │   ├── ModChannelMissing, ModChannelInUse
    │   │   ├── ChannelNotAllowed, RoleNotAllowed, ModelNotOffered, AgeRestrictedOnly
    │   │   ├── PatternInvalid, PromptBlocked, GuildSettingsInvalid, GuildSettingsOutdated
    │   │   ├── NotYours, AdminsOnly, ModeratorsOnly, HoldSettledAlready, TooLateToCancel, ShuttingDown
    │   │   ├── JobGone, VideoNotKept, VideoGone, DraftGone, TooManyPreviews, TooQuick
    │   │   ├── SourceMissing, SourceHidden, SourceOutOfReach, SourceGone, SourceUnread, FormForgotten
    │   │   ├── TextUnknown, FormNeeded, PermissionsMissing, CommandOutdated, PanelOutdated
    │   │   └── InputRejected    what was attached can't be used; found after a job exists, the job fails with it
    │   │       ├── FileEmpty, FileTooLarge, FileTooLong, FileTooCostly, FileUnsupported, FileOfOtherKind
    │   │       ├── PictureTooLarge, VideoTooLarge, PictureTooSmall, FileStill, FileBroken, StartPastEnd
    │   │       └── FileGone, FileForbidden
    │   └── Failed               a job exists, and its row keeps this as its failure
    │       ├── ServiceFailed, ServiceRefused, ServiceBusy, ServiceUnreachable, ContentRefused
    │       ├── KeyRefused, OutOfCredits, JobExpired, DeadlinePassed, OutcomeUnknown
    │       ├── MachineBusy, PromptDenied, HoldUnseen, HoldUndecided
    │       └── ResultInvalid, ResultTooLarge, DeliveryImpossible, InternalFailure
    └── QueueError               from the clients of the services' queues (bot.queue, bot.fal); `job_id`: a job exists
        ├── QueueInputError      refused before anything was sent
        ├── QueueSubmitError     the submit failed: `taken` says whether the job may exist all the same
        │   ├── QueueModelUnknownError
        │   └── QueueOutOfCreditsError
        ├── QueueStatusError     the status could not be read
        │   ├── QueueDeadlineError
        │   └── QueueJobNotFoundError   (a QueueResultError too)
        └── QueueResultError     the result could not be fetched, or is not a video
            ├── QueueJobFailedError     it can't be had, since the job itself failed
            └── QueueDiskError   the result could not be written to the local path

Errors hold facts; `bot.wording` holds their sentences, by the class's `key`.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import ClassVar

Fact = str | int | float | bool | datetime | timedelta | None


class ClapperError(Exception):
    """The root of everything that Clapper raises on purpose."""


class SettingsError(ClapperError):
    """A setting is missing or wrong. `str()` is one line for the operator that says what to set."""


class Unavailable(ClapperError):
    """What Clapper keeps its data in can't be used at the moment; the same act may succeed later."""


class DatabaseUnavailable(Unavailable):
    """The database can't be reached, or can't write, at the moment. As far as is known, nothing was changed."""


class FilesUnavailable(Unavailable):
    """Stored files (`FILES_URL`), or this machine's disk, can't be read or written at the moment."""


class FileNotStored(ClapperError):
    """No bytes are stored under the key (any more). `str()` is the key."""


class RowUnreadable(ClapperError):
    """This version of Clapper can't read a row. `str()` names the row and the column, not the value."""


class AlreadyAsked(ClapperError):
    """That interaction or message has a job: Discord sent the event twice. Nothing was written; tell nobody."""


class PressedTwice(AlreadyAsked):
    """The same member pressed the same button a moment ago, and that press has a job. Nothing was written."""


class JobMoved(ClapperError):
    """The row no longer has the id, state and epoch that this process knew.

    Causes: another process took the job over after this one stopped answering; the member cancelled it; the same
    step ran twice. In each case the other writer is right: stop, write nothing, tell nobody.
    """

    def __init__(self, job_id: str) -> None:
        super().__init__(f"job {job_id} was moved by another writer")
        self.job_id = job_id


class UserFacing(ClapperError):
    """An error that a member is told of. `facts` fill the sentence that `bot.wording` keeps under `key`."""

    key: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.key = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()

    def __init__(self, **facts: Fact) -> None:
        super().__init__(f"{self.key} {facts}" if facts else self.key)
        self.facts = facts


class Refused(UserFacing):
    """No job was made. The sentence says what to change."""


class PromptMissing(Refused): ...


class PromptTooLong(Refused):
    """Facts: `length`, `limit` in characters (an emoji of one code point counts once)."""


class PromptUnreadable(Refused):
    """Control characters, null bytes or lone surrogates."""


class PromptWithoutUse(Refused):
    """A prompt was given to a `model` that takes none."""


class SeedOutOfRange(Refused):
    """Facts: `lowest`, `highest`."""


class ResolutionUnknown(Refused):
    """Facts: `model`, `choices`, `other` (a model that can; None: there is none)."""


class OrientationUnknown(Refused):
    """Facts: `model`, `choices`, `other` (a model that can; None: there is none)."""


class DurationUnknown(Refused):
    """Facts: `model`, `choices` (seconds), `other` (a model that makes it; None: there is none)."""


class OptionNotTaken(Refused):
    """Facts: `option`, `model`, `other` (a model that has it; None: there is none)."""


class InputMissing(Refused):
    """Facts: `role` (the option's name in Discord), `model`."""


class InputNotTaken(Refused):
    """Facts: `role`, `model`, `other` (a model that takes it; None: there is none)."""


class PromptOrReference(Refused):
    """At least one of prompt and reference is needed."""


class OnlyOneOfPromptAndReference(Refused):
    """Exactly one of the two is needed and both were given. Facts: `model`."""


class EnhanceNeedsPrompt(Refused):
    """`enhance` rewrites the prompt, so it means nothing without one."""


class TrajectoryMissing(Refused): ...


class TrajectoryInvalid(Refused):
    """Facts: `where` (the part that made no sense), `why` (in English).

    Where a text was read also `position` (its 1-based character), `reason` (a key of
    `bot.rules.trajectory.words.REASONS`) and the facts that the reason's sentence names.
    """


class ModelUnknown(Refused):
    """Facts: `model`, `choices`, `other` (a model that can; None: there is none)."""


class ModelUnavailable(Refused):
    """The service does not know the model; it is not offered for a while. Facts: `model`, `until`, and `other`, the
    title of the next one that does the same."""


class NothingServed(Refused):
    """None of the models of a command is to be had. Facts: `command`, `models` (their titles; empty where no service
    that there is a key for ever had one)."""


class LimitReached(Refused):
    """A limit is reached. Facts: `whose` rule it is (`everyone`, `server`, `bot`, `role:123`,
    `channel:123`, with `operator_` before the operator's), `amount`, `unit`, `window`, `used`, and `frees_at`, None
    where that is when one of the running jobs ends."""


class LimitTooSmall(Refused):
    """The request is more than a limit ever allows. Facts: `whose`, `amount`, `unit`, `window`, `asked`."""


class ShutOut(Refused):
    """A limit of 0 applies to the member. Facts: `whose`."""


class MemberBlocked(Refused):
    """Facts: `reason` (may be empty), `until` (None: for good)."""


class TriesUsedUp(Refused):
    """Too many of the member's files could not be used lately. Facts: `amount` of them, `frees_at`."""


class ModChannelMissing(Refused):
    """Prompts can be held only where there is a channel in which moderators decide."""


class ModChannelInUse(Refused):
    """The moderators' channel can't be given up while prompts are held for it."""


class LimitAmountInvalid(Refused):
    """Facts: `amount`, `highest`."""


class LimitTargetInvalid(Refused):
    """A role's or a channel's rule needs one, and no other rule takes one. Facts: `scope`."""


class LimitRoleMissing(Refused):
    """A limit for a role's members without the role."""


class TooManyRules(Refused):
    """Facts: `limit`."""


class RuleUnknown(Refused):
    """There is no such rule (any more)."""


class BlockUnknown(Refused):
    """The member is not blocked (any more). Facts: `user_id`."""


class NothingToUndo(Refused):
    """The settings were changed again since, or it was too long ago."""


class ChannelNotAllowed(Refused):
    """The server allows the `command` in other channels only. Facts: `command`, `channels` (ids, with commas)."""


class RoleNotAllowed(Refused):
    """The server allows the `command` to other roles only. Facts: `command`."""


class ModelNotOffered(Refused):
    """The server does not offer the model. Facts: `model`, `choices`."""


class AgeRestrictedOnly(Refused):
    """The server allows the bot in age-restricted channels only."""


class PatternInvalid(Refused):
    """A prompt rule's pattern can't be used. Facts: `where` (the pattern), `why` (in English), `reason`, `position`."""


class PromptBlocked(Refused):
    """One of the server's prompt rules forbids it. Facts: `note` (the admins' own words, may be empty)."""


class GuildSettingsInvalid(Refused):
    """A guild's settings have a wrong value. Facts: `where` (the key), `why` (in English), `reason`."""


class HoldSettledAlready(Refused):
    """A moderator has decided on the held job already, or its requester cancelled it. Facts: `state`."""


class GuildSettingsOutdated(Refused):
    """Another admin saved newer settings meanwhile: look at them, then save again."""


class NotYours(Refused):
    """Only the requester and moderators may do that. Facts: `requester_id`."""


class AdminsOnly(Refused):
    """Only who may manage the server can do that, and only in the server itself."""


class ModeratorsOnly(Refused):
    """Only who may manage messages here can do that."""


class VideoNotKept(Refused):
    """The video was delivered, and neither Clapper nor the service keeps it any more."""


class DraftGone(Refused):
    """The draft of a preview is not kept any more: an hour has passed, it was used, or it is somebody else's."""


class TooManyPreviews(Refused):
    """The member has asked for that many previews in a short time. Facts: `limit`, `until`."""


class TooQuick(Refused):
    """The member has sent very many commands in a short time."""


class VideoGone(Refused):
    """The message of a button has no video, or none any more."""


class JobGone(Refused):
    """The job of a button is not in the database any more."""


class TooLateToCancel(Refused):
    """The job has ended already. Facts: `state`."""


class SourceMissing(Refused):
    """There is no picture or video to work with. Facts: `wanted` ("picture", "video"), `command`, `bot_id`, and `menu`
    (the name of the Apps menu that would do it, or None)."""


class SourceHidden(Refused):
    """There may be one, but without the message content intent the bot can't see it. Facts: as `SourceMissing`."""


class SourceOutOfReach(Refused):
    """The same where only the member's account has the app, so that no message reaches the bot. Facts: `wanted`,
    `command` and `menu` as `SourceMissing`."""


class SourceGone(Refused):
    """The message that was replied to, or chosen from, has been deleted."""


class SourceUnread(Refused):
    """Discord did not show the message that is meant, or the channel's newest ones, in time."""


class FormForgotten(Refused):
    """A form's picture can't be found again: it is not in mind since a restart, and the bot can't read its message.
    Facts: `menu`."""


class TextUnknown(Refused):
    """The bot was spoken to and did not understand. Facts: `bot_id`."""


class FormNeeded(Refused):
    """A message can't hold what the command needs. Facts: `command`."""


class PermissionsMissing(Refused):
    """The bot lacks permissions here that its answer needs. Facts: `permissions` (Discord's words, with commas)."""


class CommandOutdated(Refused):
    """A button, a select or a form that this version of the bot does not know."""


class PanelOutdated(Refused):
    """A part of the `/settings` panel that this version of the bot does not know."""


class ShuttingDown(Refused):
    """The process is stopping and accepts nothing new."""


class InputRejected(Refused):
    """What was attached can't be used. As a job's failure it is refunded. Facts always hold `role`."""


class FileEmpty(InputRejected): ...


class FileTooLarge(InputRejected):
    """Facts: `size_bytes`, `limit_bytes`."""


class FileTooLong(InputRejected):
    """What rows of earlier versions hold; a clip is shortened to what its model takes. Facts: `seconds`,
    `limit_seconds`."""


class FileTooCostly(InputRejected):
    """Opening it takes more work or memory than one file may cost: too many pictures, or made to take long. Facts:
    `found`."""


class PictureTooLarge(InputRejected):
    """Facts: `width`, `height`, `limit_pixels`."""


class VideoTooLarge(InputRejected):
    """Facts: `width`, `height`, `limit_side`."""


class PictureTooSmall(InputRejected):
    """Facts: `width`, `height`; `box_width`, `box_height`: as a model would get it; `limit`: the least pixels of a
    side."""


class FileStill(InputRejected):
    """A video of one picture that is gone at once, or of several that are."""


class StartPastEnd(InputRejected):
    """The clip is to be taken from where it has ended, or is about to. Facts: `start_seconds`, `seconds` (its
    length)."""


class FileUnsupported(InputRejected):
    """Facts: `found` (what the bytes are), `wanted` ("picture" or "video")."""


class FileOfOtherKind(InputRejected):
    """A picture where a video is needed, or the other way round. Facts: `found`, `wanted` ("picture" or "video")."""


class FileBroken(InputRejected):
    """The bytes begin as a known format but can't be read to the end. Facts: `found`."""


class FileGone(InputRejected):
    """The attachment's address answers 403 or 404, or does not answer."""


class FileForbidden(InputRejected):
    """The address is not one of Discord's. Facts: `host`."""


class Failed(UserFacing):
    """A job ended without a video. Its row keeps `key` and `facts` (`bot.rules.jobs.Failure`)."""


class ServiceFailed(Failed):
    """The job itself failed at the service. Facts: `reason` (the service's own words, or None)."""


class ContentRefused(Failed):
    """The service does not make that by its rules on content. Facts: `reason` (the service's own words, or None)."""


class ServiceRefused(Failed):
    """The service refused the submit (400, 413, 422, 404 …). Facts: `reason`, `http_status`."""


class ServiceBusy(Failed):
    """The service did not take the job however often it was asked (429, 503)."""


class ServiceUnreachable(Failed):
    """The service could not be reached at all."""


class KeyRefused(Failed):
    """The service answered 401 or 403: the operator must replace the key."""


class OutOfCredits(Failed):
    """The service answered 402: the operator must add credits."""


class JobExpired(Failed):
    """The service answered 404 for a job that it had accepted."""


class DeadlinePassed(Failed):
    """The job did not end in the time that this model is given. Facts: `minutes`."""


class OutcomeUnknown(Failed):
    """The process, or the connection, died during the submit; the job may or may not exist at the service."""


class ResultInvalid(Failed):
    """What the service sent as the result is not a video."""


class ResultTooLarge(Failed):
    """The video does not fit into Discord, not re-encoded either, and links are not possible. Facts: `size_bytes`."""


class DeliveryImpossible(Failed):
    """There is no message, channel or direct message that the video could be put into."""


class PromptDenied(Failed):
    """A moderator did not allow the prompt of a job that was held. Facts: `reason`, in their own words or empty."""


class HoldUnseen(Failed):
    """The prompt needs a moderator's approval, and the bot can't write in the channel where they decide."""


class HoldUndecided(Failed):
    """The prompt needed a moderator's approval, and none decided in the days that jobs are kept."""


class MachineBusy(Failed):
    """A member's file was not opened in the time that there is for it, most of which this machine did other work."""


class InternalFailure(Failed):
    """A fault in Clapper itself; the log has the job's id and the traceback."""


class QueueError(ClapperError):
    """Root of the errors of the clients of the services' queues.

    `message` is one line; `http_status` is None when no answer came; `job_id` is None when no job is known to exist;
    `__cause__` is the foreign error, if any. `reason` holds the service's own words where it gave any, and `problem`
    its own name for the kind of error where it has one.
    """

    def __init__(
        self, message: str, *, job_id: str | None = None, http_status: int | None = None, reason: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.job_id = job_id
        self.http_status = http_status
        self.reason = reason
        self.problem: str | None = None
        self.retry_after: float | None = None
        """Seconds that the service asked to wait before the next try, where it did."""
        self.may_pass = False
        """Whether the same call may well succeed later: no connection, too many, a server's failure. A submit that may
        pass was surely not taken."""


class QueueInputError(QueueError):
    """The inputs break a rule of the model: nothing was sent. `__cause__` is the `Refused` that says which."""


class QueueSubmitError(QueueError):
    """The submit did not give a job id.

    `taken` is False where the service said that it did not take the job (a 4xx or 503 answer) or can't have
    read all of it (no connection, or one lost while sending), and None where nobody knows (a connection lost after
    sending, another 5xx, a redirect, an unreadable 2xx answer, 409: in conflict with a job that exists).
    """

    def __init__(
        self, message: str, *, taken: bool | None, http_status: int | None = None, reason: str | None = None
    ) -> None:
        super().__init__(message, http_status=http_status, reason=reason)
        self.taken = taken


class QueueModelUnknownError(QueueSubmitError):
    """The service does not know the model (any more)."""


class QueueOutOfCreditsError(QueueSubmitError):
    """The account can't pay for the job: the operator must add credits."""


class QueueStatusError(QueueError):
    """The status could not be read within the retries, or made no sense."""


class QueueDeadlineError(QueueStatusError):
    """The job did not end before the deadline; it may still end later under the same `job_id`."""


class QueueResultError(QueueError):
    """The result could not be fetched within the retries, is no MP4, or is larger than the limit (`too_large`)."""

    def __init__(
        self,
        message: str,
        *,
        job_id: str | None = None,
        http_status: int | None = None,
        reason: str | None = None,
        too_large: bool = False,
    ) -> None:
        super().__init__(message, job_id=job_id, http_status=http_status, reason=reason)
        self.too_large = too_large


class QueueJobFailedError(QueueResultError):
    """The answer for the result is the model's own error: the job itself failed, and asking again is no use."""

    def __init__(
        self,
        message: str,
        *,
        job_id: str | None = None,
        http_status: int | None = None,
        reason: str | None = None,
        problem: str | None = None,
    ) -> None:
        super().__init__(message, job_id=job_id, http_status=http_status, reason=reason)
        self.problem = problem


class QueueDiskError(QueueResultError):
    """The result could not be written to the local path: the disk is full, or the folder is gone. The service still
    has the video. `__cause__` names the system's reason."""


class QueueJobNotFoundError(QueueStatusError, QueueResultError):
    """404 for the job: it never existed or has expired. The status and the result both raise it."""
