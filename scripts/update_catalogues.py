"""Bring the translations in step with the English sentences: `python scripts/update_catalogues.py`.

Run it after changing either. Every `bot/wording/locale/<language>.po` gets the keys of `bot/wording/english.py`, in its
order, and the notes for translators. A sentence whose English changed is marked fuzzy until somebody has looked at its
translation. To begin a language, give it its line in `bot/rules/languages.py` and name it:
`python scripts/update_catalogues.py pt-BR`.
"""

from __future__ import annotations

import argparse
import string
import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

sys.path.insert(0, str(Path(__file__).parents[1]))

from bot.rules.languages import LANGUAGES, SOURCE
from bot.wording import SENTENCES
from bot.wording.catalogues import FOLDER, as_forms, catalogue_files, english_forms
from bot.wording.counted import COUNTED
from bot.wording.english_notes import note_of
from bot.wording.plurals import cldr_locale, gettext_header, plural_forms

_HEADER = """# {name} sentences of Clapper. docs/translating.md says how they are translated.
# Above each sentence: where it is shown, and what the facts in its braces are. Its key, the msgctxt, stays.
# Plural forms of this language, by their numbers: {forms}."""

_NEEDLESS = (b'"Report-Msgid-Bugs-To', b'"POT-Creation-Date', b'"Last-Translator', b'"Language-Team', b'"Generated-By')
"""Headers that Babel writes and nobody reads."""


def read(path: Path) -> Catalog:
    """The catalogue as it is on the disk."""
    with path.open("rb") as file:
        return read_po(file)


def new_catalogue(code: str) -> Catalog:
    """A catalogue of the language without any translation. `code` is Discord's."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    catalogue = Catalog(project="Clapper", version="1", header_comment=_header(code), creation_date=now, fuzzy=False)
    return _with_headers(catalogue, code, now)


def _header(code: str) -> str:
    forms = ", ".join(f"{at} {name} ({_examples(code, name)})" for at, name in enumerate(plural_forms(code)))
    return _HEADER.format(name=cldr_locale(code).english_name, forms=forms)


def _examples(code: str, form: str) -> str:
    """Numbers that take the form."""
    rule = cldr_locale(code).plural_form
    found = [str(number) for number in range(1000) if rule(number) == form]
    return ", ".join(found[:4]) + (", …" if len(found) > 4 else "") if found else "decimals such as 1.5"


def _with_headers(catalogue: Catalog, code: str, revised: datetime) -> Catalog:
    catalogue.mime_headers = [
        ("PO-Revision-Date", f"{revised:%Y-%m-%d %H:%M%z}"),
        ("Language", code),
        ("Plural-Forms", gettext_header(code)),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "8bit"),
    ]
    return catalogue


def in_step(old: Catalog, code: str) -> Catalog:
    """The catalogue with the keys of the English sentences and no others, keeping what is translated."""
    new = Catalog(project="Clapper", version="1", header_comment=_header(code), fuzzy=False)
    revised = old.revision_date if isinstance(old.revision_date, datetime) else datetime.now(UTC)
    _with_headers(new, code, revised)
    known = {str(message.context): message for message in old if message.id}
    for key in SENTENCES:
        english = english_forms(key)
        message = known.get(key)
        kept = _kept(message, key, code)
        stale = message is not None and any(kept) and (as_forms(message.id) != english or message.fuzzy)
        new.add(
            english if key in COUNTED else english[0],
            kept if key in COUNTED else kept[0],
            context=key,
            flags={"fuzzy"} if stale else (),
            auto_comments=note_of(key, facts_of(english)),
            user_comments=message.user_comments if message else (),
        )
    return new


def _kept(message: Message | None, key: str, code: str) -> tuple[str, ...]:
    """What was translated, in as many forms as are needed."""
    wanted = len(plural_forms(code)) if key in COUNTED else 1
    had = as_forms(message.string) if message else ("",)
    return had if len(had) == wanted else (had[-1],) * wanted


def facts_of(forms: tuple[str, ...]) -> list[str]:
    """The names in braces, in the order in which they come."""
    found = [name for form in reversed(forms) for _, name, _, _ in string.Formatter().parse(form) if name]
    return list(dict.fromkeys(found))


def source(catalogue: Catalog) -> bytes:
    """The text of the `.po` file."""
    out = BytesIO()
    write_po(out, catalogue, width=0, no_location=True)
    return b"".join(line for line in out.getvalue().splitlines(keepends=True) if not line.startswith(_NEEDLESS))


def main(codes: list[str]) -> None:
    listed = {language.code for language in LANGUAGES} - {SOURCE}
    for code in codes:
        if code not in listed:
            sys.exit(f"{code} has no line in bot/rules/languages.py, which has {', '.join(sorted(listed))}")
        path = FOLDER / f"{code}.po"
        if not path.exists():
            path.write_bytes(source(new_catalogue(code)))
    for path in catalogue_files():
        path.write_bytes(source(in_step(read(path), path.stem)))
    print(f"{len(catalogue_files())} files are in step; `python scripts/languages.py` says what is to be translated")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("languages", nargs="*", help="languages to begin, as in pt or pt-BR")
    main(parser.parse_args().languages)
