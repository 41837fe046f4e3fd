"""A database that answers nothing: every command, button, select and form is acknowledged all the same, and then says
what is the matter.

Both are ordered, not timed: what is acknowledged while the database is stopped has not waited for it, and what is
acknowledged while `ANSWER_SECONDS` are not over has not waited so long either."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping

import pytest
from cryptography.fernet import Fernet

from bot.chat.replies import accepting, interactions
from bot.chat.replies.accepting import CARD_SECONDS
from bot.chat.replies.interactions import ANSWER_SECONDS
from bot.errors import DatabaseUnavailable
from bot.rules.jobs import Job
from bot.rules.limit_rules import LimitBook
from bot.store.jobs import Jobs
from sandbox.discord import Invocation
from tests.adapters.sandbox_material import picture
from tests.end_to_end.conftest import PATIENCE_SECONDS, PENDING_SECONDS, PROCESSING_SECONDS, Stage, text_of
from tests.end_to_end.material import sample
from tests.end_to_end.scratch_postgres import scratch_server
from tests.end_to_end.test_custom_ids import about, custom_ids
from tests.end_to_end.test_moderation import HOLD, arrange, clips_of, says, seen

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]

UNTIL_THAWED = 3600.0
GENERAL = "Film Club#general"
CAT, DOG = ("cat.png", picture(320, 200)), ("dog.png", picture(200, 320))


def told(invocation: Invocation) -> str:
    """All that it was answered by now."""
    messages = [message for message in (invocation.message, *invocation.followups) if message is not None]
    return "\n".join(text_of(message) for message in messages)


async def all_acknowledged(stage: Stage, begun: Mapping[str, Awaitable[Invocation]]) -> Mapping[str, Invocation]:
    asked = dict(zip(begun, await asyncio.gather(*begun.values()), strict=True))

    def waiting() -> set[str]:
        return {name for name, one in asked.items() if one.state != "answered"}

    try:
        await stage.discord.until(lambda: not waiting(), PATIENCE_SECONDS, "the acknowledgements")
    except TimeoutError:
        assert waiting() == set()
    return asked


async def all_say_so(stage: Stage, begun: Mapping[str, Awaitable[Invocation]]) -> None:
    """Each is acknowledged, and says that the records are out of reach."""
    asked = await all_acknowledged(stage, begun)

    def silent() -> set[str]:
        return {name for name, one in asked.items() if "can't reach my records" not in told(one)}

    try:
        await stage.discord.until(lambda: not silent(), PATIENCE_SECONDS, "the sentence")
    except TimeoutError:
        assert {name: told(asked[name]) for name in silent()} == {}


@pytest.mark.asyncio
@pytest.mark.parametrize("answer_seconds", [ANSWER_SECONDS, UNTIL_THAWED], ids=["and is told", "before it is given up"])
async def test_whoever_asks_meanwhile_is_acknowledged(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, answer_seconds: float
) -> None:
    monkeypatch.setattr(accepting, "CARD_SECONDS", CARD_SECONDS)
    monkeypatch.setattr(interactions, "ANSWER_SECONDS", answer_seconds)
    stage.discord.set_message_content(True)
    ada, linus, grace = (stage.discord.member(name) for name in ("Ada", "Linus", "Grace"))
    async with scratch_server() as server:
        stage.changes |= {
            "database_url": server.url,
            "files_url": f"file://{stage.folder}/files",
            "secret_keys": (Fernet.generate_key().decode(),),
        }
        async with stage.clapper() as app:
            await arrange(stage, app, mod_channel_id=clips_of(stage), word_rules=(HOLD,), limits=LimitBook(rules=()))
            done = await stage.see_through(await ada.slash(GENERAL, "t2v", prompt="a cat"))
            running = await stage.see(await ada.slash(GENERAL, "t2v", prompt="a dog"), "pending")
            await ada.slash(GENERAL, "t2v", prompt="a piano")
            question = await seen(stage, says("May this be made?"))
            drawn = await ada.slash(GENERAL, "motion", files={"image": sample("cat.png")}, path="left to right")
            preview = await drawn.reply(lambda one: one["components"], PATIENCE_SECONDS)
            changing = await ada.press(preview, "Change")
            await changing.opened_modal(PATIENCE_SECONDS)
            denying = await linus.press(question, f"clapper:deny:{about(question)}")
            await denying.opened_modal(PATIENCE_SECONDS)
            await grace.say(GENERAL, "look", [CAT, DOG])
            several = await ada.slash(GENERAL, "animate", prompt="snow")
            which = await several.reply(lambda one: one["components"], PATIENCE_SECONDS)
            listed = await ada.slash(GENERAL, "jobs")
            own_list = await listed.reply(timeout=PATIENCE_SECONDS)
            panel = await (await linus.slash(GENERAL, "settings")).reply(timeout=PATIENCE_SECONDS)
            forget = await (await grace.slash(GENERAL, "forgetme")).reply(timeout=PATIENCE_SECONDS)
            job, live, draft = about(done), about(running), about(preview)
            one_of_many = which["components"][0]["components"][0]["options"][0]["value"]

            async with server.frozen():
                await ada.say(GENERAL, f"<@{stage.discord.bot.id}> t2v a bird")
                everything = {
                    "t2v": ada.slash(GENERAL, "t2v", prompt="a bird"),
                    "private t2v": ada.slash(GENERAL, "t2v", prompt="a bird", private=True),
                    "animate": ada.slash(GENERAL, "animate", files={"image": sample("cat.png")}, prompt="snow"),
                    "usage": ada.slash(GENERAL, "usage"),
                    "jobs": ada.slash(GENERAL, "jobs"),
                    "stats": linus.slash(GENERAL, "stats"),
                    "limits set": linus.slash(GENERAL, "limits set", scope="everyone", amount=3, window="day"),
                    "limits reset": linus.slash(GENERAL, "limits reset", member="Ada"),
                    "limits block": linus.slash(GENERAL, "limits block", member="Grace"),
                    "limits full": linus.slash(GENERAL, "limits full", then="queue"),
                    "settings": linus.slash(GENERAL, "settings"),
                    "again": ada.press(done, f"clapper:again:{job}"),
                    "get": ada.press(done, f"clapper:get:{job}", raw=True),
                    "cancel": ada.press(running, f"clapper:cancel:{live}"),
                    "delete": ada.press(done, f"clapper:delete:{job}"),
                    "approve": linus.press(question, f"clapper:approve:{about(question)}"),
                    "deny": linus.submit_modal(denying, {"reason": "not here"}),
                    "block": linus.press(question, f"clapper:block:{about(question)}"),
                    "go": ada.press(preview, f"clapper:go:{draft}"),
                    "change": ada.press(preview, f"clapper:change:{draft}"),
                    "the form of change": ada.submit_modal(changing, {"path": "right to left"}),
                    "pick": ada.choose(which, custom_ids(which)[0], [one_of_many]),
                    "own show": ada.press(own_list, f"clapper:own:show:0:{job}", raw=True),
                    "own again": ada.press(own_list, f"clapper:own:same_seed:0:{job}", raw=True),
                    "own list": ada.press(own_list, "clapper:own:list:0", raw=True),
                    "own cancel": ada.press(own_list, f"clapper:own:cancel:0:{live}", raw=True),
                    "own pick": ada.choose(own_list, custom_ids(own_list)[0], [job]),
                    "forget": grace.press(forget, "clapper:forgetme:forget"),
                    "panel go": linus.choose(panel, "clapper:settings:1:overview:go", ["models"], raw=True),
                    "panel export": linus.press(panel, "clapper:settings:1:overview:export", raw=True),
                    "panel switch": linus.press(panel, "clapper:settings:1:habits:private", raw=True),
                }  # fmt: skip
                if answer_seconds == UNTIL_THAWED:
                    await all_acknowledged(stage, everything)
                    return
                await all_say_so(stage, everything)
                await ada.wait_for(GENERAL, lambda one: "can't reach my records" in text_of(one), PATIENCE_SECONDS)
                form = await linus.press(panel, "clapper:settings:1:prompts:add", raw=True)
                await form.opened_modal(PATIENCE_SECONDS)
                offered = await linus.autocomplete(GENERAL, "limits remove", "rule", rule="")
                assert offered == []
                for command in ("models", "help"):
                    assert await (await ada.slash(GENERAL, command)).done(PATIENCE_SECONDS) == "answered"
                shown = await linus.slash(GENERAL, "limits show")  # from memory, as long as that is fresh
                await shown.reply(timeout=PATIENCE_SECONDS)
            await _nothing_was_made_of_it(stage)


async def _nothing_was_made_of_it(stage: Stage) -> None:
    """Who was told to try again finds no video that comes later all the same."""
    usage = await stage.discord.member("Ada").slash(GENERAL, "usage")
    await usage.reply(lambda message: "records" not in text_of(message), PATIENCE_SECONDS)
    after = await stage.discord.member("Ada").slash(GENERAL, "t2v", prompt="once it is back")
    await stage.see(after, "pending")
    prompts = {submit.texts.get("prompt") for submit in stage.queue.submits}
    assert prompts == {"a cat", "a dog", "once it is back"}


@pytest.mark.asyncio
@pytest.mark.parametrize("card_seconds", [CARD_SECONDS, 0.0], ids=["as the first response", "after thinking"])
async def test_a_job_whose_row_is_written_is_never_said_to_be_lost(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, card_seconds: float
) -> None:
    """The database goes away between a job's row and what is written next: which message answers."""
    monkeypatch.setattr(accepting, "CARD_SECONDS", card_seconds)
    tried, write_message = set[str](), Jobs.set_message

    async def set_message(self: Jobs, job: Job) -> None:
        if job.id not in tried:
            tried.add(job.id)
            raise DatabaseUnavailable("it went away just now")
        await write_message(self, job)

    monkeypatch.setattr(Jobs, "set_message", set_message)
    stage.discord.set_message_content(True)
    ada = stage.discord.member("Ada")
    async with scratch_server() as server:
        stage.changes |= {
            "database_url": server.url,
            "files_url": f"file://{stage.folder}/files",
            "secret_keys": (Fernet.generate_key().decode(),),
        }
        async with stage.clapper():
            asked = await ada.slash(GENERAL, "t2v", prompt="a cat")
            said = await ada.say(GENERAL, f"<@{stage.discord.bot.id}> t2v a dog")
            await stage.see_through(asked)
            await stage.clock.advance(PENDING_SECONDS + PROCESSING_SECONDS)
            answer = await ada.wait_for(
                GENERAL,
                lambda one: (one.get("message_reference") or {}).get("message_id") == said["id"] and one["attachments"],
                PATIENCE_SECONDS,
            )
            assert "a dog" in text_of(answer)
            assert asked.followups == []
            assert len(tried) == 2
