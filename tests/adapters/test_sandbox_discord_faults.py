"""Rate limits, registrations and misbehaviour of the stand-in, as discord.py meets them."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import aiohttp
import discord
import pytest

from sandbox.discord import DiscordStandIn
from tests.adapters.sandbox_discord_bot import Interaction, Puppet, bot_fixture, standin_fixture  # noqa: F401

PLACE = "Film Club#general"


def channel_of(standin: DiscordStandIn, bot: Puppet) -> discord.TextChannel:
    channel = bot.get_channel(int(standin.channel(PLACE).id))
    assert isinstance(channel, discord.TextChannel)
    return channel


@pytest.mark.asyncio
async def test_every_answer_names_its_bucket(standin: DiscordStandIn, bot: Puppet) -> None:
    await channel_of(standin, bot).send("x")
    for exchange in standin.record:
        for name in ("Limit", "Remaining", "Reset", "Reset-After", "Bucket"):
            assert f"X-RateLimit-{name}" in exchange.answer_headers
        assert exchange.answer_headers["Content-Type"] == "application/json"


@pytest.mark.asyncio
async def test_a_full_bucket_answers_429_and_the_client_waits(
    standin: DiscordStandIn, bot: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin.rates.set("PATCH", "/channels/{channel_id}/messages/{message_id}", limit=1, per=30)
    message = await channel_of(standin, bot).send("x")
    slept = []
    real = asyncio.sleep

    async def sleep(seconds: float, *_: Any) -> None:
        slept.append(seconds)
        standin.clock.advance(seconds)
        await real(0)

    standin.rates.use("PATCH", "/channels/{channel_id}/messages/{message_id}", str(message.channel.id), bot_route=True)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    await message.edit(content="y")
    assert any(29 < seconds <= 31 for seconds in slept)
    statuses = [e.status for e in standin.record.of("PATCH", "/channels/{channel_id}/messages/{message_id}")]
    assert statuses == [429, 200]
    assert standin.rates.too_many == 1


@pytest.mark.asyncio
async def test_a_429_without_via_is_raised_at_once_as_a_ban(standin: DiscordStandIn, bot: Puppet) -> None:
    channel = channel_of(standin, bot)
    standin.faults.rate_limit("POST", "/messages", 600, via=False)
    with pytest.raises(discord.HTTPException) as caught:
        await channel.send("x")
    assert caught.value.status == 429
    await channel.send("y")


@pytest.mark.asyncio
async def test_messages_over_an_hour_old_have_a_tight_limit_of_their_own(standin: DiscordStandIn, bot: Puppet) -> None:
    message = await channel_of(standin, bot).send("x")
    standin.clock.advance(3601)
    headers = {"Authorization": f"Bot {standin.token}"}
    url = f"{standin.api_url}/channels/{message.channel.id}/messages/{message.id}"
    async with aiohttp.ClientSession(headers=headers) as session:
        statuses = []
        for number in range(4):
            async with session.patch(url, json={"content": str(number)}) as response:
                statuses.append(response.status)
                answer = await response.json()
    assert statuses == [200, 200, 200, 429]
    assert answer["code"] == 30046
    assert 0 < answer["retry_after"] <= 6


@pytest.mark.asyncio
async def test_requests_fail_as_asked_and_then_work_again(standin: DiscordStandIn, bot: Puppet) -> None:
    channel = channel_of(standin, bot)
    standin.faults.fail("POST", "/messages", 403, code=50013, times=2)
    for _ in range(2):
        with pytest.raises(discord.Forbidden) as caught:
            await channel.send("x")
        assert caught.value.code == 50013
    assert standin.invalid_requests == 2
    standin.faults.fail("POST", "/messages", 503)
    with pytest.raises(discord.DiscordServerError):
        await channel.send("x")
    await channel.send("y")
    assert [m["content"] for m in standin.member("Ada").sees(PLACE)] == ["y"]


@pytest.mark.asyncio
async def test_a_connection_cut_before_the_work_leaves_nothing_and_after_it_a_message(
    standin: DiscordStandIn, bot: Puppet
) -> None:
    channel = channel_of(standin, bot)
    standin.faults.reset("POST", "/messages")
    with pytest.raises((aiohttp.ClientError, OSError)):
        await channel.send("never")
    assert standin.member("Ada").sees(PLACE) == []
    standin.faults.reset("POST", "/messages", late=True)
    with pytest.raises((aiohttp.ClientError, OSError)):
        await channel.send("there all the same")
    assert [m["content"] for m in standin.member("Ada").sees(PLACE)] == ["there all the same"]


@pytest.mark.asyncio
async def test_a_slow_answer_can_still_be_in_time(standin: DiscordStandIn, bot: Puppet) -> None:
    async def act(interaction: Interaction) -> None:
        await interaction.response.send_message("hi")

    bot.act = act
    standin.faults.slow("POST", "/callback", 0.05)
    job = await standin.member("Ada").slash(PLACE, "do")
    assert (await job.reply())["content"] == "hi"


@pytest.mark.asyncio
async def test_webhook_routes_retry_a_429_with_their_files_from_the_start(
    standin: DiscordStandIn, bot: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(interaction: Interaction) -> None:
        await interaction.response.defer()
        file = discord.File(io.BytesIO(bytes(5000)), filename="x.mp4")
        await interaction.edit_original_response(attachments=[file])

    bot.act = act
    standin.faults.rate_limit("PATCH", "@original", 0.01)
    job = await standin.member("Ada").slash(PLACE, "do")
    message = await job.reply(until=lambda m: m["attachments"])
    assert message["attachments"][0]["size"] == 5000
    edits = standin.record.of("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/@original")
    assert [(e.status, e.files) for e in edits] == [
        (429, [("files[0]", "x.mp4", 5000)]),
        (200, [("files[0]", "x.mp4", 5000)]),
    ]


@pytest.mark.asyncio
async def test_registrations_are_counted_kept_and_checked(standin: DiscordStandIn, bot: Puppet) -> None:
    before = {command["name"]: command["id"] for command in standin.core.commands.by_scope[None]}
    assert standin.command_puts() == 1
    await bot.tree.sync()
    assert standin.command_puts() == 2
    assert {command["name"]: command["id"] for command in standin.core.commands.by_scope[None]} == before
    fetched = await bot.tree.fetch_commands()
    assert {command.name for command in fetched} == set(before)
    guild = standin.guild("Film Club")
    own = [{"name": "local", "description": "Here alone"}]
    await bot.http.bulk_upsert_guild_commands(int(standin.application_id), int(guild.id), own)
    assert standin.command_puts(guild) == 1
    assert "local" in {command["name"] for command in standin.member("Ada").commands(PLACE)}

    def option(name: str, **more: Any) -> dict[str, Any]:
        return {"type": 3, "name": name, "description": "x"} | more

    def command(**more: Any) -> dict[str, Any]:
        return {"name": "fine", "description": "x"} | more

    for wanted in (
        [command(name="Upper")],
        [command(name="two words")],
        [command(name="x" * 33)],
        [command(description="")],
        [command(description="x" * 101)],
        [command(options=[option(f"o{n}") for n in range(26)])],
        [command(options=[option("a"), option("a")])],
        [command(options=[option("a"), option("b", required=True)])],
        [command(options=[option("a", choices=[{"name": str(n), "value": str(n)} for n in range(26)])])],
        [command(options=[option("a", type=11, choices=[{"name": "x", "value": "x"}])])],
        [command(options=[option("a", type=11, autocomplete=True)])],
        [command(options=[option("a", max_length=6001)])],
        [command(options=[option("a", type=4, max_value=2**54)])],
        [command(options=[option(f"o{n}", description="x" * 100,
                                 choices=[{"name": "y" * 100, "value": "z" * 100 + str(c)} for c in range(2)])
                          for n in range(25)])],
        [command(), command()],
        [command(contexts=[3])],
        [command(type=3, options=[option("a")])],
    ):  # fmt: skip
        with pytest.raises(discord.HTTPException) as caught:
            await bot.http.bulk_upsert_global_commands(int(standin.application_id), wanted)
        assert (caught.value.status, caught.value.code) == (400, 50035), wanted
    many = [command(name=f"c{n}") for n in range(101)]
    with pytest.raises(discord.HTTPException) as caught:
        await bot.http.bulk_upsert_global_commands(int(standin.application_id), many)
    assert caught.value.code == 30032
    assert standin.command_puts() == 2


@pytest.mark.asyncio
async def test_the_global_limit_can_be_switched_on(standin: DiscordStandIn, bot: Puppet) -> None:
    standin.rates.realistic()
    headers = {"Authorization": f"Bot {standin.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        answers = []
        for _ in range(60):
            async with session.get(standin.api_url + "/users/@me") as response:
                answers.append((response.status, response.headers.get("X-RateLimit-Global")))
    assert (429, "true") in answers
    assert answers[0][0] == 200
