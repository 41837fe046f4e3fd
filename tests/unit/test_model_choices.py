"""What a member reads of the models before one is chosen: title, price and speed, within what Discord takes."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from bot.chat.inputs.options import choice_name
from bot.rules.catalog import Catalog, Model, Operation, load_catalog
from cogs.help import _models

SHIPPED = load_catalog(services=("decart", "fal"))
LOCALES = ("en-US", "de")


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("model", tuple(SHIPPED), ids=lambda model: model.name)
def test_a_choice_has_title_price_and_speed_whatever_its_note_is(model: Model, locale: str) -> None:
    for note in (model.note, "", "n" * 100, "costs $1; " + "n" * 90):
        told = choice_name(model.model_copy(update={"note": note}), locale)
        assert len(told) <= 100
        assert told.startswith(model.title)
        assert re.search(r" (about|etwa) \d+ (min|s)", told)
        assert "$" in told
        assert model.form.makes.value == "video" or not re.search("a video|je Video", told)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("copies", [1, 12])
@pytest.mark.parametrize("resting", [False, True], ids=["served", "resting"])
def test_the_list_is_one_that_discord_takes_and_has_every_command_however_many_models_there_are(
    locale: str, copies: int, resting: bool
) -> None:
    many = Catalog(m.model_copy(update={"name": f"{m.name}{n}"}) for m in SHIPPED for n in range(copies))
    until = {model.name: datetime(2026, 1, 1, tzinfo=UTC) for model in many} if resting else {}
    embed = _models(many, until, locale)
    assert len(embed) <= 5600, "400 are left for what is to be said of a service in trouble"
    assert {field.name for field in embed.fields} == {f"/{operation}" for operation in Operation}
    assert all(len(field.value or "") <= 1024 for field in embed.fields)


def test_the_newest_is_marked_and_shown_and_neither_retired_models_nor_older_names_are() -> None:
    """As the Queue API has them; what is newest is said of what is served."""
    embed = _models(load_catalog(), {}, "en-US")
    lines = {field.name: (field.value or "").splitlines() for field in embed.fields}
    assert lines["/edit"][0].startswith("**Lucy 2.5** · the usual one")
    assert lines["/edit"][1].startswith("**Lucy 2.6** · the newest")
    assert lines["/v2v"][0].startswith("**Lucy 2.5 (video)** · the usual one · the newest")
    assert any("the newest" in line and "3.6" in line for line in lines["/tryon"])
    everything = "\n".join(line for found in lines.values() for line in found)
    for absent in ("Lucy Fast", "Try-on 2.1", "Lucy Pro (video)", "**Lucy Restyle** "):
        assert absent not in everything
    assert "Lucy Pro (text)" in everything, "where nothing else is served, it may be"
    without = _models(load_catalog(), {"lucy-2.6": datetime(2026, 11, 28, tzinfo=UTC)}, "en-US")
    edit = next(field.value or "" for field in without.fields if field.name == "/edit")
    assert edit.startswith("**Lucy 2.5** · the usual one · the newest")
