"""Bring the translations in step with the English sentences: `python scripts/update_catalogues.py`.

Run it after changing either. Every `bot/wording/locale/<language>.po` gets the keys of `bot/wording/english.py`, in its
order. A sentence whose English changed is marked fuzzy until somebody has looked at its translation. To begin a
language, name it: `python scripts/update_catalogues.py fr`.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

sys.path.insert(0, str(Path(__file__).parents[1]))

from bot.wording import SENTENCES
from bot.wording.catalogues import FOLDER, catalogue_files


def read(path: Path) -> Catalog:
    """The catalogue as it is on the disk."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem)


def new_catalogue(language: str) -> Catalog:
    """A catalogue without any translation. Raises `UnknownLocaleError` or `ValueError` where that is no language."""
    known = Locale.parse(language)
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    header = f"# {known.english_name} sentences of Clapper. The keys are the contexts; see bot/wording/english.py."
    return Catalog(
        locale=language,
        project="Clapper",
        header_comment=header,
        last_translator="Clapper",
        language_team=language,
        creation_date=now,
        revision_date=now,
        fuzzy=False,
    )


def in_step(old: Catalog) -> Catalog:
    """The catalogue with the keys of the English sentences and no others, keeping what is translated."""
    new = Catalog(locale=old.locale, project="Clapper", header_comment=old.header_comment, fuzzy=False)
    new.mime_headers = [(name, value) for name, value in old.mime_headers if not name.startswith("Generated")]
    new.creation_date, new.revision_date = old.creation_date, old.revision_date
    for key, sentence in SENTENCES.items():
        known = next((m for m in old if m.context == key), None)
        stale = known is not None and (known.id != sentence or known.fuzzy)
        new.add(sentence, known.string if known else "", context=key, flags={"fuzzy"} if stale else ())
    return new


def untranslated(catalogue: Catalog) -> int:
    """How many sentences are told in English instead."""
    return sum(1 for message in catalogue if message.id and (not message.string or message.fuzzy))


def source(catalogue: Catalog) -> bytes:
    """The text of the `.po` file."""
    out = BytesIO()
    write_po(out, catalogue, width=0, no_location=True)
    return out.getvalue()


def main(languages: list[str]) -> None:
    for language in languages:
        path = FOLDER / f"{language}.po"
        try:
            if not path.exists():
                path.write_bytes(source(new_catalogue(language)))
        except (UnknownLocaleError, ValueError):
            sys.exit(f"{language} is no language that Babel knows; write it as in pt or pt_BR")
    for path in catalogue_files():
        catalogue = in_step(read(path))
        path.write_bytes(source(catalogue))
        print(f"{path}: {len(catalogue)} sentences, {untranslated(catalogue)} to translate")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("languages", nargs="*", help="languages to begin, as in pt or pt_BR")
    main(parser.parse_args().languages)
