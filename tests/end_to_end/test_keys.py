"""What a member meets at each command with the keys that an operator has, at services as they are in 2026: the table of
docs/operators.md."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.chat.inputs.sources import MENUS
from bot.rules.catalog import Operation
from sandbox.discord import Invocation
from sandbox.fal import FalStandIn
from sandbox.queue_api.models import MODELS_2026
from tests.end_to_end.conftest import PATIENCE_SECONDS, Stage, state_of, text_of
from tests.end_to_end.material import sample
from tests.fork_server import start_renderer

Json = dict[str, Any]

COMMANDS: dict[str, tuple[Json, dict[str, str]]] = {
    "t2v": ({"prompt": "a cat"}, {}),
    "animate": ({"prompt": "snow"}, {"image": "cat.png"}),
    "flf2v": ({"prompt": "night"}, {"first": "harbour.jpg", "last": "harbour-night.jpg"}),
    "motion": ({"path": "right"}, {"image": "cat.png"}),
    "v2v": ({"prompt": "in oil"}, {"video": "ball.mp4"}),
    "edit": ({"prompt": "in oil"}, {"video": "ball.mp4"}),
    "restyle": ({"prompt": "in oil"}, {"video": "ball.mp4"}),
    "tryon": ({"prompt": "a coat"}, {"video": "dancer.mp4"}),
    "image": ({"prompt": "in oil"}, {"image": "cat.png"}),
}
KEYS = ("decart", "fal", "both")
ROW = re.compile(r"^\| (?P<command>[^|]+) \| (?P<decart>[^|]+) \| (?P<fal>[^|]+) \| (?P<both>[^|]+) \|$", re.MULTILINE)


def table() -> dict[str, dict[str, str]]:
    """Of the page, by command and then by the keys, what is seen."""
    text = (Path(__file__).parents[2] / "docs" / "operators.md").read_text(encoding="utf-8")
    _, _, below = text.partition("| command | `DECART_API_KEY` alone |")
    rows = ROW.finditer(below.partition("\n\n")[0])
    return {row["command"]: {keys: row[keys].strip("“”") for keys in KEYS} for row in rows if "---" not in row[0]}


async def slash(stage: Stage, command: str) -> str:
    """The card, or the sentence instead of one, which comes at once and in private."""
    options, files = COMMANDS[command]
    given = {option: sample(name) for option, name in files.items()}
    return await answered(await stage.discord.member("Ada").slash("general", command, files=given, **options))


async def answered(asked: Invocation) -> str:
    message = await asked.reply(lambda m: bool(state_of(m)) or bool(m["content"]), PATIENCE_SECONDS)
    assert state_of(message) or message["flags"] & 64
    return text_of(message)


async def menu(stage: Stage, name: str, file: str) -> str:
    """The same from a menu, with its form where one is opened."""
    ada = stage.discord.member("Ada")
    opened = await ada.menu(await stage.discord.member("Grace").say("general", "look", [sample(file)]), name)
    await stage.discord.core.bus.until(lambda: opened.modal or opened.message, PATIENCE_SECONDS, "a form or a sentence")
    return await answered(await ada.submit_modal(opened, {"Prompt": "in oil"}) if opened.modal else opened)


async def reply(stage: Stage, text: str, file: str) -> str:
    """The same by a message in reply to another."""
    shown = await stage.discord.member("Grace").say("general", "look", [sample(file)])
    said = await stage.discord.member("Ada").say("general", text, reply_to=shown)

    def answers(message: Json) -> bool:
        to = (message.get("message_reference") or {}).get("message_id") == said["id"]
        return to and (bool(state_of(message)) or bool(message["content"]))

    return text_of(await stage.discord.member("Ada").wait_for("general", answers, PATIENCE_SECONDS))


async def others(stage: Stage) -> str:
    """What makes nothing is answered whatever there is a key for."""
    for command in ("models", "help", "jobs", "usage"):
        asked = await stage.discord.member("Ada").slash("general", command)
        message = await asked.reply(timeout=PATIENCE_SECONDS)
        assert message["flags"] & 64
        assert not any(text_of(message).startswith(words) for words in REFUSED), command
        assert text_of(message).strip() or message["embeds"][0]["fields"], command
    return "the answer"


REFUSED = ("The video service doesn't offer", "This bot has no video service that makes")
PICTURE, CLIP = "cat.png", "ball.mp4"
WAYS: dict[str, Callable[[Stage], Awaitable[str]]] = {
    **{f"`/{name}`": partial(slash, command=name) for name in COMMANDS},
    "Apps → Animate": partial(menu, name="Animate", file=PICTURE),
    "Apps → Restyle": partial(menu, name="Restyle", file=CLIP),
    "Apps → Edit, on a video": partial(menu, name="Edit", file=CLIP),
    "Apps → Edit, on a picture": partial(menu, name="Edit", file=PICTURE),
    "Apps → Change": partial(menu, name="Change", file=CLIP),
    "Apps → Try on": partial(menu, name="Try on", file=CLIP),
    "a reply `/animate make it snow`": partial(reply, text="/animate make it snow", file=PICTURE),
    "a reply `/restyle in oil`": partial(reply, text="/restyle in oil", file=CLIP),
    "`/models`, `/help`, `/jobs`, `/usage`": others,
}


@pytest.mark.asyncio
@pytest.mark.parametrize("keys", KEYS)
async def test_every_command_is_made_or_says_at_once_what_can_be_done(stage: Stage, keys: str) -> None:
    stage.queue.models, stage.queue.routes = dict(MODELS_2026), "2026"
    stage.changes |= {"check_models_hours": 24, "operator_limits": ""}
    stage.discord.set_message_content(True)
    assert COMMANDS.keys() == {str(operation) for operation in Operation}
    assert {way.split(" → ")[1].partition(",")[0] for way in WAYS if "→" in way} == set(MENUS.values())
    seen = table()
    assert seen.keys() == WAYS.keys()
    async with AsyncExitStack() as services:
        if keys != "decart":
            fal = await services.enter_async_context(FalStandIn(start_worker=start_renderer, preview_width=160))
            stage.changes |= {
                "fal_key": fal.key, "fal_base_url": fal.url, "fal_rest_url": fal.rest_url,
                "fal_media_hosts": (fal.media_host,),
            }  # fmt: skip
        if keys == "fal":
            stage.changes |= {"decart_api_key": ""}
        app = await services.enter_async_context(stage.clapper())
        parts = app.parts.services
        async with asyncio.timeout(PATIENCE_SECONDS):
            while keys != "fal" and not parts.availability.resting(parts.catalog):
                await asyncio.sleep(0.01)
        for command, ask in WAYS.items():
            told = await ask(stage)
            assert seen[command][keys] in told, command
            refused = [words for words in REFUSED if told.startswith(words)]
            assert refused in ([], [seen[command][keys]]), command
