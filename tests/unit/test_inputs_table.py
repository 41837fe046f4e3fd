"""The page of accepted inputs says what the code does."""

from __future__ import annotations

from bot.media.sniff import FORMATS
from scripts.inputs_table import PAGE, page


def test_the_page_of_inputs_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python scripts/inputs_table.py"


def test_the_page_names_every_format_once() -> None:
    lines = page().splitlines()
    for form in FORMATS:
        assert sum(line.startswith(f"| {form.name} |") for line in lines) == 1
