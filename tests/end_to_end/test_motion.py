"""`/motion`: the path is drawn first, in private and for nothing; Go and Change; nonsense, restarts, strangers."""

from __future__ import annotations

import asyncio
import json
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from bot.errors import DraftGone
from bot.rules.drafts import Draft
from bot.store.notes import Notes
from sandbox.discord import Invocation
from tests.end_to_end.conftest import PATIENCE_SECONDS, Stage, buttons_of, states_of, text_of
from tests.end_to_end.material import sample

WAY = ["accepted", "pending", "processing", "delivered"]


async def ask(stage: Stage, path: str = "left to right", **options: Any) -> Invocation:
    files = {"image": options.pop("image", sample("cat.png"))}
    return await stage.discord.member("Ada").slash("general", "motion", files=files, path=path, **options)


async def preview_of(asked: Invocation, until: str = "") -> dict[str, Any]:
    """The private message with the drawn path, whose text holds `until`."""
    message = await asked.reply(lambda one: until in text_of(one), PATIENCE_SECONDS)
    assert message["flags"] & 64, "only the one who asked sees it"
    assert buttons_of(message) == ["Go", "Change"]
    return message


async def picture_of(stage: Stage, message: dict[str, Any]) -> Image.Image:
    [embed] = message["embeds"]
    picture = Image.open(BytesIO(await stage.discord.download(embed["image"]["url"])))
    picture.load()
    assert message["attachments"] == [], "it is shown in the card alone"
    return picture


@pytest.mark.asyncio
async def test_the_path_is_drawn_first_and_go_makes_the_video(stage: Stage) -> None:
    async with stage.clapper() as app:
        asked = await ask(stage, "0.1,0.5 > 0.9,0.5", seed=7)
        preview = await preview_of(asked)
        picture = await picture_of(stage, preview)
        assert picture.size == (960, 528)
        red, green, blue = picture.convert("RGB").getpixel((96, 264))  # type: ignore[misc]  # a pixel of RGB is three
        assert green > 150 > red > blue - 100, "the beginning is green"
        assert "> 0\\.1,0.5 > 0.9,0.5" in text_of(preview)
        assert "Nothing has been made yet" in text_of(preview)
        assert stage.queue.submits == []
        assert await app.parts.jobs.live() == [], "it is no job yet"

        pressed = await stage.discord.member("Ada").press(preview, "Go")
        message = await stage.see_through(pressed)
        assert not message["flags"] & 64, "the answer is as public as was asked for"
        assert states_of(pressed) == WAY
        assert message["attachments"][0]["filename"].startswith("motion-")
        assert "> 0\\.1,0.5 > 0.9,0.5" in text_of(message), "the card quotes the path"
        [submit] = stage.queue.submits
        assert (submit.model, submit.texts["seed"]) == ("lucy-motion", "7")
        points = json.loads(submit.texts["trajectory"])
        assert (points[0]["frame"], points[0]["x"], points[0]["y"]) == (0, 128.0, 352.0)
        assert (points[-1]["x"], points[-1]["y"]) == (1152.0, 352.0)
        await stage.discord.until(lambda: asked.message is None, PATIENCE_SECONDS, "the preview to go")


@pytest.mark.asyncio
async def test_change_asks_for_another_path_and_draws_it_in_the_same_message(stage: Stage) -> None:
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        asked = await ask(stage, "left to right")
        before = await preview_of(asked)
        old = await picture_of(stage, before)
        opened = await ada.press(before, "Change")
        form = await opened.opened_modal()
        assert form["components"][0]["component"]["value"] == "left to right"
        await ada.submit_modal(opened, {"Path": "circle ease in out"})
        after = await preview_of(asked, "circle")
        assert after["id"] == before["id"]
        assert old.tobytes() != (await picture_of(stage, after)).tobytes()
        await stage.see(await ada.press(after, "Go"), "pending")
        points = json.loads(stage.queue.submits[0].texts["trajectory"])
        assert points[0] != points[len(points) // 2]


@pytest.mark.asyncio
async def test_a_change_that_makes_no_sense_says_where_and_the_preview_stays(stage: Stage) -> None:
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        asked = await ask(stage)
        preview = await preview_of(asked)
        sent = await ada.submit_modal(await ada.press(preview, "Change"), {"Path": "left to right nowhere"})
        told = await sent.reply(timeout=PATIENCE_SECONDS)
        assert told["flags"] & 64
        assert "nowhere" in text_of(told)
        assert asked.message is not None
        assert asked.message["embeds"] == preview["embeds"]
        await stage.see(await ada.press(preview, "Go"), "pending")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("left to right nowhere", "nowhere"),
        ("left to", "“to”"),
        ("0.2,0.5 > 1.8", "comma"),
        ("2000,10 > 5,5", "1280"),
        ("circle over 99s", "5"),
        ("💥", "💥"),
        ("@everyone", "path"),
    ],
)
async def test_nonsense_says_where_it_stopped_making_sense(stage: Stage, path: str, told: str) -> None:
    async with stage.clapper():
        asked = await ask(stage, path)
        message = await asked.reply(timeout=PATIENCE_SECONDS)
        assert message["flags"] & 64
        assert told in text_of(message)
        assert len(asked.history) == 1, "it was the first response"
        assert stage.queue.submits == []


