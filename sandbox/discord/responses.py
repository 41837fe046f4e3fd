"""HTTP answers: JSON, and Discord's errors as exceptions."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

Json = dict[str, Any]


class ApiError(Exception):
    """An error answer of Discord: HTTP status, JSON error code, message and, for forms, the field's errors."""

    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors

    def body(self) -> Json:
        body: Json = {"message": self.message, "code": self.code}
        if self.errors:
            body["errors"] = self.errors
        return body


class TooMany(Exception):
    """A 429. `retry_after` in seconds; without `via` it looks like Cloudflare's ban rather than Discord's answer."""

    def __init__(
        self, retry_after: float, *, scope: str = "user", code: int = 0, via: bool = True, is_global: bool = False
    ) -> None:
        super().__init__(f"429, again in {retry_after} s")
        self.retry_after = retry_after
        self.scope = scope
        self.code = code
        self.via = via
        self.is_global = is_global


def form_error(path: str, message: str, kind: str = "BASE_TYPE_INVALID") -> ApiError:
    """Code 50035 for the field at `path` (dots between the steps)."""
    errors: Json = {"_errors": [{"code": kind, "message": message}]}
    for step in reversed(path.split(".")):
        errors = {step: errors}
    return ApiError(400, 50035, "Invalid Form Body", errors)


def answer(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """JSON with exactly `application/json`: with a charset behind it discord.py leaves the body as text."""
    response = web.Response(body=json.dumps(data).encode(), status=status, headers=headers)
    response.headers["Content-Type"] = "application/json"
    return response


def nothing() -> web.Response:
    return web.Response(status=204)


def unauthorized() -> ApiError:
    return ApiError(401, 0, "401: Unauthorized")


def missing_access() -> ApiError:
    return ApiError(403, 50001, "Missing Access")


def missing_permissions() -> ApiError:
    return ApiError(403, 50013, "Missing Permissions")


def unknown_message() -> ApiError:
    return ApiError(404, 10008, "Unknown Message")


def unknown_channel() -> ApiError:
    return ApiError(404, 10003, "Unknown Channel")


def unknown_webhook() -> ApiError:
    return ApiError(404, 10015, "Unknown Webhook")
