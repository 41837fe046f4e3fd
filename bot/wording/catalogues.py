"""The translations: one `locale/<language>.po` for each language, compiled in memory when it is first needed.

`python scripts/update_catalogues.py` brings the files in step with the English sentences.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType

from bot.wording.english import SENTENCES

FOLDER = Path(__file__).parent / "locale"

SOURCE_LANGUAGE = "en"


def catalogue_files() -> list[Path]:
    """The file of every language but English."""
    return sorted(FOLDER.glob("*.po"))


@lru_cache(maxsize=64)  # Discord has some thirty locales; a forged one pushes an old one out
def language_of(locale: str | None) -> str:
    """The language in which a reader with Discord's `locale` ("de", "pt-BR") is told everything.

    The country's own catalogue where there is one ("pt_BR"), else the language's ("pt"), else English.
    """
    name = (locale or "").replace("-", "_")
    return next((wanted for wanted in (name, name.partition("_")[0]) if wanted in _languages()), SOURCE_LANGUAGE)


@cache
def _languages() -> frozenset[str]:
    return frozenset(path.stem for path in catalogue_files())


@cache
def sentences_in(language: str) -> Mapping[str, str]:
    """Every sentence by key in a language that `language_of` named.

    English stands in for what is not translated, and for a translation whose English has changed since.
    """
    if language == SOURCE_LANGUAGE:
        return SENTENCES
    from babel.messages.pofile import read_po  # noqa: PLC0415  # a megabyte that English does without

    with (FOLDER / f"{language}.po").open("rb") as file:
        messages = [message for message in read_po(file, locale=language) if message.string and not message.fuzzy]
    translated = {
        str(message.context): str(message.string)
        for message in messages
        if message.id and message.id == SENTENCES.get(str(message.context))
    }
    return MappingProxyType({**SENTENCES, **translated})
