"""Write the table of spellings in docs/admins.md: `make generate` after changing how prompts are folded.

Whether a spelling is caught is asked of the code; a test keeps the page and the code in step.
"""

from __future__ import annotations

import argparse
import sys
import unicodedata
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bot.rules.folding import is_invisible
from bot.rules.prompts import WordRule, judge

PAGE = Path(__file__).parents[1] / "docs" / "admins.md"
START = "<!-- The table is made by scripts/spellings_table.py. -->\n"
END = "<!-- The end of the table. -->\n"
WORD = "castle"

SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "capitals, wide letters, accents": (
        "CASTLE", "CaStLe", "ｃａｓｔｌｅ", "çàśțļé", "c\u0336a\u0336s\u0336t\u0336l\u0336e\u0336",
        "c\u0308\u0303\u0302á\u0308\u0303s\u0308t\u0303l\u0302é", "c\u20dda\u20dds\u20ddt\u20ddl\u20dde\u20dd",
    ),
    "letters in another style": (
        "𝐜𝐚𝐬𝐭𝐥𝐞", "𝒸𝒶𝓈𝓉𝓁ℯ", "𝔠𝔞𝔰𝔱𝔩𝔢", "𝕔𝕒𝕤𝕥𝕝𝕖", "𝚌𝚊𝚜𝚝𝚕𝚎", "ᶜᵃˢᵗˡᵉ", "cₐₛₜₗₑ", "ᴄᴀsᴛʟᴇ",
    ),
    "letters in circles, squares and flags": (
        "ⓒⓐⓢⓣⓛⓔ", "🅒🅐🅢🅣🅛🅔", "🄲🄰🅂🅃🄻🄴", "🅲🅰🆂🆃🅻🅴", "⒞⒜⒮⒯⒧⒠", "🇨🇦🇸🇹🇱🇪", "🇨 🇦 🇸 🇹 🇱 🇪",
    ),
    "letters of other alphabets that look the same": (
        "саѕтӏе", "сastle", "cаstle", "castӏe", "cαstle", "ϲɑstlе", "Ϲаѕtⅼе", "САЅТLЕ",
    ),
    "turned, hooked and dotless letters": (
        "casʇlǝ", "cɐstle", "caꜱtle", "ƈastle", "castłe", "ȼastle", "castlɛ",
    ),
    "digits and signs used as letters": (
        "c4stle", "c@stle", "ca5tle", "ca$tle", "cas7le", "cast1e", "cast|e", "castl3", "¢astle", "c@$713",
        "cas+le", "castl€", "cast£e",
    ),
    "capital I for l, and l for I": (
        "castIe", "CASTlE",
    ),
    "one letter as `*`": (
        "c*stle", "cast*e", "ca**le",
    ),
    "letters stretched": (
        "castleeee", "caaaastle", "cccaaassstttllleee",
    ),
    "spelt out, with anything between": (
        "c a s t l e", "c  a  s  t  l  e", "c.a.s.t.l.e", "c-a-s-t-l-e", "c_a_s_t_l_e", "c*a*s*t*l*e",
        "c/a/s/t/l/e", "c|a|s|t|l|e", "c, a, s, t, l, e", "c\na\ns\nt\nl\ne", "c🔥a🔥s🔥t🔥l🔥e",
        "c 🔥 a 🔥 s 🔥 t 🔥 l 🔥 e", "(c)(a)(s)(t)(l)(e)", "c·a·s·t·l·e", "c~a~s~t~l~e", "c•a•s•t•l•e",
        "a c a s t l e",
    ),
    "cut in two by a sign or a narrow space": (
        "cas.tle", "cas-tle", "ca_stle", "cas/tle", "cas...tle", "cas\u2009tle", "cas\u200atle", "cas🔥tle",
    ),
    "one consonant cut off by a space": (
        "c astle",
    ),
    "backwards": (
        "eltsac", "e l t s a c", "3l7s@c", "\u202eeltsac", "\u202eeltsac\u202c",
    ),
    "with what can't be seen inside": (
        "ca\u200bstle", "ca\u200cstle", "ca\u200dstle", "ca\u2060stle", "ca\ufeffstle", "ca\xadstle",
        "ca\u034fstle", "ca\u061cstle", "ca\u115fstle", "ca\u1160stle", "ca\u17b4stle", "ca\u180bstle",
        "ca\u180estle", "ca\u2062stle", "ca\u2800stle", "ca\u3164stle", "ca\uffa0stle", "ca\ufe0fstle",
        "ca\ufffcstle", "ca\U000e0061stle", "ca\U000e0101stle", "ca\U0001d173stle", "ca\u206astle",
        "ca\u2066stle\u2069", "c\u200ba\u200bs\u200bt\u200bl\u200be",
    ),
    "with control, private-use or unassigned characters inside": (
        "ca\x07stle", "ca\x7fstle", "ca\x80stle", "ca\ue000stle", "ca\U000f0000stle", "ca\U0010fffdstle",
        "ca\u0378stle", "ca\uffffstle", "ca\ufdd0stle", "ca\U000efffestle",
    ),
}  # fmt: skip
"""Ways to write `WORD` that are caught, by what they have in common."""

NOT_CAUGHT: Mapping[str, tuple[str, ...]] = {
    "other words, and longer ones that contain it": (
        "castles", "newcastle", "castling", "forecastle", "chateau",
    ),
    "cut in two by a space": (
        "cas tle", "castl e", "ca stle",
    ),
    "with an apostrophe": (
        "cas'tle",
    ),
    "letters left out, added or swapped": (
        "cstle", "csatle", "cassle", "kastle", "castlle",
    ),
    "letters drawn from several signs": (
        "c/\\stle", "(astl(-", "(as~|~le",
    ),
    "the letters in pictures, or in another code": (
        "🏰", "-.-. .- ... - .-.. .", "Y2FzdGxl", "63 61 73 74 6c 65", "⠉⠁⠎⠞⠇⠑",
    ),
    "all in digits": (
        "045713",
    ),
}  # fmt: skip
"""Ways that are not; those who write so are left to the moderators' eyes."""

SHOWN = 4


def is_caught(spelling: str) -> bool:
    """Whether a rule for `WORD` catches a prompt with the spelling in it."""
    return judge((WordRule(pattern=WORD),), f"the {spelling}") is not None


def table() -> str:
    """The table, in Markdown."""
    rows = [
        f"| {how} | {_shown(spellings)} | {_verdict(spellings)} |"
        for how, spellings in {**SPELLINGS, **NOT_CAUGHT}.items()
    ]
    return "\n".join([f"| `{WORD}` written with | for example | is it caught? |", "|---|---|---|", *rows, ""])


def page(old: str) -> str:
    """The page with the table of now. Raises `ValueError` where it has no place for one."""
    before, start, rest = old.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(f"{PAGE.name} has no place for the table")
    return f"{before}{START}\n{table()}\n{END}{after}"


def _verdict(spellings: tuple[str, ...]) -> str:
    answers = {is_caught(spelling) for spelling in spellings}
    return "sometimes" if len(answers) > 1 else "yes" if True in answers else "no"


def _shown(spellings: tuple[str, ...]) -> str:
    return ", ".join(f"`{''.join(map(_visible, spelling))}`" for spelling in spellings[:SHOWN])


def _visible(char: str) -> str:
    if is_invisible(char) or char == "\n" or (unicodedata.category(char) == "Zs" and char != " "):
        return f"[{ord(char):04X}]"
    return "\\|" if char == "|" else char


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
