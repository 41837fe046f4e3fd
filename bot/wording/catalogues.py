"""The translations: one `locale/<language>.po` for each language, compiled in memory when it is first needed.

`python scripts/update_catalogues.py` brings the files in step with the English sentences.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from bot.rules.languages import LANGUAGES, PSEUDO, SOURCE, line_of, nearest
from bot.wording.counted import COUNTED
from bot.wording.english import SENTENCES
from bot.wording.plurals import plural_form_of
from bot.wording.pseudo import accented

FOLDER = Path(__file__).parent / "locale"


class Told(NamedTuple):
    """A sentence in one language: a form for each of its plurals, or one alone. `language` is the one it is told in,
    which is English where there is no translation."""

    language: str
    forms: tuple[str, ...]

    def form(self, count: int | Decimal | None = None) -> str:
        """The form that goes with the number; the one for most numbers where there is none."""
        if count is None or len(self.forms) == 1:
            return self.forms[-1]
        return self.forms[plural_form_of(self.language, count)]


def catalogue_files() -> list[Path]:
    """The file of every language but English."""
    return sorted(FOLDER.glob("*.po"))


def languages_spoken() -> tuple[str, ...]:
    """The codes of the listed languages that have a file, and of English, in the order of the list."""
    return tuple(language.code for language in LANGUAGES if language.code in _with_file())


@lru_cache(maxsize=64)  # Discord has some thirty locales; a forged one pushes an old one out
def language_of(locale: str | None) -> str:
    """The language in which a reader with Discord's `locale` ("de", "pt-BR") is told everything; English at last."""
    if locale == PSEUDO:
        return PSEUDO
    listed = nearest(locale or "")
    line = line_of(listed) if listed else (SOURCE,)
    return next(code for code in line if code in _with_file())


@cache
def _with_file() -> frozenset[str]:
    return frozenset(path.stem for path in catalogue_files()) | {SOURCE}


@cache
def sentences_in(language: str) -> Mapping[str, Told]:
    """Every sentence by key in a language that `language_of` named.

    The language that it falls back to stands in for what is not translated, and for a translation whose English has
    changed since.
    """
    if language == SOURCE:
        return MappingProxyType({key: Told(SOURCE, english_forms(key)) for key in SENTENCES})
    if language == PSEUDO:
        return MappingProxyType({key: Told(SOURCE, tuple(map(accented, english_forms(key)))) for key in SENTENCES})
    below = next(code for code in line_of(language)[1:] if code in _with_file())
    return MappingProxyType({**sentences_in(below), **_translated(language)})


def english_forms(key: str) -> tuple[str, ...]:
    """The sentence for one and for more, or alone where no number decides."""
    if key not in COUNTED:
        return (SENTENCES[key],)
    return (COUNTED[key].one or SENTENCES[key], SENTENCES[key])


def _translated(language: str) -> dict[str, Told]:
    from babel.messages.pofile import read_po  # noqa: PLC0415  # a megabyte that English does without

    with (FOLDER / f"{language}.po").open("rb") as file:
        messages = [message for message in read_po(file) if message.id and not message.fuzzy]
    found = {}
    for message in messages:
        key, forms = str(message.context), as_forms(message.string)
        if key in SENTENCES and as_forms(message.id) == english_forms(key) and all(forms):
            found[key] = Told(language, forms)
    return found


def as_forms(text: object) -> tuple[str, ...]:
    """What a `.po` file says of a message, as one form or several."""
    return tuple(map(str, text)) if isinstance(text, tuple | list) else (str(text or ""),)
