"""`/jobs` and `/forgetme` as a member uses them: privately, for their own videos alone."""

from __future__ import annotations

import asyncio
import contextlib
import io
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.app import App
from bot.errors import JobGone
from bot.rules.jobs import JobState
from bot.rules.prompts import WordAction, WordRule
from sandbox.discord import Invocation
from sandbox.discord import permissions as bits
from tests.end_to_end.conftest import PATIENCE_SECONDS, PENDING_SECONDS, PROCESSING_SECONDS, Stage, state_of, text_of
from tests.end_to_end.material import sample
from tests.end_to_end.test_moderation import arrange
from tests.jobs import a_member, a_reply

Json = dict[str, Any]


async def ask(stage: Stage, who: str = "Ada", **options: Any) -> Invocation:
    return await stage.discord.member(who).slash("general", "t2v", **({"prompt": "a cat"} | options))


async def listed(stage: Stage, who: str = "Ada", where: str = "general") -> tuple[Invocation, Json]:
    asked = await stage.discord.member(who).slash(where, "jobs")
    message = await asked.reply(timeout=PATIENCE_SECONDS)
    assert message["flags"] & 64, "nobody else sees it"
    return asked, message


def options_of(message: Json) -> list[Json]:
    rows = [part for row in message["components"] for part in row["components"] if part["type"] == 3]
    return list(rows[0]["options"]) if rows else []


def labels(message: Json) -> list[str]:
    return [part["label"] for row in message["components"] for part in row["components"] if part["type"] == 2]


async def pick(stage: Stage, invoked: Invocation, message: Json, at: int = 0, who: str = "Ada") -> Json:
    await stage.discord.member(who).choose(message, "clapper:own-pick", [options_of(message)[at]["value"]])
    return await invoked.reply(lambda m: "All my videos" in labels(m), PATIENCE_SECONDS)


@pytest.mark.asyncio
async def test_nobody_who_has_made_nothing_sees_others_videos(stage: Stage) -> None:
    async with stage.clapper():
        await stage.see(await ask(stage), "pending")
        _, message = await listed(stage, who="Grace")
        assert "none yet" in text_of(message)
        assert message["components"] == []


@pytest.mark.asyncio
async def test_running_and_ended_ones_are_listed_and_each_can_be_looked_at(stage: Stage) -> None:
    async with stage.clapper():
        failing = await ask(stage, prompt="a dog [fail: no dogs today]")
        await stage.see(failing, "pending")
        await stage.clock.advance(PENDING_SECONDS + PROCESSING_SECONDS)
        await stage.see(failing, "failed")
        await stage.see(await ask(stage, prompt="a cat on **fire** @everyone"), "pending")
        invoked, message = await listed(stage, where="Test Kitchen#general")
        text = text_of(message)
        assert text.index("a cat on") < text.index("a dog"), "what runs comes first"
        assert "@everyone" not in text
        running = await pick(stage, invoked, message)
        assert labels(running) == ["Show it here", "Cancel", "All my videos"]
        assert "discord.com/channels/" in text_of(running)
        await stage.discord.member("Ada").press(running, "All my videos")
        message = await invoked.reply(lambda m: bool(options_of(m)), PATIENCE_SECONDS)
        failed = await pick(stage, invoked, message, at=1)
        assert "no dogs today" in text_of(failed)
        assert labels(failed) == ["Show it here", "Again, same seed", "Again, new seed", "Change", "All my videos"]


@pytest.mark.asyncio
async def test_a_running_one_is_cancelled_from_the_list(stage: Stage) -> None:
    async with stage.clapper():
        asked = await ask(stage)
        await stage.see(asked, "pending")
        invoked, message = await listed(stage)
        detail = await pick(stage, invoked, message)
        await stage.discord.member("Ada").press(detail, "Cancel")
        await stage.see(asked, "cancelled")
        await invoked.reply(lambda m: "Again, new seed" in labels(m), PATIENCE_SECONDS)


