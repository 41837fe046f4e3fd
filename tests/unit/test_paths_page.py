"""The page of motion paths says what the code does, and every example on it is a path."""

from __future__ import annotations

import pytest

from bot.rules.catalog import load_catalog
from bot.rules.trajectory import parse
from bot.rules.trajectory.geometry import PRESETS
from scripts.paths_page import PAGE, page


def test_the_page_of_paths_is_what_the_code_says() -> None:
    if PAGE.read_text(encoding="utf-8") != page():
        pytest.fail("docs/paths.md is not what the code says any more: run `make generate`", pytrace=False)


@pytest.mark.parametrize("name", [preset.name for preset in PRESETS])
def test_every_path_of_the_page_is_one(name: str) -> None:
    assert f"`{name}`" in page()
    assert len(parse(name, load_catalog().get("lucy-motion"))) > 1
