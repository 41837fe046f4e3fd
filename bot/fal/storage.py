"""The service's storage for inputs, without any I/O: what is asked for a place, and what its answers say."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from bot.errors import QueueSubmitError
from bot.fal.addresses import MediaHosts
from bot.fal.responses import StoragePlace
from bot.http.answers import Answer, Passing
from bot.http.reasons import reason_of

SINGLE_MAX_BYTES = 90 * 1024**2
"""A larger file is sent in parts (the service's own client does so above 90 MB)."""
PART_BYTES = 10 * 1024**2
EXPIRY_HEADER = "X-Fal-Object-Lifecycle"

_INITIATE = "/storage/upload/initiate{}?storage_type=fal-cdn-v3"
_PASSING = frozenset({408, 425, 429})


def initiation_path(*, in_parts: bool) -> str:
    return _INITIATE.format("-multipart" if in_parts else "")


def expiry_headers(kept: timedelta) -> dict[str, str]:
    """The service deletes the file after so long: nobody else does."""
    return {EXPIRY_HEADER: json.dumps({"expiration_duration_seconds": round(kept.total_seconds())})}


def parts_of(size_bytes: int) -> list[tuple[int, int, int]]:
    """Number, offset and size of each part of a file, in bytes."""
    return [
        (number, offset, min(PART_BYTES, size_bytes - offset))
        for number, offset in enumerate(range(0, size_bytes, PART_BYTES), start=1)
    ]


def read_place(answer: Answer, hosts: MediaHosts) -> StoragePlace:
    """Where the file goes. Raises `QueueSubmitError`, also for a host that the operator did not list."""
    check_stored(answer, "the storage gave no place")
    data = answer.said
    upload, file = data.get("upload_url"), data.get("file_url")
    if not isinstance(upload, str) or not isinstance(file, str):
        error = QueueSubmitError("the storage's answer names no place", taken=False, http_status=answer.status)
        raise Passing(error, garbled=True)
    if not (hosts.allowed(upload) and hosts.allowed(file)):
        message = "the storage named a host that is not one of the service's media hosts"
        raise QueueSubmitError(message, taken=False, http_status=answer.status)
    return StoragePlace(upload, file)


def read_part(answer: Answer, number: int) -> dict[str, Any]:
    """What the service wants to hear of the part when the file is complete: from its answer, or from its headers."""
    check_stored(answer, f"part {number} was refused")
    data = answer.said
    etag = data.get("etag") or data.get("ETag") or answer.headers.get("ETag")
    if not isinstance(etag, str) or not etag:
        error = QueueSubmitError(f"the answer to part {number} has no etag", taken=False, http_status=answer.status)
        raise Passing(error, garbled=True)
    return {"partNumber": number, "etag": etag}


def check_stored(answer: Answer, what: str) -> None:
    """Raise `QueueSubmitError` for a refusal, `Passing` around it for one that may pass. No job exists yet."""
    if answer.succeeded:
        return
    reason = reason_of(answer.body)
    error = QueueSubmitError(answer.told(what, reason), taken=False, http_status=answer.status, reason=reason)
    if answer.status >= 500 or answer.status in _PASSING:
        raise Passing(error, retry_after=answer.asked_wait)
    raise error