@pytest.mark.asyncio
async def test_a_running_one_is_shown_in_a_new_place_and_ends_there(stage: Stage) -> None:
    async with stage.clapper():
        asked = await ask(stage)
        await stage.see(asked, "pending")
        invoked, message = await listed(stage, where="Film Club#clips")
        here = await stage.discord.member("Ada").press(await pick(stage, invoked, message), "Show it here")
        await stage.see(here, "pending")
        await stage.clock.advance(PENDING_SECONDS + PROCESSING_SECONDS)
        assert (await stage.see(here, "delivered"))["attachments"]
        left = await asked.reply(lambda message: "goes on in another message" in text_of(message), PATIENCE_SECONDS)
        assert (left["attachments"], left["embeds"], left["components"]) == ([], [], [])


@pytest.mark.asyncio
async def test_none_is_shown_in_a_place_where_a_video_may_not_be(stage: Stage) -> None:
    clips = stage.discord.channel("Film Club#clips")
    stage.discord.set_permissions(clips, stage.discord.bot, deny=bits.ATTACH_FILES)
    async with stage.clapper():
        asked = await ask(stage)
        await stage.see(asked, "pending")
        invoked, message = await listed(stage, where="Film Club#clips")
        here = await stage.discord.member("Ada").press(await pick(stage, invoked, message), "Show it here")
        told = await here.reply(timeout=PATIENCE_SECONDS)
        assert "Attach Files" in text_of(told)
        assert told["flags"] & 64
        await stage.clock.advance(PENDING_SECONDS + PROCESSING_SECONDS)
        assert (await stage.see(asked, "delivered"))["attachments"], "it stays where it was asked for"


@pytest.mark.asyncio
@pytest.mark.parametrize("action", [WordAction.BLOCK, WordAction.HOLD])
async def test_none_is_shown_where_the_servers_rules_forbid_it(stage: Stage, action: WordAction) -> None:
    ada = stage.discord.member("Ada")
    async with stage.clapper() as app:
        await arrange(stage, app, mod_channel_id=1, word_rules=(WordRule(pattern="piano", action=action, note="No."),))
        await stage.see_through(await ada.slash(ada.dm, "t2v", prompt="a cat playing piano"))
        invoked, message = await listed(stage, where="Film Club#general")
        one = await pick(stage, invoked, message)
        here = await ada.press(one, "Show it here")
        told = await here.reply(timeout=PATIENCE_SECONDS)
        assert "No." in text_of(told)
        assert told["flags"] & 64
        assert told["attachments"] == []
        await arrange(stage, app, word_rules=(), age_restricted_only=True)
        here = await ada.press(one, "Show it here")
        assert "age-restricted" in text_of(await here.reply(timeout=PATIENCE_SECONDS))


@pytest.mark.asyncio
async def test_a_delivered_one_is_shown_again_and_made_again_with_the_same_or_a_new_seed(stage: Stage) -> None:
    ada = stage.discord.member("Ada")
    async with stage.clapper() as app:
        first = await stage.see_through(await ask(stage, seed=7))
        await all_delivered(app, 1)
        invoked, message = await listed(stage)
        detail = await pick(stage, invoked, message)
        assert "is kept until" in text_of(detail)
        here = await ada.press(detail, "Show it here")
        again = await stage.see(here, "delivered")
        assert again["id"] != first["id"]
        assert [a["size"] for a in again["attachments"]] == [a["size"] for a in first["attachments"]]
        assert len(stage.queue.submits) == 1

        await stage.see_through(await ada.press(detail, "Again, same seed"))
        stage.pass_time(5)  # two presses within a moment are one
        await stage.see_through(await ada.press(detail, "Again, new seed"))
        seeds = [submit.texts["seed"] for submit in stage.queue.submits]
        assert seeds[:2] == ["7", "7"]
        assert seeds[2] != "7"

        await all_delivered(app, 3)
        # The videos go after a while; then the service may still have this one, and in the end nobody.
        stage.pass_time(80 * 3600)
        assert await app.parts.retention.drop_results() == 3
        assert kept(stage) == []
        here = await ada.press(detail, "Show it here")
        assert (await stage.see(here, "delivered"))["attachments"]
        stage.pass_time(80 * 3600)
        await app.parts.retention.drop_results()
        await stage.clock.advance(7200)
        gone = await ada.press(detail, "Show it here")
        told = await gone.followup(timeout=PATIENCE_SECONDS)
        assert "isn't kept any more" in text_of(told)


