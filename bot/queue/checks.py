"""What is refused before anything is sent: inputs that the model does not take."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pydantic import ValidationError

from bot.errors import (
    OrientationUnknown,
    QueueInputError,
    Refused,
    ResolutionUnknown,
    SeedOutOfRange,
    TrajectoryInvalid,
)
from bot.rules.catalog import SEED_MAX, Model, Role
from bot.rules.requests import Inputs, check


def checked_inputs(model: Model, roles: Collection[Role], **given: Any) -> Inputs:
    """The inputs, typed and within the model's rules; raises `QueueInputError` from the `Refused` that says which."""
    try:
        if isinstance(given.get("seed"), bool | float | str):
            raise SeedOutOfRange(lowest=0, highest=SEED_MAX)
        inputs = Inputs.model_validate(given)
        check(model, inputs, roles)
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        cause = _refusal(model, where, first["msg"]) or exc
        raise QueueInputError(f"{model.name}: {where}: {first['msg']}") from cause
    except Refused as exc:
        raise QueueInputError(f"{model.name}: {_words_of(exc)}") from exc
    return inputs


def _words_of(refusal: Refused) -> str:
    """The refusal in words for programmers. Members are told the sentences of `bot.wording`."""
    facts = ", ".join(f"{name} {value}" for name, value in refusal.facts.items() if name != "model")
    return refusal.key.replace("_", " ") + (f" ({facts})" if facts else "")


def _refusal(model: Model, where: str, why: str) -> Refused | None:
    """The refusal for a value of a wrong type; None where there is none for that field."""
    match where.partition(".")[0]:
        case "resolution":
            return ResolutionUnknown(model=model.title, choices=", ".join(model.resolutions))
        case "orientation":
            return OrientationUnknown(model=model.title, choices=", ".join(model.orientations))
        case "trajectory":
            return TrajectoryInvalid(where=where, why=why)
        case _:
            return None
