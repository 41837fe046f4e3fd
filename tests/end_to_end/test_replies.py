"""Commands written as messages: replies, mentions and direct messages, with and without the message content intent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sandbox.discord import MemberClient
from sandbox.discord.permissions import ATTACH_FILES, READ_MESSAGE_HISTORY, SEND_MESSAGES, USE_APPLICATION_COMMANDS
from tests.adapters.sandbox_material import clip, picture
from tests.end_to_end.conftest import (
    PATIENCE_SECONDS,
    PENDING_SECONDS,
    PROCESSING_SECONDS,
    Json,
    Stage,
    buttons_of,
    state_of,
    text_of,
)

CAT = ("cat.png", picture(320, 200))
DOG = ("dog.png", picture(200, 320))
FILM = ("film.mp4", clip(seconds=1.0))
SNOW = "make it snow"


@pytest.fixture
def reading(stage: Stage) -> Stage:
    """The message content intent is granted in the portal, which the setting `auto` finds out."""
    stage.discord.set_message_content(True)
    return stage


async def answer_to(stage: Stage, said: Json, until: Any = lambda _: True, where: str = "general") -> Json:
    """The bot's reply to that message."""
    ada = stage.discord.member("Ada")

    def fits(message: Json) -> bool:
        mine = message["author"]["id"] == stage.discord.bot.id
        return (
            mine and (message.get("message_reference") or {}).get("message_id") == said["id"] and bool(until(message))
        )

    place = stage.discord.channel(said["channel_id"])
    return await ada.wait_for(place, fits, PATIENCE_SECONDS)


def in_state(state: str) -> Any:
    return lambda message: state_of(message) == state


async def see_through(stage: Stage, said: Json) -> Json:
    await answer_to(stage, said, in_state("pending"))
    await stage.clock.advance(PENDING_SECONDS)
    await answer_to(stage, said, in_state("processing"))
    await stage.clock.advance(PROCESSING_SECONDS)
    return await answer_to(stage, said, in_state("delivered"))


async def told(stage: Stage, said: Json) -> str:
    """The sentence that answers, where no job was made."""
    message = await answer_to(stage, said, lambda message: message["content"])
    assert stage.queue.submits == []
    assert message["mentions"] == []
    assert message["mention_everyone"] is False
    return str(message["content"])


def ada(stage: Stage) -> MemberClient:
    return stage.discord.member("Ada")


@pytest.mark.asyncio
async def test_a_reply_to_a_picture_becomes_its_video_in_one_message_without_a_ping(reading: Stage) -> None:
    stage = reading
    async with stage.clapper():
        shown = await stage.discord.member("Grace").say("general", "look", [CAT])
        said = await ada(stage).say("general", f"/animate {SNOW} seed:7", reply_to=shown)
        message = await see_through(stage, said)
        [attachment] = message["attachments"]
        assert attachment["filename"].startswith("make-it-snow-")
        assert message["content"] == ""
        assert buttons_of(message)[0] == "Again"
        assert stage.discord.member("Grace").mention in text_of(message), "whose picture it is"
        assert f"/{shown['id']}" in text_of(message)
        assert message["mentions"] == []
        assert stage.discord.pinged(message["id"]) == []
        [submit] = stage.queue.submits
        assert submit.model == "lucy-pro-i2v"
        assert submit.texts["prompt"] == SNOW
        assert submit.texts["seed"] == "7"
        replies = [m for m in ada(stage).sees("general") if m["author"]["id"] == stage.discord.bot.id]
        assert len(replies) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("/restyle as a watercolour", "lucy-restyle-2"),
        ("/edit add a hat", "lucy-2.5"),
        ("/v2v at night", "lucy-2.5"),
        ("/V2V model:lucy-fast-v2v at night", "lucy-fast-v2v"),
    ],
)
async def test_a_reply_to_a_video_changes_it(reading: Stage, text: str, model: str) -> None:
    async with reading.clapper():
        shown = await reading.discord.member("Grace").say("general", "", [FILM])
        said = await ada(reading).say("general", text, reply_to=shown)
        await answer_to(reading, said, in_state("pending"))
        assert reading.queue.submits[0].model == model