@pytest.mark.asyncio
async def test_the_list_shows_pictures_commands_servers_and_links_and_the_pictures_go_with_the_videos(
    stage: Stage,
) -> None:
    ada = stage.discord.member("Ada")
    async with stage.clapper() as app:
        hidden_cat = ("SPOILER_cat.png", sample("cat.png")[1])
        first = await stage.see_through(await ask(stage, prompt="a cat"))
        await stage.see_through(await ask(stage, prompt="a secret", private=True))
        await stage.see_through(await ada.slash("general", "animate", prompt="wave", files={"image": hidden_cat}))
        await all_delivered(app, 3)
        invoked, _ = await listed(stage, where="Test Kitchen#general")
        message = await invoked.reply(lambda m: any("thumbnail" in one for one in m["embeds"]), PATIENCE_SECONDS)
        hidden, private, public = message["embeds"]
        assert "thumbnail" not in hidden, "it is hidden where it was made, too"
        assert "/animate" in hidden["description"]
        assert f"/{first['channel_id']}/{first['id']})" in public["description"]
        assert "Film Club" in public["description"]
        assert "only you" in private["description"]
        assert "discord.com" not in private["description"]
        for embed in (private, public):
            picture = Image.open(io.BytesIO(await stage.discord.download(embed["thumbnail"]["url"])))
            assert picture.format == "JPEG"
            assert max(picture.size) <= 320
        assert message["attachments"] == [], "each is shown by its embed"

        detail = await pick(stage, invoked, message)
        assert detail["attachments"] == []
        assert detail["content"] == ""
        stills = [path for path in kept(stage) if path.name == "still"]
        assert len(stills) == 2, "they are made once"
        stage.pass_time(80 * 3600)
        await app.parts.retention.drop_results()
        assert {path.name for path in kept(stage)} == {"data"}, "of what was attached"
        await ada.press(detail, "All my videos")
        message = await invoked.reply(lambda m: len(m["embeds"]) == 3, PATIENCE_SECONDS)
        assert not any("thumbnail" in embed for embed in message["embeds"])


@pytest.mark.asyncio
async def test_the_list_is_filtered_by_what_became_of_them_and_by_command_also_across_pages(stage: Stage) -> None:
    ada = stage.discord.member("Ada")
    async with stage.clapper():
        for number in range(6):
            asked = await ask(stage, prompt=f"cat number {number}")
            await ada.press(await stage.see(asked, "pending"), "Cancel")
            await stage.see(asked, "cancelled")
            stage.pass_time(120)
        await stage.see(await ask(stage, prompt="a dog"), "pending")
        invoked, message = await listed(stage)
        await ada.choose(message, "clapper:own-only", ["without"])
        message = await invoked.reply(lambda m: "a dog" not in text_of(m), PATIENCE_SECONDS)
        assert "Page 1 of 2" in text_of(message)
        await ada.press(message, "Older")
        message = await invoked.reply(lambda m: "Page 2 of 2" in text_of(m), PATIENCE_SECONDS)
        assert [option["label"] for option in options_of(message)] == ["6. cat number 0"]
        detail = await pick(stage, invoked, message)
        await ada.press(detail, "All my videos")
        message = await invoked.reply(lambda m: "Page 2 of 2" in text_of(m), PATIENCE_SECONDS)
        await ada.choose(message, "clapper:own-only", ["live"])
        message = await invoked.reply(lambda m: "a dog" in text_of(m), PATIENCE_SECONDS)
        assert "cat number" not in text_of(message)
        await ada.choose(message, "clapper:own-only", ["animate"])
        message = await invoked.reply(lambda m: "none of these" in text_of(m), PATIENCE_SECONDS)
        await ada.choose(message, "clapper:own-only", ["t2v"])
        message = await invoked.reply(lambda m: "Page 1 of 2" in text_of(m), PATIENCE_SECONDS)
        assert "a dog" in text_of(message)


