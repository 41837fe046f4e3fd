"""What the stand-in does on request that Discord does on a bad day: answers lost or late, events that lack a field."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from sandbox.discord import DiscordStandIn, Invocation, by_operation
from sandbox.discord.gateway import DIRECT_MESSAGES, GUILD_MESSAGES, GUILDS
from sandbox.discord.world import STAGE
from tests.adapters.sandbox_discord_bot import Interaction, Puppet, bot_fixture, standin_fixture  # noqa: F401

PLACE = "Film Club#general"
HOOK = "/webhooks/{webhook_id}/{webhook_token}"
CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"
DEFER = {"type": 5}
SAY = {"content": "there all the same"}


class Application:
    """A bot without discord.py: it asks what the test says and hears every event as it was sent."""

    def __init__(self, session: aiohttp.ClientSession, standin: DiscordStandIn) -> None:
        self.session = session
        self.standin = standin

    async def ask(self, method: str, path: str, body: Any) -> tuple[int, int]:
        """Status and error code. Raises aiohttp's errors where the answer is lost."""
        headers = {"Authorization": f"Bot {self.standin.token}"}
        async with self.session.request(method, self.standin.api_url + path, json=body, headers=headers) as response:
            raw = await response.read()
            return response.status, (json.loads(raw) if raw else {}).get("code", 0)

    async def acknowledge(self, asked: Invocation) -> tuple[int, int]:
        return await self.ask("POST", f"/interactions/{asked.id}/{asked.interaction.token}/callback", DEFER)

    def original(self, asked: Invocation) -> str:
        return f"/webhooks/{self.standin.application_id}/{asked.interaction.token}/messages/@original"

    async def listen(self) -> Gateway:
        """Identify, and return once READY has come."""
        socket = await self.session.ws_connect(self.standin.gateway_url)
        intents = GUILDS | GUILD_MESSAGES | DIRECT_MESSAGES
        await socket.send_json({"op": 2, "d": {"token": self.standin.token, "intents": intents}})
        gateway = Gateway(socket)
        await gateway.next("READY")
        return gateway


class Gateway:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def next(self, kind: str) -> dict[str, Any]:
        """The data of the next event of that kind; others are passed over."""
        async with asyncio.timeout(60):
            while True:
                frame = await self.socket.receive_json()
                if frame["t"] == kind:
                    data: dict[str, Any] = frame["d"]
                    return data


@pytest_asyncio.fixture
async def application(standin: DiscordStandIn) -> AsyncIterator[Application]:
    standin.core.commands.overwrite(None, [{"name": "do", "description": "x"}])
    async with aiohttp.ClientSession() as session:
        yield Application(session, standin)


async def is_lost(request: Awaitable[object]) -> None:
    with pytest.raises((aiohttp.ClientError, OSError)):
        await request


@pytest.mark.asyncio
async def test_an_acknowledgement_counts_although_its_answer_was_lost(
    standin: DiscordStandIn, application: Application
) -> None:
    asked = await standin.member("Ada").slash(PLACE, "do")
    standin.faults.reset("POST", "/callback", late=True)
    await is_lost(application.acknowledge(asked))
    assert asked.state == "answered"
    assert asked.message is not None
    assert asked.message["flags"] & 128
    assert await application.acknowledge(asked) == (400, 40060)
    assert (await application.ask("PATCH", application.original(asked), SAY))[0] == 200


@pytest.mark.asyncio
async def test_edits_and_new_messages_are_there_although_their_answers_were_lost(
    standin: DiscordStandIn, application: Application
) -> None:
    asked = await standin.member("Ada").slash(PLACE, "do")
    await application.acknowledge(asked)
    standin.faults.reset("PATCH", "/messages/@original", late=True)
    await is_lost(application.ask("PATCH", application.original(asked), SAY))
    assert (await asked.reply())["content"] == "there all the same"
    place = standin.channel(PLACE).id
    standin.faults.reset("POST", f"/channels/{place}/messages", late=True)
    await is_lost(application.ask("POST", f"/channels/{place}/messages", {"content": "new"}))
    new = standin.member("Ada").sees(PLACE)[-1]
    assert new["content"] == "new"
    standin.faults.reset("PATCH", f"/channels/{place}/messages/", late=True)
    await is_lost(application.ask("PATCH", f"/channels/{place}/messages/{new['id']}", SAY))
    assert standin.member("Ada").sees(PLACE)[-1]["content"] == "there all the same"


@pytest.mark.asyncio
async def test_an_acknowledgement_that_takes_too_long_is_refused_as_unknown(
    standin: DiscordStandIn, application: Application
) -> None:
    asked = await standin.member("Ada").slash(PLACE, "do")
    slow = standin.faults.slow("POST", "/callback", 4)
    answer = asyncio.create_task(application.acknowledge(asked))
    await standin.until(lambda: slow.times == 0)
    standin.clock.advance(4)
    assert await answer == (404, 10062)
    assert asked.failed == "The application did not respond"


