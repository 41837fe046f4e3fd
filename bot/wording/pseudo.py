"""English with every letter accented and a third longer, in brackets: what members see in `bot.rules.languages.PSEUDO`.

>>> accented("Press **Again**, or use /jobs: {number} more.")
'⟦Þŕéésś **Áággááíín**, óór úséé /jobs: {number} mórée.⟧'
"""

from __future__ import annotations

import re

_LETTERS = str.maketrans("AEIOUYaeiouycnszrgjdlkthwCNSZRGJDLKTHWPp", "ÁÉÍÓÚÝáéíóúýćńśžŕĝĵđłķţĥŵĆŃŚŽŔĜĴĐŁĶŢĤŴÞþ")
_AS_IT_IS = re.compile(r"(\{\w+\}|`[^`]*`|(?<!\w)/[a-z0-9]+|\]\([^)]*\))")
"""Facts, what is to be typed, names of commands and the addresses of links."""


def accented(sentence: str) -> str:
    """The sentence so; as it is where it has no words."""
    parts = _AS_IT_IS.split(sentence)
    words = "".join(parts[::2])
    if not any(char.isalpha() for char in words):
        return sentence
    wanted, given = len(words) // 3, 0
    made = []
    for at, part in enumerate(parts):
        if at % 2:
            made.append(part)
            continue
        for char in part:
            twice = char in "aeiou" and given < wanted
            given += twice
            made.append(char.translate(_LETTERS) * (1 + twice))
    return f"⟦{''.join(made)}{'·' * (wanted - given)}⟧"