async def all_delivered(app: App, number: int) -> None:
    """Until the rows say what the messages say already; rows ring no bell."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await app.parts.jobs.counts())[JobState.DELIVERED] < number:
            await asyncio.sleep(0.02)


def kept(stage: Stage) -> list[Path]:
    """Every file of ours that belongs to a job."""
    return [path for path in (stage.folder / "files").rglob("*") if path.is_file() and "jobs" in path.parts]


@pytest.mark.asyncio
async def test_what_a_private_one_was_stays_private(stage: Stage) -> None:
    async with stage.clapper():
        await stage.see_through(await ask(stage, private=True))
        invoked, message = await listed(stage)
        detail = await pick(stage, invoked, message)
        assert "discord.com/channels" not in text_of(detail)
        here = await stage.discord.member("Ada").press(detail, "Show it here")
        shown = await stage.see(here, "delivered")
        assert shown["flags"] & 64


@pytest.mark.asyncio
async def test_pages_are_turned_after_a_restart_too(stage: Stage) -> None:
    ada = stage.discord.member("Ada")
    async with stage.clapper():
        for number in range(7):
            asked = await ask(stage, prompt=f"cat number {number}")
            message = await stage.see(asked, "pending")
            await ada.press(message, "Cancel")
            await stage.see(asked, "cancelled")
            stage.pass_time(120)
        invoked, message = await listed(stage)
        assert options_of(message)[0]["label"] == "1. cat number 6"
        assert labels(message) == ["Older"]
    async with stage.clapper():
        await ada.press(message, "Older")
        second = await invoked.reply(lambda m: labels(m) == ["Newer"], PATIENCE_SECONDS)
        assert [option["label"] for option in options_of(second)] == ["6. cat number 1", "7. cat number 0"]


@pytest.mark.asyncio
async def test_a_forged_press_on_somebody_elses_job_is_refused(stage: Stage) -> None:
    async with stage.clapper() as app:
        theirs = await ask(stage, who="Grace")
        await stage.see(theirs, "pending")
        [job_id] = [
            part["custom_id"].rsplit(":", 1)[1] for part in (theirs.message or {})["components"][0]["components"]
        ]
        await stage.see(await ask(stage), "pending")
        _, message = await listed(stage)
        ada = stage.discord.member("Ada")
        forged = await ada.press(message, f"clapper:own:cancel:0:{job_id}", raw=True)
        refused = await forged.followup(timeout=PATIENCE_SECONDS)
        assert refused["flags"] & 64
        assert "Only" in text_of(refused)
        with pytest.raises(JobGone):  # of another server
            await app.parts.services.job_controls.bring(job_id, a_member(int(ada.id)), a_reply())
        assert state_of(theirs.message or {}) == "pending"
        assert len(stage.queue.submits) == 2


@pytest.mark.asyncio
async def test_forgetting_deletes_words_and_files_and_keeps_the_count_for_limits(stage: Stage) -> None:
    ada = stage.discord.member("Ada")
    async with stage.clapper() as app:
        await stage.see_through(await ask(stage, prompt="my secret cat"))
        done = await ask(stage, prompt="another secret")
        await stage.see(done, "pending")
        assert kept(stage)
        asked = await ada.slash("general", "forgetme")
        question = await asked.reply(timeout=PATIENCE_SECONDS)
        assert question["flags"] & 64
        assert labels(question) == ["Forget me", "Keep everything"]
        await ada.press(question, "Forget me")
        told = await asked.reply(lambda m: "Done" in m["content"], PATIENCE_SECONDS)
        assert "2 videos" in told["content"]
        assert told["components"] == []
        cancelled = await stage.see(done, "cancelled")
        no_trace(stage)

        _, message = await listed(stage)
        assert "none yet" in text_of(message)
        pressed = await ada.press(cancelled, "Again")
        assert "isn't kept" in text_of(await pressed.reply(timeout=PATIENCE_SECONDS))
        usage = await app.parts.jobs.counts()
        assert usage[JobState.DELIVERED] == 1, "the limits still count it"


def no_trace(stage: Stage) -> None:
    """Neither a word nor a file of Ada's is left."""
    assert kept(stage) == []
    with contextlib.closing(sqlite3.connect(stage.folder / "clapper.sqlite3")) as rows:
        for row in rows.execute("SELECT * FROM jobs"):
            assert "secret" not in str(row)
            assert "Ada" not in str(row)


@pytest.mark.asyncio
async def test_changing_ones_mind_deletes_nothing(stage: Stage) -> None:
    ada = stage.discord.member("Ada")
    async with stage.clapper():
        await stage.see(await ask(stage), "pending")
        asked = await ada.slash("general", "forgetme")
        await ada.press(await asked.reply(timeout=PATIENCE_SECONDS), "Keep everything")
        await asked.reply(lambda m: m["content"] == "Nothing was deleted.", PATIENCE_SECONDS)
        _, message = await listed(stage)
        assert len(options_of(message)) == 1
