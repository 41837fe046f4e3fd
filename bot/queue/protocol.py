"""The Queue API without any I/O: how requests are written and answers read. Only this module knows paths and statuses.

The reading functions return what was answered. They raise the `QueueError` that an answer means, or `Passing` around it
where the same request may be answered otherwise a little later.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

from bot.errors import QueueInputError, QueueModelUnknownError, QueueStatusError, QueueSubmitError
from bot.http.answers import NOT_TAKEN, Answer, Passing, new_job_id, refused, senseless
from bot.http.reasons import parsed, reason_in, reason_of
from bot.http.values import JobStatus
from bot.queue.responses import JobStatusResponse, JobSubmitResponse
from bot.rules.catalog import Model, PromptRule
from bot.rules.requests import Inputs

KEY_HEADER = "X-API-KEY"
IDEMPOTENCY_HEADER = "Idempotency-Key"

_NO_ROUTE = frozenset({404, 405})  # the path of a model that is none is that of a job, which takes another method
_NAMES_A_MODEL = frozenset({400, 404, 405, 422})
_INCOMPLETE = frozenset({400, 422})
_CONFLICT = 409
_STATUSES = {status.value: status for status in JobStatus}
_PLAIN = re.compile(r"[\w.~-]+", re.ASCII)
"""Nothing in it needs to be escaped."""
_UNKNOWN = re.compile(
    r"unknown|not found|no such|unsupported|not supported|invalid model|does ?n[o']t exist|not available|unavailable"
    r"|no longer|retired|deprecated|unrecogni[sz]ed|not a valid",
    re.IGNORECASE,
)


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
    """The new job. An answer with a job id counts, whatever else is wrong with it: that job is paid for. One whose id
    can't be kept is as one without: the error has it in its words."""
    if answer.succeeded:
        job_id = new_job_id(answer, "job_id")
        return JobSubmitResponse(job_id=job_id, status=_status(answer.said) or JobStatus.PENDING)
    reason = reason_of(answer.body)
    message = answer.told(f"{model.name} was refused", reason)
    if _calls_unknown(answer, model, reason):
        raise QueueModelUnknownError(message, taken=False, http_status=answer.status, reason=reason)
    no_job = 400 <= answer.status < 500 and answer.status != _CONFLICT  # a conflict: with a job that exists
    taken = False if no_job or answer.status in NOT_TAKEN else None
    error = QueueSubmitError(message, taken=taken, http_status=answer.status, reason=reason)
    if answer.status in NOT_TAKEN:
        raise Passing(error, retry_after=answer.asked_wait)
    raise error


def read_offer(answer: Answer, model: Model) -> bool:
    """Whether the model is served, from the answer to an empty form: one that is misses its fields."""
    reason = reason_of(answer.body)
    if _calls_unknown(answer, model, reason):
        return False
    if answer.status in _INCOMPLETE or answer.succeeded:
        return True
    error = QueueSubmitError(
        answer.told(f"whether {model.name} is served", reason),
        taken=False,
        http_status=answer.status,
        reason=reason,
    )
    if answer.may_pass:
        raise Passing(error, retry_after=answer.asked_wait)
    raise error


def read_status(answer: Answer, job_id: str) -> JobStatusResponse:
    """The job's status, with the reason if it failed."""
    if not answer.succeeded:
        raise refused(answer, QueueStatusError, job_id, "the status was refused")
    data = answer.said
    status = _status(data)
    if data.get("job_id", job_id) != job_id:
        raise senseless(answer, job_id, "it is about another job")
    if status is None:
        raise senseless(answer, job_id, f"its status is {data.get('status')!r}")
    reason = reason_in(data) if status is JobStatus.FAILED else None
    return JobStatusResponse(job_id=job_id, status=status, reason=reason)


def _status(data: dict[str, Any]) -> JobStatus | None:
    said = data.get("status")
    return _STATUSES.get(said) if isinstance(said, str) else None


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
