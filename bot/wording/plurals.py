"""The plural forms of each language, after the Unicode CLDR: which there are, and which one a number takes.

A language's forms are those that numbers up to a million take, whole ones and decimals, in CLDR's order. A form for
whole millions alone (French, Spanish, Italian, Portuguese) is none of them: nothing here is counted that far.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.plural import PluralRule, to_gettext

from bot.rules.languages import SOURCE

_ORDER = ("zero", "one", "two", "few", "many", "other")
_SAMPLES: tuple[int | Decimal, ...] = (
    *range(1001),
    *(Decimal(tenths) / 10 for tenths in range(1, 200) if tenths % 10),
    *(Decimal(cents).scaleb(-2) for cents in range(2000)),
)


@cache
def cldr_locale(code: str) -> Locale:
    """What CLDR knows of Discord's language code: of its country, else of the language. English for an unknown one."""
    for name in (code, code.partition("-")[0]):
        try:
            return Locale.parse(name, sep="-")
        except (UnknownLocaleError, ValueError):  # what Discord sends is not checked by anybody
            pass
    return Locale.parse(SOURCE)


@cache
def plural_forms(code: str) -> tuple[str, ...]:
    """CLDR's names of the language's forms, "other" last: Polish has one, few, many and other, Japanese only other."""
    rule = cldr_locale(code).plural_form
    found = {rule(sample) for sample in _SAMPLES}
    return tuple(name for name in _ORDER if name in found)


def plural_form_of(code: str, count: int | Decimal) -> int:
    """Which of the language's forms, from 0, goes with the number as it is written: 1 and 1.00 may differ."""
    forms = plural_forms(code)
    name = cldr_locale(code).plural_form(count)
    return forms.index(name) if name in forms else len(forms) - 1


@cache
def gettext_header(code: str) -> str:
    """`Plural-Forms` of the language's `.po` file. Decimals, which gettext does not know, take the last form."""
    rules = cldr_locale(code).plural_form.rules
    forms = plural_forms(code)
    written = to_gettext(PluralRule({name: rules[name] for name in forms if name != "other"}))
    # Babel's way to say "it has no decimals", which is always so in gettext.
    return written.replace(" && ((0 == 0))", "").replace("((0 == 0)) && ", "")


@cache
def one_number_alone(code: str, form: int) -> bool:
    """Whether only a single whole number takes that form, so that a translator may write it out: "a video"."""
    return sum(plural_form_of(code, number) == form for number in range(1001)) == 1