@pytest.mark.asyncio
async def test_a_mention_works_without_the_intent_on_what_may_be_read(stage: Stage) -> None:
    async with stage.clapper():
        bot = f"<@{stage.discord.bot.id}>"
        said = await ada(stage).say("general", f"{bot} animate: {SNOW}", [CAT])
        assert (await see_through(stage, said))["attachments"]
        assert text_of(await answer_to(stage, said)).count("message](") == 0, "their own picture needs no credit"

        words = await ada(stage).say("general", f"{bot} t2v a cat playing piano")
        await answer_to(stage, words, in_state("pending"))


@pytest.mark.asyncio
async def test_without_the_intent_a_mention_is_told_what_works_instead(stage: Stage) -> None:
    async with stage.clapper():
        shown = await stage.discord.member("Grace").say("general", "look", [CAT])
        said = await ada(stage).say("general", f"<@{stage.discord.bot.id}> animate {SNOW}", reply_to=shown)
        sentence = await told(stage, said)
        assert "/animate" in sentence
        assert "Apps → Animate" in sentence
        silent = await ada(stage).say("general", f"/animate {SNOW}", reply_to=shown)
        again = await ada(stage).say("general", f"<@{stage.discord.bot.id}> hello")
        assert "/help" in await told(stage, again)
        answered = {(m.get("message_reference") or {}).get("message_id") for m in ada(stage).sees("general")}
        assert silent["id"] not in answered, "what it can't read it can't answer"


@pytest.mark.asyncio
async def test_with_the_intent_a_mention_takes_the_replied_to_picture(reading: Stage) -> None:
    async with reading.clapper():
        shown = await reading.discord.member("Grace").say("general", "look", [CAT])
        said = await ada(reading).say("general", f"<@!{reading.discord.bot.id}> animate {SNOW}", reply_to=shown)
        await answer_to(reading, said, in_state("pending"))


@pytest.mark.asyncio
async def test_a_mention_in_the_middle_of_a_reply_is_heard_where_a_command_follows(reading: Stage) -> None:
    async with reading.clapper():
        bot = f"<@{reading.discord.bot.id}>"
        shown = await reading.discord.member("Grace").say("general", "look", [CAT])
        talk = await ada(reading).say("general", f"I like what {bot} makes", reply_to=shown)
        said = await ada(reading).say("general", f"hey {bot}, animate {SNOW}", reply_to=shown)
        await answer_to(reading, said, in_state("pending"))
        assert reading.queue.submits[0].texts["prompt"] == SNOW
        answered = {(m.get("message_reference") or {}).get("message_id") for m in ada(reading).sees("general")}
        assert talk["id"] not in answered


@pytest.mark.asyncio
@pytest.mark.parametrize("text", [f"animate {SNOW}", f"/animate {SNOW}", f"Animate, {SNOW}"])
async def test_a_direct_message_needs_neither_mention_nor_slash(stage: Stage, text: str) -> None:
    async with stage.clapper():
        said = await ada(stage).say(ada(stage).dm, text, [CAT])
        await answer_to(stage, said, in_state("pending"))
        assert stage.queue.submits[0].texts["prompt"] == SNOW


@pytest.mark.asyncio
async def test_a_direct_message_that_is_no_command_is_told_how(stage: Stage) -> None:
    async with stage.clapper():
        said = await ada(stage).say(ada(stage).dm, "hello?")
        assert "animate" in await told(stage, said)
        said = await ada(stage).say(ada(stage).dm, "a cat playing <:piano:1>")
        offer = await answer_to(stage, said, lambda message: message["components"])
        assert stage.queue.submits == []
        await ada(stage).press(offer, "Make a video of this")
        await ada(stage).press(offer, "clapper:words:", raw=True)  # a second press before the card is there
        card = await answer_to(stage, said, in_state("pending"))
        assert card["id"] == offer["id"]
        assert [submit.texts["prompt"] for submit in stage.queue.submits] == ["a cat playing :piano:"]
        shown = await ada(stage).say(ada(stage).dm, "", [CAT])
        later = await ada(stage).say(ada(stage).dm, f"animate {SNOW}", reply_to=shown)
        await answer_to(stage, later, in_state("pending"))


