"""Change under a card: a form filled with what the job had, and a new job of what comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.fal import FalStandIn
from tests.end_to_end.conftest import (
    PATIENCE_SECONDS,
    PENDING_SECONDS,
    PROCESSING_SECONDS,
    Json,
    Stage,
    buttons_of,
    text_of,
)
from tests.end_to_end.material import sample


def filled(form: Json) -> dict[str, Any]:
    """What the form's parts hold when it opens, as Discord sends it back untouched."""
    parts = [part["component"] for part in form["components"]]
    return {
        part["custom_id"]: [one["value"] for one in part["options"] if one.get("default")]
        if "options" in part
        else part.get("value") or ""
        for part in parts
    }


@pytest.mark.asyncio
async def test_a_failed_job_is_changed_in_its_words_and_keeps_the_rest(stage: Stage) -> None:
    async with stage.clapper() as app:
        ada, grace = stage.discord.member("Ada"), stage.discord.member("Grace")
        options: dict[str, Any] = {"resolution": "480p", "orientation": "portrait", "seed": 7}
        asked = await ada.slash("general", "t2v", prompt="a cat [fail: no cats]", **options)
        await stage.see(asked, "pending")
        await stage.clock.advance(PENDING_SECONDS + PROCESSING_SECONDS)
        card = await stage.see(asked, "failed")
        assert buttons_of(card) == ["Again", "Change", "Delete"]

        opened = await grace.press(card, "Change")
        form = await opened.opened_modal()
        had = filled(form)
        assert had["prompt"] == "a cat [fail: no cats]"
        assert set(had["options"]) == {"resolution=480p", "orientation=portrait"}
        boxes = [part["component"] for part in form["components"] if part["component"]["custom_id"] == "options"]
        assert [part["type"] for part in boxes] == [22], "boxes to check, which need no menu to be opened"
        assert had["seed"] == "7"

        wanted = had | {"prompt": "a dog", "seed": "", "options": [*had["options"], "orientation=landscape"]}
        second = await stage.see(await grace.submit_modal(opened, wanted), "pending")
        assert "> a dog" in text_of(second)
        assert grace.mention in text_of(second)
        texts = stage.queue.submits[1].texts
        assert (texts["prompt"], texts["resolution"]) == ("a dog", "480p")
        assert texts["orientation"] == "landscape", "of two the new one counts"
        assert texts["seed"] != "7"
        assert len(await app.parts.jobs.of_user(int(grace.id))) == 1


@pytest.mark.asyncio
async def test_another_model_gets_the_files_anew_and_only_what_it_takes(stage: Stage) -> None:
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        asked = await ada.slash("general", "restyle", files={"video": sample("ball.mp4")}, prompt="in oil", seed=3)
        card = await stage.see_through(asked)
        opened = await ada.press(card, "Change")
        form = await opened.opened_modal()
        had = filled(form)
        others = [
            one["value"]
            for part in form["components"]
            if part["component"]["custom_id"] == "model"
            for one in part["component"]["options"]
            if not one.get("default")
        ]
        assert others, "the service has more than one that restyles"
        await stage.see(await ada.submit_modal(opened, had | {"model": [others[0]]}), "pending")
        first, second = stage.queue.submits
        assert (first.model, second.model) == (had["model"][0], others[0])
        assert second.texts["prompt"] == "in oil"
        assert "data" in second.files


@pytest.mark.asyncio
async def test_a_path_is_in_the_form_and_another_one_moves_the_same_picture(stage: Stage) -> None:
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        asked = await ada.slash("general", "motion", files={"image": sample("cat.png")}, path="left to right")
        preview = await asked.reply(lambda message: message["components"], PATIENCE_SECONDS)
        card = await stage.see_through(await ada.press(preview, "Go"))
        opened = await ada.press(card, "Change")
        had = filled(await opened.opened_modal())
        assert had["path"] == "left to right"
        wrong = await ada.submit_modal(opened, had | {"path": "left to rihgt"})
        assert "rihgt" in text_of(await stage.told_alone(wrong))

        opened = await ada.press(card, "Change")
        await opened.opened_modal()
        changed = await stage.see(await ada.submit_modal(opened, had | {"path": "right to left"}), "pending")
        assert "> right to left" in text_of(changed)
        first, second = [json.loads(submit.texts["trajectory"]) for submit in stage.queue.submits]
        assert first[0]["x"] < first[-1]["x"]
        assert second[0]["x"] > second[-1]["x"]
        assert "data" in stage.queue.submits[1].files


@pytest.mark.asyncio
async def test_what_is_no_seed_is_told_alone_and_makes_nothing(stage: Stage) -> None:
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        running = await stage.see(await ada.slash("general", "t2v", prompt="a cat"), "pending")
        pressed = await ada.press(running, "Cancel")
        await pressed.done()
        card = await ada.wait_for("general", lambda one: "Change" in buttons_of(one), PATIENCE_SECONDS)
        opened = await ada.press(card, "Change")
        had = filled(await opened.opened_modal())
        sent = await ada.submit_modal(opened, had | {"seed": "seven"})
        assert "seed" in text_of(await stage.told_alone(sent))
        assert len(stage.queue.submits) == 1


@pytest.mark.asyncio
async def test_sound_length_and_what_to_avoid_are_in_the_form_of_who_asked(stage: Stage, fal: FalStandIn) -> None:
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        options: dict[str, Any] = {"duration": 4, "audio": True, "avoid": "blurry", "orientation": "portrait"}
        asked = await ada.slash("general", "t2v", prompt="a cat", **options)
        await (await ada.press(await stage.see(asked, "pending"), "Cancel")).done()
        card = await stage.see(asked, "cancelled")
        others = filled(await (await stage.discord.member("Grace").press(card, "Change")).opened_modal())
        assert "avoid" not in others, "the card does not show it either"
        opened = await ada.press(card, "Change")
        had = filled(await opened.opened_modal())
        assert had["avoid"] == "blurry"
        assert {"duration=4", "audio=True", "orientation=portrait"} <= set(had["options"])
        longer = [one for one in had["options"] if not one.startswith("audio")] + ["duration=8"]
        await stage.see(await ada.submit_modal(opened, had | {"options": longer}), "pending")
    sent = fal.submits[1].arguments
    assert (sent["duration"], sent["negative_prompt"], sent["aspect_ratio"]) == ("8s", "blurry", "9:16")
