"""Answers of a service without any I/O: what every service's mean alike, and which may be otherwise a little later."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from bot.errors import QueueError, QueueJobNotFoundError, QueueResultError, QueueStatusError, QueueSubmitError
from bot.http.reasons import REASON_MAX_CHARS, parsed, reason_of

ANSWER_MAX_BYTES = 64 * 1024
"""No answer to a submit or a status is longer; what comes after that is not read."""
NOT_TAKEN = frozenset({429, 503})
"""Answers to a submit that say that nothing was begun: of the 5xx only 503 does."""
PASSING_READ = frozenset({408, 409, 425, 429})
"""Answers to a question that may be others later, besides every 5xx. 409: the result is not ready yet."""
NOT_FOUND = 404
ID_MAX_CHARS = 1000


class Passing(Exception):
    """The same request may succeed later. `error` is what to raise if not; its `may_pass` is set.

    `retry_after` are seconds that the service asks to wait. `garbled`: there was an answer, but it made no sense.
    """

    def __init__(self, error: QueueError, *, retry_after: float | None = None, garbled: bool = False) -> None:
        super().__init__(error.message)
        self.error = error
        error.may_pass = True
        self.retry_after = error.retry_after = retry_after
        self.garbled = garbled


@dataclass(frozen=True, slots=True)
class Answer:
    """The parts of an HTTP response that matter. `headers` has case-insensitive keys; `at` is when it came."""

    status: int
    headers: Mapping[str, str]
    at: datetime
    body: bytes = b""

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 300

    @property
    def may_pass(self) -> bool:
        """Whether a question that was answered so may be answered otherwise later."""
        return self.status >= 500 or self.status in PASSING_READ

    @property
    def said(self) -> dict[str, Any]:
        """The JSON object in its body; empty where it holds none."""
        data = parsed(self.body)
        return data if isinstance(data, dict) else {}

    @property
    def asked_wait(self) -> float | None:
        """`Retry-After` in seconds, whether it holds seconds or a date; None where it is missing or makes no sense."""
        value = self.headers.get("Retry-After", "").strip()
        if re.fullmatch(r"\d{1,9}(\.\d+)?", value):
            return float(value)
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - self.at).total_seconds())

    def told(self, what: str, reason: str | None) -> str:
        """One line for logs: what was refused, by which status, and the service's own reason."""
        redirect = " (redirects are not followed)" if 300 <= self.status < 400 else ""
        return f"{what}: {self.status}{redirect}{': ' + reason if reason else ''}"


def new_job_id(answer: Answer, name: str) -> str:
    """The id of a new job, from the field `name` of the answer to its submit.

    Raises `QueueSubmitError` where there is none that can be kept in a row and be asked about; what there is stands in
    its words, since the job may be paid for.
    """
    value = answer.said.get(name)
    if isinstance(value, str) and value.isprintable() and value not in {"", ".", ".."} and len(value) <= ID_MAX_CHARS:
        return value
    raise QueueSubmitError(
        f"the answer to the submit holds no {name}: {str(value)[:100]!a}", taken=None, http_status=answer.status
    )


def refused(
    answer: Answer,
    kind: type[QueueStatusError | QueueResultError],
    job_id: str,
    what: str,
    *,
    gone: Collection[int] = (NOT_FOUND,),
) -> Exception:
    """The error for a question about a job that was refused, `Passing` around it where it may pass. `gone` are the
    statuses which say that the service has the job no more."""
    reason = reason_of(answer.body)
    message = answer.told(what, reason)
    if answer.status in gone:
        return QueueJobNotFoundError(message, job_id=job_id, http_status=answer.status, reason=reason)
    error = kind(message, job_id=job_id, http_status=answer.status, reason=reason)
    return Passing(error, retry_after=answer.asked_wait) if answer.may_pass else error


def senseless(answer: Answer, job_id: str, why: str) -> Passing:
    """For the answer to a status that is not what the service's sheet says."""
    problem = f"the answer to the status makes no sense: {why}"[:REASON_MAX_CHARS]
    return Passing(QueueStatusError(problem, job_id=job_id, http_status=answer.status), garbled=True)