@pytest.mark.asyncio
async def test_a_forwarded_picture_and_one_of_an_embed_are_found(reading: Stage) -> None:
    stage = reading
    async with stage.clapper():
        grace = stage.discord.member("Grace")
        shown = await grace.say("clips", "look", [CAT])
        forwarded = await grace.forward(shown, "general")
        said = await ada(stage).say("general", f"/animate {SNOW}", reply_to=forwarded)
        await answer_to(stage, said, in_state("pending"))

        picture_url = shown["attachments"][0]["url"]
        embed = {"type": "image", "url": "https://example.com/cat.png"}
        proxied = embed | {"thumbnail": {"url": "https://example.com/cat.png", "proxy_url": picture_url}}
        linked = await grace.say("general", "https://example.com/cat.png", embeds=[proxied])
        said = await ada(stage).say("general", f"/animate {SNOW}", reply_to=linked)
        await answer_to(stage, said, in_state("pending"))
        assert len(stage.queue.submits) == 2

        elsewhere = embed | {"thumbnail": {"url": "https://example.com/cat.png", "proxy_url": "https://x.test/y.png"}}
        linked = await grace.say("general", "https://example.com/cat.png", embeds=[elsewhere])
        said = await ada(stage).say("general", f"/animate {SNOW}", reply_to=linked)
        answer = await answer_to(stage, said, lambda message: message["content"])
        assert "example.com" in answer["content"]
        assert len(stage.queue.submits) == 2


@pytest.mark.asyncio
async def test_of_several_pictures_the_asker_chooses_and_the_question_becomes_the_card(reading: Stage) -> None:
    stage = reading
    async with stage.clapper():
        shown = await stage.discord.member("Grace").say("general", "", [CAT, DOG])
        said = await ada(stage).say("general", f"/animate {SNOW}", reply_to=shown)
        asked = await answer_to(stage, said, lambda message: message["components"])
        options = asked["components"][0]["components"][0]["options"]
        assert [option["label"] for option in options] == ["1. cat.png", "2. dog.png"]
        assert stage.queue.submits == []
    async with stage.clapper():  # the question outlives a restart
        custom_id = "clapper:choose:"
        stranger = await stage.discord.member("Grace").choose(asked, custom_id, ["1"])
        assert "Only" in text_of(await stranger.reply(timeout=PATIENCE_SECONDS))
        await ada(stage).choose(asked, custom_id, ["1"])
        await ada(stage).choose(asked, custom_id, ["0"])  # a second click before the card is there
        card = await answer_to(stage, said, in_state("pending"))
        assert card["id"] == asked["id"]
        assert card["content"] == ""
        assert buttons_of(card) == ["Cancel"]
        assert stage.discord.cdn.served.keys() == {shown["attachments"][1]["id"]}, "the dog"
        assert len(stage.queue.submits) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("/animate    ", "prompt"),
        ("/animate " + "x" * 1001, "1000"),
        ("/animate nul\x00byte", "characters"),
        ("/animate seed:99999999999 snow", "whole number"),
        ("/animate seed:-1 snow", "whole number"),
        ("/animate private:true snow", "as a command"),
        ("/animate \u200b\u3164", "prompt"),
        ("/animate model:gpt-9 snow", "Lucy Pro"),
        ("/flf2v from here to there", "/flf2v"),
        ("/v2v at night", "a video"),
    ],
)
async def test_what_can_not_be_done_gets_its_sentence_and_no_submit(reading: Stage, text: str, word: str) -> None:
    async with reading.clapper():
        shown = await reading.discord.member("Grace").say("general", "", [CAT])
        said = await ada(reading).say("general", text, reply_to=shown)
        assert word in await told(reading, said)
        assert leftovers(reading.folder) == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "prompt", ["🐈❄️" * 40, "اجعلها تثلج", "@everyone **bold** [x](https://example.com) <b>", "x" * 1000]
)
async def test_strange_prompts_are_made_and_ping_nobody(reading: Stage, prompt: str) -> None:
    async with reading.clapper():
        linus = reading.discord.member("Linus")  # may mention everyone
        shown = await linus.say("general", "", [CAT])
        said = await linus.say("general", f"/animate {prompt}", reply_to=shown)
        message = await answer_to(reading, said, in_state("pending"))
        assert reading.queue.submits[0].texts["prompt"] == prompt
        assert message["mention_everyone"] is False
        assert message["mentions"] == message["mention_roles"] == []


