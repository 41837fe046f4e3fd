"""Rarer rules of the stand-in: threads, groups, files that vanish, bans, deferrals that nobody fills."""

from __future__ import annotations

import io
import json

import aiohttp
import av
import discord
import pytest

from sandbox.discord import ClientRefused, DiscordStandIn
from tests.adapters.sandbox_discord_bot import Interaction, Puppet, bot_fixture, standin_fixture  # noqa: F401

PLACE = "Film Club#general"


async def hello(interaction: Interaction) -> None:
    await interaction.response.send_message("hi", file=discord.File(io.BytesIO(b"x"), filename="x.mp4"))


@pytest.mark.asyncio
async def test_commands_work_in_threads_and_in_groups(standin: DiscordStandIn, bot: Puppet) -> None:
    bot.act = hello
    ada = standin.member("Ada")
    thread = standin.add_thread(standin.channel(PLACE), "a thread")
    message = await (await ada.slash(thread, "do")).reply()
    assert (message["channel_id"], message["attachments"][0]["filename"]) == (thread.id, "x.mp4")
    standin.install_for(ada)
    group = standin.private_group("Ada", "Grace", "Linus")
    message = await (await ada.slash(group, "everywhere")).reply()
    assert standin.member("Grace").sees(group)[0]["id"] == message["id"]
    assert not bot.errors


@pytest.mark.asyncio
async def test_a_reply_in_an_archived_thread_can_no_longer_be_edited(standin: DiscordStandIn, bot: Puppet) -> None:
    thread = standin.add_thread(standin.channel(PLACE), "a thread")

    async def act(interaction: Interaction) -> None:
        await interaction.response.defer(thinking=True)
        standin.archive(thread)
        await interaction.edit_original_response(content="x")

    bot.act = act
    await standin.member("Ada").slash(thread, "do")
    assert (await bot.error()).code == 50083


@pytest.mark.asyncio
async def test_a_deferral_that_nobody_fills_fails_after_fifteen_minutes(standin: DiscordStandIn, bot: Puppet) -> None:
    async def act(interaction: Interaction) -> None:
        await interaction.response.defer(thinking=True)

    told = []
    standin.core.bus.listen(lambda event: told.append(event) if event.kind == "interaction_failed" else None)
    bot.act = act
    job = await standin.member("Ada").slash(PLACE, "do")
    assert await job.done() == "answered"
    assert not told
    standin.clock.advance(15 * 60)
    assert [event.data["interaction_id"] for event in told] == [job.id]


@pytest.mark.asyncio
async def test_an_option_whose_file_has_vanished_answers_404(standin: DiscordStandIn, bot: Puppet) -> None:
    async def act(interaction: Interaction) -> None:
        image = interaction.extras["image"]
        standin.lose_file(str(image.id))
        await image.read()

    bot.act = act
    await standin.member("Ada").slash(PLACE, "do", files={"image": ("a.png", b"a")})
    assert isinstance(await bot.error(), discord.NotFound)


@pytest.mark.asyncio
async def test_a_deleted_reply_is_unknown_by_either_token(standin: DiscordStandIn, bot: Puppet) -> None:
    async def act(interaction: Interaction) -> None:
        await interaction.response.defer(thinking=True)
        message = await interaction.original_response()
        standin.delete_message(str(message.id))
        try:
            await interaction.edit_original_response(content="x")
        except discord.NotFound as error:
            bot.results.append(error.code)
        assert interaction.channel_id is not None
        await bot.get_partial_messageable(interaction.channel_id).get_partial_message(message.id).edit(content="x")

    bot.act = act
    job = await standin.member("Ada").slash(PLACE, "do")
    assert (await bot.error()).code == 10008
    assert bot.results == [10008]
    assert [version.change for version in job.history] == ["create", "delete"]


@pytest.mark.asyncio
async def test_a_deleted_channel_is_unknown_by_either_token(standin: DiscordStandIn, bot: Puppet) -> None:
    async def act(interaction: Interaction) -> None:
        await interaction.response.defer(thinking=True)
        standin.delete_channel(standin.channel(PLACE))
        await interaction.edit_original_response(content="x")

    bot.act = act
    await standin.member("Ada").slash(PLACE, "do")
    assert (await bot.error()).code == 10003


@pytest.mark.asyncio
async def test_too_many_invalid_requests_end_in_a_ban_for_a_while(standin: DiscordStandIn, bot: Puppet) -> None:
    standin.rates.invalid_limit = 3
    async with aiohttp.ClientSession(headers={"Authorization": "Bot wrong"}) as session:

        async def ask() -> aiohttp.ClientResponse:
            async with session.get(standin.api_url + "/users/@me") as response:
                await response.read()
                return response

        assert [(await ask()).status for _ in range(3)] == [401] * 3
        banned = await ask()
        assert (banned.status, "Via" in banned.headers) == (429, False)
        standin.clock.advance(601)
        assert (await ask()).status == 401


