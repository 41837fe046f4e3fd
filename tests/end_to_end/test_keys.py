"""What a member meets at each command with the keys that an operator has, at services as they are in 2026."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from bot.rules.catalog import Operation
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
GONE, NEVER = "doesn't offer", "No video service that this bot has a key for"

SEEN = {
    "decart": {
        "t2v": GONE, "animate": GONE, "flf2v": GONE, "motion": GONE, "v2v": "Lucy 2.5 (video)", "edit": "Lucy 2.5",
        "restyle": "Lucy Restyle 2", "tryon": "Lucy Try-on (latest)", "image": "Lucy Image 2",
    },
    "fal": {
        "t2v": "Veo 3.1 Lite (text)", "animate": "Wan 2.2 Turbo (picture)",
        "flf2v": "Wan 2.2 Turbo (first and last picture)", "motion": NEVER, "v2v": "Lucy Edit Pro",
        "edit": "Wan 2.7 Edit (by words)", "restyle": "Lucy Restyle (by words)", "tryon": NEVER, "image": NEVER,
    },
    "both": {
        "t2v": "Veo 3.1 Lite (text)", "animate": "Wan 2.2 Turbo (picture)",
        "flf2v": "Wan 2.2 Turbo (first and last picture)", "motion": GONE, "v2v": "Lucy 2.5 (video)",
        "edit": "Lucy 2.5", "restyle": "Lucy Restyle 2", "tryon": "Lucy Try-on (latest)", "image": "Lucy Image 2",
    },
}  # fmt: skip
"""By the keys, and then by the command: the title of the model that makes it, or how the refusal begins."""


async def first_words(stage: Stage, command: str) -> str:
    """The card, or the sentence instead of one, which comes at once and in private."""
    options, files = COMMANDS[command]
    given = {option: sample(name) for option, name in files.items()}
    asked = await stage.discord.member("Ada").slash("general", command, files=given, **options)
    message = await asked.reply(lambda m: bool(state_of(m)) or bool(m["content"]), PATIENCE_SECONDS)
    assert state_of(message) or message["flags"] & 64
    return text_of(message)


@pytest.mark.asyncio
@pytest.mark.parametrize("keys", SEEN)
async def test_every_command_is_made_or_says_at_once_what_can_be_done(stage: Stage, keys: str) -> None:
    stage.queue.models, stage.queue.routes = dict(MODELS_2026), "2026"
    stage.changes |= {"check_models_hours": 24, "operator_limits": ""}
    assert COMMANDS.keys() == {str(operation) for operation in Operation}
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
        for command, words in SEEN[keys].items():
            assert words in await first_words(stage, command), command
