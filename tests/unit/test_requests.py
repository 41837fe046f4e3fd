from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.errors import (
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
from bot.rules.catalog import Model, Role, load_catalog
from bot.rules.requests import Attachment, Inputs, Point, VideoRequest, compose
from sandbox.queue_api import models as stand_in
from sandbox.queue_api.models import Words

CATALOG = load_catalog()
MODELS = sorted((model for model in CATALOG if model.name in stand_in.MODELS), key=lambda model: model.name)
LINE = (Point(frame=0, x=0, y=0), Point(frame=5, x=100, y=50))


def attachment(name: str = "a.png") -> Attachment:
    return Attachment(url=f"https://cdn.discordapp.com/{name}", filename=name, size_bytes=10)


def attached(*roles: Role) -> dict[Role, Attachment]:
    return {role: attachment() for role in roles}


def seen(prompt: str | None) -> str:
    """The prompt as it counts: nothing where all of it is spaces, joiners, marks of direction and blank letters."""
    text = (prompt or "").strip()
    blank = all(unicodedata.category(c) in {"Zs", "Zl", "Zp", "Cf"} or c in "\n\r\t\u3164\u2800\x1c" for c in text)
    return "" if blank else text


def plainly_valid(known: stand_in.Model, inputs: Inputs, roles: frozenset[Role]) -> bool:
    """Whether the stand-in's own table of models, which shares no code with the catalogue, allows the request."""
    text = seen(inputs.prompt)
    reference = Role.REFERENCE in roles
    words = {
        Words.PROMPT: bool(text),
        Words.NONE: not text,
        Words.ONE: bool(text) != reference,
        Words.ANY: bool(text) or reference,
    }
    return all(
        (
            len(text) <= 1000,
            not any(unicodedata.category(c) in {"Cc", "Cs"} and c not in "\r\n\t" for c in text),
            words[known.shape.words],
            {role.value for role in roles - {Role.REFERENCE}} == known.shape.files.keys(),
            known.reference or not reference,
            inputs.seed is None or 0 <= inputs.seed < 2**32,
            inputs.resolution is None or inputs.resolution in known.resolutions,
            inputs.orientation is None or known.turns,
            inputs.enhance_prompt is None or known.enhance,
            not inputs.enhance_prompt or bool(text),
            inputs.start_seconds is None or "video" in known.shape.files.values(),
            (inputs.trajectory is not None) == known.shape.trajectory,
        )
    )


PROMPTS = st.one_of(
    st.none(),
    st.sampled_from(
        [
            "",
            "  ",
            "\n",
            "\u200b \u3164",
            "\u2800",
            "\u202e",
            "a cat",
            " snow ",
            "x" * 1000,
            "x" * 1001,
            "🙂" * 1000,
            "🙂" * 1001,
            "a\x00b",
        ]
    ),
    st.text(max_size=30),
)
INPUTS = st.builds(
    Inputs,
    prompt=PROMPTS,
    seed=st.one_of(st.none(), st.sampled_from([-1, 0, 7, 2**32 - 1, 2**32]), st.integers()),
    resolution=st.sampled_from([None, "720p", "480p"]),
    orientation=st.sampled_from([None, "landscape", "portrait"]),
    enhance_prompt=st.sampled_from([None, True, False]),
    start_seconds=st.sampled_from([None, 0.0, 3.5]),
    trajectory=st.sampled_from([None, LINE]),
)
ROLES = st.frozensets(st.sampled_from(Role))


def assert_as_the_table_says(model: Model, inputs: Inputs, roles: frozenset[Role]) -> None:
    try:
        request = compose(model, inputs, attached(*roles))
    except Refused:
        assert not plainly_valid(stand_in.MODELS[model.name], inputs, roles)
    else:
        assert plainly_valid(stand_in.MODELS[model.name], inputs, roles)
        assert request.inputs.prompt == (seen(inputs.prompt) or None)
        assert VideoRequest.model_validate_json(request.model_dump_json()) == request


@given(model=st.sampled_from(MODELS), inputs=INPUTS, roles=ROLES)
def test_a_request_is_valid_exactly_where_the_table_says_so(
    model: Model, inputs: Inputs, roles: frozenset[Role]
) -> None:
    assert_as_the_table_says(model, inputs, roles)


@given(
    model=st.sampled_from(MODELS), prompt=PROMPTS, reference=st.booleans(), enhance=st.sampled_from([None, True, False])
)
def test_prompt_and_reference_go_together_as_the_table_says(
    model: Model, prompt: str | None, reference: bool, enhance: bool | None
) -> None:
    shape = stand_in.MODELS[model.name].shape
    trajectory = LINE if shape.trajectory else None
    inputs = Inputs(prompt=prompt, enhance_prompt=enhance, trajectory=trajectory)
    roles = frozenset(Role(name) for name in shape.files) | ({Role.REFERENCE} if reference else set())
    assert_as_the_table_says(model, inputs, roles)


def refused_with(error: type[Refused], name: str, inputs: Inputs, roles: Iterable[Role] = ()) -> dict[str, object]:
    with pytest.raises(error) as caught:
        compose(CATALOG.get(name), inputs, attached(*roles))
    assert type(caught.value) is error
    return dict(caught.value.facts)


def test_every_refusal_says_what_to_change() -> None:
    cat, data = Inputs(prompt="a cat"), (Role.DATA,)
    refused_with(PromptMissing, "lucy-pro-t2v", Inputs(prompt=" \n"))
    long = Inputs(prompt="🙂" * 1001)
    assert refused_with(PromptTooLong, "lucy-pro-t2v", long) == {"length": 1001, "limit": 1000}
    refused_with(PromptUnreadable, "lucy-pro-t2v", Inputs(prompt="a\x00b"))
    refused_with(PromptUnreadable, "lucy-pro-t2v", Inputs.model_construct(prompt="a\ud800b"))
    moving = Inputs(prompt="a cat", trajectory=LINE)
    assert refused_with(PromptWithoutUse, "lucy-motion", moving, data) == {"model": "Lucy Motion"}
    assert refused_with(SeedOutOfRange, "lucy-pro-t2v", Inputs(prompt="x", seed=2**32)) == {
        "lowest": 0,
        "highest": 2**32 - 1,
    }
    small = Inputs(prompt="x", resolution="480p")
    assert refused_with(ResolutionUnknown, "lucy-dev-i2v", small, data)["choices"] == "720p"
    tall = Inputs(prompt="x", orientation="portrait")
    assert refused_with(OptionNotTaken, "lucy-pro-i2v", tall, data)["option"] == "orientation"
    assert refused_with(OptionNotTaken, "lucy-pro-t2v", Inputs(prompt="x", enhance_prompt=False))["option"] == "enhance"
    assert refused_with(OptionNotTaken, "lucy-pro-t2v", moving)["option"] == "path"
    assert refused_with(InputMissing, "lucy-pro-flf2v", cat, [Role.START])["role"] == Role.END
    assert refused_with(InputNotTaken, "lucy-fast-v2v", cat, [Role.DATA, Role.REFERENCE])["role"] == Role.REFERENCE
    assert refused_with(InputNotTaken, "lucy-pro-t2v", cat, data)["role"] == Role.DATA
    refused_with(PromptOrReference, "lucy-2.1", Inputs(), data)
    refused_with(PromptOrReference, "lucy-restyle-2", Inputs(), data)
    refused_with(OnlyOneOfPromptAndReference, "lucy-restyle-2", cat, [Role.DATA, Role.REFERENCE])
    refused_with(EnhanceNeedsPrompt, "lucy-2.1", Inputs(enhance_prompt=True), [Role.DATA, Role.REFERENCE])
    refused_with(TrajectoryMissing, "lucy-motion", Inputs(), data)


def test_an_orientation_that_a_model_lacks_is_told_with_those_it_has() -> None:
    wide_only = CATALOG.get("lucy-pro-t2v").model_copy(update={"orientations": ("landscape",)})
    with pytest.raises(OrientationUnknown) as caught:
        compose(wide_only, Inputs(prompt="x", orientation="portrait"))
    assert caught.value.facts["choices"] == "landscape"


@pytest.mark.parametrize(
    "prompt", ["a\ncat\twalks\r\n", "@everyone **bold** <@1>", "שלום\u200f", "👩‍👩‍👧‍👦 family", "ﷺ"]
)
def test_prompts_in_any_script_and_with_any_formatting_are_taken_as_they_are(prompt: str) -> None:
    assert compose(CATALOG.get("lucy-pro-t2v"), Inputs(prompt=prompt)).inputs.prompt == prompt.strip()


def test_a_prompt_of_a_thousand_characters_inside_white_space_fits() -> None:
    request = compose(CATALOG.get("lucy-pro-t2v"), Inputs(prompt=f"  {'🙂' * 1000}\n"))
    assert request.inputs.prompt == "🙂" * 1000


POINTS = st.lists(
    st.builds(Point, frame=st.integers(0, 50), x=st.floats(0, 1500), y=st.floats(0, 900)), max_size=8
).map(tuple)


@given(POINTS)
@example(())
@example((Point(frame=0, x=1280, y=704), Point(frame=1, x=0, y=0)))
@example((Point(frame=0, x=1280.01, y=704), Point(frame=1, x=0, y=0)))
@example((Point(frame=1, x=1, y=1), Point(frame=1, x=2, y=2)))
def test_trajectories_are_valid_exactly_where_frames_rise_inside_the_frame(points: tuple[Point, ...]) -> None:
    frames = [point.frame for point in points]
    valid = (
        2 <= len(points) <= 1000
        and frames == sorted(set(frames))
        and all(0 <= point.x <= 1280 and 0 <= point.y <= 704 for point in points)
    )
    try:
        compose(CATALOG.get("lucy-motion"), Inputs(trajectory=points), attached(Role.DATA))
    except (TrajectoryInvalid, TrajectoryMissing):
        assert not valid
    else:
        assert valid


def test_a_trajectory_has_at_most_the_points_of_its_model() -> None:
    points = tuple(Point(frame=n, x=0, y=0) for n in range(1001))
    with pytest.raises(TrajectoryInvalid) as caught:
        compose(CATALOG.get("lucy-motion"), Inputs(trajectory=points), attached(Role.DATA))
    assert caught.value.facts["where"] == "1001 points"
    compose(CATALOG.get("lucy-motion"), Inputs(trajectory=points[:1000]), attached(Role.DATA))


@pytest.mark.parametrize("fields", [{"frame": -1}, {"x": -0.1}, {"y": float("nan")}, {"x": float("inf")}, {"z": 1}])
def test_a_point_that_is_no_place_cannot_be_made(fields: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Point.model_validate({"frame": 0, "x": 0, "y": 0} | fields)
