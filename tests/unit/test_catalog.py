from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import ModelUnknown, SettingsError
from bot.rules.catalog import FORMS, Kind, Model, Operation, PromptRule, Role, load_catalog
from bot.rules.requests import Attachment, Inputs, compose
from sandbox.queue_api import models as stand_in
from sandbox.render.operations import Operation as Drawn

IN_THE_STAND_IN = {
    Operation.TEXT_TO_VIDEO: Drawn.TEXT,
    Operation.IMAGE_TO_VIDEO: Drawn.IMAGE,
    Operation.VIDEO_TO_VIDEO: Drawn.VIDEO,
    Operation.FIRST_LAST_FRAME: Drawn.FIRST_LAST,
    Operation.MOTION: Drawn.MOTION,
    Operation.RESTYLE: Drawn.RESTYLE,
    Operation.EDIT: Drawn.EDIT,
    Operation.TRY_ON: Drawn.TRY_ON,
    Operation.IMAGE_EDIT: Drawn.PICTURE,
}


def as_the_stand_in_should_have_it(model: Model) -> stand_in.Model:
    width, height = model.frame
    return stand_in.Model(
        IN_THE_STAND_IN[model.operation],
        width,
        height,
        model.fps,
        tuple(model.resolutions),
        turns=bool(model.orientations),
        reference=model.reference,
        enhance=model.enhance,
    )


def line(name: str, model: stand_in.Model) -> str:
    """How `MODELS` of sandbox/queue_api/models.py says it."""
    parts = [f"Operation.{model.operation.name}", str(model.width), str(model.height), str(model.fps)]
    parts += [] if model.resolutions == ("720p",) else [repr(model.resolutions)]
    parts += [f"{flag}=True" for flag in ("turns", "reference", "enhance") if getattr(model, flag)]
    return f'    "{name}": Model({", ".join(parts)}),'


def operator_file(folder: Path, text: str) -> Path:
    path = folder / "models.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_stand_in_has_the_models_of_the_catalogue() -> None:
    """Two tables that share no code, so that a slip in one shows. This is the one test that a new model fails."""
    wanted = {m.name: as_the_stand_in_should_have_it(m) for m in load_catalog() if m.endpoint is None}
    differ = [name for name in wanted if stand_in.MODELS.get(name) != wanted[name]]
    unknown = [name for name in stand_in.MODELS if name not in wanted]
    if differ or unknown:
        told = ["bot/rules/catalog.toml and MODELS in sandbox/queue_api/models.py differ. If the catalogue is right,"]
        told += ["add or change there:", *(line(name, wanted[name]) for name in differ)] if differ else []
        told += ["remove there:", *(line(name, stand_in.MODELS[name]) for name in unknown)] if unknown else []
        pytest.fail("\n".join(told), pytrace=False)


@pytest.mark.parametrize("operation", Operation)
def test_every_operation_has_models_and_exactly_one_default_which_comes_first(operation: Operation) -> None:
    models = load_catalog().of(operation)
    assert [model.default for model in models] == [True] + [False] * (len(models) - 1)
    assert len({model.title.casefold() for model in models}) == len(models)
    assert all(model.note for model in models)
    assert load_catalog().choose(operation, None) is not None


def test_a_replacement_is_a_model_of_the_same_operation() -> None:
    catalog = load_catalog()
    for model in catalog:
        if model.replaced_by is not None:
            assert catalog.get(model.replaced_by).operation is model.operation


def test_the_forms_are_those_of_the_service() -> None:
    assert {operation: (form.prompt, form.files, form.trajectory) for operation, form in FORMS.items()} == {
        Operation.TEXT_TO_VIDEO: (PromptRule.REQUIRED, {}, False),
        Operation.IMAGE_TO_VIDEO: (PromptRule.REQUIRED, {Role.DATA: Kind.IMAGE}, False),
        Operation.VIDEO_TO_VIDEO: (PromptRule.REQUIRED, {Role.DATA: Kind.VIDEO}, False),
        Operation.FIRST_LAST_FRAME: (PromptRule.REQUIRED, {Role.START: Kind.IMAGE, Role.END: Kind.IMAGE}, False),
        Operation.MOTION: (PromptRule.ABSENT, {Role.DATA: Kind.IMAGE}, True),
        Operation.RESTYLE: (PromptRule.EXACTLY_ONE, {Role.DATA: Kind.VIDEO}, False),
        Operation.EDIT: (PromptRule.AT_LEAST_ONE, {Role.DATA: Kind.VIDEO}, False),
        Operation.TRY_ON: (PromptRule.AT_LEAST_ONE, {Role.DATA: Kind.VIDEO}, False),
        Operation.IMAGE_EDIT: (PromptRule.REQUIRED, {Role.DATA: Kind.IMAGE}, False),
    }


