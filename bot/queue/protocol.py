"""The Queue API without any I/O: how requests are written and answers read. Only this module knows paths and statuses.

The reading functions return what was answered. They raise the `QueueError` that an answer means, or `Passing` around it
where the same request may be answered otherwise a little later.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from bot.errors import (
    OrientationUnknown,
    QueueError,
    QueueInputError,
    QueueJobNotFoundError,
    QueueModelUnknownError,
    QueueResultError,
    QueueStatusError,
    QueueSubmitError,
    Refused,
    ResolutionUnknown,
    SeedOutOfRange,
    TrajectoryInvalid,
)
from bot.queue.reasons import REASON_MAX_CHARS, parsed, reason_in, reason_of
from bot.queue.responses import JobStatus, JobStatusResponse, JobSubmitResponse
from bot.rules.catalog import SEED_MAX, Kind, Model, PromptRule, Role
from bot.rules.requests import Inputs, check

KEY_HEADER = "X-API-KEY"
IDEMPOTENCY_HEADER = "Idempotency-Key"
ANSWER_MAX_BYTES = 64 * 1024
"""No answer to a submit or a status is longer; what comes after that is not read."""

_NOT_FOUND = 404
_NO_ROUTE = frozenset({404, 405})  # the path of a model that is none is that of a job, which takes another method
_NOT_TAKEN = frozenset({429, 503})  # of the 5xx only 503 says that nothing was begun
_PASSING_READ = frozenset({408, 409, 425, 429})  # and every 5xx; 409: the result is not ready yet
_NAMES_A_MODEL = frozenset({400, 404, 405, 422})
_INCOMPLETE = frozenset({400, 422})
_CONFLICT = 409
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_STATUSES = {status.value: status for status in JobStatus}
_PLAIN = re.compile(r"[\w.~-]+", re.ASCII)
"""Nothing in it needs to be escaped."""
_UNKNOWN = re.compile(
    r"unknown|not found|no such|unsupported|not supported|invalid model|does ?n[o']t exist|not available|unavailable"
    r"|no longer|retired|deprecated|unrecogni[sz]ed|not a valid",
    re.IGNORECASE,
)


class Passing(Exception):
    """The same request may succeed later. `error` is what to raise if not; its `may_pass` is set.

    `retry_after` are seconds that the service asks to wait. `garbled`: there was an answer, but it made no sense.
    """

    def __init__(self, error: QueueError, *, retry_after: float | None = None, garbled: bool = False) -> None:
        super().__init__(error.message)
        self.error = error
        error.may_pass = True
        error.retry_after = retry_after
        self.retry_after = error.retry_after = retry_after
        self.garbled = garbled


@dataclass(frozen=True, slots=True)
class Answer:
    """The parts of an HTTP response that matter. `headers` has case-insensitive keys; `at` is when it came."""

    status: int
    headers: Mapping[str, str]
    at: datetime
    body: bytes = b""


# ---- writing requests


def submit_path(model: Model) -> str:
    return f"/v1/jobs/{_segment(model.endpoint or model.name)}"


def status_path(job_id: str) -> str:
    """Raises `QueueInputError` for an id that no service gives."""
    return f"/v1/jobs/{_segment(job_id)}"


def content_path(job_id: str) -> str:
    """Raises `QueueInputError` for an id that no service gives."""
    return f"{status_path(job_id)}/content"


def _segment(text: str) -> str:
    if text in {"", ".", ".."}:  # dots mean other folders however they are escaped
        raise QueueInputError(f"{text!r} can't be a job's id", job_id=text)
    return text if _PLAIN.fullmatch(text) else quote(text, safe="", errors="replace")


def submit_headers(idempotency_key: str | None) -> dict[str, str]:
    """Raises `QueueInputError` for a key that can't be a header."""
    if idempotency_key is None:
        return {}
    if not re.fullmatch(r"[!-~]{1,255}", idempotency_key):
        raise QueueInputError("an idempotency key is 1 to 255 visible ASCII characters")
    return {IDEMPOTENCY_HEADER: idempotency_key}


