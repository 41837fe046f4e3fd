"""What models do: the operations, which commands are named after, and what each takes and makes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Operation(StrEnum):
    """What a model does. The value is the name of its slash command."""

    TEXT_TO_VIDEO = "t2v"
    IMAGE_TO_VIDEO = "animate"
    VIDEO_TO_VIDEO = "v2v"
    FIRST_LAST_FRAME = "flf2v"
    MOTION = "motion"
    RESTYLE = "restyle"
    EDIT = "edit"
    TRY_ON = "tryon"
    IMAGE_EDIT = "image"


class Role(StrEnum):
    """The file fields of the Queue API's form."""

    DATA = "data"
    START = "start"
    END = "end"
    REFERENCE = "reference_image"


class Kind(StrEnum):
    """What a file field holds."""

    IMAGE = "image"
    VIDEO = "video"


class PromptRule(StrEnum):
    """How a model's prompt and its reference image go together."""

    REQUIRED = "required"
    ABSENT = "absent"
    EXACTLY_ONE = "exactly one of prompt and reference"
    AT_LEAST_ONE = "prompt or reference or both"


class OperationForm(BaseModel):
    """What an operation takes, the same for all its models."""

    model_config = ConfigDict(frozen=True)

    prompt: PromptRule
    files: dict[Role, Kind]
    trajectory: bool = False
    makes: Kind = Kind.VIDEO


FORMS: Mapping[Operation, OperationForm] = {
    Operation.TEXT_TO_VIDEO: OperationForm(prompt=PromptRule.REQUIRED, files={}),
    Operation.IMAGE_TO_VIDEO: OperationForm(prompt=PromptRule.REQUIRED, files={Role.DATA: Kind.IMAGE}),
    Operation.VIDEO_TO_VIDEO: OperationForm(prompt=PromptRule.REQUIRED, files={Role.DATA: Kind.VIDEO}),
    Operation.FIRST_LAST_FRAME: OperationForm(
        prompt=PromptRule.REQUIRED, files={Role.START: Kind.IMAGE, Role.END: Kind.IMAGE}
    ),
    Operation.MOTION: OperationForm(prompt=PromptRule.ABSENT, files={Role.DATA: Kind.IMAGE}, trajectory=True),
    Operation.RESTYLE: OperationForm(prompt=PromptRule.EXACTLY_ONE, files={Role.DATA: Kind.VIDEO}),
    Operation.EDIT: OperationForm(prompt=PromptRule.AT_LEAST_ONE, files={Role.DATA: Kind.VIDEO}),
    Operation.TRY_ON: OperationForm(prompt=PromptRule.AT_LEAST_ONE, files={Role.DATA: Kind.VIDEO}),
    Operation.IMAGE_EDIT: OperationForm(prompt=PromptRule.REQUIRED, files={Role.DATA: Kind.IMAGE}, makes=Kind.IMAGE),
}
