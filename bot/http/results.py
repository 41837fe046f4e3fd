"""Whether what a service sends as a result is one, without any I/O."""

from __future__ import annotations

import re

from bot.errors import QueueResultError
from bot.http.answers import Answer, Passing, refused
from bot.http.reasons import reason_of
from bot.rules.catalog import Kind

_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


def promises_video(answer: Answer) -> bool:
    """Whether the body after these headers may be a video, and not an error as text."""
    kind = answer.headers.get("Content-Type", "").lower()
    return answer.succeeded and not re.match(r"text/|application/(\w+\+)?(json|xml)|\s*multipart/", kind)


def no_video(answer: Answer, job_id: str) -> Exception:
    """The error for an answer whose headers do not promise a video."""
    if not answer.succeeded:
        return refused(answer, QueueResultError, job_id, "the result was refused")
    reason = reason_of(answer.body)
    problem = answer.told("the result is not a video", reason)
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