@pytest.mark.asyncio
async def test_an_acknowledgement_can_be_taken_in_time_and_answered_late(
    standin: DiscordStandIn, application: Application
) -> None:
    asked = await standin.member("Ada").slash(PLACE, "do")
    standin.faults.slow("POST", "/callback", 600, late=True)
    answer = asyncio.create_task(application.acknowledge(asked))
    assert await asked.done() == "answered"
    standin.clock.advance(300)
    assert not answer.done()
    standin.clock.advance(300)
    assert (await answer)[0] == 204
    assert asked.state == "answered"


@pytest.mark.asyncio
async def test_an_acknowledgement_can_be_refused_although_it_came_in_time(
    standin: DiscordStandIn, application: Application
) -> None:
    asked = await standin.member("Ada").slash(PLACE, "do")
    standin.faults.fail("POST", "/callback", 404, code=10062)
    assert await application.acknowledge(asked) == (404, 10062)
    assert asked.state == "waiting"


@pytest.mark.asyncio
async def test_messages_and_edits_wait_by_the_stand_ins_clock(
    standin: DiscordStandIn, application: Application
) -> None:
    place = standin.channel(PLACE).id
    standin.faults.slow("POST", "/messages", 30)
    post = asyncio.create_task(application.ask("POST", f"/channels/{place}/messages", SAY))
    await standin.until(lambda: all(fault.times == 0 for fault in standin.faults.queue))
    assert standin.member("Ada").sees(PLACE) == []
    standin.clock.advance(30)
    assert (await post)[0] == 200
    assert [message["content"] for message in standin.member("Ada").sees(PLACE)] == ["there all the same"]


@pytest.mark.asyncio
async def test_a_stage_channel_comes_without_its_bitrate(standin: DiscordStandIn, application: Application) -> None:
    guild = standin.guild("Film Club")
    stage = standin.add_channel(guild, "premiere", type=STAGE)
    standin.faults.omit("GUILD_CREATE", "channels.*.bitrate", times=2)
    gateway = await application.listen()
    channels = (await gateway.next("GUILD_CREATE"))["channels"]
    assert [("bitrate" in c, "user_limit" in c) for c in channels if c["id"] == stage.id] == [(False, True)]
    standin.faults.omit("CHANNEL_CREATE", "bitrate")
    standin.add_channel(guild, "second premiere", type=STAGE)
    assert "bitrate" not in await gateway.next("CHANNEL_CREATE")
    standin.add_channel(guild, "third premiere", type=STAGE)
    assert (await gateway.next("CHANNEL_CREATE"))["bitrate"] == 64000
    standin.faults.omit("CHANNEL_UPDATE", "bitrate")
    standin.set_permissions(stage, standin.bot)
    assert "bitrate" not in await gateway.next("CHANNEL_UPDATE")


@pytest.mark.asyncio
async def test_an_interaction_comes_without_a_field(standin: DiscordStandIn, application: Application) -> None:
    gateway = await application.listen()
    standin.faults.omit("INTERACTION_CREATE", "attachment_size_limit")
    standin.faults.omit("INTERACTION_CREATE", "member.user.avatar")
    await standin.member("Ada").slash(PLACE, "do")
    event = await gateway.next("INTERACTION_CREATE")
    assert "attachment_size_limit" not in event
    assert "avatar" not in event["member"]["user"]
    await standin.member("Ada").slash(PLACE, "do")
    assert "attachment_size_limit" in await gateway.next("INTERACTION_CREATE")


@pytest.mark.asyncio
async def test_omissions_are_switched_on_over_http_and_all_is_well_after_clear(
    standin: DiscordStandIn, application: Application
) -> None:
    url = f"{standin.url}/_sandbox/faults"
    wanted = {"omit": [{"event": "CHANNEL_CREATE", "field": "name"}]}
    async with application.session.post(url, json=wanted) as response:
        assert (await response.json())["omit"] == [{"event": "CHANNEL_CREATE", "field": "name", "times": 1}]
    async with application.session.post(url, json={"clear": True}) as response:
        assert (await response.json())["omit"] == []


@pytest.mark.asyncio
async def test_the_requests_of_one_interaction_are_counted_apart(standin: DiscordStandIn, bot: Puppet) -> None:
    async def act(interaction: Interaction) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content="first")
        await interaction.followup.send("second")
        reply = await interaction.original_response()
        channel = bot.get_partial_messageable(interaction.channel_id or 0, guild_id=interaction.guild_id)
        await channel.get_partial_message(reply.id).edit(content="third")

    bot.act = act
    ada = standin.member("Ada")
    before = standin.record.total
    one, other = await ada.slash(PLACE, "do"), await ada.slash(PLACE, "do")
    for asked in (one, other):
        await asked.reply(until=lambda message: message["content"] == "third")
    expected = {
        f"POST {CALLBACK}": 1,
        f"PATCH {HOOK}/messages/@original": 1,
        f"POST {HOOK}": 1,
        f"GET {HOOK}/messages/@original": 1,
        "PATCH /channels/{channel_id}/messages/{message_id}": 1,
    }
    assert by_operation(one.requests) == expected
    assert by_operation(other.requests) == expected
    everything = standin.record.since(before)
    assert by_operation(everything) == dict.fromkeys(expected, 2)
    assert standin.record.since(standin.record.total) == []
