"""Command names stay as they are; their descriptions are told in the reader's language."""

from __future__ import annotations

from discord import Locale, app_commands

from bot.wording import SENTENCES, translated


class Described(app_commands.locale_str):
    """A description out of the table of sentences, by its key."""

    def __init__(self, key: str) -> None:
        super().__init__(SENTENCES[key], key=key)


class WordingTranslator(app_commands.Translator):
    """Answers discord.py, which asks for every text of every command in every language before it syncs."""

    async def translate(
        self, string: app_commands.locale_str, locale: Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        """The text in `locale`; None where it is no sentence of ours or has no translation."""
        key = string.extras.get("key")
        if key is None:
            return None
        text = translated(key, locale.value)
        return None if text == string.message else text
