"""The service's errors: what a job that failed answers for its status and its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

RUNNER: Mapping[str, int] = {
    "request_timeout": 504, "startup_timeout": 504, "runner_scheduling_failure": 503, "runner_connection_timeout": 503,
    "runner_disconnected": 503, "runner_connection_refused": 503, "runner_connection_error": 503,
    "runner_incomplete_response": 502, "runner_server_error": 500, "internal_error": 500, "client_disconnected": 499,
    "client_cancelled": 499, "bad_request": 400,
}  # fmt: skip
"""What goes wrong around a model, with the status that the result then has."""

MODEL: Mapping[str, int] = {
    "content_policy_violation": 422, "no_media_generated": 422, "image_too_small": 422, "image_too_large": 422,
    "image_load_error": 422, "file_download_error": 422, "file_too_large": 422, "face_detection_error": 422,
    "unsupported_image_format": 422, "unsupported_video_format": 422, "unsupported_audio_format": 422,
    "video_duration_too_long": 422, "video_duration_too_short": 422, "audio_duration_too_long": 422,
    "audio_duration_too_short": 422, "feature_not_supported": 422, "invalid_archive": 422, "generation_timeout": 504,
    "downstream_service_error": 500, "downstream_service_unavailable": 500, "internal_server_error": 500,
}  # fmt: skip
"""What a model itself says, likewise."""


@dataclass(frozen=True)
class Failure:
    """How a job ends that makes no video. `told` are fields that the status has besides `COMPLETED`."""

    status: int
    body: Mapping[str, Any]
    told: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    charged: bool = False


def runner_failure(kind: str, words: str = "") -> Failure:
    """An error around the model, which the status tells already."""
    said = words or f"The request failed: {kind.replace('_', ' ')}"
    body = {"detail": said, "error_type": kind}
    headers = {"X-Fal-Error-Type": kind} | ({"X-Fal-Request-Timeout-Type": "user"} if kind == "request_timeout" else {})
    return Failure(RUNNER[kind], body, {"error": said, "error_type": kind}, headers)


def model_failure(kind: str, words: str = "", *, loc: tuple[str, ...] = ("body", "prompt"), **more: Any) -> Failure:
    """The model's own error, of which only the result tells."""
    problem = {"loc": list(loc), "msg": words or kind.replace("_", " "), "type": kind, **more}
    return Failure(MODEL.get(kind, 422), {"detail": [problem]}, charged=MODEL.get(kind, 422) == 422)


def unprocessable(problems: list[dict[str, Any]]) -> Failure:
    """Wrong input, as a model's own check of it answers."""
    return Failure(422, {"detail": problems})


def no_such_path(endpoint: str) -> Failure:
    """A sub-path that the app lacks is queued like any other, and ends so."""
    return Failure(404, {"detail": f"Path /{'/'.join(endpoint.split('/')[2:])} not found"})