@pytest.mark.asyncio
async def test_paths_are_offered_while_typing(stage: Stage) -> None:
    async with stage.clapper():
        choices = await stage.discord.member("Ada").autocomplete("general", "motion", "path", path="circle")
        assert [choice["value"] for choice in choices][:2] == ["circle", "circle counter-clockwise"]


@pytest.mark.asyncio
async def test_who_looks_at_many_previews_waits_a_minute_and_is_told_so_alone(stage: Stage) -> None:
    async with stage.clapper():
        previews = [await preview_of(await ask(stage)) for _ in range(5)]
        refused = await (await ask(stage)).reply(timeout=PATIENCE_SECONDS)
        assert refused["flags"] & 64
        assert "5 previews within a minute" in text_of(refused)
        ada = stage.discord.member("Ada")
        sent = await ada.submit_modal(await ada.press(previews[0], "Change"), {"Path": "circle"})
        assert "5 previews within a minute" in text_of(await sent.reply(timeout=PATIENCE_SECONDS))
        stage.pass_time(61)
        await preview_of(await ask(stage))


@pytest.mark.asyncio
async def test_a_private_motion_stays_private_to_its_end(stage: Stage) -> None:
    async with stage.clapper():
        preview = await preview_of(await ask(stage, private=True))
        pressed = await stage.discord.member("Ada").press(preview, "Go")
        message = await stage.see_through(pressed)
        assert message["flags"] & 64
        assert message["attachments"]
        assert stage.discord.member("Grace").sees("general") == []


@pytest.mark.asyncio
async def test_two_presses_of_go_make_one_video(stage: Stage) -> None:
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        preview = await preview_of(await ask(stage))
        both = [await ada.press(preview, "Go"), await ada.press(preview, "Go")]
        await stage.see(both[0], "pending")
        assert await both[1].done(PATIENCE_SECONDS) == "answered"
        assert both[1].message_id == preview["id"], "it was only acknowledged"
        assert len(stage.queue.submits) == 1


@pytest.mark.asyncio
async def test_a_press_of_go_that_the_database_answers_too_late_can_be_made_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cogs.motion.LOOK_SECONDS", 0.05)
    ada = stage.discord.member("Ada")
    async with stage.clapper() as app:
        preview = await preview_of(await ask(stage))
        drafts, free = app.parts.services.drafts, asyncio.Event()
        take, put_back = drafts.take, drafts.put_back
        back = asyncio.Event()

        async def late(key: str, user_id: int) -> Draft:
            await free.wait()
            return await take(key, user_id)

        async def seen(key: str, draft: Draft) -> None:
            await put_back(key, draft)
            back.set()

        with monkeypatch.context() as slow:
            slow.setattr(drafts, "take", late)
            slow.setattr(drafts, "put_back", seen)
            pressed = await ada.press(preview, "Go")
            assert "try again" in text_of(await pressed.reply(timeout=PATIENCE_SECONDS))
            free.set()
            await asyncio.wait_for(back.wait(), PATIENCE_SECONDS)
        again = await ada.press(preview, "Go")
        await stage.see(again, "pending")
        assert len(stage.queue.submits) == 1


