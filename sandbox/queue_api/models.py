"""The models that the stand-in knows and what each takes: its own table, so that a mistake in the bot's is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sandbox.render.operations import Operation
from sandbox.service.sniff import Kind


class Words(StrEnum):
    """How a prompt and a reference image go together."""

    PROMPT = "a prompt"
    NONE = "no prompt"
    ONE = "exactly one of prompt and reference_image"
    ANY = "a prompt, a reference_image or both"


@dataclass(frozen=True)
class Shape:
    """What all models of an operation take."""

    words: Words
    files: Mapping[str, Kind]
    trajectory: bool = False


SHAPES: Mapping[Operation, Shape] = {
    Operation.TEXT: Shape(Words.PROMPT, {}),
    Operation.IMAGE: Shape(Words.PROMPT, {"data": Kind.IMAGE}),
    Operation.VIDEO: Shape(Words.PROMPT, {"data": Kind.VIDEO}),
    Operation.FIRST_LAST: Shape(Words.PROMPT, {"start": Kind.IMAGE, "end": Kind.IMAGE}),
    Operation.MOTION: Shape(Words.NONE, {"data": Kind.IMAGE}, trajectory=True),
    Operation.RESTYLE: Shape(Words.ONE, {"data": Kind.VIDEO}),
    Operation.EDIT: Shape(Words.ANY, {"data": Kind.VIDEO}),
    Operation.TRY_ON: Shape(Words.ANY, {"data": Kind.VIDEO}),
    Operation.PICTURE: Shape(Words.PROMPT, {"data": Kind.IMAGE}),
}


@dataclass(frozen=True)
class Model:
    """One model. `width` and `height` are pixels of its landscape frame at 720p, `fps` frames a second."""

    operation: Operation
    width: int
    height: int
    fps: int
    resolutions: tuple[str, ...] = ("720p",)
    turns: bool = False
    """Whether it takes `orientation`."""
    reference: bool = False
    enhance: bool = False

    @property
    def shape(self) -> Shape:
        return SHAPES[self.operation]

    @property
    def texts(self) -> frozenset[str]:
        """The text fields that it takes."""
        named = {"seed", "resolution"}
        named |= set() if self.shape.words is Words.NONE else {"prompt"}
        named |= {"orientation"} if self.turns else set()
        named |= {"enhance_prompt"} if self.enhance else set()
        named |= {"trajectory"} if self.shape.trajectory else set()
        return frozenset(named)

    @property
    def files(self) -> Mapping[str, Kind]:
        """The file fields that it takes, required or not."""
        return {**self.shape.files, **({"reference_image": Kind.IMAGE} if self.reference else {})}


_BOTH = ("720p", "480p")
_CLIP = Model(Operation.VIDEO, 1280, 704, 25, reference=True, enhance=True)
_RESTYLE = Model(Operation.RESTYLE, 1280, 704, 22, reference=True, enhance=True)
_EDIT = Model(Operation.EDIT, 1280, 720, 20, reference=True, enhance=True)
_TRY_ON = Model(Operation.TRY_ON, 1280, 720, 20, reference=True, enhance=True)
_PICTURE = Model(Operation.PICTURE, 1280, 720, 1, _BOTH, reference=True, enhance=True)
_TRY_ON_SMALL = Model(Operation.TRY_ON, 1088, 624, 20, reference=True, enhance=True)

MODELS: Mapping[str, Model] = {
    "lucy-pro-t2v": Model(Operation.TEXT, 1280, 704, 25, _BOTH, turns=True),
    "lucy-pro-i2v": Model(Operation.IMAGE, 1280, 704, 25, _BOTH),
    "lucy-dev-i2v": Model(Operation.IMAGE, 1280, 704, 25),
    "lucy-pro-v2v": _CLIP,
    "lucy-fast-v2v": Model(Operation.VIDEO, 1280, 704, 25, enhance=True),
    "lucy-pro-flf2v": Model(Operation.FIRST_LAST, 1280, 704, 25, _BOTH),
    "lucy-motion": Model(Operation.MOTION, 1280, 704, 25),
    "lucy-restyle-v2v": _RESTYLE,
    "lucy-2.1": _EDIT,
    "lucy-2.1-vton": _TRY_ON_SMALL,
    "lucy-restyle-2": _RESTYLE,
    "lucy-clip": _CLIP,
    "lucy-latest": _EDIT,
    "lucy-vton-latest": _TRY_ON_SMALL,
    "lucy-restyle-latest": _RESTYLE,
    "lucy-clip-latest": _CLIP,
    "lucy-2.5": _EDIT,
    "lucy-2.6": _EDIT,
    "lucy-vton-3.5": _TRY_ON,
    "lucy-vton-3.6": _TRY_ON,
    "lucy-vton-2": _TRY_ON_SMALL,
    "lucy-vton-3": _TRY_ON_SMALL,
    "lucy-vton-3.5-4-3": Model(Operation.TRY_ON, 960, 720, 20, reference=True, enhance=True),
    "lucy-image-2": _PICTURE,
    "lucy-image-latest": _PICTURE,
    "lucy-pro-i2i": _PICTURE,
    "lucy-vton-3.5-1-1": Model(Operation.TRY_ON, 720, 720, 20, reference=True, enhance=True),
}
"""Every model by the name that the service gives it; the aliases are resolved here."""

_SAME_2026: Mapping[str, tuple[str, ...]] = {
    "lucy-clip": ("lucy-pro-v2v", "lucy-clip-latest"),
    "lucy-restyle-2": ("mirage_v2", "lucy-restyle-v2v", "lucy-restyle-latest"),
    "lucy-2.5": ("lucy-2-5", "lucy_2_5", "lucy-latest"),
    "lucy-2.1": (
        "lucy_2_rt_preview", "lucy-2", "lucy_2", "lucy_2_rt", "lucy-2-v2v", "lucy_2_v2v", "lucy_v2v_14b_rt",
    ),
    "lucy-2.1-vton": ("lucy-2.viton", "lucy-2.1.viton", "lucy-vton"),
    "lucy-vton-2": ("lucy-2.1-vton-2",),
    "lucy-vton-3": ("lucy-2.1-vton-3", "lucy-vton-latest"),
    "lucy-vton-3.5": ("lucy-vton-3-5",),
    "lucy-vton-3.5-4-3": ("lucy-vton-3-5-4-3",),
    "lucy-vton-3.5-1-1": ("lucy-vton-3-5-1-1",),
    "lucy-image-2": ("lucy-pro-i2i", "lucy_pro_i2i", "lucy-image-latest"),
}  # fmt: skip
_DEMONSTRATIONS = ("lucy-robot-720p", "lucy-samsung-robot-poc", "lucy-solomon-robot-poc")

MODELS_2026: Mapping[str, Model] = {
    **{name: MODELS[first] for first, others in _SAME_2026.items() for name in (first, *others)},
    **dict.fromkeys(_DEMONSTRATIONS, Model(Operation.VIDEO, 1280, 720, 20, enhance=True)),
}
"""The job routes that the service had on 2026-08-01, by its own description of them, and no others."""
