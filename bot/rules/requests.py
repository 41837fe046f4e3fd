"""What somebody asked for: either refused here, or a `VideoRequest` that keeps every rule of its model."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.errors import (
    DurationUnknown,
    EnhanceNeedsPrompt,
    InputMissing,
    InputNotTaken,
    OnlyOneOfPromptAndReference,
    OptionNotTaken,
    OrientationUnknown,
    PromptMissing,
    PromptOrReference,
    PromptTooLong,
    PromptUnreadable,
    PromptWithoutUse,
    Refused,
    ResolutionUnknown,
    SeedOutOfRange,
    TrajectoryInvalid,
    TrajectoryMissing,
)
from bot.rules.catalog import Kind, Model, Operation, PromptRule, Role
from bot.rules.prompt_text import without_emoji_ids

START_MAX_SECONDS = 86_400
_LACKING = (DurationUnknown, InputNotTaken, OptionNotTaken, OrientationUnknown, ResolutionUnknown)
Resolution = Literal["720p", "480p"]
Orientation = Literal["landscape", "portrait", "square"]

_UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters but tabs and ends of lines, and halves of characters."""
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs without a stroke, which Unicode doesn't count as white space."""


class Point(BaseModel):
    """One place of a trajectory: `x` and `y` in pixels of the model's frame at `frame`, which counts from 0."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    frame: int = Field(ge=0)
    x: float = Field(ge=0, allow_inf_nan=False)
    y: float = Field(ge=0, allow_inf_nan=False)


class Attachment(BaseModel):
    """A file that a member gave, as Discord describes it. What the file really is may differ.

    `width` and `height` are in pixels; `seconds` is the length of a video. They are None, and `size_bytes` 0, where
    Discord does not say. `posted_by` is the author of the message that it was taken from and `posted_in` the address of
    that message; both are None where the file came with the command.
    """

    model_config = ConfigDict(frozen=True)

    url: str
    filename: str
    size_bytes: int
    content_type: str | None = None
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    posted_by: int | None = None
    posted_in: str | None = None


SPOILER = "SPOILER_"
"""How the name of a file begins that Discord shows only to who asks for it."""


def hidden_name(filename: str, *, hidden: bool) -> str:
    """The name with which a file stays hidden on its way, if it is."""
    return SPOILER + filename if hidden and not filename.startswith(SPOILER) else filename


class Inputs(BaseModel):
    """Everything that a model can be given besides files. None means "not given" and is not sent.

    `duration` is the video's length in seconds, `audio` whether it has sound, `avoid` are words for what is not wanted.
    `start_seconds` says from where on a clip is used, `path` is the text that the trajectory was read from, to show to
    people. Neither is sent.
    """

    model_config = ConfigDict(frozen=True)

    prompt: str | None = None
    seed: int | None = None
    resolution: Resolution | None = None
    orientation: Orientation | None = None
    enhance_prompt: bool | None = None
    duration: int | None = None
    audio: bool | None = None
    avoid: str | None = None
    start_seconds: float | None = Field(default=None, ge=0, le=START_MAX_SECONDS, allow_inf_nan=False)
    trajectory: tuple[Point, ...] | None = None
    path: str | None = None

    @property
    def priced(self) -> frozenset[str]:
        """What was chosen that can have a price of its own (`Model.price`)."""
        return frozenset(name for name, chosen in ((self.resolution, True), ("audio", self.audio)) if name and chosen)


class VideoRequest(BaseModel):
    """A request that keeps every rule of its model: `compose` sees to it. Rows are read back by pydantic, and what is
    changed in a copy (the seed, defaults) keeps the rules, too.

    `instead_of` is the title of the usual model, where that was not to be had.
    """

    model_config = ConfigDict(frozen=True)

    model: str
    operation: Operation
    inputs: Inputs
    files: dict[Role, Attachment] = Field(default_factory=dict)
    instead_of: str | None = None


def compose(
    model: Model,
    inputs: Inputs,
    files: Mapping[Role, Attachment] | None = None,
    *,
    among: Iterable[Model] = (),
) -> VideoRequest:
    """The valid request, without white space around the words. Raises the `Refused` of the first rule it breaks; where
    the model lacks what was chosen, it names the first of the models `among` that takes all of it."""
    given = dict(files or {})
    tidied = inputs.model_copy(update={"prompt": tidy_prompt(inputs.prompt), "avoid": tidy_prompt(inputs.avoid)})
    try:
        check(model, tidied, given.keys())
    except _LACKING as exc:
        other = next((m.title for m in among if _takes(m, tidied, given.keys())), None)
        raise type(exc)(**exc.facts | {"other": other}) from None
    return VideoRequest(model=model.name, operation=model.operation, inputs=tidied, files=given)


def _takes(model: Model, inputs: Inputs, roles: Collection[Role]) -> bool:
    try:
        check(model, inputs, roles)
    except Refused:
        return False
    return True


def tidy_prompt(prompt: str | None) -> str | None:
    """The prompt without white space around it, with custom emoji by name; None where nothing visible is left."""
    text = without_emoji_ids(prompt or "").strip()
    return text if any(_is_seen(char) for char in text) else None


def _is_seen(char: str) -> bool:
    return not (char.isspace() or char in _BLANKS or unicodedata.category(char) == "Cf")


def check(model: Model, inputs: Inputs, roles: Collection[Role]) -> None:
    """Raise the `Refused` of the first rule of `model` that the inputs break (rules: queue-api.md, section 3)."""
    _check_taken(model, roles)
    _check_prompt(model, inputs.prompt, has_reference=Role.REFERENCE in roles)
    _check_files(model, roles)
    _check_options(model, inputs)
    _check_trajectory(model, inputs.trajectory)


def _check_prompt(model: Model, prompt: str | None, *, has_reference: bool) -> None:
    if prompt is not None:
        if len(prompt) > model.prompt_max_chars:
            raise PromptTooLong(length=len(prompt), limit=model.prompt_max_chars)
        if _UNREADABLE.search(prompt):
            raise PromptUnreadable
    has_prompt = bool(prompt and prompt.strip())
    match model.form.prompt:
        case PromptRule.REQUIRED if not has_prompt:
            raise PromptMissing
        case PromptRule.ABSENT if has_prompt:
            raise PromptWithoutUse(model=model.title)
        case PromptRule.EXACTLY_ONE if has_prompt and has_reference:
            raise OnlyOneOfPromptAndReference(model=model.title)
        case PromptRule.EXACTLY_ONE | PromptRule.AT_LEAST_ONE if not (has_prompt or has_reference):
            raise PromptOrReference if Role.REFERENCE in model.files else PromptMissing
        case _:
            pass


def _check_files(model: Model, roles: Collection[Role]) -> None:
    for role in model.form.files:
        if role not in roles:
            raise InputMissing(role=role, model=model.title)


def _check_taken(model: Model, roles: Collection[Role]) -> None:
    for role in roles:
        if role not in model.files:
            raise InputNotTaken(role=role, model=model.title)


def _check_options(model: Model, inputs: Inputs) -> None:
    if inputs.seed is not None:
        if model.highest_seed is None:
            raise OptionNotTaken(option="seed", model=model.title)
        if not 0 <= inputs.seed <= model.highest_seed:
            raise SeedOutOfRange(lowest=0, highest=model.highest_seed)
    if inputs.resolution is not None and inputs.resolution not in model.resolutions:
        raise ResolutionUnknown(model=model.title, choices=", ".join(model.resolutions))
    if inputs.orientation is not None and not model.orientations:
        raise OptionNotTaken(option="orientation", model=model.title)
    if inputs.orientation is not None and inputs.orientation not in model.orientations:
        raise OrientationUnknown(model=model.title, choices=", ".join(model.orientations))
    _check_making(model, inputs)
    if inputs.start_seconds is not None and Kind.VIDEO not in model.files.values():
        raise OptionNotTaken(option="start", model=model.title)
    if inputs.enhance_prompt is not None and not model.enhance:
        raise OptionNotTaken(option="enhance", model=model.title)
    if inputs.enhance_prompt and not (inputs.prompt and inputs.prompt.strip()):
        raise EnhanceNeedsPrompt


def _check_making(model: Model, inputs: Inputs) -> None:
    """How long, with sound or without, and what not."""
    if inputs.duration is not None and not model.durations:
        raise OptionNotTaken(option="duration", model=model.title)
    if inputs.duration is not None and inputs.duration not in model.durations:
        raise DurationUnknown(model=model.title, choices=", ".join(map(str, model.durations)))
    if inputs.audio is not None and not model.audio:
        raise OptionNotTaken(option="audio", model=model.title)
    if inputs.avoid is not None and model.avoid_max_chars is None:
        raise OptionNotTaken(option="avoid", model=model.title)
    if inputs.avoid is not None and len(inputs.avoid) > (model.avoid_max_chars or 0):
        raise PromptTooLong(length=len(inputs.avoid), limit=model.avoid_max_chars)
    if inputs.avoid is not None and _UNREADABLE.search(inputs.avoid):
        raise PromptUnreadable


def _check_trajectory(model: Model, points: tuple[Point, ...] | None) -> None:
    if not model.form.trajectory:
        if points is not None:
            raise OptionNotTaken(option="path", model=model.title)
        return
    if not points:
        raise TrajectoryMissing
    if not 2 <= len(points) <= model.max_points:
        raise TrajectoryInvalid(where=f"{len(points)} points", why=f"between 2 and {model.max_points} are needed")
    for earlier, later in pairwise(points):
        if later.frame <= earlier.frame:
            raise TrajectoryInvalid(where=f"frame {later.frame}", why="frames count upwards")
    width, height = model.frame
    for point in points:
        if point.x > width or point.y > height:
            raise TrajectoryInvalid(where=f"{point.x:g},{point.y:g}", why=f"outside the {width}x{height} frame")