def checked_inputs(model: Model, roles: Collection[Role], **given: Any) -> Inputs:
    """The inputs, typed and within the model's rules; raises `QueueInputError` from the `Refused` that says which."""
    try:
        if isinstance(given.get("seed"), bool | float | str):
            raise SeedOutOfRange(lowest=0, highest=SEED_MAX)
        inputs = Inputs.model_validate(given)
        check(model, inputs, roles)
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        cause = _refusal(model, where, first["msg"]) or exc
        raise QueueInputError(f"{model.name}: {where}: {first['msg']}") from cause
    except Refused as exc:
        raise QueueInputError(f"{model.name}: {_words_of(exc)}") from exc
    return inputs


def _words_of(refusal: Refused) -> str:
    """The refusal in words for programmers. Members are told the sentences of `bot.wording`."""
    facts = ", ".join(f"{name} {value}" for name, value in refusal.facts.items() if name != "model")
    return refusal.key.replace("_", " ") + (f" ({facts})" if facts else "")


def _refusal(model: Model, where: str, why: str) -> Refused | None:
    """The refusal for a value of a wrong type; None where there is none for that field."""
    match where.partition(".")[0]:
        case "resolution":
            return ResolutionUnknown(model=model.name, choices=", ".join(model.resolutions))
        case "orientation":
            return OrientationUnknown(model=model.name, choices=", ".join(model.orientations))
        case "trajectory":
            return TrajectoryInvalid(where=where, why=why)
        case _:
            return None