@pytest.mark.asyncio
async def test_go_works_after_a_restart(stage: Stage) -> None:
    async with stage.clapper():
        preview = await preview_of(await ask(stage))
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        opened = await ada.press(preview, "Change")
        await opened.opened_modal()
    async with stage.clapper():
        sent = await ada.submit_modal(opened, {"Path": "right to left"})
        await sent.done()
        preview = stage.discord.message(preview["id"])
        await ada.wait_for("general", lambda one: "right to left" in text_of(one))
        preview = stage.discord.message(preview["id"])
        await stage.see(await ada.press(preview, "Go"), "pending")


@pytest.mark.asyncio
@pytest.mark.parametrize("button", ["go", "change"])
async def test_a_draft_that_is_over_is_refused_in_a_sentence(stage: Stage, button: str) -> None:
    async with stage.clapper() as app:
        preview = await preview_of(await ask(stage))
        key = preview["components"][0]["components"][0]["custom_id"].rpartition(":")[2]
        await app.parts.services.drafts.drop(key)
        pressed = await stage.discord.member("Ada").press(preview, f"clapper:{button}:{key}")
        told = await pressed.reply(timeout=PATIENCE_SECONDS)
        assert told["flags"] & 64
        assert "/motion again" in text_of(told)
        assert stage.queue.submits == []


@pytest.mark.asyncio
async def test_a_draft_is_its_askers_alone(stage: Stage) -> None:
    async with stage.clapper() as app:
        preview = await preview_of(await ask(stage))
        key = preview["components"][0]["components"][0]["custom_id"].rpartition(":")[2]
        with pytest.raises(DraftGone):
            await app.parts.services.drafts.take(key, int(stage.discord.member("Grace").id))
        assert stage.queue.submits == []
        await stage.see(await stage.discord.member("Ada").press(preview, "Go"), "pending")


@pytest.mark.asyncio
async def test_a_picture_of_another_shape_is_cut_as_the_preview_shows_it(stage: Stage) -> None:
    tall = BytesIO()
    Image.new("RGB", (600, 1200), (40, 90, 160)).save(tall, "PNG")
    async with stage.clapper():
        preview = await preview_of(await ask(stage, image=("tall.png", tall.getvalue())))
        assert "1280 by 704" in text_of(preview)
        assert (await picture_of(stage, preview)).size == (960, 528)
        await stage.see(await stage.discord.member("Ada").press(preview, "Go"), "pending")
        [upload] = stage.queue.submits[0].files.values()
        with Image.open(upload.path) as sent:
            assert sent.width / sent.height == pytest.approx(1280 / 704, rel=0.01)


@pytest.mark.asyncio
async def test_old_drafts_are_forgotten(stage: Stage) -> None:
    async with stage.clapper() as app:
        drafts, ada = app.parts.services.drafts, int(stage.discord.member("Ada").id)
        preview = await preview_of(await ask(stage))
        key = preview["components"][0]["components"][0]["custom_id"].rpartition(":")[2]
        draft = await drafts.get(key, ada)
        stage.pass_time(3601)
        newer = await drafts.keep(draft)
        with pytest.raises(DraftGone):
            await drafts.get(key, ada)
        assert await app.parts.retention.drop_notes() == 1
        notes = Notes(app.parts.database)
        assert await notes.get(f"draft:{key}") is None
        assert await notes.get(f"draft:{newer}") is not None


@pytest.mark.asyncio
async def test_forgetme_forgets_the_members_drafts_and_nobody_elses(stage: Stage) -> None:
    async with stage.clapper() as app:
        drafts = app.parts.services.drafts
        ada, grace = (stage.discord.member(name) for name in ("Ada", "Grace"))
        preview = await preview_of(await ask(stage))
        key = preview["components"][0]["components"][0]["custom_id"].rpartition(":")[2]
        draft = await drafts.get(key, int(ada.id))
        other = await drafts.keep(draft.model_copy(update={"user_id": int(grace.id)}))
        question = await (await ada.slash("general", "forgetme")).reply(timeout=PATIENCE_SECONDS)
        answered = await ada.press(question, "clapper:forgetme:forget")
        await answered.reply(lambda message: not message["components"], PATIENCE_SECONDS)
        assert await Notes(app.parts.database).get(f"draft:{key}") is None
        assert (await drafts.get(other, int(grace.id))).request == draft.request
