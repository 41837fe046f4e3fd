"""What each model's input must be, checked field by field, and what it means for the drawing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from PIL import Image

from sandbox.fal.fields import Field, Kind
from sandbox.fal.models import Model
from sandbox.service.sniff import Kind as FileKind
from sandbox.service.sniff import NotThat, check_file, open_container

Problem = dict[str, Any]


class Unprocessable(Exception):
    """The input is refused; `problems` are the entries of `detail`."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in problems))
        self.problems = list(problems)


@dataclass(frozen=True)
class Order:
    """An input that was found right: what is to be drawn. `files` are local, by the renderer's names."""

    prompt: str
    files: Mapping[str, Path]
    digests: Mapping[str, str]
    seed: int | None
    resolution: str
    portrait: bool
    seconds: float
    units: float
    """What it costs in the model's own units: seconds, or videos."""


def problem(name: str, msg: str, kind: str, **more: Any) -> Problem:
    """One entry of a 422's `detail`."""
    return {"loc": ["body", name], "msg": msg, "type": kind, **more}


def check(model: Model, arguments: object) -> dict[str, Any]:
    """The input with the model's defaults, before any file is looked at. Raises `Unprocessable`."""
    if not isinstance(arguments, dict):
        raise Unprocessable(problem("", "Input should be a valid dictionary", "model_attributes_type"))
    strange = sorted(arguments.keys() - model.fields.keys())
    problems = [problem(name, "Extra inputs are not permitted", "extra_forbidden") for name in strange]
    given: dict[str, Any] = {}
    for name, field in model.fields.items():
        value = arguments.get(name, field.default)
        if value is None:
            if field.required:
                problems.append(problem(name, "Field required", "missing"))
            continue
        problems += _of_kind(name, field, value)
        given[name] = value
    if problems:
        raise Unprocessable(*problems)
    return given


def _of_kind(name: str, field: Field, value: object) -> Iterator[Problem]:
    match field.kind:
        case Kind.TEXT if not isinstance(value, str):
            yield problem(name, "Input should be a valid string", "string_type")
        case Kind.WHOLE if type(value) is not int:
            yield problem(name, "Input should be a valid integer", "int_type")
        case Kind.FLAG if type(value) is not bool:
            yield problem(name, "Input should be a valid boolean", "bool_type")
        case Kind.IMAGE | Kind.VIDEO if not _is_address(value):
            yield problem(name, "Input should be a valid URL", "url_parsing")
        case Kind.IMAGES if not (isinstance(value, list) and all(map(_is_address, value))):
            yield problem(name, "Input should be a valid list of URLs", "list_type")
        case _:
            yield from _within(name, field, value)


def _is_address(value: object) -> bool:
    return isinstance(value, str) and value.startswith(("http://", "https://", "data:"))


def _within(name: str, field: Field, value: Any) -> Iterator[Problem]:
    if field.choices and value not in field.choices:
        choices = ", ".join(map(repr, field.choices))
        yield problem(name, f"Input should be {choices}", "one_of", ctx={"expected": list(field.choices)})
    elif field.kind is Kind.WHOLE and field.least is not None and value < field.least:
        yield problem(name, f"Input should be at least {field.least}", "greater_than_equal", ctx={"ge": field.least})
    elif field.kind is Kind.WHOLE and field.most is not None and value > field.most:
        yield problem(name, f"Input should be at most {field.most}", "less_than_equal", ctx={"le": field.most})
    elif field.kind is Kind.IMAGES and field.most is not None and len(value) > field.most:
        yield problem(name, f"At most {field.most} addresses are allowed", "sequence_too_long")
    elif field.kind is Kind.TEXT and field.required and not value.strip():
        yield problem(name, "String should have at least 1 character", "sequence_too_short")
    elif field.kind is Kind.TEXT and field.most is not None and len(value) > field.most:
        yield problem(name, f"String should have at most {field.most} characters", "sequence_too_long")
    elif field.kind is Kind.TEXT and field.most_bytes is not None and len(value.encode()) > field.most_bytes:
        yield problem(name, f"String should have at most {field.most_bytes} bytes", "sequence_too_long")


def order_of(model: Model, given: Mapping[str, Any], files: Mapping[str, Path]) -> Order:
    """The order, its files looked into. Raises `Unprocessable`. Blocks: call it in a thread."""
    for name, path in files.items():
        _look_into(name, model.fields[name], path)
    drawn = {role: files[name] for name, role in model.files.items() if name in files}
    resolution = str(given.get("resolution", model.resolution))
    seconds = _seconds(model, given, drawn.get("data"))
    return Order(
        prompt=str(given.get("prompt", "")),
        files=drawn,
        digests={role: _digest(path) for role, path in drawn.items()},
        seed=given.get("seed"),
        resolution=resolution,
        portrait=given.get("aspect_ratio") in {"9:16", "3:4", "2:3"},
        seconds=seconds,
        units=1.0 if model.per_video else seconds,
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def price_of(model: Model, order: Order) -> float:
    """What the job costs, in dollars."""
    each = model.dollars.get(order.resolution, model.dollars.get("", 0.0))
    return each * order.units


def _seconds(model: Model, given: Mapping[str, Any], source: Path | None) -> float:
    said = str(given.get("duration", "")).removesuffix("s")
    if said.isdecimal() and int(said) > 0:
        return float(said)
    if source is not None and "video_url" in model.fields:
        return length_of(source) or model.seconds
    return model.seconds


def _look_into(name: str, field: Field, path: Path) -> None:
    size = path.stat().st_size
    if field.most_bytes is not None and size > field.most_bytes:
        msg = f"The file is larger than {field.most_bytes} bytes"
        raise Unprocessable(problem(name, msg, "file_too_large", ctx={"max_size": field.most_bytes}))
    if field.kind is Kind.VIDEO:
        _look_into_video(name, field, path)
        return
    try:
        check_file(path, FileKind.IMAGE)
    except NotThat as exc:
        raise Unprocessable(problem(name, str(exc), "image_load_error")) from exc
    with Image.open(path) as image:
        small = field.least_side is not None and min(image.size) < field.least_side
    if small:
        msg = f"The image's sides must be {field.least_side} pixels or more"
        raise Unprocessable(problem(name, msg, "image_too_small", ctx={"min_width": field.least_side}))


def _look_into_video(name: str, field: Field, path: Path) -> None:
    try:
        check_file(path, FileKind.VIDEO)
    except NotThat as exc:
        raise Unprocessable(problem(name, str(exc), "unsupported_video_format")) from exc
    seconds = length_of(path)
    if field.least is not None and seconds < field.least:
        msg = f"The video must be at least {field.least} seconds long"
        raise Unprocessable(problem(name, msg, "video_duration_too_short", ctx={"min_duration": field.least}))
    if field.most is not None and seconds > field.most + 0.5:
        msg = f"The video must be at most {field.most} seconds long"
        raise Unprocessable(problem(name, msg, "video_duration_too_long", ctx={"max_duration": field.most}))


def length_of(path: Path) -> float:
    """A video's length in seconds; 0 where it does not say."""
    with open_container(path) as container:
        return (container.duration or 0) / av.time_base