@pytest.mark.asyncio
async def test_a_link_instead_of_a_file_is_told_and_so_is_a_message_deleted_meanwhile(reading: Stage) -> None:
    stage = reading
    async with stage.clapper():
        said = await ada(stage).say("general", f"<@{stage.discord.bot.id}> animate https://example.com/cat.png {SNOW}")
        assert "example.com" in await told(stage, said)

        shown = await stage.discord.member("Grace").say("general", "", [CAT, DOG])
        said = await ada(stage).say("general", f"/animate {SNOW}", reply_to=shown)
        asked = await answer_to(stage, said, lambda message: message["components"])
        await stage.discord.member("Grace").delete(shown)
        late = await ada(stage).choose(asked, "clapper:choose:", ["1"])
        assert "deleted" in text_of(await late.followup(timeout=PATIENCE_SECONDS))
        stage.discord.faults.fail("GET", "/channels/", 403, code=50001)
        late = await ada(stage).choose(asked, "clapper:choose:", ["1"])
        assert "just now" in text_of(await late.followup(timeout=PATIENCE_SECONDS))
        assert stage.queue.submits == []


@pytest.mark.asyncio
async def test_of_several_newest_pictures_whoever_mentioned_it_chooses(reading: Stage) -> None:
    stage = reading
    async with stage.clapper():
        newest = await stage.discord.member("Grace").say("general", "", [CAT, DOG])
        said = await ada(stage).say("general", f"<@{stage.discord.bot.id}> animate {SNOW}")
        asked = await answer_to(stage, said, lambda message: message["components"])
        await stage.discord.member("Grace").say("general", "a newer one", [CAT])
        stage.discord.faults.slow("GET", "/channels/", 0.3)
        chosen = await ada(stage).choose(asked, "clapper:choose:", ["1"])
        assert await chosen.done() == "answered"
        await answer_to(stage, said, in_state("pending"))
        assert stage.discord.cdn.served.keys() == {newest["attachments"][1]["id"]}, "the dog"


@pytest.mark.asyncio
async def test_nobody_makes_what_somebody_else_has_asked_for_by_a_forged_choice(reading: Stage) -> None:
    stage = reading
    grace = stage.discord.member("Grace")
    async with stage.clapper():
        shown = await grace.say("general", "", [CAT, DOG])
        said = await ada(stage).say("general", f"/animate {SNOW}", reply_to=shown)
        asked = await answer_to(stage, said, lambda message: message["components"])
        forged = await grace.choose(asked, f"clapper:choose:{said['id']}:{grace.id}", ["1"], raw=True)
        assert (await forged.followup(timeout=PATIENCE_SECONDS))["flags"] & 64
        assert text_of(await answer_to(stage, said)) == text_of(asked), "the question stays"
        assert stage.queue.submits == []


@pytest.mark.asyncio
async def test_a_picture_that_vanished_fails_the_card_with_a_sentence(reading: Stage) -> None:
    stage = reading
    async with stage.clapper():
        shown = await stage.discord.member("Grace").say("general", "", [CAT])
        stage.discord.lose_file(shown["attachments"][0]["id"])
        said = await ada(stage).say("general", f"/animate {SNOW}", reply_to=shown)
        message = await answer_to(stage, said, lambda one: "fetched" in text_of(one))
        assert message["components"] == []
        assert stage.queue.submits == []
        assert leftovers(stage.folder) == []


@pytest.mark.asyncio
async def test_a_message_that_comes_twice_makes_one_job_and_one_reply(reading: Stage) -> None:
    stage = reading
    stage.discord.faults.duplicate_events = True
    async with stage.clapper():
        shown = await stage.discord.member("Grace").say("general", "", [CAT])
        said = await ada(stage).say("general", f"/animate {SNOW}", reply_to=shown)
        message = await see_through(stage, said)
        slash = await ada(stage).slash("general", "t2v", prompt="a cat")
        await stage.see(slash, "pending")
        assert len(stage.queue.submits) == 2
        mine = [m for m in ada(stage).sees("general") if m["author"]["id"] == stage.discord.bot.id]
        assert [m["id"] for m in mine] == [message["id"], slash.message_id]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("denied", "word"), [(ATTACH_FILES, "Attach Files"), (READ_MESSAGE_HISTORY, "Read Message History")]
)
async def test_missing_permissions_are_said_when_asked(reading: Stage, denied: int, word: str) -> None:
    stage = reading
    async with stage.clapper():
        stage.discord.set_permissions(stage.discord.channel("general"), stage.discord.bot, deny=denied)
        said = await ada(stage).say("general", f"<@{stage.discord.bot.id}> t2v a cat")
        place = stage.discord.channel("general")
        answer = await ada(stage).wait_for(place, lambda m: m["author"]["id"] == stage.discord.bot.id, PATIENCE_SECONDS)
        assert word in answer["content"]
        assert said["id"] != answer["id"]
        assert stage.queue.submits == []


