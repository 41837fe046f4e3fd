"""The languages that Clapper speaks. One is added by a line in `LANGUAGES` and its file in `bot/wording/locale`.

Codes are Discord's own (Reference, "Locales"), and so are the languages' names, which its client shows.
"""

from __future__ import annotations

from dataclasses import dataclass

SOURCE = "en"
"""The language in which the sentences are written; Discord has it as en-US and en-GB."""

PSEUDO = "en-XA"
"""English with every letter accented and a third longer: what stays plain on a screen is not translated, and what lacks
its closing bracket is cut. No client of Discord's speaks it; the playground's page does."""


@dataclass(frozen=True, slots=True)
class Language:
    """`code` is Discord's, and the file's name in `bot/wording/locale`. What the language's file doesn't say is said in
    `falls_back`, and in English at last."""

    code: str
    name: str
    falls_back: str = SOURCE


LANGUAGES: tuple[Language, ...] = (
    Language(SOURCE, "English"),
    Language("de", "Deutsch"),
    Language("es-ES", "Español de España"),
    Language("es-419", "Español de Latinoamérica", falls_back="es-ES"),
    Language("fr", "Français"),
    Language("hi", "हिन्दी"),
    Language("it", "Italiano"),
    Language("ja", "日本語"),
    Language("ko", "한국어"),
    Language("nl", "Nederlands"),
    Language("pl", "Polski"),
    Language("pt-BR", "Português do Brasil"),
    Language("ru", "Русский"),
    Language("tr", "Türkçe"),
    Language("uk", "Українська"),
    Language("zh-CN", "简体中文"),
    Language("zh-TW", "繁體中文"),
)


def name_of(code: str) -> str:
    """The language's name in its own words; the code itself for one that is not listed any more."""
    return next((language.name for language in LANGUAGES if language.code == code), code)


def line_of(code: str) -> tuple[str, ...]:
    """The languages in which a reader of a listed language may be told a sentence, the best first; English is last."""
    listed = {language.code: language for language in LANGUAGES}
    line = [code]
    while line[-1] != SOURCE:
        line.append(listed[line[-1]].falls_back)
    return tuple(line)


def nearest(locale: str) -> str | None:
    """The listed language of a reader with Discord's `locale` ("de", "pt-BR"); None where there is none.

    Another country's Spanish or Portuguese is better than none: the first listed of the same language.
    """
    codes = [language.code for language in LANGUAGES]
    if locale in codes:
        return locale
    tongue = locale.partition("-")[0]
    return next((code for code in codes if code.partition("-")[0] == tongue), None)
