"""Write bot/rules/confusables.txt, which says what letters look like: `make generate` after a new lock.

It is Unicode's table of confusables (UTS 39), as the package confusable-homoglyphs has it, without what the bot never
asks for: the names, and the entries of ASCII.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Mapping
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

TABLE = Path(__file__).parents[1] / "bot" / "rules" / "confusables.txt"
PACKAGE = "confusable-homoglyphs"
UNICODE = "15.1"
"""The version that the package's data is of."""

_LEFT_TO_RIGHT = "\u200e"
"""The package keeps the marks that Unicode's file has around Hebrew and Arabic letters."""
_HEAD = f"""\
# What letters look like: after each tab the characters, before it what each of them is easily taken for.
# Made by scripts/confusables_table.py from {PACKAGE} {version(PACKAGE)}; a test keeps the two in step.
# The data is confusables.txt of Unicode {UNICODE} (UTS 39, Unicode Security Mechanisms).
# Copyright 1991-2023 Unicode, Inc. Used under the Unicode License (https://www.unicode.org/license.txt), which says:
# Permission is hereby granted, free of charge, to any person obtaining a copy of data files and any associated
# documentation (the "Data Files") or software and any associated documentation (the "Software") to deal in the Data
# Files or Software without restriction, including without limitation the rights to use, copy, modify, merge, publish,
# distribute, and/or sell copies of the Data Files or Software, and to permit persons to whom the Data Files or Software
# are furnished to do so, provided that either (a) this copyright and permission notice appear with all copies of the
# Data Files or Software, or (b) this copyright and permission notice appear in associated Documentation.
# THE DATA FILES AND SOFTWARE ARE PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT
# LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT OF THIRD PARTY
# RIGHTS. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR HOLDERS INCLUDED IN THIS NOTICE BE LIABLE FOR ANY CLAIM, OR ANY
# SPECIAL INDIRECT OR CONSEQUENTIAL DAMAGES, OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS,
# WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR
# PERFORMANCE OF THE DATA FILES OR SOFTWARE.
"""


def table() -> str:
    """The whole file."""
    by_look: dict[str, list[str]] = defaultdict(list)
    for char, looks_like in prototypes(_alike()).items():
        if len(char) == 1 and not char.isascii() and looks_like.strip():
            by_look[looks_like].append(char)
    lines = (f"{look}\t{''.join(sorted(chars))}\n" for look, chars in sorted(by_look.items()))
    return _HEAD + "".join(lines)


def prototypes(alike: Mapping[str, list[str]]) -> dict[str, str]:
    """What each text looks like. In the package each class is a star: one text with all of the others."""
    found = {}
    for text, others in alike.items():
        if len(others) > 1:
            continue  # the centre of its class
        (other,) = others
        is_pair = len(alike[other]) == 1
        if not is_pair or _rank(other) < _rank(text):
            found[text] = other
    return found


def _rank(text: str) -> tuple[bool, bool, int, str]:
    """Of two texts the lower one stands for both: several letters for one, one of ASCII for another."""
    return (not text.isascii(), len(text) == 1, -len(text), text)


def _alike() -> dict[str, list[str]]:
    data = json.loads((files("confusable_homoglyphs") / "confusables.json").read_text(encoding="utf-8"))
    bare = {text.strip(_LEFT_TO_RIGHT): [entry["c"].strip(_LEFT_TO_RIGHT) for entry in data[text]] for text in data}
    return {text: others for text, others in bare.items() if text}


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    TABLE.write_text(table(), encoding="utf-8")