@pytest.mark.asyncio
async def test_the_gateway_closes_on_frames_that_break_its_rules(standin: DiscordStandIn) -> None:
    identify = json.dumps({"op": 2, "d": {"token": standin.token, "intents": 1}})
    cases = [
        (["no json"], 4002),
        ([json.dumps({"op": 3, "d": {"x": "y" * 5000}})], 4002),
        ([json.dumps({"op": 3, "d": {}})], 4003),
        ([identify, identify], 4005),
        ([json.dumps({"op": 1, "d": None})] * 121, 4008),
    ]
    async with aiohttp.ClientSession() as session:
        for frames, code in cases:
            async with session.ws_connect(standin.gateway_url) as ws:
                assert (await ws.receive_json())["op"] == 10
                for frame in frames:
                    await ws.send_str(frame)
                async for _ in ws:
                    pass
                assert ws.close_code == code
        async with session.ws_connect(standin.gateway_url) as ws:
            await ws.receive_json()
            resume = {"token": standin.token, "session_id": "unknown", "seq": 1}
            await ws.send_json({"op": 6, "d": resume})
            assert await ws.receive_json() == {"op": 9, "d": False, "s": None, "t": None}
        standin.faults.gateway_down = True
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(standin.gateway_url)


@pytest.mark.asyncio
async def test_mentions_of_the_bot_open_a_message_and_a_reply_with_ping_counts_as_one(
    standin: DiscordStandIn, bot: Puppet
) -> None:
    channel = bot.get_channel(int(standin.channel(PLACE).id))
    assert isinstance(channel, discord.TextChannel)
    mine = await channel.send("a film")
    ada = standin.member("Ada")
    await ada.say(PLACE, "again please", reply_to=str(mine.id))
    await ada.say(PLACE, "unseen", reply_to=str(mine.id), mention_reply=False)
    await bot.until(lambda: len(bot.heard) == 3)
    assert [message.content for message in bot.heard] == ["a film", "again please", ""]
    assert bot.heard[1].mentions[0].id == int(standin.bot.id)
    reference = bot.heard[2].reference
    assert reference is not None
    assert isinstance(reference.resolved, discord.Message)
    assert reference.resolved.content == "a film"


@pytest.mark.asyncio
async def test_a_press_on_a_reply_to_a_command_does_not_open_the_members_messages(
    standin: DiscordStandIn, bot: Puppet
) -> None:
    bot.act = hello
    ada = standin.member("Ada")
    message = await (await ada.slash(PLACE, "do")).reply()
    await ada.say(PLACE, "nice", reply_to=message)
    await bot.until(lambda: len(bot.heard) == 2)
    assert bot.heard[1].content == ""


def clip(seconds: int) -> bytes:
    """A real MP4 of 64 by 48 at 10 frames a second."""
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(10 * seconds):
            container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(stream.encode())
    return target.getvalue()


@pytest.mark.asyncio
async def test_attachments_tell_the_sides_and_length_of_what_they_are_named_as(
    standin: DiscordStandIn, bot: Puppet
) -> None:
    ada = standin.member("Ada")
    said = await ada.say(ada.dm, "", [("a.mp4", clip(2)), ("b.mp4", b"no film"), ("c.png", b"no picture")])
    film, broken, picture = said["attachments"]
    assert (film["width"], film["height"], film["duration_secs"]) == (64, 48, pytest.approx(2, abs=0.15))
    assert "width" not in broken
    assert (picture["content_type"], "width" in picture) == ("image/png", False)
    await bot.until(lambda: bot.heard)
    assert bot.heard[0].attachments[0].duration == pytest.approx(2, abs=0.15)


@pytest.mark.asyncio
async def test_roles_decide_and_can_be_given_and_taken(standin: DiscordStandIn, bot: Puppet) -> None:
    guild = standin.guild("Film Club")
    role = standin.add_role(guild, "Managers", discord.Permissions(manage_guild=True).value)
    ada = standin.member("Ada")
    seen: list[tuple[bool, list[str]]] = []

    async def act(interaction: Interaction) -> None:
        assert isinstance(interaction.user, discord.Member)
        seen.append((interaction.permissions.manage_guild, [role.name for role in interaction.user.roles]))
        await interaction.response.send_message("ok")

    bot.act = act
    standin.give_role(guild, "Ada", role)
    await (await ada.slash(PLACE, "admin")).reply()
    standin.take_role(guild, ada, role)
    await (await ada.slash(PLACE, "do")).reply()
    assert seen == [(True, ["@everyone", "Managers"]), (False, ["@everyone"])]
    standin.remove_member(guild, ada)
    with pytest.raises(ClientRefused):
        await ada.slash(PLACE, "do")
