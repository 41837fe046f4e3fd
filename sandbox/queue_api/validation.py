"""What each model's form must be, checked field by field, and answered as the service answers: 422 with a list."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.queue_api.forms import FieldError, FilePart, Form, Unprocessable
from sandbox.queue_api.models import Model, Words
from sandbox.service.sniff import Kind

SEED_MAX = 2**32 - 1
PROMPT_MAX_CHARS = 1000
POINTS_MAX = 1000
_TRUE, _FALSE = {"true", "1"}, {"false", "0"}


@dataclass(frozen=True)
class Order:
    """A form that was found right: what is to be rendered. Points are (frame, x, y) in pixels of the model's frame."""

    prompt: str
    files: Mapping[str, FilePart]
    seed: int | None = None
    resolution: str = "720p"
    portrait: bool = False
    enhance: bool = False
    points: tuple[tuple[int, float, float], ...] = ()


def check(model: Model, form: Form) -> Order:
    """The order that `form` makes of `model`; raises `Unprocessable` with everything that is wrong with it."""
    problems = [*_names(model, form), *_files(model, form), *_words(model, form), *_options(model, form)]
    points: tuple[tuple[int, float, float], ...] = ()
    if model.shape.trajectory and "trajectory" in form.texts:
        try:
            points = read_points(form.texts["trajectory"], model.width, model.height)
        except Unprocessable as exc:
            problems += exc.problems
    if problems:
        raise Unprocessable(*problems)
    texts = form.texts
    return Order(
        prompt=texts.get("prompt", ""),
        files=dict(form.files),
        seed=int(texts["seed"]) if "seed" in texts else None,
        resolution=texts.get("resolution", "720p"),
        portrait=texts.get("orientation") == "portrait",
        enhance=model.enhance and bool(texts.get("prompt")) and texts.get("enhance_prompt", "true").lower() in _TRUE,
        points=points,
    )


def _names(model: Model, form: Form) -> Iterator[FieldError]:
    """Unknown, repeated and missing fields, and words where files belong."""
    for name in sorted(form.repeated):
        yield FieldError(("body", name), "Field given more than once", "repeated")
    for name in (*form.texts, *form.files):
        if name not in model.texts and name not in model.files:
            yield FieldError(("body", name), "Extra inputs are not permitted", "extra_forbidden")
    for name in form.texts:
        if name in model.files:
            yield FieldError(("body", name), "Expected a file, received a string", "value_error")
    for name in (*model.shape.files, *(("trajectory",) if model.shape.trajectory else ())):
        if name not in form.files and name not in form.texts:
            yield FieldError(("body", name), "Field required", "missing")


def _files(model: Model, form: Form) -> Iterator[FieldError]:
    """Files where words belong, and empty or nameless ones."""
    for name, part in form.files.items():
        if name in model.texts:
            yield FieldError(("body", name), "Input should be a valid string", "string_type")
        elif name in model.files and part.size_bytes == 0:
            yield FieldError(("body", name), "The uploaded file is empty", "file_empty")
        elif name in model.files and not part.filename:
            yield FieldError(("body", name), "The uploaded file has no name", "file_name")


def _words(model: Model, form: Form) -> Iterator[FieldError]:
    rule, prompt, where = model.shape.words, form.texts.get("prompt"), ("body", "prompt")
    picture = "reference_image" in form.files
    if prompt is not None and len(prompt) > PROMPT_MAX_CHARS:
        yield FieldError(where, f"String should have at most {PROMPT_MAX_CHARS} characters", "string_too_long")
    if rule is Words.PROMPT and prompt is None:
        yield FieldError(where, "Field required", "missing")
    elif prompt == "" and (rule is Words.PROMPT or (rule is Words.ONE and not picture)):
        yield FieldError(where, "String should have at least 1 character", "string_too_short")
    elif rule is Words.ONE and bool(prompt) == picture:
        yield FieldError(("body",), "Provide exactly one of prompt or reference_image")
    elif rule is Words.ANY and prompt is None and not picture:
        yield FieldError(("body",), "Provide a prompt, a reference_image or both")
    if rule is Words.ONE and "enhance_prompt" in form.texts and not prompt:
        yield FieldError(("body", "enhance_prompt"), "enhance_prompt needs a prompt")


def _options(model: Model, form: Form) -> Iterator[FieldError]:
    texts = {name: value for name, value in form.texts.items() if name in model.texts}
    if "seed" in texts:
        seed, where = texts["seed"], ("body", "seed")
        if not (seed.isascii() and seed.removeprefix("-").isdigit()):
            yield FieldError(where, "Input should be a valid integer", "int_parsing")
        elif len(seed) > 12 or not 0 <= int(seed) <= SEED_MAX:
            yield FieldError(where, f"Input should be from 0 to {SEED_MAX}", "out_of_range")
    if texts.get("resolution", "720p") not in model.resolutions:
        choices = " or ".join(f"'{name}'" for name in model.resolutions)
        yield FieldError(("body", "resolution"), f"Input should be {choices}", "literal_error")
    if texts.get("orientation", "landscape") not in {"landscape", "portrait"}:
        yield FieldError(("body", "orientation"), "Input should be 'landscape' or 'portrait'", "literal_error")
    if texts.get("enhance_prompt", "true").lower() not in _TRUE | _FALSE:
        yield FieldError(("body", "enhance_prompt"), "Input should be a valid boolean", "bool_parsing")


def read_points(text: str, width: int, height: int) -> tuple[tuple[int, float, float], ...]:
    """The trajectory in `text`; every point must lie in the model's frame. Raises `Unprocessable`."""
    where: tuple[str | int, ...] = ("body", "trajectory")
    try:
        raw = json.loads(text, parse_constant=lambda name: math.nan)
    except (ValueError, RecursionError) as exc:
        raise Unprocessable(FieldError(where, "Invalid JSON", "json_invalid")) from exc
    if not isinstance(raw, list):
        raise Unprocessable(FieldError(where, "Input should be a valid list", "list_type"))
    if not 2 <= len(raw) <= POINTS_MAX:
        raise Unprocessable(FieldError(where, f"List should have from 2 to {POINTS_MAX} items", "list_length"))
    points: list[tuple[int, float, float]] = []
    for index, item in enumerate(raw):
        wrong = _point_is_wrong(item, width, height)
        if not wrong and points and item["frame"] <= points[-1][0]:
            wrong = "Frames should be in order"
        if wrong:
            raise Unprocessable(FieldError((*where, index), wrong))
        points.append((item["frame"], float(item["x"]), float(item["y"])))
    return tuple(points)


def _point_is_wrong(item: Any, width: int, height: int) -> str:
    """What is wrong with one point, or nothing."""
    if not isinstance(item, dict) or set(item) != {"frame", "x", "y"}:
        return "Input should be an object with frame, x and y"
    if type(item["frame"]) is not int or item["frame"] < 0:
        return "frame should be an integer from 0"
    for name, most in (("x", width), ("y", height)):
        if type(item[name]) not in {int, float} or not 0 <= item[name] <= most:
            return f"{name} should be a number from 0 to {most}, in pixels of the model's frame"
    return ""


def kinds(model: Model, order: Order) -> Iterator[tuple[FilePart, Kind]]:
    """The order's files with what each must turn out to hold."""
    for name, part in order.files.items():
        yield part, model.files[name]