def test_models_are_chosen_by_name_or_title_in_any_case() -> None:
    catalog = load_catalog()
    assert catalog.choose(Operation.EDIT, "LUCY-2.6").name == "lucy-2.6"
    assert catalog.choose(Operation.EDIT, "lucy 2.6").name == "lucy-2.6"
    assert catalog.choose(Operation.EDIT, None).name == "lucy-2.5"
    for name in ("lucy-clip", "", "sora"):
        with pytest.raises(ModelUnknown) as caught:
            catalog.choose(Operation.EDIT, name)
        assert "Lucy 2.6" in str(caught.value.facts["choices"])


def test_an_unknown_name_is_told_with_the_choices() -> None:
    with pytest.raises(ModelUnknown) as caught:
        load_catalog().get("sora")
    assert caught.value.facts["model"] == "sora"
    assert "lucy-pro-t2v" in str(caught.value.facts["choices"])
    assert "sora" not in load_catalog()
    assert "lucy-pro-t2v" in load_catalog()


def test_an_operator_adds_a_model_and_it_is_used_by_its_command(tmp_path: Path) -> None:
    path = operator_file(
        tmp_path,
        '[models."own-model"]\noperation = "edit"\ntitle = "Own Model"\n'
        "frame = [1920, 1080]\nfps = 30\nreference = true\n",
    )
    model = load_catalog(path).choose(Operation.EDIT, "own model")
    files = {Role.DATA: Attachment(url="u", filename="a.mp4", size_bytes=1)}
    assert compose(model, Inputs(prompt="snow"), files).model == "own-model"
    assert load_catalog(path).of(Operation.EDIT)[0].name == "lucy-2.5"
    assert "own-model" not in load_catalog()


def test_an_operator_hides_a_model_and_old_jobs_still_find_it(tmp_path: Path) -> None:
    catalog = load_catalog(operator_file(tmp_path, '[models."lucy-fast-v2v"]\nhidden = true\n'))
    assert "lucy-fast-v2v" not in {model.name for model in catalog.of(Operation.VIDEO_TO_VIDEO)}
    with pytest.raises(ModelUnknown):
        catalog.choose(Operation.VIDEO_TO_VIDEO, "lucy-fast-v2v")
    assert catalog.get("lucy-fast-v2v").hidden
    with pytest.raises(ModelUnknown) as caught:
        catalog.get("sora")
    assert "lucy-fast-v2v" not in str(caught.value.facts["choices"])


def test_an_operator_renames_a_model_and_keeps_the_rest(tmp_path: Path) -> None:
    catalog = load_catalog(
        operator_file(tmp_path, '[models."lucy-clip"]\ntitle = "House Clip"\ndollars_per_video = 9\n')
    )
    model = catalog.choose(Operation.VIDEO_TO_VIDEO, "house clip")
    assert (model.name, model.dollars_per_video, model.fps, model.default) == ("lucy-clip", 9, 25, False)


def test_an_operators_default_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    catalog = load_catalog(operator_file(tmp_path, '[models."lucy-2.6"]\ndefault = true\n'))
    assert catalog.choose(Operation.EDIT, None).name == "lucy-2.6"
    assert [model.name for model in catalog.of(Operation.EDIT) if model.default] == ["lucy-2.6"]
    assert catalog.choose(Operation.TRY_ON, None).name == "lucy-vton-latest"


def test_the_default_of_an_operation_to_which_a_model_was_moved_is_undone_there(tmp_path: Path) -> None:
    path = operator_file(tmp_path, '[models."lucy-2.6"]\noperation = "tryon"\ndefault = true\n')
    catalog = load_catalog(path)
    assert catalog.choose(Operation.TRY_ON, None).name == "lucy-2.6"
    assert catalog.choose(Operation.EDIT, None).name == "lucy-2.5"


