"""The catalogue as members meet it: what an operator adds, hides and renames, and what the service takes away."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.rules.catalog import Operation as CatalogOperation
from sandbox.discord import Invocation
from sandbox.fal import FalStandIn
from sandbox.queue_api.models import MODELS_2026, Model
from sandbox.render.operations import Operation
from tests import corpus
from tests.end_to_end.conftest import PATIENCE_SECONDS, Stage, text_of
from tests.end_to_end.material import sample

OPERATORS_FILE = """
[models."lucy-cinema-t2v"]
operation = "t2v"
title = "Cinema"
note = "For the big screen"
frame = [1280, 704]
fps = 25

[models."lucy-pro-t2v"]
title = "The good old one"

[models."lucy-dev-i2v"]
default = true

[models."lucy-pro-i2v"]
hidden = true
"""


def with_catalogue(stage: Stage, tmp_path: Path, text: str = OPERATORS_FILE) -> None:
    path = tmp_path / "models.toml"
    path.write_text(text, encoding="utf-8")
    stage.changes["catalog_file"] = path


async def ask(stage: Stage, **options: Any) -> Invocation:
    return await stage.discord.member("Ada").slash("general", "t2v", **({"prompt": "a cat"} | options))


async def listing(stage: Stage) -> str:
    asked = await stage.discord.member("Ada").slash("general", "models")
    message = await asked.reply(timeout=PATIENCE_SECONDS)
    return "\n".join(field["value"] for field in message["embeds"][0]["fields"])


async def offered(stage: Stage, command: str, typed: str = "") -> list[str]:
    choices = await stage.discord.member("Ada").autocomplete("general", command, "model", model=typed)
    return [choice["value"] for choice in choices]


@pytest.mark.asyncio
async def test_a_model_that_an_operator_adds_is_used_by_its_command_without_code(stage: Stage, tmp_path: Path) -> None:
    with_catalogue(stage, tmp_path)
    stage.queue.models["lucy-cinema-t2v"] = Model(Operation.TEXT, 1280, 704, 25)
    async with stage.clapper():
        assert await offered(stage, "t2v", "cinema") == ["lucy-cinema-t2v"]
        asked = await ask(stage, model="lucy-cinema-t2v")
        done = await stage.see_through(asked)
        assert done["attachments"]
        assert "Cinema" in text_of(done)
        assert stage.queue.submits[0].model == "lucy-cinema-t2v"


@pytest.mark.asyncio
async def test_an_operator_hides_renames_and_chooses_the_usual_model(stage: Stage, tmp_path: Path) -> None:
    with_catalogue(stage, tmp_path)
    async with stage.clapper():
        shown = await listing(stage)
        assert "The good old one" in shown
        assert "Cinema" in shown
        assert "Lucy Pro (picture)" not in shown
        assert await offered(stage, "animate") == ["lucy-dev-i2v"]
        assert await offered(stage, "edit", "2.5") == ["lucy-2.5"]
        assert stage.queue.requests == [], "what is offered while typing is known already"
        hidden = await ask(stage, model="lucy-pro-i2v")
        assert "There is no model" in text_of(await hidden.reply(timeout=PATIENCE_SECONDS))


@pytest.mark.asyncio
async def test_a_start_finds_out_what_is_served_and_commands_offer_that_alone(stage: Stage) -> None:
    stage.changes["check_models_hours"] = 24
    gone = {"lucy-2.5", "lucy-2.5-v2v", "lucy-pro-t2v"}
    stage.queue.retired |= gone
    video = {"video": sample("ball.mp4")}
    async with stage.clapper() as app:
        asked = await stage.discord.member("Ada").slash("general", "help")
        await asked.reply(timeout=PATIENCE_SECONDS)
        while len(app.parts.services.availability.resting(app.parts.services.catalog)) < len(gone):
            await asyncio.sleep(0.01)
        assert "lucy-2.5" not in await offered(stage, "edit")
        asked = await stage.discord.member("Ada").slash("general", "edit", files=video, prompt="in winter")
        card = text_of(await stage.see(asked, "pending"))
        assert "Lucy 2.1" in card
        assert "The usual model, Lucy 2.5, isn't served at the moment" in card
        named = await stage.discord.member("Ada").slash(
            "general", "edit", files=video, prompt="in winter", model="lucy-2.5"
        )
        assert "Lucy 2.1 does the same" in text_of(await stage.told_alone(named))
        none = text_of(await stage.told_alone(await ask(stage)))
        assert "no other model for /t2v" in none
        assert "key of another service" in none
        assert [submit.model for submit in stage.queue.submits] == ["lucy-2.1"]

        stage.queue.retired |= {"lucy-2.1"}
        stage.queue.retired -= {"lucy-2.5"}
        checks = app.parts.model_check
        assert checks is not None
        assert checks.task.every == timedelta(days=1)
        await checks.check()  # the next day's
        assert (await offered(stage, "edit"))[0] == "lucy-2.5"
        assert "lucy-2.1" not in await offered(stage, "edit")
        assert stage.queue.submits[1:] == [], "it was asked for nothing"


@pytest.mark.asyncio
async def test_models_and_the_autocomplete_show_what_is_served_with_the_usual_one_first(
    stage: Stage, fal: FalStandIn
) -> None:
    """With both keys, at services as they are in 2026."""
    stage.queue.models, stage.queue.routes = dict(MODELS_2026), "2026"
    stage.changes |= {"check_models_hours": 24, "decart_api_key": stage.queue.api_key}
    fal.queue.retired = ("fal-ai/wan/v2.2-a14b/text-to-video/turbo", "fal-ai/wan/v2.2-a14b/image-to-video/turbo")
    async with stage.clapper() as app:
        services = app.parts.services
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not services.availability.resting(services.catalog):
                await asyncio.sleep(0.01)
        asked = await stage.discord.member("Ada").slash("general", "models")
        shown = (await asked.reply(timeout=PATIENCE_SECONDS))["embeds"][0]["fields"]
        offers = {
            operation: await stage.discord.member("Ada").autocomplete("general", operation, "model", model="")
            for operation in ("t2v", "animate", "edit", "tryon")
        }
    fields = {field["name"]: field["value"].split("\n") for field in shown}
    assert fields.keys() == {f"/{operation}" for operation in CatalogOperation}, "each command has its share"
    for operation, lines in fields.items():
        heads = [line for line in lines if line.startswith("**")]
        assert ["the usual one" in line for line in heads] == [True, *[False] * (len(heads) - 1)][: len(heads)], (
            operation
        )
        assert all("about" in line for line in heads), "price and speed"
        assert len(lines) <= 5
    assert fields["/t2v"][0].startswith("**Veo 3.1 Lite")
    [motion] = fields["/motion"]
    assert "look again" in motion, "what is served no more is not shown"
    usual = {operation: choices[0]["value"] for operation, choices in offers.items()}
    assert usual["t2v"] == services.catalog.of(CatalogOperation.TEXT_TO_VIDEO)[0].name
    served = {model.name for model in services.availability.served(services.catalog)}
    for choices in offers.values():
        assert {choice["value"] for choice in choices} <= served
        for choice in choices:
            assert re.search(r"\$\d.*about \d+", choice["name"]), "price and speed are to be read before one chooses"


@pytest.mark.asyncio
async def test_a_square_clip_is_tried_on_by_the_model_of_its_shape(stage: Stage, tmp_path: Path) -> None:
    square = corpus.clip(tmp_path / "square.mp4", seconds=1, size=(160, 160)).read_bytes()
    async with stage.clapper():
        named: tuple[tuple[str, Any], ...] = (("square", {}), ("named", {"model": "lucy-vton-latest"}))
        for name, options in named:
            video = {"video": (f"{name}.mp4", square)}
            asked = await stage.discord.member("Ada").slash("general", "tryon", files=video, prompt="a coat", **options)
            await stage.see(asked, "pending")
        assert [submit.model for submit in stage.queue.submits] == ["lucy-vton-3.5-1-1", "lucy-vton-latest"]


@pytest.mark.asyncio
async def test_a_model_that_the_service_does_not_know_is_reported_and_rests(stage: Stage) -> None:
    stage.queue.retired.add("lucy-pro-t2v")
    async with stage.clapper():
        asked = await ask(stage)
        failed = text_of(await stage.see(asked, "failed"))
        assert "doesn't offer Lucy Pro (text)" in failed
        assert "no other model for /t2v" in failed
        assert "doesn't offer it at the moment" in await listing(stage)
    async with stage.clapper():  # a restart does not forget it
        again = await ask(stage)
        message = await again.reply(timeout=PATIENCE_SECONDS)
        assert message["flags"] & 64
        assert "doesn't offer Lucy Pro (text)" in text_of(message)
        assert len(stage.queue.submits) == 1
        other = await stage.discord.member("Ada").say(stage.discord.member("Ada").dm, "t2v a cat")
        place = stage.discord.member("Ada").dm
        answer = await stage.discord.member("Ada").wait_for(
            place, lambda m: (m.get("message_reference") or {}).get("message_id") == other["id"], PATIENCE_SECONDS
        )
        assert "doesn't offer Lucy Pro (text)" in answer["content"], "text is told the same"
        assert len(stage.queue.submits) == 1