@pytest.mark.asyncio
async def test_who_may_not_use_commands_can_not_write_them_either(reading: Stage) -> None:
    async with reading.clapper():
        place, linus = reading.discord.channel("general"), reading.discord.member("Linus")
        reading.discord.set_permissions(place, ada(reading), deny=USE_APPLICATION_COMMANDS)
        shown = await linus.say("general", "", [CAT])
        said = await ada(reading).say("general", f"/animate {SNOW}", reply_to=shown)
        assert "/animate" in await told(reading, said)


@pytest.mark.asyncio
async def test_a_thread_is_as_good_as_its_channel(reading: Stage) -> None:
    async with reading.clapper():
        thread = reading.discord.add_thread(reading.discord.channel("general"), "cats")
        shown = await reading.discord.member("Grace").say(thread, "", [CAT])
        said = await ada(reading).say(thread, f"/animate {SNOW}", reply_to=shown)
        await answer_to(reading, said, in_state("pending"))


@pytest.mark.asyncio
async def test_bots_and_talk_about_commands_are_left_alone(reading: Stage) -> None:
    async with reading.clapper():
        bot = f"<@{reading.discord.bot.id}>"
        talk = await ada(reading).say("general", "/animate is fun, isn't it")
        also = await ada(reading).say("general", f"I like {bot} very much")
        aimed = await ada(reading).say("general", f"animate this please {bot}", [CAT])
        await answer_to(reading, aimed, in_state("pending"))
        answered = {(m.get("message_reference") or {}).get("message_id") for m in ada(reading).sees("general")}
        assert not {talk["id"], also["id"]} & answered


@pytest.mark.asyncio
async def test_where_it_may_not_write_it_says_so_in_private(reading: Stage) -> None:
    stage = reading
    async with stage.clapper():
        stage.discord.set_permissions(stage.discord.channel("general"), stage.discord.bot, deny=SEND_MESSAGES)
        await ada(stage).say("general", f"<@{stage.discord.bot.id}> t2v a cat")
        answer = await ada(stage).wait_for(ada(stage).dm, lambda m: m["content"], PATIENCE_SECONDS)
        assert "Send Messages" in answer["content"]


@pytest.mark.asyncio
async def test_cancel_and_a_restart_work_on_text_replies_too(reading: Stage) -> None:
    stage = reading
    async with stage.clapper():
        shown = await stage.discord.member("Grace").say("general", "", [CAT])
        said = await ada(stage).say("general", f"/animate {SNOW}", reply_to=shown)
        await answer_to(stage, said, in_state("pending"))
    async with stage.clapper():
        await stage.clock.advance(PENDING_SECONDS)
        card = await answer_to(stage, said, in_state("processing"))
        await ada(stage).press(card, "Cancel")
        await answer_to(stage, said, in_state("cancelled"))


@pytest.mark.asyncio
async def test_switched_off_the_intent_is_not_asked_for(reading: Stage) -> None:
    stage = reading
    stage.changes["message_content_intent"] = "off"
    async with stage.clapper() as app:
        assert not app.parts.bot.intents.message_content
        shown = await stage.discord.member("Grace").say("general", "look", [CAT])
        said = await ada(stage).say("general", f"<@{stage.discord.bot.id}> animate {SNOW}", reply_to=shown)
        assert "/animate" in await told(stage, said)


def leftovers(folder: Path) -> list[Path]:
    """Files on the workbench, where inputs are opened."""
    return [path for path in (folder / "work").rglob("*") if path.is_file()]