def test_hiding_the_default_leaves_the_next_model_as_the_usual_one(tmp_path: Path) -> None:
    catalog = load_catalog(operator_file(tmp_path, '[models."lucy-pro-i2v"]\nhidden = true\n'))
    assert catalog.choose(Operation.IMAGE_TO_VIDEO, None).name == "lucy-dev-i2v"


def test_an_operation_without_models_says_so(tmp_path: Path) -> None:
    catalog = load_catalog(operator_file(tmp_path, '[models."lucy-motion"]\nhidden = true\n'))
    with pytest.raises(ModelUnknown) as caught:
        catalog.choose(Operation.MOTION, None)
    assert caught.value.facts["model"] == "motion"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("models = 3", ["models are tables"]),
        ("[models]\nlucy = 3", ["models are tables"]),
        ("[models", ["not TOML"]),
        ('[model."lucy-clip"]\nhidden = true', ["model"]),
        ('[models."lucy-clip"]\ncolour = "red"', ["lucy-clip", "colour"]),
        ('[models."lucy-clip"]\nname = "other"', ["lucy-clip", "name"]),
        ('[models."lucy-clip"]\nfps = 0', ["lucy-clip", "fps"]),
        ('[models."lucy-clip"]\nframe = [0, 704]', ["lucy-clip", "frame"]),
        ('[models."lucy-clip"]\nframe = [1280]', ["lucy-clip", "frame"]),
        ('[models."lucy-clip"]\nresolutions = ["4k"]', ["lucy-clip", "resolutions"]),
        ('[models."lucy-clip"]\noperation = "dance"', ["lucy-clip", "operation"]),
        ('[models."lucy-clip"]\noutput_seconds = inf', ["lucy-clip", "output_seconds"]),
        ('[models."lucy-clip"]\nreplaced_by = "nowhere"', ["lucy-clip", "replaced_by", "nowhere"]),
        ('[models."a/b"]\noperation = "edit"\ntitle = "x"\nframe = [2, 2]\nfps = 1', ["a/b", "name"]),
        ('[models."new"]\ntitle = "New"', ["new", "operation"]),
        (
            '[models."lucy-2.5"]\ndefault = true\n[models."lucy-2.6"]\ndefault = true',
            ["lucy-2.5", "lucy-2.6", "default"],
        ),
        ('[models."lucy-2.5"]\ntitle = "LUCY 2.6"', ["lucy-2.5", "lucy-2.6", "title"]),
    ],
)
def test_an_operators_file_that_cannot_be_used_is_told_in_one_line(tmp_path: Path, text: str, names: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        load_catalog(operator_file(tmp_path, text))
    message = str(caught.value)
    assert "CATALOG_FILE" in message
    assert "models.toml" in message
    assert "\n" not in message
    assert all(name in message for name in names), message


def test_an_operators_file_that_is_not_there_or_not_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"CATALOG_FILE .* can't be read"):
        load_catalog(tmp_path / "none.toml")
    with pytest.raises(SettingsError, match=r"CATALOG_FILE .* can't be read"):
        load_catalog(tmp_path)
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"CATALOG_FILE .* is not TOML"):
        load_catalog(binary)


def test_a_reference_is_one_of_a_models_files_only_where_it_takes_one() -> None:
    catalog = load_catalog()
    assert catalog.get("lucy-clip").files == {Role.DATA: Kind.VIDEO, Role.REFERENCE: Kind.IMAGE}
    assert catalog.get("lucy-fast-v2v").files == {Role.DATA: Kind.VIDEO}
    assert catalog.get("lucy-pro-t2v").deadline.total_seconds() == 20 * 60
    assert isinstance(catalog.get("lucy-clip"), Model)


def test_a_picture_costs_by_its_resolution_and_without_one_what_the_dearer_costs() -> None:
    model = load_catalog().get("lucy-image-2")
    for resolution, dollars in (("480p", 0.01), ("720p", 0.02), (None, 0.02)):
        inputs = Inputs.model_validate({"prompt": "in winter", "resolution": resolution})
        assert model.price(0, chosen=inputs.priced) == dollars
