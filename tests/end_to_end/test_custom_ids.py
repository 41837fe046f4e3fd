"""Messages live for years: every custom id that a released version wrote works, and this one writes the same."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.discord import Invocation
from tests.adapters.sandbox_material import picture
from tests.end_to_end.conftest import PATIENCE_SECONDS, Json, Stage, text_of
from tests.end_to_end.material import sample
from tests.end_to_end.test_moderation import HOLD, arrange, clips_of, says, seen

CAT, DOG = ("cat.png", picture(320, 200)), ("dog.png", picture(200, 320))
SNOW = "make it snow"


def custom_ids(message: Json) -> list[str]:
    found: list[str] = []

    def walk(parts: list[Json]) -> None:
        for part in parts:
            found.extend([part["custom_id"]] if part.get("custom_id") else [])
            walk(part.get("components") or [])
            walk([part["accessory"]] if part.get("accessory") else [])

    walk(message["components"])
    return found


def about(message: Json) -> str:
    """The job or draft that the message's first button is about."""
    return custom_ids(message)[0].rpartition(":")[2]


async def t2v(stage: Stage, prompt: str = "a cat") -> Invocation:
    return await stage.discord.member("Ada").slash("Film Club#general", "t2v", prompt=prompt)


@pytest.mark.asyncio
async def test_the_buttons_of_a_card_and_the_form_of_use_this(stage: Stage) -> None:
    ada = stage.discord.member("Ada")
    async with stage.clapper():
        done = await stage.see_through(await t2v(stage))
        job = about(done)
    async with stage.clapper():
        again = await ada.press(done, f"clapper:again:{job}")
        running = await stage.see(again, "pending")
        assert await (await ada.press(running, f"clapper:cancel:{about(running)}")).done() == "answered"
        await stage.see(again, "cancelled")

        opened = await ada.press(done, f"clapper:use:{job}")
        assert (await opened.opened_modal())["custom_id"] == f"clapper:reuse:{job}"
        await stage.see(await ada.submit_modal(opened, {"command": ["edit"], "prompt": SNOW}), "pending")

        get = await ada.press(done, f"clapper:get:{job}", raw=True)  # shown only where the reply is out of reach
        assert await get.done() == "answered"
        question = await stage.told_alone(await ada.press(done, f"clapper:delete:{job}"))
        assert custom_ids(question) == [f"clapper:delete-it:{job}:{done['id']}", f"clapper:keep-it:{job}"]
        await ada.press(question, f"clapper:delete-it:{job}:{done['id']}")
        await stage.discord.until(lambda: not _there(stage, done), PATIENCE_SECONDS, "the end of the message")


def _there(stage: Stage, message: Json) -> bool:
    return any(one["id"] == message["id"] for one in stage.discord.member("Ada").sees("Film Club#general"))


@pytest.mark.asyncio
async def test_the_buttons_of_a_preview_and_the_form_of_change(stage: Stage) -> None:
    ada = stage.discord.member("Ada")
    async with stage.clapper():
        asked = await ada.slash("general", "motion", files={"image": sample("cat.png")}, path="left to right")
        preview = await asked.reply(lambda one: one["components"], PATIENCE_SECONDS)
        draft = about(preview)
        opened = await ada.press(preview, f"clapper:change:{draft}")
        assert (await opened.opened_modal())["custom_id"] == f"clapper:path:{draft}"
        await ada.submit_modal(opened, {"path": "right to left"})
        preview = await asked.reply(lambda one: "right to left" in text_of(one), PATIENCE_SECONDS)
        await stage.see(await ada.press(preview, f"clapper:go:{about(preview)}"), "pending")


@pytest.mark.asyncio
@pytest.mark.parametrize(("verb", "state"), [("approve", "pending"), ("deny", "failed"), ("block", "failed")])
async def test_the_buttons_of_a_question_to_moderators(stage: Stage, verb: str, state: str) -> None:
    async with stage.clapper() as app:
        await arrange(stage, app, mod_channel_id=clips_of(stage), word_rules=(HOLD,))
        asked = await t2v(stage, "a piano")
        question = await seen(stage, says("May this be made?"))
        pressed = await stage.discord.member("Linus").press(question, f"clapper:{verb}:{about(question)}")
        if verb == "deny":
            assert (await pressed.opened_modal())["custom_id"] == f"clapper:denied:{about(question)}"
            await stage.discord.member("Linus").submit_modal(pressed, {"reason": "No pianos."})
        await stage.see(asked, state)


@pytest.mark.asyncio
async def test_the_parts_of_the_own_list_and_of_forgetme(stage: Stage) -> None:
    ada = stage.discord.member("Ada")
    async with stage.clapper():
        card = await stage.see(await t2v(stage), "pending")
        job = about(card)
        listed = await ada.slash("general", "jobs")
        await ada.choose(await listed.reply(timeout=PATIENCE_SECONDS), "clapper:own-pick:0", [job])
        one = await listed.reply(lambda message: "clapper:own:list:0" in custom_ids(message), PATIENCE_SECONDS)
        assert custom_ids(one) == [f"clapper:own:show:0:{job}", f"clapper:own:cancel:0:{job}", "clapper:own:list:0"]
        await stage.see(await ada.press(one, f"clapper:own:show:0:{job}"), "pending")
        await ada.press(one, f"clapper:own:cancel:0:{job}")
        one = await listed.reply(
            lambda message: f"clapper:own:new_seed:0:{job}" in custom_ids(message), PATIENCE_SECONDS
        )
        await stage.see(await ada.press(one, f"clapper:own:same_seed:0:{job}"), "pending")

        question = await (await ada.slash("general", "forgetme")).reply(timeout=PATIENCE_SECONDS)
        assert custom_ids(question) == ["clapper:forgetme:forget", "clapper:forgetme:keep"]
        kept = await ada.press(question, "clapper:forgetme:keep")
        await kept.reply(lambda message: not message["components"], PATIENCE_SECONDS)


