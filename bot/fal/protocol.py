"""fal.ai's queue without any I/O: how requests are written and answers read. Only this package knows its statuses.

The reading functions return what was answered. They raise the `QueueError` that an answer means, or `Passing` around it
where the same request may be answered otherwise a little later.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from bot.errors import (
    QueueInputError,
    QueueJobFailedError,
    QueueModelUnknownError,
    QueueOutOfCreditsError,
    QueueResultError,
    QueueStatusError,
    QueueSubmitError,
)
from bot.fal.problems import Problem, problem_in, says_exhausted
from bot.fal.responses import FalJob, FalStatus, Json, Outcome
from bot.http.answers import NOT_FOUND, NOT_TAKEN, Answer, Passing, new_job_id, refused, senseless
from bot.http.reasons import parsed, reason_of
from bot.http.values import JobStatus
from bot.rules.services import Cancellation

START_HEADER = "X-Fal-Request-Timeout"
BILLED_HEADER = "X-Fal-Billable-Units"
PROBLEM_HEADER = "X-Fal-Error-Type"
_AGAIN_HEADERS = ("X-Fal-Needs-Retry", "X-Fal-Retryable")  # its newer and its older pages

_ENDPOINT = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)+", re.ASCII)
_LONGER_APPS = frozenset({"workflows", "comfy"})
"""Namespaces: the app's name follows them, and so has three segments."""
_STATUSES = {
    "IN_QUEUE": JobStatus.PENDING,
    "IN_PROGRESS": JobStatus.PROCESSING,
    "COMPLETED": JobStatus.COMPLETED,
}
_MAY_BE_TAKEN = frozenset({409, 499})  # a conflict with a job that exists; a connection that was thought lost
_NO_SUCH_MODEL = frozenset({404, 405})
_PLACE_MAX = 10**6
_GONE = frozenset({404, 410})
_STILL_AT_WORK = re.compile(r"still in (progress|queue)", re.IGNORECASE)
_UNKNOWN_APP = re.compile(r"(application|path|app|model|endpoint)\b.*\bnot found", re.IGNORECASE)


# ---- writing requests


def app_of(endpoint: str) -> str:
    """Where jobs of the endpoint are asked for: its first two segments. Raises `QueueInputError`."""
    if not _ENDPOINT.fullmatch(endpoint):
        raise QueueInputError(f"{endpoint!r} is not an endpoint, such as fal-ai/veo3.1/fast")
    parts = endpoint.split("/")
    return "/".join(parts[: 3 if parts[0] in _LONGER_APPS else 2])


def endpoint_path(endpoint: str) -> str:
    """Where a job is submitted: all of the endpoint. Raises `QueueInputError`."""
    app_of(endpoint)
    return f"/{endpoint}"


def start_headers(start_within: timedelta | None) -> dict[str, str]:
    """`start_within`: the service ends a job with 504 that has not begun by then."""
    return {} if start_within is None else {START_HEADER: f"{start_within.total_seconds():g}"}


