"""Bring the catalogues in step with the table of sentences: `python scripts/wording.py` after changing either.

Every `clapper.po` gets the table's keys, in its order; sentences that changed are marked fuzzy until somebody has
looked at their translation; then the `.mo` files are made, which is all that the running bot reads.
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

sys.path.insert(0, str(Path(__file__).parents[1]))

from bot.wording import DOMAIN, LOCALES, SENTENCES


def catalogues() -> list[Path]:
    """Every language's source."""
    return sorted(LOCALES.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


def read(path: Path) -> Catalog:
    """The catalogue as it is on the disk."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3], domain=DOMAIN)


def in_step(old: Catalog) -> Catalog:
    """The catalogue with the table's keys and no others, keeping what is translated."""
    new = Catalog(locale=old.locale, domain=DOMAIN, project="Clapper", header_comment=old.header_comment, fuzzy=False)
    new.mime_headers = [(name, value) for name, value in old.mime_headers if not name.startswith("Generated")]
    new.creation_date, new.revision_date = old.creation_date, old.revision_date
    for key, sentence in SENTENCES.items():
        known = next((m for m in old if m.context == key), None)
        stale = known is not None and (known.id != sentence or known.fuzzy)
        new.add(sentence, known.string if known else "", context=key, flags={"fuzzy"} if stale else ())
    return new


def source(catalogue: Catalog) -> bytes:
    """The `.po`."""
    out = BytesIO()
    write_po(out, catalogue, width=0, no_location=True)
    return out.getvalue()


def compiled(catalogue: Catalog) -> bytes:
    """The `.mo`."""
    out = BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def main() -> None:
    for path in catalogues():
        catalogue = in_step(read(path))
        path.write_bytes(source(catalogue))
        path.with_suffix(".mo").write_bytes(compiled(catalogue))
        missing = sum(1 for m in catalogue if m.id and (not m.string or m.fuzzy))
        print(f"{path.parts[-3]}: {len(catalogue)} sentences, {missing} to translate")


if __name__ == "__main__":
    main()
