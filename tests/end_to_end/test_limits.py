"""Limits as a server lives with them: an admin sets, a member is refused, time moves, the member is let in."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bot.rules.limit_rules import Rule, Scope, Window
from sandbox.discord import ClientRefused, Invocation
from sandbox.discord.world import Guild
from tests.adapters.databases import BOTH, drop_schema, new_schema
from tests.adapters.sandbox_material import picture as picture_of
from tests.end_to_end.conftest import (
    PATIENCE_SECONDS,
    PENDING_SECONDS,
    PROCESSING_SECONDS,
    Stage,
    state_of,
    text_of,
)
from tests.end_to_end.test_moderation import arrange

Json = dict[str, Any]
CAT = ("cat.png", picture_of(320, 200))
EVERY_ADMIN_PATH: list[tuple[str, Json]] = [
    ("limits set", {"scope": "everyone", "amount": 0, "window": "day"}),
    ("limits remove", {"rule": "everyone jobs day"}),
    ("limits show", {}),
    ("limits reset", {"member": "Ada"}),
    ("limits exempt", {"role": "Editors"}),
    ("limits block", {"member": "Grace"}),
    ("limits unblock", {"member": "Grace"}),
    ("limits full", {"then": "refuse"}),
]


async def told(asked: Invocation) -> str:
    """The private answer."""
    message = await asked.reply(timeout=PATIENCE_SECONDS)
    assert message["flags"] & 64, "only who asked sees it"
    return text_of(message)


async def admin(stage: Stage, command: str, where: str = "general", **options: Any) -> str:
    return await told(await stage.discord.member("Linus").slash(where, f"limits {command}", **options))


async def ask(stage: Stage, who: str = "Ada", where: Any = "general", prompt: str = "a cat") -> Invocation:
    return await stage.discord.member(who).slash(where, "t2v", prompt=prompt)


async def refused(stage: Stage, who: str = "Ada", where: Any = "general") -> str:
    submits = len(stage.queue.submits)
    text = text_of(await stage.told_alone(await ask(stage, who, where)))
    assert len(stage.queue.submits) == submits
    return text


async def only(stage: Stage, **rule: Any) -> None:
    """Nothing but this rule."""
    for word in ("everyone jobs at once", "everyone jobs day", "server jobs at once", "server jobs day"):
        await admin(stage, "remove", rule=word)
    await admin(stage, "set", **rule)


def stamp_of(text: str) -> int:
    [stamp] = re.findall(r"<t:(\d+):R>", text)
    return int(stamp)


def film_club(stage: Stage) -> Guild:
    return stage.discord.guild("Film Club")


@pytest.mark.asyncio
async def test_a_member_is_refused_until_the_very_time_that_they_were_told(stage: Stage) -> None:
    async with stage.clapper():
        assert "2 videos an hour" in await admin(stage, "set", scope="everyone", amount=2, window="hour")
        first = await ask(stage)
        await stage.see_through(first)
        began = stage.discord.clock.now().timestamp()
        stage.pass_time(600)
        await stage.see_through(await ask(stage))

        text = await refused(stage)
        assert "Each member may make 2 videos an hour, and you have made 2. More <t:" in text
        assert abs(stamp_of(text) - (began + 3600)) < PATIENCE_SECONDS, "when the first one's hour is over"
        stage.pass_time(3000 - PATIENCE_SECONDS)
        await refused(stage)
        stage.pass_time(PATIENCE_SECONDS + 1)
        await stage.see(await ask(stage), "pending")


@pytest.mark.asyncio
async def test_the_looks_before_the_acknowledgement_makes_the_refusal_private_at_once(stage: Stage) -> None:
    async with stage.clapper():
        await admin(stage, "set", scope="everyone", amount=0, window="day")
        asked = await ask(stage)
        assert "Each member may make no videos here" in await told(asked)
        assert len(asked.history) == 1
        assert all(seen["id"] != (asked.message or {})["id"] for seen in stage.discord.member("Grace").sees("general"))


@pytest.mark.asyncio
async def test_again_counts_as_a_job(stage: Stage) -> None:
    async with stage.clapper():
        await admin(stage, "set", scope="everyone", amount=1, window="day")
        card = await stage.see_through(await ask(stage))
        pressed = await stage.discord.member("Ada").press(card, "Again")
        text = text_of(await pressed.reply(lambda m: m["flags"] & 64, timeout=PATIENCE_SECONDS))
        assert "1 video a day" in text
        by_another = await stage.discord.member("Grace").press(card, "Again")
        await stage.see(by_another, "pending")
        assert len(stage.queue.submits) == 2


@pytest.mark.asyncio
async def test_mentions_and_menus_are_held_to_the_same_limits(stage: Stage) -> None:
    async with stage.clapper():
        await admin(stage, "set", scope="everyone", amount=0, window="day")
        ada, bot = stage.discord.member("Ada"), stage.discord.bot
        said = await ada.say("general", f"<@{bot.id}> t2v a cat playing piano")

        def is_its_answer(message: Json) -> bool:
            return bool((message.get("message_reference") or {}).get("message_id") == said["id"])

        answer = await ada.wait_for("general", is_its_answer, PATIENCE_SECONDS)
        assert "Each member may make no videos here" in text_of(answer)
        picture = await stage.discord.member("Grace").say("general", files=[CAT])
        opened = await ada.menu(picture, "Animate")
        if opened.modal is None and opened.state != "answered":
            await opened.done(PATIENCE_SECONDS)
        if opened.modal is not None:
            opened = await ada.submit_modal(opened, {"Prompt": "make it snow"})
        assert "Each member may make no videos here" in await told(opened)
        assert stage.queue.submits == []


@pytest.mark.asyncio
async def test_what_fails_without_the_members_fault_or_is_stopped_before_its_submit_is_given_back(stage: Stage) -> None:
    async with stage.clapper():
        await only(stage, scope="everyone", amount=1, window="day")
        failed = await ask(stage, prompt="a cat [fail: out of film]")
        await stage.see(failed, "pending")
        await refused(stage)
        await stage.clock.advance(PENDING_SECONDS + PROCESSING_SECONDS)
        await stage.see(failed, "failed")
        sent = await ask(stage)
        await stage.discord.member("Ada").press(await stage.see(sent, "pending"), "Cancel")
        await stage.see(sent, "cancelled")
        await refused(stage)


@pytest.mark.asyncio
async def test_the_line_is_shown_moves_by_itself_and_survives_a_restart(stage: Stage) -> None:
    async with stage.clapper():
        await only(stage, scope="server", amount=1, window="at once")
        first = await ask(stage)
        await stage.see(first, "pending")
        second = await ask(stage, "Grace")
        assert "Place 1" in text_of(await second.reply(timeout=PATIENCE_SECONDS))
        third = await ask(stage)
        assert "Place 2" in text_of(await third.reply(timeout=PATIENCE_SECONDS))
        assert "In line" in (third.message or {})["embeds"][0]["title"]
        assert state_of(second.message or {}) == "accepted"
        assert len(stage.queue.submits) == 1
    async with stage.clapper():
        await stage.clock.advance(PENDING_SECONDS + PROCESSING_SECONDS)
        await stage.see(first, "delivered")
        await stage.see(second, "pending")
        await third.reply(lambda message: "Place 1" in text_of(message), PATIENCE_SECONDS)
        # Who leaves the line makes room in it, and a larger limit lets the next one start.
        fourth = await ask(stage, "Grace")
        await fourth.reply(lambda message: "Place 2" in text_of(message), PATIENCE_SECONDS)
        await stage.discord.member("Ada").press(await third.reply(), "Cancel")
        await stage.see(third, "cancelled")
        await fourth.reply(lambda message: "Place 1" in text_of(message), PATIENCE_SECONDS)
        await admin(stage, "set", scope="server", amount=2, window="at once")
        await stage.see(fourth, "pending")
        assert len(stage.queue.submits) == 3


@pytest.mark.asyncio
async def test_where_the_server_says_so_a_full_limit_refuses_instead(stage: Stage) -> None:
    async with stage.clapper():
        await only(stage, scope="everyone", amount=1, window="at once")
        assert "refused" in await admin(stage, "full", then="refuse")
        await stage.see(await ask(stage), "pending")
        assert "Each member may make 1 video at once, and you have 1 under way" in await refused(stage)
        await admin(stage, "full", then="queue")
        assert "Place 1" in text_of(await (await ask(stage)).reply(timeout=PATIENCE_SECONDS))


@pytest_asyncio.fixture(params=BOTH)
async def on_either(request: pytest.FixtureRequest, stage: Stage) -> AsyncIterator[Stage]:
    """The stage, once on each kind of database."""
    if request.param == "sqlite":
        yield stage
        return
    url, name = await new_schema()
    stage.changes["database_url"] = url.render_as_string(hide_password=False)
    yield stage
    await drop_schema(name)


@pytest.mark.asyncio
async def test_two_hundred_commands_at_once_make_exactly_the_limit(on_either: Stage) -> None:
    stage = on_either
    async with stage.clapper():
        await only(stage, scope="everyone", amount=7, window="day")
        asked = await asyncio.gather(*(ask(stage) for _ in range(200)))

        def over(one: Invocation) -> bool:
            return bool(one.followups) or (one.message is not None and not one.message["flags"] & 128)

        await stage.discord.until(lambda: all(map(over, asked)), PATIENCE_SECONDS, "all answers")
        cards = [one for one in asked if one.message is not None and state_of(one.message)]
        await asyncio.gather(*(stage.see(card, "pending") for card in cards))
        assert len(cards) == len(stage.queue.submits) == 7


@pytest.mark.asyncio
async def test_a_role_beats_everyone_a_channel_holds_for_all_and_exempt_roles_are_free(stage: Stage) -> None:
    async with stage.clapper():
        await only(stage, scope="everyone", amount=0, window="day")
        assert "Editors" not in await refused(stage)
        guild = film_club(stage)
        editors = next(role for role in guild.roles.values() if role.name == "Editors")
        stage.discord.give_role(guild, "Ada", editors)
        assert f"<@&{editors.id}>: 2 videos a day" in await admin(
            stage, "set", scope="role", role="Editors", amount=2, window="day"
        )
        await stage.see(await ask(stage), "pending")
        await admin(stage, "set", scope="channel", channel="clips", amount=0, window="day")
        clips = stage.discord.channel("clips")
        assert f"<#{clips.id}>" in await refused(stage, where="clips")
        thread = stage.discord.add_thread(clips, "cats")
        assert f"<#{clips.id}>" in await refused(stage, where=thread)
        await admin(stage, "exempt", role="Editors")
        await stage.see(await ask(stage, where="clips"), "pending")
        await admin(stage, "exempt", role="Editors", exempt=False)
        await refused(stage, where="clips")


@pytest.mark.asyncio
async def test_a_blocked_member_is_told_why_and_until_when(stage: Stage) -> None:
    async with stage.clapper():
        text = await admin(stage, "block", member="Ada", reason="too many *cats*", length="1 day")
        assert "too many" in text
        text = await refused(stage)
        assert "too many \\*cats\\*" in text
        assert stamp_of(text) > stage.discord.clock.now().timestamp() + 86_000
        assert "blocked" in await admin(stage, "show")
        stage.pass_time(86_401)
        await stage.see(await ask(stage), "pending")
        await admin(stage, "block", member="Ada")
        await refused(stage)
        await admin(stage, "unblock", member="Ada")
        await stage.see(await ask(stage), "pending")
        assert "isn't blocked here" in await admin(stage, "unblock", member="Ada")


@pytest.mark.asyncio
async def test_usage_shows_each_rule_and_another_members_to_moderators_alone(stage: Stage) -> None:
    async with stage.clapper():
        await admin(stage, "set", scope="everyone", amount=3, window="hour", unit="jobs")
        await admin(stage, "set", scope="everyone", amount=30, window="cooldown")
        await stage.see(await ask(stage), "pending")
        ada, linus = stage.discord.member("Ada"), stage.discord.member("Linus")
        text = await told(await ada.slash("general", "usage"))
        assert "You: 1 of 3 videos an hour, 2 left" in text
        assert "You: 30 s between two videos · more <t:" in text
        assert "the whole server together: 1 of 200 videos a day, 199 left" in text
        assert text.index("You: 1 of 3") < text.index("the whole server"), "their own comes first"
        assert "Ada: 1 of 3" in await told(await linus.slash("general", "usage", member="Ada"))
        assert "0 of 3" in await told(await linus.slash("general", "usage"))
        assert "manage messages" in await told(await ada.slash("general", "usage", member="Grace"))
        assert "0.40 of 10.00 US dollars a day" in await told(await ada.slash(ada.dm, "usage")), "the operator's own"


@pytest.mark.asyncio
async def test_a_reset_lets_a_member_start_anew(stage: Stage) -> None:
    async with stage.clapper():
        await admin(stage, "set", scope="everyone", amount=1, window="day")
        await stage.see_through(await ask(stage))
        await refused(stage)
        assert stage.discord.member("Ada").mention in await admin(stage, "reset", member="Ada")
        await stage.see(await ask(stage), "pending")
        await refused(stage)
        assert "nothing to reset" in await admin(stage, "reset", member="Grace")


@pytest.mark.asyncio
async def test_the_operators_limits_hold_on_top_and_everywhere(stage: Stage) -> None:
    stage.changes["operator_limits"] = "everyone 1 jobs day"
    async with stage.clapper():
        await stage.see_through(await ask(stage))
        ada = stage.discord.member("Ada")
        stage.discord.add_guild("Elsewhere", bot_installed=False, channels=("lounge",))
        stage.discord.install_for("Ada")
        for where in ("general", "Test Kitchen#general", ada.dm, "lounge"):
            assert "set by whoever runs this bot" in await refused(stage, where=where)
        await admin(stage, "reset", member="Ada")
        await refused(stage)
        assert "set by whoever runs this bot" in await told(await ada.slash(ada.dm, "usage"))


@pytest.mark.asyncio
async def test_a_start_without_the_operators_limits_says_what_is_unlimited(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    nothing = "nothing limits what a member makes in direct messages, and in servers that they bring the bot to"
    for chosen, told in (({}, False), ({"operator_limits": "none"}, True)):
        stage.changes |= chosen
        caplog.clear()
        async with stage.clapper():
            assert (nothing in caplog.text) is told


@pytest.mark.asyncio
@pytest.mark.parametrize("who", ["Ada", "a moderator"])
async def test_a_member_tries_every_admin_path_and_is_refused(stage: Stage, who: str) -> None:
    async with stage.clapper() as app:
        guild = film_club(stage)
        if who != "Ada":
            stage.discord.add_role(guild, "Moderators", 1 << 13, to=("Ada",))
        offered = {command["name"] for command in stage.discord.member("Ada").commands("general")}
        assert "limits" not in offered
        assert "limits" in {command["name"] for command in stage.discord.member("Linus").commands("general")}
        before = await app.parts.services.guilds.settings(int(guild.id))
        for path, options in EVERY_ADMIN_PATH:
            asked = await stage.discord.member("Ada").slash("general", path, raw=True, **options)
            assert "manage this server" in await told(asked), path
        assert await app.parts.services.guilds.settings(int(guild.id)) == before


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"scope": "everyone", "amount": -1, "window": "day"}, "-1"),
        ({"scope": "everyone", "amount": 10**12, "window": "day"}, "no amount"),
        ({"scope": "bot", "amount": 1, "window": "day"}, "bot"),
        ({"scope": "everyone", "amount": 1, "window": "fortnight"}, "fortnight"),
        ({"scope": "everyone", "amount": 1, "window": "day", "unit": "cats"}, "cats"),
        ({"scope": "role", "amount": 1, "window": "day"}, "Choose a role, too"),
        ({"scope": "channel", "amount": 1, "window": "day", "role": "Editors"}, "channel"),
        ({"scope": "everyone", "amount": 1, "window": "day", "role": "Editors"}, "one role's members"),
        ({"scope": "role", "amount": 1, "window": "day", "role": "Editors", "channel": "clips"}, "role"),
    ],
)
async def test_what_makes_no_sense_is_refused_in_a_sentence_and_changes_nothing(
    stage: Stage, options: Json, word: str
) -> None:
    async with stage.clapper() as app:
        asked = await stage.discord.member("Linus").slash("general", "limits set", raw=True, **options)
        text = await told(asked)
        assert word in text
        assert "went wrong" not in text
        assert (await app.parts.services.guilds.settings(int(film_club(stage).id))).version == 0


@pytest.mark.asyncio
async def test_discords_own_form_refuses_amounts_out_of_range(stage: Stage) -> None:
    async with stage.clapper():
        for amount in (-1, 10**12):
            with pytest.raises(ClientRefused):
                await admin(stage, "set", scope="everyone", amount=amount, window="day")


@pytest.mark.asyncio
async def test_deleted_roles_and_channels_are_shown_as_such_and_can_be_removed(stage: Stage) -> None:
    async with stage.clapper():
        guild = film_club(stage)
        role = stage.discord.add_role(guild, "Brief", to=("Ada",))
        channel = stage.discord.add_channel(guild, "brief")
        await admin(stage, "set", scope="role", role="Brief", amount=1, window="day")
        await admin(stage, "set", scope="channel", channel="brief", amount=1, window="day")
        await admin(stage, "exempt", role="Brief")
        stage.discord.delete_role(guild, role)
        stage.discord.delete_channel(channel)
        await stage.discord.member("Linus").wait_for("general", lambda _: True)
        text = await admin(stage, "show")
        assert f"each member with a deleted role ({role.id}): 1 video a day" in text
        assert f"a deleted channel ({channel.id}) together: 1 video a day" in text
        await stage.see(await ask(stage), "pending")
        choices = await stage.discord.member("Linus").autocomplete("general", "limits remove", "rule", rule="deleted")
        assert len(choices) == 2
        for choice in choices:
            assert "Removed" in await admin(stage, "remove", rule=choice["value"])
        assert "1 video a day" not in await admin(stage, "show")
        assert "no such limit" in await admin(stage, "remove", rule=choices[0]["value"])


@pytest.mark.asyncio
async def test_a_hundred_rules_are_listed_and_the_next_is_refused(stage: Stage) -> None:
    async with stage.clapper() as app:
        guild = film_club(stage)
        linus = stage.discord.member("Linus")
        roles = [stage.discord.add_role(guild, f"Role {n}") for n in range(97)]
        book = (await app.parts.services.guilds.settings(int(guild.id))).limits
        ten = [Rule(scope=Scope.ROLE, target_id=int(role.id), amount=10, window=Window.DAY) for role in roles[:96]]
        await arrange(stage, app, limits=book.model_copy(update={"rules": (*book.rules, *ten)}))
        text = await admin(stage, "set", scope="role", role=roles[96].id, amount=10, window="day")
        assert "100 already" in text
        shown = await (await linus.slash("general", "limits show")).reply(timeout=PATIENCE_SECONDS)
        [file] = shown["attachments"]
        assert len(shown["embeds"][0]["description"]) <= 4096
        whole = (await stage.discord.download(file["url"])).decode()
        assert whole.count("10 videos a day") == 96
        assert "@Role 95" in whole
        assert len((await app.parts.services.guilds.settings(int(guild.id))).limits.rules) == 100
        await stage.see(await ask(stage), "pending")


@pytest.mark.asyncio
async def test_rules_are_not_offered_to_members_while_typing(stage: Stage) -> None:
    async with stage.clapper():
        linus, ada = stage.discord.member("Linus"), stage.discord.member("Ada")
        assert len(await linus.autocomplete("general", "limits remove", "rule", rule="")) == 4
        stage.discord.add_role(film_club(stage), "Helpers", 1 << 5, to=("Ada",))
        assert len(await ada.autocomplete("general", "limits remove", "rule", rule="")) == 4


@pytest.mark.asyncio
async def test_two_admins_at_once_lose_nothing(stage: Stage) -> None:
    async with stage.clapper():
        windows = ("minute", "hour", "week", "30 days")
        await asyncio.gather(
            *(admin(stage, "set", scope="server", amount=50 + n, window=window) for n, window in enumerate(windows))
        )
        text = await admin(stage, "show")
        for n, word in enumerate(("a minute", "an hour", "a week", "in 30 days")):
            assert f"{50 + n} videos {word}" in text


@pytest.mark.asyncio
async def test_a_server_is_welcomed_once_where_it_shows_its_news(stage: Stage) -> None:
    async with stage.clapper() as app:
        await app.parts.bot.wait_until_ready()
        guild = stage.discord.add_guild("New Club")
        ada = stage.discord.member("Ada")
        message = await ada.wait_for("New Club#general", lambda m: "/limits" in m["content"], PATIENCE_SECONDS)
        assert "2 videos at once and 20 a day" in message["content"]
        stage.discord.kick_bot(guild)
        stage.discord.invite_bot(guild)
        await stage.see(await ask(stage, where="New Club#general"), "pending")
        assert sum("/limits" in m["content"] for m in ada.sees("New Club#general")) == 1
        assert not any("/limits" in m["content"] for m in ada.sees("Film Club#general"))
    async with stage.clapper():
        await stage.see(await ask(stage, where="New Club#general"), "pending")
        assert sum("/limits" in m["content"] for m in ada.sees("New Club#general")) == 1


@pytest.mark.asyncio
async def test_where_it_may_not_speak_the_owner_is_told(stage: Stage) -> None:
    async with stage.clapper() as app:
        await app.parts.bot.wait_until_ready()
        stage.discord.add_guild("Silent Club **", channels=())
        linus = stage.discord.member("Linus")
        message = await linus.wait_for(linus.dm, lambda m: "/limits" in m["content"], PATIENCE_SECONDS)
        assert r"Silent Club \*\*" in message["content"]
