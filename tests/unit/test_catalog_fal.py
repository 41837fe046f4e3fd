"""The models of the second service: what is shipped is what the stand-in's own table takes; wrong entries are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.errors import (
    DurationUnknown,
    InputNotTaken,
    OptionNotTaken,
    OrientationUnknown,
    PromptMissing,
    Refused,
    ResolutionUnknown,
    SeedOutOfRange,
    SettingsError,
)
from bot.fal.video_service import arguments_of
from bot.rules.catalog import SEED_MAX, Kind, Model, Operation, Role, ServiceName, load_catalog
from bot.rules.requests import Attachment, Inputs, check, compose
from bot.wording import sentence_of
from sandbox.fal.fields import Kind as FieldKind
from sandbox.fal.models import MODELS
from sandbox.fal.models import Model as StandInModel
from sandbox.fal.validation import check as checked_by_the_stand_in

ALONE: tuple[ServiceName, ...] = ("fal",)
BOTH: tuple[ServiceName, ...] = ("decart", "fal")
FAL = load_catalog(services=ALONE)


def every_input(model: Model) -> Inputs:
    return Inputs(
        prompt="a cat",
        seed=model.highest_seed,
        resolution=model.resolutions[-1],
        orientation=model.orientations[-1] if model.orientations else None,
        enhance_prompt=False if model.enhance else None,
        duration=model.durations[-1] if model.durations else None,
        audio=True if model.audio else None,
        avoid="fog" if model.avoid_max_chars else None,
    )


def at_the_stand_in(model: Model) -> StandInModel:
    if model.endpoint is None or model.endpoint not in MODELS:
        pytest.fail(f"add {model.endpoint!r} with its fields to sandbox/fal/models.py", pytrace=False)
    return MODELS[model.endpoint]


@pytest.mark.parametrize("model", tuple(FAL), ids=lambda model: model.name)
def test_what_a_shipped_model_is_sent_is_what_its_endpoint_takes(model: Model) -> None:
    assert model.endpoint is not None
    takes = at_the_stand_in(model)
    for inputs in (every_input(model), Inputs(prompt="a cat")):
        check(model, inputs, model.files)
        addresses = {model.fields[role]: "https://v3.fal.media/files/1" for role in model.files}
        checked_by_the_stand_in(takes, arguments_of(model, inputs) | addresses)
    kinds = {FieldKind.IMAGE: Kind.IMAGE, FieldKind.VIDEO: Kind.VIDEO}
    assert {role: kinds[takes.fields[model.fields[role]].kind] for role in model.files} == dict(model.files)
    assert model.note
    assert (model.dollars_per_second > 0) != (model.dollars_per_video > 0)


@pytest.mark.parametrize("model", tuple(FAL), ids=lambda model: model.name)
def test_the_price_is_the_endpoints_own_for_every_resolution_with_sound_and_without(model: Model) -> None:
    takes = at_the_stand_in(model)
    for resolution in (None, *model.resolutions):
        for audio in (None, False, True) if model.audio else (None,):
            named = resolution or model.constants.get("resolution", takes.resolution)
            dollars = takes.dollars.get(str(named), takes.dollars.get("", 0))
            if not audio and model.audio:
                dollars = takes.silent_dollars
            told = model.price(1, chosen=Inputs(resolution=resolution, audio=audio).priced)
            assert told == dollars > 0, (resolution, audio)
    assert takes.per_video == (model.dollars_per_video > 0)


def test_a_price_for_what_is_not_offered_is_told() -> None:
    for name in ("480p", "audio"):
        with pytest.raises(ValidationError, match=f"prices: {name} is not offered"):
            Model(**FAL.get("wan-2.7-edit").model_dump() | {"prices": {name: {"dollars_per_second": 1}}})


def test_our_words_become_the_models_own_and_what_was_given_replaces_what_is_always_sent() -> None:
    model = FAL.get("wan-2.2-turbo-t2v")
    inputs = Inputs(prompt="a cat", orientation="portrait", resolution="480p", seed=0)
    assert arguments_of(model, inputs) == {
        "prompt": "a cat", "aspect_ratio": "9:16", "resolution": "480p", "seed": 0, "enable_safety_checker": True,
        "enable_output_safety_checker": True,
    }  # fmt: skip
    assert arguments_of(model, Inputs(prompt="a cat"))["resolution"] == "720p"


def test_a_models_own_highest_seed_holds_and_one_without_seeds_takes_none() -> None:
    wan, edit = FAL.get("wan-2.7-t2v"), FAL.get("lucy-edit-pro")
    with pytest.raises(SeedOutOfRange) as caught:
        check(wan, Inputs(prompt="x", seed=2**31), [])
    assert caught.value.facts["highest"] == 2**31 - 1
    with pytest.raises(OptionNotTaken):
        check(edit, Inputs(prompt="x", seed=1), edit.files)
    assert load_catalog().get("lucy-pro-t2v").highest_seed == SEED_MAX


@pytest.mark.parametrize(
    ("services", "usual"),
    [
        (("decart",), {"t2v": "lucy-pro-t2v", "animate": "lucy-pro-i2v", "restyle": "lucy-restyle-2"}),
        (("fal",), {"t2v": "veo-3.1-lite", "animate": "wan-2.2-turbo-i2v", "restyle": "lucy-restyle-fal"}),
        (BOTH, {"t2v": "veo-3.1-lite", "flf2v": "wan-2.2-turbo-flf2v", "v2v": "lucy-2.5-v2v", "edit": "lucy-2.5"}),
    ],
)
def test_the_usual_model_of_a_command_is_one_of_a_service_that_there_is_a_key_for(
    services: tuple[ServiceName, ...], usual: dict[str, str]
) -> None:
    catalog = load_catalog(services=services)
    assert {name: catalog.choose(Operation(name), None).name for name in usual} == usual
    assert {model.service for model in catalog} == set(services)
    for operation in Operation:
        assert sum(model.default for model in catalog.of(operation)) <= 1


def test_an_operator_changes_models_of_both_services_whichever_has_a_key(tmp_path: Path) -> None:
    file = tmp_path / "models.toml"
    file.write_text('[models."veo-3.1-lite"]\nhidden = true\n[models."lucy-pro-t2v"]\ndefault = true\n')
    for services in (ALONE, BOTH):
        catalog = load_catalog(file, services)
        assert "veo-3.1-lite" not in [model.name for model in catalog.of(Operation.TEXT_TO_VIDEO)]
    assert load_catalog(file).choose(Operation.TEXT_TO_VIDEO, None).name == "lucy-pro-t2v"
    assert load_catalog(file, BOTH).choose(Operation.TEXT_TO_VIDEO, None).name == "lucy-pro-t2v"


FILE = Attachment(url="https://cdn.example/1", filename="1", size_bytes=1)
WITH_REFERENCE = (Role.DATA, Role.REFERENCE)


@pytest.mark.parametrize(
    ("model", "inputs", "roles", "error", "other"),
    [
        ("veo-3.1-lite", {"resolution": "480p"}, (), ResolutionUnknown, "Wan 2.2 Turbo (text)"),
        ("veo-3.1-lite", {"orientation": "square"}, (), OrientationUnknown, "Wan 2.2 Turbo (text)"),
        ("veo-3.1-lite", {"duration": 15}, (), DurationUnknown, "Wan 2.7 (text)"),
        ("wan-2.2-turbo-t2v", {"audio": True}, (), OptionNotTaken, "Veo 3.1 Lite (text)"),
        ("lucy-edit-pro", {}, WITH_REFERENCE, InputNotTaken, "Wan 2.7 Edit"),
        ("lucy-edit-pro", {"seed": 5}, (Role.DATA,), OptionNotTaken, "Wan 2.7 Edit"),
        ("lucy-restyle-fal", {"prompt": None}, WITH_REFERENCE, InputNotTaken, None),
        ("lucy-restyle-fal", {}, WITH_REFERENCE, InputNotTaken, None),
        ("wan-2.7-edit-words", {"enhance_prompt": False}, (Role.DATA,), OptionNotTaken, None),
    ],
)
def test_what_a_model_lacks_is_told_with_the_first_one_that_takes_it_where_there_is_one(
    model: str, inputs: dict[str, object], roles: tuple[Role, ...], error: type[Refused], other: str | None
) -> None:
    chosen = FAL.get(model)
    given = Inputs.model_validate({"prompt": "a cat"} | inputs)
    with pytest.raises(error) as caught:
        compose(chosen, given, dict.fromkeys(roles, FILE), among=FAL.of(chosen.operation))
    told = sentence_of(caught.value)
    assert told.startswith(chosen.title)
    assert caught.value.facts["other"] == other
    assert (f"choose {other}" in told) == (other is not None)
    assert ("another model" in told) is False


def test_a_model_by_words_alone_asks_for_words_alone() -> None:
    restyle = FAL.get("lucy-restyle-fal")
    with pytest.raises(PromptMissing):
        compose(restyle, Inputs(), {Role.DATA: FILE}, among=FAL.of(restyle.operation))


def own(more: str) -> str:
    return (
        '[models."own"]\noperation = "animate"\nservice = "fal"\nendpoint = "me/own"\ntitle = "Own"\n'
        f"frame = [1280, 720]\nfps = 24\n{more}\n"
    )


GOOD = 'fields = { prompt = "prompt", data = "image_url" }'
CHOICES = 'resolutions = ["720p", "480p"]\nfields = { prompt = "p", data = "i", resolution = "r" }'


def test_a_model_is_added_by_an_entry(tmp_path: Path) -> None:
    file = tmp_path / "models.toml"
    file.write_text(own(GOOD))
    assert load_catalog(file, ALONE).get("own").endpoint == "me/own"
    file.write_bytes(b"\xef\xbb\xbf" + own(GOOD).encode())  # as some editors begin a file
    assert load_catalog(file, ALONE).get("own").endpoint == "me/own"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (own(GOOD).replace('"fal"', '"sora"'), "service"),
        (own(GOOD).replace('endpoint = "me/own"\n', ""), "endpoint"),
        (own(GOOD).replace("me/own", "https://me/own"), "endpoint"),
        (own('fields = { prompt = "prompt" }'), "data has no field"),
        (own(GOOD + '\nvalues = { orientation = { portrait = "9:16" } }'), "values: orientation"),
        (own(GOOD + "\nseed_max = 5"), "seed is offered"),
        (own('fields = { prompt = "p", data = "i", seed = "seed" }'), "seed is offered"),
        (own('fields = { prompt = "p", data = "i", colour = "c" }'), "fields"),
        (own('fields = { prompt = "p", data = "i i" }'), "fields"),
        (own(GOOD + '\nresolutions = ["720p", "480p"]'), "resolution is offered"),
        (own(GOOD + "\ndollars_per_second = -1"), "dollars_per_second"),
        (own(GOOD + "\ndollars_per_video = -0.01"), "dollars_per_video"),
        (own(GOOD + "\nprices = { 720p = { dollars_per_second = -1 } }"), "prices.720p.dollars_per_second"),
        (own(GOOD + "\nseed_max = 4294967296"), "seed_max"),
        (own(GOOD + "\nconstants = { a = { b = 1 } }"), "constants"),
        (own(GOOD).replace('"animate"', '"motion"'), "trajectory"),
        (own('fields = { prompt = "p", data = "i", start = "s" }'), "start"),
        (own('fields = { prompt = "p", data = "i", reference_image = "r" }'), "reference_image"),
        (own('fields = { prompt = "p", data = "p" }'), "prompt and data go into one field, p"),
        (own(CHOICES + '\nvalues = { resolution = { "1080p" = "hd" } }'), "resolution has no 1080p"),
        (own(CHOICES + '\nvalues = { resolution = { "720p" = "hd" } }'), "resolution lacks 480p"),
        (own(GOOD + "\nconstants = { a = nan }"), "constants"),
        (own(GOOD + "\ndollars_per_second = nan"), "dollars_per_second"),
        (own(GOOD + '\ndollars_per_second = "cheap"'), "dollars_per_second"),
        (own(GOOD + "\ndollars_per_second = true"), "dollars_per_second"),
        (own(GOOD).replace('"Own"', '" "'), "title"),
        (own(GOOD).replace('"Own"', '"Own\\nOther"'), "title"),
        (own(GOOD + '\nshape_of = "lucy-2.5"'), "shape_of: 'lucy-2.5' is of another command"),
        ('[models."lucy-clip"]\nendpoint = "a/b"\n', "without slashes"),
        ('[models."lucy-clip"]\nseed_max = 5\n', "seed_max means nothing"),
    ],
)
def test_a_wrong_entry_is_told_in_one_line_that_names_it(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "models.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_catalog(file, BOTH)
    line = str(caught.value)
    assert "\n" not in line
    assert "Value error" not in line
    assert told in line
    assert "model 'own'" in line or "model 'lucy-clip'" in line