def form_fields(model: Model, inputs: Inputs) -> dict[str, str]:
    """The text fields of a submit. What was not given is left out.

    One is sent empty: the prompt of an edit or a try-on with only a reference image, which the service requires.
    """
    prompt = inputs.prompt if inputs.prompt and inputs.prompt.strip() else None
    if prompt is None and model.form.prompt is PromptRule.AT_LEAST_ONE:
        prompt = ""
    points = inputs.trajectory
    fields = {
        "prompt": prompt,
        "seed": None if inputs.seed is None else str(inputs.seed),
        "resolution": inputs.resolution,
        "orientation": inputs.orientation,
        "enhance_prompt": None if inputs.enhance_prompt is None or not prompt else str(inputs.enhance_prompt).lower(),
        "trajectory": json.dumps([p.model_dump() for p in points], separators=(",", ":")) if points else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


# ---- reading answers


def read_submit(answer: Answer, model: Model) -> JobSubmitResponse:
    """The new job. An answer with a job id counts, whatever else is wrong with it: that job is paid for."""
    if _is_success(answer):
        data = _object(answer)
        job_id = data.get("job_id")
        if not isinstance(job_id, str) or not job_id:
            raise QueueSubmitError("the answer to the submit holds no job id", taken=None, http_status=answer.status)
        return JobSubmitResponse(job_id=job_id, status=_status(data) or JobStatus.PENDING)
    reason = reason_of(answer.body)
    message = _message(f"{model.name} was refused", answer, reason)
    if _calls_unknown(answer, model, reason):
        raise QueueModelUnknownError(message, taken=False, http_status=answer.status, reason=reason)
    refused = 400 <= answer.status < 500 and answer.status != _CONFLICT  # a conflict: with a job that exists
    taken = False if refused or answer.status in _NOT_TAKEN else None
    error = QueueSubmitError(message, taken=taken, http_status=answer.status, reason=reason)
    if answer.status in _NOT_TAKEN:
        raise Passing(error, retry_after=asked_wait(answer))
    raise error


def read_offer(answer: Answer, model: Model) -> bool:
    """Whether the model is served, from the answer to an empty form: one that is misses its fields."""
    reason = reason_of(answer.body)
    if _calls_unknown(answer, model, reason):
        return False
    if answer.status in _INCOMPLETE or _is_success(answer):
        return True
    error = QueueSubmitError(
        _message(f"whether {model.name} is served", answer, reason),
        taken=False,
        http_status=answer.status,
        reason=reason,
    )
    if answer.status >= 500 or answer.status in _PASSING_READ:
        raise Passing(error, retry_after=asked_wait(answer))
    raise error


def read_status(answer: Answer, job_id: str) -> JobStatusResponse:
    """The job's status, with the reason if it failed."""
    if not _is_success(answer):
        raise _read_refused(answer, QueueStatusError, job_id, "the status was refused")
    data = _object(answer)
    status = _status(data)
    if data.get("job_id", job_id) != job_id:
        raise _senseless(answer, job_id, "it is about another job")
    if status is None:
        raise _senseless(answer, job_id, f"its status is {data.get('status')!r}")
    reason = reason_in(data) if status is JobStatus.FAILED else None
    return JobStatusResponse(job_id=job_id, status=status, reason=reason)


def _status(data: dict[str, Any]) -> JobStatus | None:
    said = data.get("status")
    return _STATUSES.get(said) if isinstance(said, str) else None


def _senseless(answer: Answer, job_id: str, why: str) -> Passing:
    problem = f"the answer to the status makes no sense: {why}"[:REASON_MAX_CHARS]
    return Passing(QueueStatusError(problem, job_id=job_id, http_status=answer.status), garbled=True)


def promises_video(answer: Answer) -> bool:
    """Whether the body after these headers may be a video, and not an error as text."""
    kind = answer.headers.get("Content-Type", "").lower()
    return _is_success(answer) and not re.match(r"text/|application/(\w+\+)?(json|xml)|\s*multipart/", kind)


def no_video(answer: Answer, job_id: str) -> Exception:
    """The error for an answer whose headers do not promise a video."""
    if not _is_success(answer):
        return _read_refused(answer, QueueResultError, job_id, "the result was refused")
    reason = reason_of(answer.body)
    problem = _message("the result is not a video", answer, reason)
    return Passing(QueueResultError(problem, job_id=job_id, http_status=answer.status, reason=reason), garbled=True)


def announced_bytes(answer: Answer) -> int | None:
    """The length of the body; None where it is not said, or is that of a compressed form."""
    length = answer.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() and "Content-Encoding" not in answer.headers else None


def check_result(answer: Answer, job_id: str, *, size: int, head: bytes, makes: Kind = Kind.VIDEO) -> None:
    """Raise `Passing` unless `size` bytes that begin with `head` are all of an MP4 (which begins with an ftyp box), or
    where the model makes pictures, of a PNG, JPEG or WebP."""
    expected = announced_bytes(answer)
    if size == 0:
        problem = "the result is empty"
    elif expected is not None and size != expected:
        problem = f"the result ended after {size} of {expected} bytes"
    elif makes is Kind.IMAGE and not is_picture(head):
        problem = "the result is not a picture"
    elif makes is Kind.VIDEO and head[4:8] != b"ftyp":
        problem = "the result is not an MP4"
    else:
        return
    raise Passing(QueueResultError(problem, job_id=job_id, http_status=answer.status), garbled=True)


def is_picture(head: bytes) -> bool:
    return head.startswith(_PICTURES) or (head[:4], head[8:12]) == (b"RIFF", b"WEBP")


def result_too_large(job_id: str, limit_bytes: int) -> QueueResultError:
    return QueueResultError(f"the result is larger than {limit_bytes} bytes", job_id=job_id, too_large=True)


def _read_refused(answer: Answer, kind: type[QueueStatusError | QueueResultError], job_id: str, what: str) -> Exception:
    reason = reason_of(answer.body)
    message = _message(what, answer, reason)
    if answer.status == _NOT_FOUND:
        return QueueJobNotFoundError(message, job_id=job_id, http_status=answer.status, reason=reason)
    error = kind(message, job_id=job_id, http_status=answer.status, reason=reason)
    if answer.status >= 500 or answer.status in _PASSING_READ:
        return Passing(error, retry_after=asked_wait(answer))
    return error


def _calls_unknown(answer: Answer, model: Model, reason: str | None) -> bool:
    """Whether the service says that there is no such model.

    A 404 or 405 in JSON says so, since the path has nothing else that could be missing. A 400 or 422 must name the
    model.
    """
    if answer.status not in _NAMES_A_MODEL:
        return False
    if answer.status in _NO_ROUTE and isinstance(parsed(answer.body), dict):
        return True
    words = reason or ""
    return ("model" in words.lower() or model.name in words) and bool(_UNKNOWN.search(words))


def _message(what: str, answer: Answer, reason: str | None) -> str:
    redirect = " (redirects are not followed)" if 300 <= answer.status < 400 else ""
    return f"{what}: {answer.status}{redirect}{': ' + reason if reason else ''}"


def _is_success(answer: Answer) -> bool:
    return 200 <= answer.status < 300


def _object(answer: Answer) -> dict[str, Any]:
    data = parsed(answer.body)
    return data if isinstance(data, dict) else {}


def asked_wait(answer: Answer) -> float | None:
    """`Retry-After` in seconds, whether it holds seconds or a date; None where it is missing or makes no sense."""
    value = answer.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", value):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - answer.at).total_seconds())
