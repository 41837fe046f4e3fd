"""Presses and commands that only a forged client sends: a private sentence, no change, and a line in the log."""

from __future__ import annotations

import logging

import pytest

from sandbox.discord import Invocation
from sandbox.discord.permissions import MANAGE_MESSAGES
from tests.end_to_end.conftest import PATIENCE_SECONDS, Stage, text_of
from tests.end_to_end.material import sample
from tests.end_to_end.test_limits import EVERY_ADMIN_PATH
from tests.end_to_end.test_moderation import HOLD, arrange, clips_of, says, seen
from tests.end_to_end.test_settings import control, open_panel

SECRET = "a very secret prompt"


async def told_privately(stage: Stage, asked: Invocation) -> str:
    def look() -> str | None:
        said = [asked.message, *asked.followups]
        private = (message for message in said if message and message["flags"] & 192 == 64)
        return next((text_of(message) for message in private), None)

    told: str = await stage.discord.until(look, PATIENCE_SECONDS, "a private sentence")
    return told


def noted(caplog: pytest.LogCaptureFixture, who: str) -> bool:
    assert SECRET not in caplog.text
    return any(who in record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING)


@pytest.mark.asyncio
async def test_an_id_of_another_server_or_of_a_private_job_opens_nothing(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    async with stage.clapper() as app:
        ada, grace = stage.discord.member("Ada"), stage.discord.member("Grace")
        hidden = await ada.slash("general", "t2v", prompt=SECRET, private=True)
        await stage.see(hidden, "pending")
        [job] = await app.parts.jobs.of_user(int(ada.id))
        card = await stage.see(await grace.slash("general", "t2v", prompt="a ball"), "pending")
        before = await app.parts.jobs.get(job.id)
        for verb in ("again", "cancel", "get", "delete"):
            forged = await grace.press(card, f"clapper:{verb}:{job.id}", raw=True)
            assert SECRET not in await told_privately(stage, forged)
        assert await app.parts.jobs.get(job.id) == before
        assert len(await app.parts.jobs.of_user(int(grace.id))) == 1
        assert noted(caplog, grace.id)


@pytest.mark.asyncio
async def test_an_option_that_no_client_sends_is_refused_with_a_sentence(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        asked = await ada.slash("general", "animate", image="not an id", prompt=SECRET)
        assert await told_privately(stage, asked)
        assert noted(caplog, ada.id)
        assert stage.queue.submits == []


@pytest.mark.asyncio
async def test_a_menus_picture_is_remembered_for_nobody_else(stage: Stage) -> None:
    async with stage.clapper():
        ada, grace = stage.discord.member("Ada"), stage.discord.member("Grace")
        said = await ada.say("general", "look", [sample("cat.png")])
        theirs = await ada.menu(said, "Animate")
        form = await theirs.opened_modal(PATIENCE_SECONDS)
        await ada.delete(said)
        other = await ada.say("general", "look", [sample("harbour.jpg")])
        opened = await grace.menu(other, "Animate")
        await opened.opened_modal(PATIENCE_SECONDS)
        assert opened.modal is not None
        opened.modal["custom_id"] = form["custom_id"]
        sent = await grace.submit_modal(opened, {"Prompt": "it jumps"})
        assert "Animate" in await told_privately(stage, sent)
        assert stage.queue.submits == []


@pytest.mark.asyncio
async def test_who_moderates_one_channel_or_another_server_forges_every_way_in_vain(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Commands, options, buttons, selects and forms of the limits, settings, numbers and approvals."""
    caplog.set_level("INFO")
    kitchen, film = stage.discord.guild("Test Kitchen"), stage.discord.guild("Film Club")
    stage.discord.add_role(kitchen, "Cooks", MANAGE_MESSAGES | 1 << 5, to=("Grace",))
    grace = stage.discord.member("Grace")
    stage.discord.set_permissions(stage.discord.channel("general"), grace.user, allow=MANAGE_MESSAGES)
    async with stage.clapper() as app:
        await arrange(stage, app, mod_channel_id=clips_of(stage), word_rules=(HOLD,))
        held = await stage.discord.member("Ada").slash("general", "t2v", prompt=f"{SECRET} piano")
        await held.reply(says("Waiting for a moderator"), PATIENCE_SECONDS)
        question = await seen(stage, says("May this be made?"))
        [job] = await app.parts.jobs.of_user(int(stage.discord.member("Ada").id))
        before = await app.parts.services.guilds.settings(int(film.id)), await app.parts.jobs.get(job.id)
        caplog.clear()

        tried: list[Invocation] = []
        for path, options in (*EVERY_ADMIN_PATH, ("settings", {}), ("stats", {}), ("usage", {"member": "Ada"})):
            tried.append(await grace.slash("general", path, raw=True, **options))
        tried.append(await grace.press(question, f"clapper:deny:{job.id}", raw=True))
        for where in (question, await grace.say("Test Kitchen#general", "hello")):
            tried += [await grace.press(where, f"clapper:{verb}:{job.id}", raw=True) for verb in ("approve", "block")]
        reason = await grace.press(where, f"clapper:deny:{job.id}", raw=True)  # the form alone says nothing
        tried.append(await grace.submit_modal(reason, {"reason": SECRET}))
        await told_privately(stage, tried[-1])  # a second form of the same while one is answered is silence
        picture = await grace.say("general", "look", [sample("cat.png")])
        part = "clapper:settings:1"
        forms = (f"clapper:denied:{job.id}", f"{part}:prompts:rules", f"{part}:overview:file")
        for custom_id in forms:
            opened = await grace.menu(picture, "Animate")
            await opened.opened_modal(PATIENCE_SECONDS)
            assert opened.modal is not None
            opened.modal["custom_id"] = custom_id
            tried.append(await grace.submit_modal(opened, {"Prompt": SECRET}))
        for control in ("go", "pick", "channels", "roles", "offer", "model", "drop", "audit", "mods"):
            pressed = await grace.choose(question, f"{part}:access:{control}", ["all"], raw=True)
            tried.append(pressed)

        for one in tried:
            sentence = await told_privately(stage, one)
            assert SECRET not in sentence
            assert "went wrong" not in sentence
        now = await app.parts.services.guilds.settings(int(film.id)), await app.parts.jobs.get(job.id)
        assert now == before
        lines = [record.getMessage() for record in caplog.records if grace.id in record.getMessage()]
        assert len(lines) >= len(tried), "each with who and where"
        assert SECRET not in caplog.text


@pytest.mark.asyncio
async def test_what_is_typed_into_a_forged_option_is_offered_nothing(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    kitchen = stage.discord.guild("Test Kitchen")
    stage.discord.add_role(kitchen, "Cooks", MANAGE_MESSAGES | 1 << 5, to=("Grace",))
    async with stage.clapper():
        linus, grace = stage.discord.member("Linus"), stage.discord.member("Grace")
        assert await linus.autocomplete("general", "limits remove", "rule", rule="")
        for who, where, path, option, refused in (
            (grace, "general", "limits remove", "rule", "admins_only"),
            (linus, linus.dm, "limits remove", "rule", "admins_only"),
            (grace, "general", "limits block", "reason", "command_outdated"),
            (grace, "general", "t2v", "prompt", "command_outdated"),
        ):
            caplog.clear()
            asked = who.type_in(where, path, option, raw=True, **{option: SECRET if option != "rule" else ""})
            assert (await asked.done(PATIENCE_SECONDS), asked.choices) == ("answered", [])
            place = where if isinstance(where, str) else where.id
            told = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
            assert len(told) == 1, place
            assert told[0].startswith(f"{who.id} in (")
            assert told[0].endswith(f"was refused: {refused}")
            assert SECRET not in caplog.text


@pytest.mark.asyncio
async def test_an_admins_forged_ids_of_the_panel_are_logged_too(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with stage.clapper():
        panel = await open_panel(stage)
        await panel.page("channels")
        elsewhere = stage.discord.channel("Test Kitchen#general").id
        await panel.press_id(control(panel.message, "audit"), [elsewhere], raw=True)
        for custom_id in ("clapper:settings:0:habits:burn", "clapper:settings:x"):
            pressed = await panel.member.press(panel.message, custom_id, raw=True)
            assert await pressed.done(PATIENCE_SECONDS) == "answered"
        wanted = ("guild_settings_invalid", "panel_outdated")
        await stage.discord.until(
            lambda: all(f"was refused: {key}" in caplog.text for key in wanted), PATIENCE_SECONDS, "the lines"
        )
        assert caplog.text.count("was refused: panel_outdated") == 2
        assert "ERROR" not in caplog.text


@pytest.mark.asyncio
async def test_no_forged_press_changes_or_deletes_somebody_elses_message(stage: Stage) -> None:
    async with stage.clapper() as app:
        ada, grace = stage.discord.member("Ada"), stage.discord.member("Grace")
        theirs = await ada.slash("general", "t2v", prompt="a cat")
        card = await stage.see(theirs, "pending")
        asked = await grace.slash("general", "motion", files={"image": sample("cat.png")}, path="zoom in")
        preview = await asked.reply(lambda message: message["components"], PATIENCE_SECONDS)
        draft = str(preview["components"][0]["components"][0]["custom_id"]).rpartition(":")[2]
        await stage.see(await grace.slash("general", "t2v", prompt="a dog", private=True), "pending")
        [own] = await app.parts.jobs.of_user(int(grace.id))
        before = theirs.message
        for custom_id, values in (
            (f"clapper:get:{own.id}", None),
            (f"clapper:delete:{own.id}", None),
            (f"clapper:go:{draft}", None),
            ("clapper:own:list:0", None),
            (f"clapper:own:cancel:0:{own.id}", None),
            ("clapper:own-pick:0", [own.id]),
            ("clapper:forgetme:forget", None),
            (f"clapper:pick:1:{grace.id}", [draft]),
            (f"clapper:choose:{card['id']}:{grace.id}", ["0"]),
        ):
            forged = await grace.choose(card, custom_id, values, raw=True)
            assert await told_privately(stage, forged), custom_id
            assert theirs.message == before, custom_id
        for custom_id in (f"clapper:delete-it:{own.id}:{card['id']}", f"clapper:keep-it:{own.id}"):
            forged = await grace.press(preview, custom_id, raw=True)
            assert await told_privately(stage, forged), custom_id
            assert theirs.message == before, custom_id
        assert [job.id for job in await app.parts.jobs.of_user(int(grace.id))] == [own.id]
