"""The stand-in's gateway: who may come in, what each may hear, and how connections are lost and found again."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from sandbox.discord import DiscordStandIn
from tests.adapters.sandbox_discord_bot import (  # noqa: F401 - fixtures
    Interaction,
    Puppet,
    bot_fixture,
    point_at,
    running,
    standin_fixture,
)

PLACE = "Film Club#general"
TEXTS = discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=True)


async def no_waiting(*_: Any, **__: Any) -> None:
    """In place of the five seconds that discord.py waits before it identifies once more."""


@pytest.mark.asyncio
async def test_a_wrong_token_is_refused_at_login_and_at_the_gateway(
    standin: DiscordStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_at(standin, monkeypatch)
    bot = Puppet()
    with pytest.raises(discord.LoginFailure):
        await bot.start("wrong")
    await bot.close()
    assert standin.invalid_requests == 1
    assert standin.record.of("GET", "/users/@me")[0].answer == {"message": "401: Unauthorized", "code": 0}


@pytest.mark.asyncio
async def test_a_token_that_was_reset_closes_the_gateway_with_4004(
    standin: DiscordStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_at(standin, monkeypatch)

    class Late(Puppet):
        async def setup_hook(self) -> None:
            await super().setup_hook()
            standin.core.token = "another"

    bot = Late(shard_count=1)
    with pytest.raises(discord.ConnectionClosed) as caught:
        await bot.start(standin.token)
    await bot.close()
    assert caught.value.code == 4004


@pytest.mark.asyncio
async def test_a_privileged_intent_must_be_switched_on_in_the_portal(
    standin: DiscordStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with running(standin, monkeypatch, intents=TEXTS):
            pass
    standin.set_message_content(True)
    async with running(standin, monkeypatch, intents=TEXTS) as bot:
        assert bot.application_flags.gateway_message_content


@pytest.mark.asyncio
async def test_without_the_intent_only_some_messages_show_their_content(standin: DiscordStandIn, bot: Puppet) -> None:
    ada = standin.member("Ada")
    plain = await ada.say(PLACE, "secret", [("cat.png", b"x")])
    await ada.say(PLACE, f"<@{standin.bot.id}> animate", reply_to=plain)
    await ada.say(ada.dm, "in private")
    await bot.until(lambda: len(bot.heard) == 3)
    hidden, mention, direct = bot.heard
    assert (hidden.content, hidden.attachments) == ("", [])
    assert mention.content.endswith("animate")
    assert mention.reference is not None
    replied = mention.reference.resolved
    assert isinstance(replied, discord.Message)
    assert (replied.content, replied.attachments) == ("", [])
    assert direct.content == "in private"
    channel = bot.get_channel(int(plain["channel_id"]))
    assert isinstance(channel, discord.TextChannel)
    fetched = await channel.fetch_message(int(plain["id"]))
    assert (fetched.content, fetched.attachments) == ("", [])
    standin.set_message_content(True)
    assert (await channel.fetch_message(int(plain["id"]))).content == "secret"


@pytest.mark.asyncio
async def test_with_the_intent_replies_forwards_and_link_pictures_are_readable(
    standin: DiscordStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin.set_message_content(True)
    async with running(standin, monkeypatch, intents=TEXTS) as bot:
        ada = standin.member("Ada")
        picture = await ada.say(PLACE, "a cat", [("cat.png", b"x")])
        await ada.say(PLACE, "/animate make it snow", reply_to=picture, mention_reply=False)
        await ada.forward(picture, "Film Club#clips")
        linked = {"type": "image", "url": "https://x.test/a.png", "thumbnail": {"url": "https://x.test/a.png"}}
        await ada.say(PLACE, "https://x.test/a.png", embeds=[linked])
        await bot.until(lambda: len(bot.heard) == 4)
        _, reply, forward, link = bot.heard
        assert reply.content == "/animate make it snow"
        assert reply.reference is not None
        assert isinstance(reply.reference.resolved, discord.Message)
        assert reply.reference.resolved.attachments[0].filename == "cat.png"
        assert forward.content == ""
        assert forward.message_snapshots[0].attachments[0].filename == "cat.png"
        assert link.embeds[0].thumbnail.url == "https://x.test/a.png"


@pytest.mark.asyncio
async def test_a_lost_socket_is_resumed_and_what_was_missed_is_replayed(
    standin: DiscordStandIn, bot: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discord.backoff.ExponentialBackoff, "delay", lambda _: 0.0)
    await standin.drop_gateway()
    await standin.until(lambda: not standin.core.gateway.online)
    await standin.member("Ada").say(PLACE, f"<@{standin.bot.id}> while you were away")
    await bot.until(lambda: bot.heard)
    assert "while you were away" in bot.heard[0].content
    await bot.until(lambda: "resumed" in bot.events)
    assert len(standin.core.gateway.resumes) == 1
    assert len(standin.core.gateway.identifies) == 1


@pytest.mark.asyncio
async def test_op_7_makes_the_bot_come_back_by_itself(
    standin: DiscordStandIn, bot: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discord.backoff.ExponentialBackoff, "delay", lambda _: 0.0)
    await standin.reconnect_gateway()
    await bot.until(lambda: "resumed" in bot.events)
    assert standin.core.gateway.online
    assert 4000 in standin.core.gateway.close_codes


@pytest.mark.asyncio
async def test_an_invalid_session_is_identified_anew(
    standin: DiscordStandIn, bot: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discord.backoff.ExponentialBackoff, "delay", lambda _: 0.0)
    monkeypatch.setattr(Puppet, "before_identify_hook", no_waiting)
    await standin.invalidate_session()
    await standin.until(lambda: len(standin.core.gateway.identifies) == 2)
    await standin.until(lambda: standin.core.gateway.online)
    assert not standin.core.gateway.resumes


@pytest.mark.asyncio
async def test_events_may_come_twice_or_never(standin: DiscordStandIn, bot: Puppet) -> None:
    ada = standin.member("Ada")
    standin.faults.duplicate_events = True
    await ada.say(ada.dm, "twice")
    await bot.until(lambda: len(bot.heard) == 2)
    standin.faults.clear()
    standin.faults.lose_events = 1
    await ada.say(ada.dm, "lost")
    await ada.say(ada.dm, "heard")
    await bot.until(lambda: len(bot.heard) == 3)
    assert [message.content for message in bot.heard] == ["twice", "twice", "heard"]


@pytest.mark.asyncio
async def test_guilds_come_and_go(standin: DiscordStandIn, bot: Puppet) -> None:
    standin.add_guild("New Place")
    await bot.until(lambda: "joined New Place" in bot.events)
    standin.kick_bot(standin.guild("Film Club"))
    await bot.until(lambda: "removed Film Club" in bot.events)
    ada = standin.member("Ada")
    assert ada.commands(PLACE) == []


@pytest.mark.asyncio
async def test_shards_hear_of_their_own_guilds_alone(standin: DiscordStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Puppet, "before_identify_hook", no_waiting)
    async with running(standin, monkeypatch, shard_count=2) as bot:
        assert sorted(tuple(i["shard"]) for i in standin.core.gateway.identifies) == [(0, 2), (1, 2)]
        assert len(bot.guilds) == 2
        for guild in bot.guilds:
            assert guild.shard_id == (guild.id >> 22) % 2
        ada = standin.member("Ada")

        async def act(interaction: Interaction) -> None:
            await interaction.response.send_message("hi")

        bot.act = act
        for place in (PLACE, "Test Kitchen#general"):
            job = await ada.slash(place, "do")
            await job.reply()


@pytest.mark.asyncio
async def test_the_page_learns_when_the_bot_goes_offline(
    standin: DiscordStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    standin.core.bus.listen(lambda event: told.append(event.kind))
    async with running(standin, monkeypatch):
        assert standin.core.gateway.online
    await standin.until(lambda: not standin.core.gateway.online)
    assert [kind for kind in told if kind in {"ready", "offline"}] == ["ready", "offline"]


@pytest.mark.asyncio
async def test_members_are_sent_on_request_when_the_intent_is_granted(
    standin: DiscordStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin.core.application_flags |= 1 << 14
    async with running(standin, monkeypatch, intents=discord.Intents(guilds=True, members=True)) as bot:
        guild = next(guild for guild in bot.guilds if guild.name == "Film Club")
        assert {member.display_name for member in guild.members} == {"Ada", "Grace", "Linus", "Clapper"}


@pytest.mark.asyncio
async def test_unacknowledged_heartbeats_are_noticed_as_a_dead_connection(
    standin: DiscordStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discord.backoff.ExponentialBackoff, "delay", lambda _: 0.0)
    standin.core.gateway.heartbeat_interval_ms = 50
    async with running(standin, monkeypatch, heartbeat_timeout=0.3) as bot:
        await standin.until(lambda: standin.core.gateway.heartbeats > 2)
        standin.faults.deaf = True
        await standin.until(lambda: not standin.core.gateway.online)
        standin.faults.deaf = False
        await bot.until(lambda: "resumed" in bot.events)
