"""The page for admins says which spellings are caught, and they are."""

from __future__ import annotations

import pytest

from scripts.confusables_table import TABLE, table
from scripts.spellings_table import NOT_CAUGHT, PAGE, SPELLINGS, is_caught, page


def test_the_table_of_spellings_is_what_the_code_does() -> None:
    text = PAGE.read_text(encoding="utf-8")
    if text != page(text):
        pytest.fail("docs/admins.md is not what the code does any more: run `make generate`", pytrace=False)


@pytest.mark.parametrize("how", SPELLINGS)
def test_every_spelling_of_a_row_is_caught(how: str) -> None:
    assert [ascii(spelling) for spelling in SPELLINGS[how] if not is_caught(spelling)] == []


@pytest.mark.parametrize("how", NOT_CAUGHT)
def test_what_the_page_says_is_not_caught_is_not(how: str) -> None:
    assert [ascii(spelling) for spelling in NOT_CAUGHT[how] if is_caught(spelling)] == []


def test_the_table_holds_every_spelling_and_there_are_many() -> None:
    assert sum(map(len, SPELLINGS.values())) > 100
    assert "sometimes" not in page(PAGE.read_text(encoding="utf-8"))


def test_the_table_of_look_alikes_is_what_the_locked_package_says() -> None:
    if TABLE.read_text(encoding="utf-8") != table():
        pytest.fail("bot/rules/confusables.txt is not what the package says: run `make generate`", pytrace=False)