@pytest.mark.asyncio
async def test_the_selects_of_several_pictures_and_the_form_of_a_menu(stage: Stage) -> None:
    stage.discord.set_message_content(True)
    ada = stage.discord.member("Ada")
    async with stage.clapper():
        shown = await stage.discord.member("Grace").say("general", "look", [CAT, DOG])
        opened = await ada.menu(shown, "Animate")
        assert (await opened.opened_modal())["custom_id"] == f"clapper:form:animate:{shown['id']}"
        await stage.see(await ada.submit_modal(opened, {"prompt": SNOW, "chosen": ["1"]}), "pending")

        asked = await ada.slash("general", "animate", prompt=SNOW)
        question = await asked.reply(lambda message: message["components"], PATIENCE_SECONDS)
        assert custom_ids(question) == [f"clapper:pick:{asked.id}:{ada.id}"]
        [option, _] = question["components"][0]["components"][0]["options"]
        await ada.choose(question, custom_ids(question)[0], [option["value"]])
        await stage.see(asked, "pending")

        said = await ada.say("general", f"/animate {SNOW}", reply_to=shown)
        question = await ada.wait_for("general", lambda one: "clapper:choose:" in str(one), PATIENCE_SECONDS)
        before = f"clapper:choose:{said['id']}:{ada.id}"
        assert custom_ids(question) == [f"{before}:{shown['id']}"]
        await ada.choose(question, before, ["0"], raw=True)  # as an earlier version wrote it
        await ada.wait_for("general", lambda one: one["id"] == question["id"] and one["embeds"], PATIENCE_SECONDS)


def as_it_was(stage: Stage, message_id: str) -> Json:
    """The panel with the custom ids that it had before they named the settings."""

    def walk(parts: list[dict[str, Any]]) -> None:
        for part in parts:
            if "custom_id" in part:
                part["custom_id"] = part["custom_id"].replace("clapper:settings:", "clapper:house:")
            walk(part.get("components") or [])
            walk([part["accessory"]] if part.get("accessory") else [])

    walk(stage.discord.core.messages.get(message_id).components)
    return stage.discord.message(message_id)


@pytest.mark.asyncio
async def test_the_parts_of_a_panel_from_before_it_named_the_settings(stage: Stage) -> None:
    linus = stage.discord.member("Linus")
    async with stage.clapper():
        opened = await linus.slash("Film Club#general", "settings")
        panel = await opened.reply(timeout=PATIENCE_SECONDS)
        assert all(custom_id.startswith("clapper:settings:0:overview:") for custom_id in custom_ids(panel))
        panel = as_it_was(stage, panel["id"])
        await linus.choose(panel, "clapper:house:0:overview:go", ["prompts"])
        panel = await opened.reply(lambda one: "clapper:settings:0:prompts:add" in custom_ids(one), PATIENCE_SECONDS)

        panel = as_it_was(stage, panel["id"])
        form = await linus.press(panel, "clapper:house:0:prompts:add")
        modal = await form.opened_modal()
        modal["custom_id"] = modal["custom_id"].replace("clapper:settings:", "clapper:house:")
        await linus.submit_modal(form, {"patterns": "piano", "action": ["block"], "fold": ["yes"]})
        await opened.reply(lambda one: "clapper:settings:1:prompts:drop" in custom_ids(one), PATIENCE_SECONDS)


@pytest.mark.asyncio
async def test_what_another_version_may_have_written_gets_a_sentence(stage: Stage) -> None:
    async with stage.clapper():
        card = await stage.see(await t2v(stage), "pending")
        pressed = await stage.discord.member("Ada").press(card, f"clapper:remix:{about(card)}", raw=True)
        told = await pressed.reply(timeout=PATIENCE_SECONDS)
        assert told["flags"] & 64
        assert "has changed" in text_of(told)


@pytest.mark.asyncio
async def test_nothing_is_kept_of_what_was_shown(stage: Stage) -> None:
    """discord.py keeps each view and form that it is to listen to, and never forgets those without a time limit."""
    async with stage.clapper() as app:
        done = await stage.see_through(await t2v(stage))
        await (await stage.discord.member("Ada").press(done, "Use this")).opened_modal()
        await (await stage.discord.member("Ada").slash("general", "jobs")).reply(timeout=PATIENCE_SECONDS)
        await (await stage.discord.member("Linus").slash("general", "settings")).reply(timeout=PATIENCE_SECONDS)
        store = app.parts.bot._connection._view_store
        assert (store._views, store._modals, store._dynamic_items) == ({}, {}, {})
