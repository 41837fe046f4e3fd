"""Holds what a bot and the stand-in Discord say to each other against Discord's own OpenAPI document.

The document is not part of the repository: it lies beside it, at `<repository>/../shared/discord-openapi.json`, where
there is one. `document_missing` says where it was looked for, for tests that can't do without.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jsonschema_rs

from sandbox.discord.recording import Exchange

DOCUMENT = Path(__file__).resolve().parents[2] / "shared" / "discord-openapi.json"
_BASE = "https://discord.test/openapi"
# Ids are strings in the document; discord.py sends some as integers, which the docs allow.
_ID = re.compile(r"^(id|.+_id|users|roles)$")
# Routes that Discord has and its document lacks.
_UNDOCUMENTED = {("POST", "/attachments/refresh-urls")}
_PARAMETER = re.compile(r"\{[^}]+\}")


def document_missing() -> str | None:
    """A reason to skip, or None when the document is there."""
    return None if DOCUMENT.is_file() else f"Discord's OpenAPI document is not at {DOCUMENT}"


@functools.cache
def _document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(DOCUMENT.read_bytes())
    return loaded


@functools.cache
def _registry() -> jsonschema_rs.Registry:
    return jsonschema_rs.Registry([(_BASE, _document())])


@functools.cache
def _validator(pointer: str) -> Any:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": f"{_BASE}#{quote(pointer, safe='/~')}"}
    return jsonschema_rs.validator_for(schema, registry=_registry())


@functools.cache
def _paths() -> dict[str, str]:
    """Paths with their parameters' names taken out, as names differ between the document and us."""
    return {_PARAMETER.sub("{}", path): path for path in _document()["paths"]}


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def _operation(exchange: Exchange) -> tuple[str, dict[str, Any]] | None:
    path = _paths().get(_PARAMETER.sub("{}", exchange.route))
    operation = _document()["paths"][path].get(exchange.method.lower()) if path else None
    if path is None or operation is None:
        return None
    return f"/paths/{_escaped(path)}/{exchange.method.lower()}", operation


def with_string_ids(value: Any, key: str = "") -> Any:
    """A copy in which ids are strings. Component ids stay numbers: they are positions, not snowflakes."""
    if isinstance(value, dict):
        is_component = isinstance(value.get("type"), int) and not {"filename", "url", "token"} & set(value)
        return {
            name: inner if name == "id" and is_component and "name" not in value else with_string_ids(inner, name)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [with_string_ids(inner, key) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and _ID.match(key):
        return str(value)
    return value


def _faults(pointer: str, value: Any, what: str) -> Iterable[str]:
    for error in _validator(pointer).iter_errors(value):
        where = "/".join(str(step) for step in error.instance_path)
        yield f"{what} {where or '(all of it)'}: {error.message[:300]}"


def request_faults(exchange: Exchange) -> list[str]:
    """What is wrong with the request of a recorded exchange, in the document's eyes."""
    found = _operation(exchange)
    if found is None:
        known = (exchange.method, exchange.route) in _UNDOCUMENTED or exchange.status == 404
        return [] if known else [f"{exchange.method} {exchange.route} is not in the document"]
    pointer, operation = found
    contents = operation.get("requestBody", {}).get("content", {})
    if not contents or exchange.body is None:
        return []
    # Forms describe files beside payload_json; what both kinds of body have in common is the JSON's schema.
    kind = "application/json" if "application/json" in contents else next(iter(contents))
    what = f"{exchange.method} {exchange.path} request"
    schema = f"{pointer}/requestBody/content/{_escaped(kind)}/schema"
    return list(_faults(schema, with_string_ids(exchange.body), what))


def answer_faults(exchange: Exchange) -> list[str]:
    """What is wrong with the stand-in's answer, in the document's eyes."""
    found = _operation(exchange)
    if found is None or exchange.answer is None:
        return []
    pointer, operation = found
    responses = operation["responses"]
    status = str(exchange.status)
    if status not in responses:
        if not status.startswith("4"):
            return [] if status.startswith("5") else [f"{exchange.method} {exchange.route} has no answer {status}"]
        status = "4XX"
    if "$ref" in responses[status]:
        pointer = responses[status]["$ref"].removeprefix("#")
        content = _document()["components"]["responses"][pointer.rsplit("/", 1)[1]].get("content", {})
    else:
        pointer, content = f"{pointer}/responses/{status}", responses[status].get("content", {})
    if "application/json" not in content:
        return [f"{exchange.method} {exchange.route} {status} has no body in the document"]
    what = f"{exchange.method} {exchange.path} answer {exchange.status}"
    answer = exchange.answer
    if exchange.status >= 400:
        # The document wants numbers as the codes of a field's errors; the docs, and Discord, have words such as
        # BASE_TYPE_REQUIRED there (reference "Error Messages"). Where the two differ the docs count.
        answer = {key: value for key, value in answer.items() if key != "errors"}
    return list(_faults(f"{pointer}/content/application~1json/schema", answer, what))


def all_faults(exchanges: Iterable[Exchange]) -> list[str]:
    """Everything wrong: with all answers, and with the requests that the stand-in took."""
    faults: list[str] = []
    for exchange in exchanges:
        if exchange.status < 400:
            faults += request_faults(exchange)
        faults += answer_faults(exchange)
    return faults
