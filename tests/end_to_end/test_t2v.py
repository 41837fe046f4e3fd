"""`/t2v` as a member lives it: one command, one reply, which becomes the video or says why not."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import av
import pytest

from bot.chat.help_pages import PICTURES
from bot.chat.replies import accepting
from sandbox.discord import ClientRefused, Invocation
from sandbox.discord import permissions as bits
from tests.adapters.databases import held
from tests.end_to_end.conftest import (
    PATIENCE_SECONDS,
    PENDING_SECONDS,
    PROCESSING_SECONDS,
    Stage,
    buttons_of,
    state_of,
    states_of,
    text_of,
)

PROMPT = "a cat playing piano"
WAY = ["accepted", "pending", "processing", "delivered"]


async def ask(stage: Stage, who: str = "Ada", **options: Any) -> Invocation:
    return await stage.discord.member(who).slash("general", "t2v", **({"prompt": PROMPT} | options))


def is_private(message: dict[str, Any]) -> bool:
    return bool(message["flags"] & 64)


async def private_answer(asked: Invocation) -> str:
    """What only the one who pressed or asked is told, as the first response or after it."""
    await asked.done()
    if asked.message is not None and asked.interaction.original_id != asked.interaction.message_id:
        message = asked.message
    else:
        message = await asked.followup()
    assert is_private(message)
    return text_of(message)


@pytest.mark.asyncio
async def test_one_reply_shows_each_state_once_and_ends_with_the_video(stage: Stage) -> None:
    async with stage.clapper():
        asked = await ask(stage, seed=7, resolution="480p", orientation="portrait")
        message = await stage.see_through(asked)

        assert states_of(asked) == WAY
        assert asked.followups == []
        [attachment] = message["attachments"]
        assert attachment["filename"].startswith("a-cat-playing-piano-")
        assert attachment["filename"].endswith(".mp4")
        assert attachment["description"] == PROMPT, "for who can't see it"
        with av.open(BytesIO(await stage.discord.download(attachment["url"])), "r") as video:
            stream = video.streams.video[0]
            assert stream.codec_context.name == "h264"
            assert stream.codec_context.pix_fmt == "yuv420p"
            assert len(list(video.decode(stream))) > 20
        assert "✅" in text_of(message)
        assert buttons_of(message) == ["Again", "Change", "Use this", "Delete"]

        [submit] = stage.queue.submits
        assert submit.model == "lucy-pro-t2v"
        assert submit.texts == {"prompt": PROMPT, "seed": "7", "resolution": "480p", "orientation": "portrait"}


@pytest.mark.asyncio
async def test_the_card_says_what_was_asked_and_ticks(stage: Stage) -> None:
    async with stage.clapper():
        asked = await ask(stage)
        message = await stage.see(asked, "pending")
        text = text_of(message)
        assert "⏳" in text
        assert f"> {PROMPT}" in text
        assert "**Lucy Pro**" in text
        assert stage.discord.member("Ada").mention not in text, "Discord itself says who used the command"
        assert text.count(":R>") == 2, "when it was asked and when it is expected"
        assert "seed `" in text, "a seed that was drawn is shown, so that it can be asked for again"
        assert buttons_of(message) == ["Cancel"]
        seed = text.split("seed `")[1].split("`")[0]
        assert stage.queue.submits[0].texts["seed"] == seed


@pytest.mark.asyncio
@pytest.mark.parametrize(("prompt", "told"), [("x" * 1001, "1000"), ("   ", "prompt"), ("nul\x00", "characters")])
async def test_a_bad_prompt_is_refused_privately_before_any_submit(stage: Stage, prompt: str, told: str) -> None:
    async with stage.clapper():
        asked = await ask(stage, prompt=prompt)
        message = await asked.reply(timeout=PATIENCE_SECONDS)
        assert is_private(message)
        assert told in text_of(message)
        assert len(asked.history) == 1, "it was the first response, not an edit of a public one"
        assert stage.queue.submits == []


@pytest.mark.asyncio
async def test_a_forged_option_is_refused_in_a_sentence(stage: Stage) -> None:
    async with stage.clapper():
        asked = await stage.discord.member("Ada").slash("general", "t2v", prompt=PROMPT, seed=-1, raw=True)
        message = await asked.reply(timeout=PATIENCE_SECONDS)
        assert is_private(message)
        assert text_of(message)
        unknown = await ask(stage, model="gpt-9")
        message = await unknown.reply(timeout=PATIENCE_SECONDS)
        assert is_private(message)
        assert "Lucy Pro (text)" in text_of(message), "it names what there is"
        assert stage.queue.submits == []


@pytest.mark.asyncio
@pytest.mark.parametrize("private", [False, True])
async def test_a_refusal_after_the_acknowledgement_is_private_too(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, private: bool
) -> None:
    monkeypatch.setattr(accepting, "CARD_SECONDS", 0.0)
    stage.changes["operator_limits"] = "everyone 0 jobs day"
    async with stage.clapper() as app:
        async with held(app.parts.database):  # nobody else writes meanwhile
            asked = await ask(stage, private=private)
            await stage.discord.core.bus.until(lambda: asked.message_id, PATIENCE_SECONDS, "thinking")
        message = await (asked.reply if private else asked.followup)(timeout=PATIENCE_SECONDS)
        assert private or asked.message is None, "the public promise is taken away"
        assert is_private(message)
        assert text_of(message)
        assert stage.queue.submits == []


@pytest.mark.asyncio
async def test_models_are_offered_while_typing(stage: Stage) -> None:
    async with stage.clapper():
        choices = await stage.discord.member("Ada").autocomplete("general", "t2v", "model", model="luc")
        assert [choice["value"] for choice in choices] == ["lucy-pro-t2v"]


@pytest.mark.asyncio
async def test_a_failed_job_says_the_services_reason_and_offers_again(stage: Stage) -> None:
    async with stage.clapper():
        asked = await ask(stage, prompt="a cat [fail: no cats @everyone today]")
        await stage.see(asked, "pending")
        await stage.clock.advance(PENDING_SECONDS + PROCESSING_SECONDS)
        message = await stage.see(asked, "failed")
        assert "❌" in text_of(message)
        assert "no cats" in text_of(message)
        assert message["attachments"] == []
        assert message["mention_everyone"] is False
        assert buttons_of(message) == ["Again", "Change", "Delete"]


@pytest.mark.asyncio
async def test_cancel_stops_it_for_its_requester_and_for_moderators_alone(stage: Stage) -> None:
    async with stage.clapper():
        asked = await ask(stage)
        message = await stage.see(asked, "pending")
        stranger = await stage.discord.member("Grace").press(message, "Cancel")
        assert "Only" in await private_answer(stranger)
        assert state_of(asked.message or {}) == "pending"

        await stage.discord.member("Ada").press(message, "Cancel")
        message = await stage.see(asked, "cancelled")
        assert buttons_of(message) == ["Again", "Change", "Delete"]

        another = await ask(stage, who="Grace")
        await stage.discord.member("Linus").press(await stage.see(another, "pending"), "Cancel")
        await stage.see(another, "cancelled")


@pytest.mark.asyncio
async def test_again_is_a_new_job_with_a_new_seed_in_a_message_of_its_own(stage: Stage) -> None:
    async with stage.clapper():
        asked = await ask(stage, seed=7)
        first = await stage.see_through(asked)
        again = await stage.discord.member("Grace").press(first, "Again")
        second = await stage.see_through(again)
        assert second["id"] != first["id"]
        assert states_of(again) == WAY
        assert stage.discord.member("Grace").mention in text_of(second)
        one, two = stage.queue.submits
        assert one.texts["prompt"] == two.texts["prompt"]
        assert two.texts["seed"] != "7"
        assert states_of(asked) == WAY, "the first card stays as it is"


@pytest.mark.asyncio
async def test_delete_asks_alone_and_takes_the_message_away_for_its_requester(stage: Stage) -> None:
    async with stage.clapper():
        asked = await ask(stage)
        message = await stage.see_through(asked)
        stranger = await stage.discord.member("Grace").press(message, "Delete")
        assert "Only" in await private_answer(stranger)
        assert asked.message is not None
        ada = stage.discord.member("Ada")
        question = await stage.told_alone(await ada.press(message, "Delete"))
        assert buttons_of(question) == ["Delete it", "Keep it"]
        await (await ada.press(question, "Keep it")).done()
        assert asked.message is not None, "and nobody else saw the question"
        question = await stage.told_alone(await ada.press(message, "Delete"))
        await ada.press(question, "Delete it")
        await stage.discord.until(lambda: asked.message is None, PATIENCE_SECONDS, "the message to go")


@pytest.mark.asyncio
async def test_a_private_answer_is_seen_by_its_requester_alone(stage: Stage) -> None:
    async with stage.clapper():
        asked = await ask(stage, private=True)
        message = await stage.see_through(asked)
        assert is_private(message)
        assert message["attachments"]
        assert all(seen["id"] != message["id"] for seen in stage.discord.member("Grace").sees("general"))
        assert any(seen["id"] == message["id"] for seen in stage.discord.member("Ada").sees("general"))


@pytest.mark.asyncio
async def test_a_private_job_can_be_cancelled_and_its_message_deleted(stage: Stage) -> None:
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        asked = await ask(stage, private=True)
        await ada.press(await stage.see(asked, "pending"), "Cancel")
        question = await stage.told_alone(await ada.press(await stage.see(asked, "cancelled"), "Delete"))
        await ada.press(question, "Delete it")
        await stage.discord.until(lambda: asked.message is None, PATIENCE_SECONDS, "the message to go")


@pytest.mark.asyncio
async def test_a_restart_goes_on_with_what_was_running_in_the_same_message(stage: Stage) -> None:
    async with stage.clapper():
        asked = await ask(stage)
        before = await stage.see(asked, "pending")
    assert state_of(asked.message or {}) == "pending", "a stop changes nothing that members see"
    async with stage.clapper():
        await stage.clock.advance(PENDING_SECONDS)
        await stage.see(asked, "processing")
        await stage.clock.advance(PROCESSING_SECONDS)
        after = await stage.see(asked, "delivered")
        assert after["id"] == before["id"]
        assert len(stage.queue.submits) == 1
        # Buttons of messages of an earlier run still work.
        again = await stage.discord.member("Ada").press(after, "Again")
        await stage.see(again, "pending")


@pytest.mark.asyncio
async def test_commands_are_sent_to_discord_once_and_not_again_unchanged(stage: Stage) -> None:
    async with stage.clapper():
        assert stage.discord.command_puts() == 1
        names = {command["name"] for command in stage.discord.member("Ada").commands("general")}
        assert {"t2v", "animate", "v2v", "flf2v", "motion", "restyle", "edit", "tryon", "help", "models"} <= names
    async with stage.clapper():
        assert stage.discord.command_puts() == 1
        asked = await stage.discord.member("Ada").slash("general", "help")
        t2v = next(one for one in stage.discord.member("Ada").commands("general") if one["name"] == "t2v")
        told = text_of(await asked.reply(timeout=PATIENCE_SECONDS))
        assert f"</t2v:{t2v['id']}>" in told, "the ids are known after a restart, too"


@pytest.mark.asyncio
async def test_no_prompt_pings_anybody(stage: Stage) -> None:
    async with stage.clapper():
        grace = stage.discord.member("Grace")
        clips, elsewhere = stage.discord.channel("clips"), stage.discord.channel("Test Kitchen#general")
        asked = await ask(
            stage,
            prompt=f"@everyone @here {grace.mention} **bold** [x](https://example.com) <:cat:1> <#{clips.id}> "
            f"<#{elsewhere.id}>",
        )
        message = await stage.see_through(asked)
        assert stage.queue.submits[0].texts["prompt"].endswith("example.com) :cat: #clips #channel")
        assert "@here @Grace **bold**" in stage.queue.submits[0].texts["prompt"]
        for version in asked.history:
            seen = version.message
            assert seen["mentions"] == []
            assert seen["mention_roles"] == []
            assert seen["mention_everyone"] is False
        assert "@everyone" not in text_of(message)
        assert "\\*\\*bold" in text_of(message)
        for exchange in stage.discord.record:
            if exchange.method in {"PATCH", "POST"} and isinstance(exchange.body, dict) and "embeds" in exchange.body:
                assert exchange.body["allowed_mentions"]["parse"] == []


@pytest.mark.asyncio
async def test_after_fifteen_minutes_the_bot_edits_its_own_message(stage: Stage) -> None:
    stage.changes["token_life_seconds"] = 0.001
    async with stage.clapper():
        asked = await ask(stage)
        message = await stage.see_through(asked)
        assert states_of(asked) == WAY
        assert message["attachments"]
        route = "/channels/{channel_id}/messages/{message_id}"
        assert len(stage.discord.record.of("PATCH", route)) == len(WAY) - 1, "the first response is the card"


@pytest.mark.asyncio
async def test_discord_failing_for_a_moment_loses_nothing(stage: Stage) -> None:
    async with stage.clapper():
        asked = await ask(stage)
        await stage.see(asked, "pending")
        stage.discord.faults.reset("PATCH", "/webhooks/", times=1)
        await stage.clock.advance(PENDING_SECONDS)
        await stage.see(asked, "processing")
        await stage.clock.advance(PROCESSING_SECONDS)
        assert (await stage.see(asked, "delivered"))["attachments"]


@pytest.mark.asyncio
async def test_help_and_models_are_answered_privately(stage: Stage) -> None:
    async with stage.clapper():
        for command, word in (("help", "</t2v:"), ("models", "Lucy Pro (text)")):
            asked = await stage.discord.member("Ada").slash("general", command)
            message = await asked.reply(timeout=PATIENCE_SECONDS)
            assert is_private(message)
            parts = [text_of(message), *(field["value"] for field in message["embeds"][0].get("fields", []))]
            assert word in "\n".join(parts)
            if command == "help":
                assert "</usage:" in text_of(message)
                assert await help_picture(stage, message) == "start.en.webp"
                await stage.discord.member("Ada").press(message, "For moderators")
                page = await asked.reply(lambda one: "</limits show:" in text_of(one), PATIENCE_SECONDS)
                assert page["id"] == message["id"]
                assert "</t2v:" not in text_of(page), "each page is for one thing"
                assert await help_picture(stage, page) == "admins.en.webp"


async def help_picture(stage: Stage, message: dict[str, Any]) -> str | None:
    """Which of the shipped pictures the page shows; None where it shows none."""
    image = message["embeds"][0].get("image")
    if image is None:
        return None
    shown = await stage.discord.download(image["url"])
    return next(path.name for path in PICTURES.iterdir() if path.read_bytes() == shown)


@pytest.mark.asyncio
async def test_help_comes_without_a_picture_where_the_app_may_attach_nothing(stage: Stage) -> None:
    stage.discord.set_permissions(stage.discord.channel("general"), stage.discord.bot, deny=bits.ATTACH_FILES)
    async with stage.clapper():
        asked = await stage.discord.member("Ada").slash("general", "help")
        message = await asked.reply(timeout=PATIENCE_SECONDS)
        assert "</t2v:" in text_of(message)
        assert await help_picture(stage, message) is None


@pytest.mark.asyncio
async def test_it_works_in_a_private_channel_with_the_bot(stage: Stage) -> None:
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        asked = await ada.slash(ada.dm, "t2v", prompt=PROMPT)
        assert (await stage.see_through(asked))["attachments"]


@pytest.mark.asyncio
async def test_germans_are_told_in_german(stage: Stage) -> None:
    async with stage.clapper():
        described = stage.discord.member("Ada").commands("general")
        t2v = next(command for command in described if command["name"] == "t2v")
        assert t2v["description_localizations"]["de"] == "Ein Video aus Worten machen"


@pytest.mark.asyncio
async def test_discords_own_form_refuses_what_it_can(stage: Stage) -> None:
    async with stage.clapper():
        with pytest.raises(ClientRefused):
            await stage.discord.member("Ada").slash("general", "t2v")
        with pytest.raises(ClientRefused):
            await ask(stage, resolution="8k")
