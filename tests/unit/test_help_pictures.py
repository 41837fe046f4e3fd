"""The pictures that `/help` shows: one of each page in English and each language that has some, and light."""

from __future__ import annotations

import pytest
from PIL import Image

from bot.chat.help_pages import PICTURES, HelpPage, help_files, picture_name
from bot.rules.languages import LANGUAGES, SOURCE

PICTURED = sorted({path.name.split(".")[1] for path in PICTURES.iterdir()})


@pytest.mark.parametrize("language", PICTURED)
@pytest.mark.parametrize("page", HelpPage)
def test_each_page_has_a_picture_in_each_language(page: HelpPage, language: str) -> None:
    with Image.open(PICTURES / picture_name(page, language)) as picture:
        picture.load()
        assert picture.format == "WEBP"
        assert picture.width >= 300


def test_they_are_light_and_no_others_are_shipped() -> None:
    expected = {picture_name(page, language) for page in HelpPage for language in PICTURED}
    assert {path.name for path in PICTURES.iterdir()} == expected
    assert {SOURCE} <= set(PICTURED) <= {language.code for language in LANGUAGES}
    assert sum(path.stat().st_size for path in PICTURES.iterdir()) < 100_000 * len(PICTURED)


def test_who_reads_another_language_sees_the_english_picture() -> None:
    [shown] = help_files(HelpPage.WORDS, "ja")
    assert shown.fp.read() == (PICTURES / picture_name(HelpPage.WORDS, SOURCE)).read_bytes()