def json_body(arguments: Json) -> bytes:
    """Raises `QueueInputError` for what JSON can't hold."""
    try:
        return json.dumps(dict(arguments), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as exc:  # UnicodeEncodeError is a ValueError
        raise QueueInputError(f"the input can't be written as JSON: {exc}") from exc


def look_path(job: FalJob) -> str:
    return f"{_request_path(job)}/status"


def outcome_path(job: FalJob) -> str:
    return _request_path(job) + "/response" * job.response


def cancel_path(job: FalJob) -> str:
    return f"{_request_path(job)}/cancel"


def _request_path(job: FalJob) -> str:
    if job.request_id in {"", ".", ".."}:  # dots mean other folders however they are escaped
        raise QueueInputError(f"{job.request_id!r} can't be a request's id", job_id=str(job))
    return f"/{job.app}/requests/{quote(job.request_id, safe='', errors='replace')}"


# ---- reading answers


def read_submission(answer: Answer, endpoint: str, base_url: str) -> FalStatus:
    """The new job. An answer with a request id counts, whatever else is wrong with it: that job is paid for.

    The service's own addresses are followed only where they are below `base_url`; nothing else is believed of them.
    """
    if answer.succeeded:
        job = _job_at(answer.said, new_job_id(answer, "request_id"), endpoint, base_url)
        return FalStatus(job=job, status=JobStatus.PENDING, place=_place(answer.said))
    reason = reason_of(answer.body)
    message = answer.told(f"{endpoint} was refused", reason)
    if answer.status in _NO_SUCH_MODEL and answer.said:
        raise QueueModelUnknownError(message, taken=False, http_status=answer.status, reason=reason)
    if answer.status == 402 or (answer.status == 403 and says_exhausted(reason)):
        raise QueueOutOfCreditsError(message, taken=False, http_status=answer.status, reason=reason)
    no_job = 400 <= answer.status < 500 and answer.status not in _MAY_BE_TAKEN
    taken = False if no_job or answer.status in NOT_TAKEN else None
    error = QueueSubmitError(message, taken=taken, http_status=answer.status, reason=reason)
    error.problem = _problem_of(answer).name
    if answer.status in NOT_TAKEN:
        raise Passing(error, retry_after=answer.asked_wait)
    raise error


def _job_at(data: dict[str, Any], request_id: str, endpoint: str, base_url: str) -> FalJob:
    """The job at the address that the answer names for its status, or at the one that the documents name."""
    ours = FalJob(app_of(endpoint), request_id)
    found = _app_at(data.get("status_url"), base_url, request_id, "/status")
    app = found or ours.app
    longer = _app_at(data.get("response_url"), base_url, request_id, "/response") == app
    return FalJob(app, request_id, longer)


def _app_at(url: object, base_url: str, request_id: str, tail: str) -> str | None:
    """The app in an address of the service that belongs to this request; None for any other address."""
    if not isinstance(url, str):
        return None
    try:
        asked, base = urlsplit(url), urlsplit(base_url)
        same = (asked.scheme, asked.netloc.casefold()) == (base.scheme, base.netloc.casefold())
    except ValueError:
        return None
    if not same or asked.query or asked.fragment or not asked.path.startswith(f"{base.path}/"):
        return None
    app, _, rest = asked.path.removeprefix(f"{base.path}/").partition("/requests/")
    known = _ENDPOINT.fullmatch(app) and rest.endswith(tail) and unquote(rest.removesuffix(tail)) == request_id
    return app if known else None


def read_look(answer: Answer, job: FalJob) -> FalStatus:
    """Where the job is. The service has no word for failed: a completed job with an error is one that failed."""
    if not answer.succeeded:
        raise refused(answer, QueueStatusError, str(job), "the status was refused", gone=_GONE)
    data = answer.said
    said = data.get("status")
    if data.get("request_id", job.request_id) != job.request_id:
        raise senseless(answer, str(job), "it is about another job")
    if not isinstance(said, str) or said not in _STATUSES:
        raise senseless(answer, str(job), f"its status is {said!r}")
    status = _STATUSES[said]
    if status is JobStatus.COMPLETED and (problem := problem_in(data)) is not None:
        return FalStatus(job=job, status=JobStatus.FAILED, reason=problem.reason, problem=problem.name)
    return FalStatus(job=job, status=status, place=_place(data) if status is JobStatus.PENDING else None)


def read_outcome(answer: Answer, job: FalJob) -> Outcome:
    """Where the video of a completed job is. Raises `QueueJobFailedError` where the answer is the model's own error."""
    if not answer.succeeded:
        raise _no_outcome(answer, job)
    data = answer.said
    video = data.get("video")
    file: dict[str, Any] = video if isinstance(video, dict) else {"url": video}  # older endpoints: a bare address
    url, size, seed = file.get("url"), file.get("file_size"), data.get("seed")
    if not isinstance(url, str) or not url:
        reason = reason_of(answer.body)
        message = answer.told("the result names no video", reason)
        raise Passing(QueueResultError(message, job_id=str(job), http_status=answer.status), garbled=True)
    return Outcome(
        video_url=url,
        size_bytes=size if type(size) is int and size > 0 else None,
        billed_units=_billed(answer),
        seed=seed if type(seed) is int else None,
    )


def _no_outcome(answer: Answer, job: FalJob) -> Exception:
    problem = _problem_of(answer)
    message = answer.told("the job failed", problem.reason)
    if answer.status == NOT_FOUND and _UNKNOWN_APP.search(problem.reason or ""):
        # A sub-path that does not exist is queued, and only the job's end says so.
        return QueueModelUnknownError(message, taken=False, http_status=answer.status, reason=problem.reason)
    if problem.name is not None and answer.status not in {401, NOT_FOUND}:
        failed = QueueJobFailedError(
            message, job_id=str(job), http_status=answer.status, reason=problem.reason, problem=problem.name
        )
        # The queue answers so for a job that ended with it, and a server on the way might: asked a few times more.
        return Passing(failed) if answer.status >= 500 and not _says_final(answer) else failed
    if answer.status == 400 and _STILL_AT_WORK.search(problem.reason or ""):
        return Passing(QueueResultError(message, job_id=str(job), http_status=answer.status))
    if answer.status == 422:
        return QueueJobFailedError(message, job_id=str(job), http_status=answer.status, reason=problem.reason)
    return refused(answer, QueueResultError, str(job), "the result was refused", gone=_GONE)


def read_cancellation(answer: Answer, job: FalJob) -> Cancellation:
    """How the service took it. Only `OK` says that the job was taken out of the queue, and so costs nothing."""
    match answer.status, answer.said.get("status"):
        case 200, "OK":
            return Cancellation.CANCELLED
        case ((200 | 202), _) if answer.status == 202 or isinstance(parsed(answer.body), dict):
            return Cancellation.REQUESTED
        case 200, _:
            raise senseless(answer, str(job), "it is about no cancelling")
        case 400, "ALREADY_COMPLETED":
            return Cancellation.TOO_LATE
        case _:
            raise refused(answer, QueueStatusError, str(job), "the cancelling was refused", gone=_GONE)


def says_no_app(reason: str | None) -> bool:
    """Whether the words of a 404 are about the app, and not about a request of it."""
    return bool(_UNKNOWN_APP.search(reason or ""))


def _problem_of(answer: Answer) -> Problem:
    """What a refusal says of the job itself, in its body or its header."""
    found = problem_in(answer.said) or Problem(None, reason_of(answer.body))
    return Problem(found.name or answer.headers.get(PROBLEM_HEADER) or None, found.reason)


def _says_final(answer: Answer) -> bool:
    return any(answer.headers.get(name, "").lower() in {"0", "false"} for name in _AGAIN_HEADERS)


def _place(data: dict[str, Any]) -> int | None:
    place = data.get("queue_position")
    return place if type(place) is int and 0 <= place <= _PLACE_MAX else None


def _billed(answer: Answer) -> float | None:
    said = answer.headers.get(BILLED_HEADER, "").strip()
    return float(said) if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", said) else None
