"""What commands share: their texts in every language, the types of their options, and the models on offer."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord import app_commands

from bot.chat.replies.interactions import Interaction, requester_of
from bot.rules.catalog import SEED_MAX, Kind, Model, Operation
from bot.rules.languages import SOURCE
from bot.rules.requests import START_MAX_SECONDS
from bot.wording import SENTENCES, say, translated
from bot.wording.catalogues import language_of

_CHOICE_MAX_CHARS = 100

File = discord.Attachment
Prompt = app_commands.Range[str, 1, 6000]  # Discord's own most; each model's limit is refused with its number
Seed = app_commands.Range[int, 0, SEED_MAX]
Duration = app_commands.Range[int, 1, 60]
Avoid = app_commands.Range[str, 1, 2000]
Start = app_commands.Range[float, 0, START_MAX_SECONDS]


class Described(app_commands.locale_str):
    """A command's or an option's description out of the table of sentences, by its key."""

    def __init__(self, key: str) -> None:
        super().__init__(SENTENCES[key], key=key)


class WordingTranslator(app_commands.Translator):
    """Answers discord.py, which asks for every text of every command in every language before it syncs."""

    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        """The text in `locale`; None where it is no sentence of ours or has no translation."""
        key = string.extras.get("key")
        if key is None or language_of(locale.value) == SOURCE:
            return None
        text = translated(key, locale.value)
        return None if text == string.message else text


async def offer_models(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """The models of this command that hold what was typed so far, the usual one first."""
    models = interaction.client.services.policy.offered(operation_of(interaction), requester_of(interaction))
    found = [m for m in models if typed.casefold() in f"{m.name} {m.title}".casefold()]
    locale = interaction.locale.value
    return [app_commands.Choice(name=choice_name(m, locale), value=m.name) for m in found[:25]]


def choice_name(model: Model, locale: str) -> str:
    """The model's title and what helps to choose it. Where that is longer than Discord takes, the note is shortened,
    and price and speed stay."""
    whole = f"{model.title} · {worth_knowing(model, locale)}"
    if len(whole) <= _CHOICE_MAX_CHARS:
        return whole
    facts = " · ".join(price_and_speed(model, locale))
    room = _CHOICE_MAX_CHARS - len(f"{model.title} ·  · {facts}")
    note = f"{model.note[: room - 1].rstrip(' ;,·')}…" if room > 1 else ""
    return " · ".join(part for part in (model.title, note, facts) if part)[:_CHOICE_MAX_CHARS]


def worth_knowing(model: Model, locale: str) -> str:
    """What helps to choose the model: its note, what it costs where the note doesn't say, and how long it takes."""
    price = None if "$" in model.note else _price(model, locale)
    return " · ".join(part for part in (model.note, price, _speed(model, locale)) if part)


def price_and_speed(model: Model, locale: str) -> list[str]:
    """What it costs, where the catalogue says, and how long it takes."""
    return [part for part in (_price(model, locale), _speed(model, locale)) if part]


def _price(model: Model, locale: str) -> str | None:
    """The list price; None where the catalogue has none."""
    if model.dollars_per_video:
        key = "price_per_picture" if model.form.makes is Kind.IMAGE else "price_per_video"
        return say(key, locale, price=model.dollars_per_video)
    return say("price_per_second", locale, price=model.dollars_per_second) if model.dollars_per_second else None


def _speed(model: Model, locale: str) -> str:
    return say("model_speed", locale, seconds=model.typical_seconds)


def generation(callback: Callable[..., Awaitable[None]]) -> app_commands.Command[Any, ..., None]:
    """A command named as its function, with descriptions out of the table and choices where there are any."""
    name = callback.__name__
    options = [option for option in inspect.signature(callback).parameters if option not in {"self", "interaction"}]
    command: app_commands.Command[Any, ..., None]
    command = app_commands.command(name=name, description=Described(f"command_{name}"))(callback)  # type: ignore[arg-type]  # it is a coroutine function
    keys = {option: f"option_{name}_{option}" for option in options}
    texts = {option: key if key in SENTENCES else f"option_{option}" for option, key in keys.items()}
    app_commands.describe(**{option: Described(key) for option, key in texts.items()})(command)
    command.autocomplete("model")(offer_models)
    return command


def operation_of(interaction: Interaction) -> Operation:
    """What the command of this interaction is for: both have one name."""
    command = interaction.command
    return Operation(command.name if command is not None else "")
