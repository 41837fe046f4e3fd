"""The form of Change: what a job was asked for, filled in, to be asked for otherwise.

Discord takes five parts at most, so that everything that is chosen from a list, but for the model, is in one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.chat.inputs.forms import CHOICES_MAX, TEXT_MAX_CHARS, FormValues, labelled, modal, model_select
from bot.chat.persistent import Persistent
from bot.errors import SeedOutOfRange
from bot.rules import trajectory
from bot.rules.catalog import Model, PromptRule, Role
from bot.rules.jobs import Job
from bot.rules.requests import Inputs
from bot.wording import say, translated

CHANGE_FORM = Persistent(r"clapper:revised:(?P<job>[0-9a-f]{32})", once=True, in_place=True)

_SEED_MAX_CHARS = 20
_BOXES_MAX = 10
_FLAGS: Mapping[str, tuple[str, str]] = {
    "audio": ("with_sound", "without_sound"),
    "enhance_prompt": ("enhanced", "as_written"),
}
"""The sentences of what is on or off."""

Value = str | int | bool


def change_form(job: Job, model: Model, models: Sequence[Model], locale: str, *, own: bool) -> ui.Modal:
    """The form. `model` is the one that would make it, `models` are those to choose from. Where it is not their `own`
    job, a member does not read its words for what to avoid, which its card does not show either."""
    inputs = job.request.inputs
    parts = [_path(inputs, locale)] if model.form.trajectory else [_words(job, model, locale)]
    if len(models) > 1:
        parts.append(labelled("form_model", model_select(models, usual=model), locale))
    if offered := _options(model, inputs, locale):
        parts.append(labelled("form_options", offered, locale, "form_options_hint"))
    if model.avoid_max_chars is not None and own:
        avoid = _text("avoid", inputs.avoid, model.avoid_max_chars, required=False)
        parts.append(labelled("form_avoid", avoid, locale, "option_avoid"))
    if model.highest_seed is not None:
        seed = ui.TextInput[ui.Modal](
            custom_id="seed",
            required=False,
            max_length=_SEED_MAX_CHARS,
            default=None if inputs.seed is None else str(inputs.seed),
        )
        parts.append(labelled("form_seed", seed, locale, "form_seed_hint"))
    return modal(say("form_change_title", locale), f"clapper:revised:{job.id}", *parts)


@dataclass(frozen=True, slots=True)
class ChangeValues:
    """What came back; nothing of it is checked yet. `model` is None where there was no choice."""

    model: str | None
    inputs: Inputs


def read_change_form(values: FormValues, job: Job, model: Model) -> ChangeValues:
    """What was filled in, over what the job had; `model` is the one that the form was made for.

    Of two choices that exclude each other, the one that the job did not have is meant: the other was filled in.
    Raises `SeedOutOfRange` for what is no number.
    """
    had = job.request.inputs
    updates: dict[str, object] = {}
    prompt = values.text("prompt")
    if prompt is not None and prompt != (had.prompt or "")[:TEXT_MAX_CHARS]:
        updates["prompt"] = prompt
    if values.text("path") is not None:
        updates["path"] = values.text("path")
    if model.avoid_max_chars is not None and values.text("avoid") is not None:
        updates["avoid"] = values.text("avoid")
    if model.highest_seed is not None:
        updates["seed"] = _seed(values.text("seed") or "", model)
    picked, known = set(values.all_chosen("options")), list(choices(model))
    for field in {field for field, _ in known}:
        chosen = [value for name, value in known if name == field and _named(name, value) in picked]
        others = [value for value in chosen if value != getattr(had, field)]
        updates[field] = next(iter(others or chosen), None)
    return ChangeValues(model=values.chosen("model"), inputs=had.model_copy(update=updates))


def fitting(inputs: Inputs, had: Inputs, model: Model) -> Inputs:
    """The inputs for that model, which may be another one than the job's: what was only filled in and means nothing to
    it is left out; what a member chose anew stays, to be refused. Raises `TrajectoryInvalid`."""
    taken = list(choices(model))
    left: dict[str, object] = {
        field: None
        for field in ("duration", "resolution", "orientation", *_FLAGS)
        if getattr(inputs, field) == getattr(had, field) and (field, getattr(inputs, field)) not in taken
    }
    if model.highest_seed is None and inputs.seed == had.seed:
        left["seed"] = None
    if model.avoid_max_chars is None and inputs.avoid == had.avoid:
        left["avoid"] = None
    if model.form.trajectory:
        left["trajectory"] = trajectory.parse(inputs.path or "", model)
    return inputs.model_copy(update=left)


def choices(model: Model) -> Iterator[tuple[str, Value]]:
    """Every value that the model leaves a choice of, with the name of its field in `Inputs`."""
    yield from (("duration", seconds) for seconds in model.durations)
    yield from (("orientation", orientation) for orientation in model.orientations)
    yield from (("resolution", resolution) for resolution in model.resolutions)
    if model.audio:
        yield from (("audio", on) for on in (True, False))
    if model.enhance:
        yield from (("enhance_prompt", on) for on in (True, False))


def _options(model: Model, inputs: Inputs, locale: str) -> ui.CheckboxGroup[Any] | ui.Select[Any] | None:
    """Boxes to check, or a select where there are more than Discord takes of those; None where nothing is offered."""
    offered = [(field, value) for field, value in choices(model) if field != "resolution" or len(model.resolutions) > 1]
    listed = [
        (_label(field, value, locale)[:100], _named(field, value), getattr(inputs, field) == value)
        for field, value in offered[:CHOICES_MAX]
    ]
    if not listed:
        return None
    if len(listed) <= _BOXES_MAX:
        boxes = [discord.CheckboxGroupOption(label=label, value=value, default=on) for label, value, on in listed]
        return ui.CheckboxGroup(custom_id="options", options=boxes, required=False, min_values=0, max_values=len(boxes))
    options = [discord.SelectOption(label=label, value=value, default=on) for label, value, on in listed]
    return ui.Select(custom_id="options", options=options, required=False, min_values=0, max_values=len(options))


def _named(field: str, value: Value) -> str:
    return f"{field}={value}"


def _label(field: str, value: Value, locale: str) -> str:
    if field in _FLAGS:
        return translated(_FLAGS[field][0 if value else 1], locale)
    if field == "orientation":
        return translated(f"orientation_{value}", locale)
    return f"{value} s" if field == "duration" else str(value)


def _seed(text: str, model: Model) -> int | None:
    if not text.strip():
        return None
    if not re.fullmatch(r"[0-9]{1,20}", text.strip()):
        raise SeedOutOfRange(lowest=0, highest=model.highest_seed)
    return int(text)


def _words(job: Job, model: Model, locale: str) -> ui.Label[ui.Modal]:
    has_reference = Role.REFERENCE in job.request.files
    required = model.form.prompt is PromptRule.REQUIRED or not has_reference
    text = _text("prompt", job.request.inputs.prompt, model.prompt_max_chars, required=required)
    return labelled("form_prompt", text, locale, "option_prompt")


def _path(inputs: Inputs, locale: str) -> ui.Label[ui.Modal]:
    return labelled("form_path", _text("path", inputs.path, trajectory.TEXT_MAX_CHARS), locale, "form_path_hint")


def _text(custom_id: str, filled: str | None, most_chars: int, *, required: bool = True) -> ui.TextInput[ui.Modal]:
    """A paragraph; a longer text than Discord takes is filled in as far as it goes."""
    most_chars = min(TEXT_MAX_CHARS, most_chars)
    return ui.TextInput(
        custom_id=custom_id,
        style=discord.TextStyle.paragraph,
        required=required,
        default=(filled or "")[:most_chars] or None,
        max_length=most_chars,
    )
