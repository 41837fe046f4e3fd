"""A model as an entry of the catalogue says it: what it is called, takes, costs and is limited to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.rules.field_mapping import mapping_troubles
from bot.rules.operations import FORMS, Kind, Operation, OperationForm, PromptRule, Role

SEED_MAX = 2**32 - 1
"""The highest seed that the service accepts (queue-api.md, section 3)."""

ServiceName = Literal["decart", "fal"]
InputName = Annotated[
    str,
    Field(
        pattern=r"^(prompt|seed|resolution|orientation|enhance_prompt|duration|audio|avoid|data|start|end|reference_image)$"
    ),
]
Finite = Annotated[float, Field(allow_inf_nan=False, strict=True)]
FieldName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\w+$")]
_OWN_TO_FAL = ("durations", "audio", "avoid_max_chars", "seed_max", "fields", "values", "constants")

Side = Annotated[int, Field(ge=16, le=8192)]
"""Pixels of a frame's side; H.264 encodes nothing wider than 8192."""

_AudioPrice = Literal["audio"]
_ResolutionName = Literal["720p", "480p"]
_PerVideo = Annotated[Finite, Field(ge=0, le=10_000)]
_PerSecond = Annotated[Finite, Field(ge=0, le=2)]


class Price(BaseModel):
    """US dollars for a video (or picture), and for a second of output besides."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dollars_per_video: _PerVideo = 0
    dollars_per_second: _PerSecond = 0

    def of(self, seconds: float, videos: float) -> float:
        """US dollars for so many, to a hundredth of a cent."""
        return round(self.dollars_per_video * videos + self.dollars_per_second * seconds, 4)


class Model(BaseModel):
    """One model of a video service, as the catalogue describes it.

    `frame` is (width, height) in pixels of the landscape output at `fps`, which means nothing for pictures. `reference`
    says that it takes a reference image besides its files. `output_seconds` is what one job yields where its length
    does not follow an input (0 for a picture). A job's price in US dollars is `dollars_per_video` (or picture), and
    `dollars_per_second` of output besides; `prices` are other ones, for a resolution that is asked for, or for "audio".
    `deadline` is how long a job may take from submit to end.

    `endpoint` is what the service calls it, where that is not its name: two commands may be served by one model.
    `first_seen` and `last_seen` are the day, or the month, on which the service was first and last seen to have it;
    without the first it is older than its others. `retired`: the service's own papers have it no more. `shape_of` names
    a model of the same command that this one stands in for where a clip's shape is nearer to this one's frame.

    `durations` are the seconds that a member may choose from, `audio` says that sound is theirs to choose, and
    `avoid_max_chars` that words may be given for what is not wanted, and how many.

    For models of the service fal: `fields` says which of its JSON fields an input goes
    into (what is not named is not sent), `values` what our word for it is there, `constants` what is always sent, which
    an input of the same field replaces. `seed_max` is its highest seed, and without one it takes none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    operation: Operation
    title: str = Field(max_length=60, pattern=r"^\S(.*\S)?$")
    note: str = Field(default="", max_length=100, pattern=r"^.*$")
    frame: tuple[Side, Side]
    fps: int = Field(ge=1, le=120)
    prompt_max_chars: int = Field(default=1000, ge=1, le=6000)
    resolutions: tuple[_ResolutionName, ...] = ("720p",)
    orientations: tuple[Literal["landscape", "portrait", "square"], ...] = ()
    reference: bool = False
    enhance: bool = False
    durations: tuple[Annotated[int, Field(ge=1, le=60)], ...] = ()
    audio: bool = False
    avoid_max_chars: int | None = Field(default=None, ge=1, le=2000)
    max_points: int = Field(default=1000, ge=2, le=1000)
    max_input_seconds: int = Field(default=60, ge=1, le=86400)
    dollars_per_video: _PerVideo = 0
    dollars_per_second: _PerSecond = 0
    prices: dict[_ResolutionName | _AudioPrice, Price] = Field(default_factory=dict)
    output_seconds: float = Field(default=5.0, ge=0, le=3600)
    typical_seconds: float = Field(default=40.0, gt=0, le=86400)
    deadline_minutes: int = Field(default=20, ge=1, le=1440)
    hidden: bool = False
    default: bool = False
    replaced_by: str | None = None
    service: ServiceName = "decart"
    endpoint: str | None = Field(default=None, max_length=200, pattern=r"^[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)*$")
    first_seen: str | None = Field(default=None, pattern=r"^20\d\d-\d\d(-\d\d)?$")
    last_seen: str | None = Field(default=None, pattern=r"^20\d\d-\d\d(-\d\d)?$")
    retired: bool = False
    shape_of: str | None = None
    seed_max: int | None = Field(default=None, ge=0, le=SEED_MAX)
    fields: dict[InputName, FieldName] = Field(default_factory=dict)
    values: dict[InputName, dict[str, str | int | bool]] = Field(default_factory=dict)
    constants: dict[FieldName, str | int | Finite | bool] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _priced_in_dollars(cls, fields: dict[str, Any]) -> dict[str, Any]:
        if "cost" in fields:
            raise ValueError("cost: a price is in US dollars now: dollars_per_video, dollars_per_second")
        return fields

    @model_validator(mode="after")
    def _prices_what_it_offers(self) -> Self:
        offered = {*self.resolutions, *(["audio"] if self.audio else [])}
        if strange := self.prices.keys() - offered:
            raise ValueError(f"prices: {min(strange)} is not offered")
        return self

    @model_validator(mode="after")
    def _fits_its_service(self) -> Self:
        if self.service == "decart":
            strange = [name for name in _OWN_TO_FAL if getattr(self, name) not in (None, {}, (), False)]
            if strange:
                raise ValueError(f"{strange[0]} means nothing for the service decart")
            if "/" in (self.endpoint or ""):
                raise ValueError("endpoint: a model of the service decart has a name without slashes there")
            return self
        if self.endpoint is None or "/" not in self.endpoint:
            raise ValueError("endpoint: a model of the service fal needs one, such as fal-ai/veo3.1/lite")
        if self.form.makes is not Kind.VIDEO:
            raise ValueError("operation: models of the service fal make videos")
        if self.form.trajectory:
            raise ValueError("fields: a trajectory has no field")
        needed = [role.value for role in self.files] + ["prompt"] * (self.form.prompt is not PromptRule.ABSENT)
        for trouble in mapping_troubles(self.fields, self.values, needed=needed, offered=self._offered()):
            raise ValueError(trouble)
        return self

    def _offered(self) -> dict[str, tuple[str, ...]]:
        """The inputs that a member may give or leave out, each with its choices, where it has a list of them."""
        offers: dict[str, tuple[bool, tuple[str, ...]]] = {
            "seed": (self.seed_max is not None, ()),
            "enhance_prompt": (self.enhance, ()),
            "orientation": (bool(self.orientations), self.orientations),
            "resolution": (len(self.resolutions) > 1, self.resolutions),
            "duration": (bool(self.durations), tuple(map(str, self.durations))),
            "audio": (self.audio, ()),
            "avoid": (self.avoid_max_chars is not None, ()),
        }
        return {name: choices for name, (offered, choices) in offers.items() if offered}

    @property
    def highest_seed(self) -> int | None:
        """The highest seed that it takes; None where it takes none."""
        return SEED_MAX if self.service == "decart" else self.seed_max

    @cached_property
    def form(self) -> OperationForm:
        return FORMS[self.operation]

    @cached_property
    def files(self) -> Mapping[Role, Kind]:
        """The file fields that this model may be given."""
        return self.form.files | ({Role.REFERENCE: Kind.IMAGE} if self.reference else {})

    def made_of(self, clip_seconds: float | None) -> float:
        """Seconds of video that a job yields: of a clip's length, where one is given and it is known, as far as the
        model takes it."""
        if clip_seconds is None or Kind.VIDEO not in self.form.files.values():
            return self.output_seconds
        return min(clip_seconds, float(self.max_input_seconds))

    @cached_property
    def usual_price(self) -> Price:
        """Where nothing is chosen that has a price of its own."""
        return Price(dollars_per_video=self.dollars_per_video, dollars_per_second=self.dollars_per_second)

    def price(self, seconds: float, videos: float = 1, *, chosen: Collection[str] = ()) -> float:
        """US dollars for so many seconds of video. `chosen` are the resolution that is asked for, and "audio" where
        sound is; where both have a price, the higher one holds."""
        own = [price for name, price in self.prices.items() if name in chosen]
        return max(price.of(seconds, videos) for price in own or [self.usual_price])

    def billed(self, units: float, *, chosen: Collection[str] = ()) -> float:
        """US dollars for so many of what its price is for: seconds, or videos."""
        return self.price(units, units, chosen=chosen)

    @property
    def deadline(self) -> timedelta:
        return timedelta(minutes=self.deadline_minutes)
