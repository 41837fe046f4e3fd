"""What a member is told of the Queue API client's errors: one decision a line."""

from __future__ import annotations

from bot.errors import (
    ContentRefused,
    DeadlinePassed,
    JobExpired,
    KeyRefused,
    OutcomeUnknown,
    OutOfCredits,
    QueueDeadlineError,
    QueueError,
    QueueInputError,
    QueueJobFailedError,
    QueueJobNotFoundError,
    QueueOutOfCreditsError,
    QueueResultError,
    QueueSubmitError,
    Refused,
    ResultInvalid,
    ResultTooLarge,
    ServiceBusy,
    ServiceFailed,
    ServiceRefused,
    ServiceUnreachable,
    UserFacing,
)

_TOO_MANY = 429
_CONTENT = frozenset({"content_policy_violation"})
_NEVER_BEGAN = frozenset({
    "request_timeout", "startup_timeout", "runner_scheduling_failure", "runner_connection_timeout",
    "runner_connection_refused", "downstream_service_unavailable",
})  # fmt: skip
"""The service found nobody to do the work."""


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


def failure_of_job(problem: str | None, reason: str | None) -> UserFacing:
    """Why a job failed at the service, by the service's name for the kind of failure where it has one."""
    if problem in _CONTENT:
        return ContentRefused(reason=reason)
    return ServiceBusy() if problem in _NEVER_BEGAN else ServiceFailed(reason=reason)


def _by_status(error: QueueError) -> UserFacing:
    if isinstance(error, QueueJobFailedError):
        return failure_of_job(error.problem, error.reason)
    match error.http_status:
        case status if status == 402 or isinstance(error, QueueOutOfCreditsError):
            return OutOfCredits()
        case 401 | 403:
            return KeyRefused()
        case _ if may_succeed_later(error):
            return ServiceUnreachable() if error.http_status is None else ServiceBusy()
        case _ if isinstance(error, QueueResultError):
            return ResultInvalid()
        case status:
            return ServiceRefused(reason=error.reason, http_status=status)


def may_succeed_later(error: QueueError) -> bool:
    """Whether the same question may well be answered later: no answer came, or "too many", or a server's failure."""
    if isinstance(error, QueueInputError | QueueJobNotFoundError | QueueDeadlineError | QueueJobFailedError):
        return False
    if isinstance(error, QueueResultError) and (error.too_large or error.http_status == 200):
        return False
    status = error.http_status
    return status is None or status in {408, _TOO_MANY} or status >= 500
