"""The page of accepted inputs says what the code does."""

from __future__ import annotations

import pytest

from bot.media.sniff import FORMATS
from scripts.inputs_page import PAGE, page


def test_the_page_of_inputs_is_what_the_code_says() -> None:
    if PAGE.read_text(encoding="utf-8") != page():
        pytest.fail("docs/inputs.md is not what the code says any more: run `make generate`", pytrace=False)


def test_the_page_names_every_format_once() -> None:
    lines = page().partition("## What is done")[0].splitlines()
    for form in FORMATS:
        assert sum(line.startswith(f"| {form.name} |") for line in lines) == 1
