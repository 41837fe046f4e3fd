"""What a member is told of the Queue API client's errors: one decision a line."""

from __future__ import annotations

from bot.errors import (
    DeadlinePassed,
    JobExpired,
    KeyRefused,
    OutcomeUnknown,
    OutOfCredits,
    QueueDeadlineError,
    QueueError,
    QueueInputError,
    QueueJobNotFoundError,
    QueueResultError,
    QueueSubmitError,
    Refused,
    ResultInvalid,
    ResultTooLarge,
    ServiceBusy,
    ServiceRefused,
    ServiceUnreachable,
    UserFacing,
)

_TOO_MANY, _UNAVAILABLE = 429, 503


def failure_of(error: QueueError, *, deadline_minutes: int, max_result_bytes: int) -> UserFacing:
    """The failure that the job's row keeps. Unknown models are not decided here: they rest, too."""
    cause = error.__cause__
    match error:
        case QueueInputError() if isinstance(cause, Refused):
            return cause
        case QueueSubmitError(taken=None):
            return OutcomeUnknown()
        case QueueJobNotFoundError():
            return JobExpired()
        case QueueDeadlineError():
            return DeadlinePassed(minutes=deadline_minutes)
        case QueueResultError(too_large=True):
            return ResultTooLarge(size_bytes=max_result_bytes)
    return _by_status(error)


def _by_status(error: QueueError) -> UserFacing:
    match error.http_status:
        case 401 | 403:
            return KeyRefused()
        case 402:
            return OutOfCredits()
        case _ if may_succeed_later(error):
            return ServiceUnreachable() if error.http_status is None else ServiceBusy()
        case _ if isinstance(error, QueueResultError):
            return ResultInvalid()
        case status:
            return ServiceRefused(reason=error.reason, http_status=status)


def may_succeed_later(error: QueueError) -> bool:
    """Whether the same question may well be answered later: no answer came, or "too many", or a server's failure."""
    if isinstance(error, QueueInputError | QueueJobNotFoundError | QueueDeadlineError):
        return False
    if isinstance(error, QueueResultError) and (error.too_large or error.http_status == 200):
        return False
    status = error.http_status
    return status is None or status in {408, _TOO_MANY} or status >= 500
