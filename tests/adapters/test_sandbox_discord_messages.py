"""The stand-in's rules of messages: limits, attachment lists, embeds, components, mentions, permissions."""

from __future__ import annotations

import io
from typing import Any

import discord
import pytest
from discord import ui

from sandbox.discord import ClientRefused, DiscordStandIn
from tests.adapters.sandbox_discord_bot import Interaction, Puppet, bot_fixture, standin_fixture  # noqa: F401

PLACE = "Film Club#general"
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82"
)


def channel_of(standin: DiscordStandIn, bot: Puppet, name: str = PLACE) -> discord.TextChannel:
    channel = bot.get_channel(int(standin.channel(name).id))
    assert isinstance(channel, discord.TextChannel)
    return channel


def file(name: str = "a.mp4", data: bytes = b"x") -> discord.File:
    return discord.File(io.BytesIO(data), filename=name)


async def refused(awaited: Any) -> tuple[int, int]:
    with pytest.raises(discord.HTTPException) as caught:
        await awaited
    return caught.value.status, caught.value.code


def names(message: discord.Message) -> list[str]:
    return [attachment.filename for attachment in message.attachments]


@pytest.mark.asyncio
async def test_texts_and_embeds_have_limits(standin: DiscordStandIn, bot: Puppet) -> None:
    channel = channel_of(standin, bot)
    await channel.send("x" * 2000)
    assert await refused(channel.send("x" * 2001)) == (400, 50035)
    assert await refused(channel.send("")) == (400, 50006)
    for embed in (
        discord.Embed(title="x" * 257),
        discord.Embed(description="x" * 4097),
        discord.Embed().set_footer(text="x" * 2049),
        discord.Embed().set_author(name="x" * 257),
        discord.Embed().add_field(name="x" * 257, value="y"),
        discord.Embed().add_field(name="x", value="y" * 1025),
        discord.Embed().add_field(name="x", value=""),
        discord.Embed(title="x").set_image(url="ftp://x"),
    ):
        assert await refused(channel.send(embed=embed)) == (400, 50035)
    full = discord.Embed(description="x" * 4000)
    assert await refused(channel.send(embeds=[full, discord.Embed(description="x" * 2001)])) == (400, 50035)
    await channel.send(embeds=[full, discord.Embed(description="x" * 2000)])
    many = discord.Embed(title="t")
    for at in range(25):
        many.add_field(name=str(at), value="v")
    await channel.send(embed=many)


@pytest.mark.asyncio
async def test_a_list_of_attachments_on_edit_is_complete(standin: DiscordStandIn, bot: Puppet) -> None:
    channel = channel_of(standin, bot)
    message = await channel.send("two", files=[file("a.mp4", b"a"), file("b.mp4", b"b")])
    assert names(await message.edit(content="still two")) == ["a.mp4", "b.mp4"]
    first = message.attachments[0]
    edited = await message.edit(attachments=[first, file("c.mp4", b"c")])
    assert names(edited) == ["a.mp4", "c.mp4"]
    gone = message.attachments[1].url
    with pytest.raises(discord.NotFound):
        await discord.Attachment(data=_attachment(gone), state=bot._connection).read()
    assert await first.read() == b"a"
    assert names(await edited.edit(attachments=[])) == []
    history = [v.message["attachments"] for v in standin.history(str(message.id))]
    assert [len(attachments) for attachments in history] == [2, 2, 2, 0]


def _attachment(url: str) -> Any:
    return {"id": "1", "filename": "x", "size": 1, "url": url, "proxy_url": url}


@pytest.mark.asyncio
async def test_files_are_bounded_in_size_by_the_place_and_in_number_by_ten(
    standin: DiscordStandIn, bot: Puppet
) -> None:
    channel = channel_of(standin, bot)
    standin.set_upload_limit(standin.guild("Film Club"), 1000)
    await channel.send(files=[file(data=bytes(1000)), file("b.mp4", bytes(1000))])
    assert await refused(channel.send(file=file(data=bytes(1001)))) == (413, 40005)
    message = await channel.send(files=[file(f"{n}.mp4") for n in range(10)])
    assert await refused(message.edit(attachments=[*message.attachments, file("k.mp4")])) == (400, 30015)
    assert len(standin.message(str(message.id))["attachments"]) == 10


@pytest.mark.asyncio
async def test_the_announced_limit_is_that_of_guild_or_nitro_and_may_promise_too_much(
    standin: DiscordStandIn, bot: Puppet
) -> None:
    limits = []

    async def act(interaction: Interaction) -> None:
        limits.append(interaction.filesize_limit)
        await interaction.response.defer(thinking=True)
        if limits[-1] == 9999:
            await interaction.edit_original_response(attachments=[file(data=bytes(2000))])

    bot.act = act
    ada = standin.member("Ada")
    await (await ada.slash(PLACE, "do")).done()
    standin.set_upload_limit(standin.guild("Film Club"), 1000)
    await (await ada.slash(PLACE, "do")).done()
    ada.user.nitro_bytes = 500_000_000
    await (await ada.slash(PLACE, "do")).done()
    ada.user.nitro_bytes = None
    standin.faults.announce_bytes = 9999
    await ada.slash(PLACE, "do")
    error = await bot.error()
    assert (error.status, error.code) == (413, 40005)
    assert limits == [20 * 1024 * 1024, 1000, 500_000_000, 9999]


@pytest.mark.asyncio
async def test_pictures_of_embeds_lie_in_the_embed_and_not_among_the_attachments(
    standin: DiscordStandIn, bot: Puppet
) -> None:
    channel = channel_of(standin, bot)
    embed = discord.Embed(title="poster").set_image(url="attachment://poster.png")
    message = await channel.send(embed=embed, files=[file("poster.png", PNG), file()])
    assert names(message) == ["a.mp4"]
    image = message.embeds[0].image
    assert (image.width, image.height) == (1, 1)
    assert await standin.download(str(image.url)) == PNG
    edited = await message.edit(content="more", attachments=[file("b.mp4")])
    assert names(edited) == ["b.mp4"]
    assert await standin.download(str(edited.embeds[0].image.url)) == PNG
    lost = discord.Embed(title="x").set_image(url="attachment://lost.png")
    assert await refused(channel.send(embed=lost)) == (400, 50035)


@pytest.mark.asyncio
async def test_classic_components_have_limits(standin: DiscordStandIn, bot: Puppet) -> None:
    channel = channel_of(standin, bot)

    async def send(*rows: list[dict[str, Any]]) -> tuple[int, int]:
        components = [{"type": 1, "components": row} for row in rows]
        route = discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=channel.id)
        return await refused(bot.http.request(route, json={"content": "x", "components": components}))

    def button(name: str, **more: Any) -> dict[str, Any]:
        return {"type": 2, "style": 1, "label": "x", "custom_id": name} | more

    def select(**more: Any) -> dict[str, Any]:
        return {"type": 3, "custom_id": "s", "options": [{"label": "a", "value": "a"}]} | more

    bad = (400, 50035)
    assert await send([button("a"), button("a")]) == bad
    assert await send([button("a")], [button("a")]) == bad
    assert await send([button("x" * 101)]) == bad
    assert await send([button("")]) == bad
    assert await send([button("a", label="x" * 81)]) == bad
    assert await send([button("a", label=None)]) == bad
    assert await send([button("a", style=5, url="https://x")]) == bad
    assert await send([button(str(n)) for n in range(6)]) == bad
    assert await send(*[[button(str(n))] for n in range(6)]) == bad
    assert await send([select(), button("a")]) == bad
    assert await send([select(options=[{"label": str(n), "value": str(n)} for n in range(26)])]) == bad
    assert await send([select(options=[{"label": "x" * 101, "value": "a"}])]) == bad
    assert await send([select(placeholder="x" * 151)]) == bad
    assert await send([select(max_values=2)]) == bad
    assert await send([select(options=[{"label": "a", "value": "a"}] * 2)]) == bad
    assert await send([{"type": 10, "content": "x"}]) == bad


@pytest.mark.asyncio
async def test_components_v2_are_one_way_and_shut_out_the_classic_fields(standin: DiscordStandIn, bot: Puppet) -> None:
    channel = channel_of(standin, bot)
    message = await channel.send("old", embed=discord.Embed(title="old"))
    card = ui.LayoutView(timeout=None)
    card.add_item(
        ui.Container(ui.TextDisplay("# Clip"), ui.MediaGallery(discord.MediaGalleryItem("attachment://a.mp4")))
    )
    partial = channel.get_partial_message(message.id)
    assert await refused(partial.edit(view=card, attachments=[file()])) == (400, 50035)
    assert await refused(partial.edit(content=None, embeds=[], view=card)) == (400, 50035)
    edited = await partial.edit(content=None, embeds=[], view=card, attachments=[file()])
    assert edited.flags.components_v2
    raw = standin.message(str(message.id))
    media = raw["components"][0]["components"][1]["items"][0]["media"]
    assert await standin.download(media["url"]) == b"x"
    assert await refused(partial.edit(content="back")) == (400, 50035)
    assert await refused(partial.edit(embed=discord.Embed(title="back"))) == (400, 50035)
    wide = ui.LayoutView(timeout=None)
    for _ in range(10):
        wide.add_item(ui.Container(ui.TextDisplay("x"), ui.TextDisplay("y"), ui.TextDisplay("z")))
    await channel.send(view=wide)
    route = discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=channel.id)
    for components in (
        [{"type": 10, "content": "x"}] * 41,
        [{"type": 10, "content": "x" * 2001}] * 2,
        [{"type": 9, "components": [], "accessory": {"type": 11, "media": {"url": "https://x"}}}],
        [{"type": 12, "items": []}],
        [{"type": 13, "file": {"url": "https://x/y.txt"}}],
        [{"type": 17, "components": [{"type": 17, "components": []}]}],
        [],
    ):
        body = {"flags": 1 << 15, "components": components}
        assert await refused(bot.http.request(route, json=body)) == (400, 50035)


@pytest.mark.asyncio
async def test_only_allowed_mentions_ring(standin: DiscordStandIn, bot: Puppet) -> None:
    channel = channel_of(standin, bot)
    ada, grace = standin.member("Ada"), standin.member("Grace")
    text = f"{ada.mention} {grace.mention} @everyone"
    nobody = await channel.send(text)
    one = await channel.send(text, allowed_mentions=discord.AllowedMentions(users=[discord.Object(int(ada.id))]))
    both = await channel.send(text, allowed_mentions=discord.AllowedMentions(users=True))
    assert standin.pinged(str(nobody.id)) == []
    assert nobody.mentions == []
    assert standin.pinged(str(one.id)) == [ada.id]
    assert standin.pinged(str(both.id)) == sorted([ada.id, grace.id])
    await nobody.edit(content=text + "!", allowed_mentions=discord.AllowedMentions(users=True))
    assert standin.pinged(str(nobody.id)) == []
    said = await ada.say(channel.guild.name + "#general", "hello")
    reply = await channel.get_partial_message(int(said["id"])).reply("hi", mention_author=True)
    assert standin.pinged(str(reply.id)) == [ada.id]
    role = standin.add_role(standin.guild("Film Club"), "Fans", to=("Grace",))
    linus = standin.member("Linus")
    rung = await linus.say(PLACE, f"<@&{role.id}>")
    assert standin.pinged(rung["id"]) == [grace.id]
    assert standin.pinged((await linus.say(PLACE, "@everyone"))["id"]) == sorted([ada.id, grace.id])
    assert standin.pinged((await ada.say(PLACE, "@everyone"))["id"]) == []


@pytest.mark.asyncio
async def test_permissions_are_asked_for(standin: DiscordStandIn, bot: Puppet) -> None:
    channel = channel_of(standin, bot)
    place = standin.channel(PLACE)
    mine = await channel.send("mine")

    def without(**denied: bool) -> None:
        standin.set_permissions(place, standin.bot, deny=discord.Permissions(**denied).value)

    without(send_messages=True)
    assert await refused(channel.send("x")) == (403, 50013)
    await mine.edit(content="edits need no such right")
    without(attach_files=True)
    assert await refused(channel.send(file=file())) == (403, 50013)
    assert await refused(mine.edit(attachments=[file()])) == (403, 50013)
    without(embed_links=True)
    assert await refused(channel.send(embed=discord.Embed(title="x"))) == (403, 50013)
    without(read_message_history=True)
    assert [message async for message in channel.history()] == []
    assert await refused(mine.reply("x")) == (403, 50013)
    without(view_channel=True)
    assert await refused(mine.edit(content="x")) == (403, 50001)
    assert await refused(channel.send("x")) == (403, 50001)
    assert standin.invalid_requests == 7


@pytest.mark.asyncio
async def test_interaction_replies_follow_the_bots_permission_to_attach(standin: DiscordStandIn, bot: Puppet) -> None:
    async def act(interaction: Interaction) -> None:
        assert not interaction.app_permissions.attach_files
        await interaction.response.defer()
        await interaction.edit_original_response(attachments=[file()])

    bot.act = act
    standin.set_permissions(standin.channel(PLACE), standin.bot, deny=discord.Permissions(attach_files=True).value)
    await standin.member("Ada").slash(PLACE, "do")
    assert (await bot.error()).code == 50013


@pytest.mark.asyncio
async def test_an_archived_thread_opens_again_by_a_message_or_by_itself_unless_it_is_locked(
    standin: DiscordStandIn, bot: Puppet
) -> None:
    thread = standin.add_thread(standin.channel(PLACE), "a thread")
    inside = bot.get_partial_messageable(int(thread.id), type=discord.ChannelType.public_thread)

    async def open_it() -> object:
        found = await bot.fetch_channel(int(thread.id))
        assert isinstance(found, discord.Thread)
        return await found.edit(archived=False)

    standin.archive(thread)
    await inside.send("x")
    assert not thread.archived
    standin.archive(thread)
    await open_it()
    assert not thread.archived
    standin.archive(thread)
    await standin.member("Ada").say(thread, "y")
    assert not thread.archived
    standin.archive(thread, locked=True)
    assert await refused(inside.send("x")) == (400, 160005)
    assert await refused(open_it()) == (403, 50013)
    with pytest.raises(ClientRefused):
        await standin.member("Ada").say(thread, "y")
    assert thread.archived


@pytest.mark.asyncio
async def test_what_is_gone_or_shut_is_said(standin: DiscordStandIn, bot: Puppet) -> None:
    channel = channel_of(standin, bot)
    message = await channel.send("x")
    standin.delete_message(str(message.id))
    assert await refused(message.edit(content="y")) == (404, 10008)
    thread = standin.add_thread(standin.channel(PLACE), "a thread")
    inside = bot.get_partial_messageable(int(thread.id), type=discord.ChannelType.public_thread)
    posted = await inside.send("in a thread")
    standin.archive(thread)
    assert await refused(inside.get_partial_message(posted.id).edit(content="y")) == (400, 50083)
    standin.delete_channel(standin.channel("Film Club#clips"))
    clips = [c for c in bot.get_all_channels() if c.name == "clips"]
    for lost in clips:
        assert isinstance(lost, discord.TextChannel)
        assert await refused(lost.send("x")) == (404, 10003)
    ada = standin.member("Ada")
    user = await bot.fetch_user(int(ada.id))
    direct = await user.send("hello")
    assert ada.sees(ada.dm)[-1]["content"] == "hello"
    ada.user.dms_open = False
    assert await refused(user.send("x")) == (403, 50007)
    await direct.edit(content="edited all the same")
    said = await ada.say(PLACE, "hers")
    assert await refused(channel.get_partial_message(int(said["id"])).edit(content="x")) == (403, 50005)
    standin.kick_bot(standin.guild("Film Club"))
    assert await refused(channel.send("x")) == (403, 50001)


@pytest.mark.asyncio
async def test_a_nonce_makes_a_repeated_send_the_same_message(standin: DiscordStandIn, bot: Puppet) -> None:
    channel = channel_of(standin, bot)
    first = await channel.send("once", nonce="job-1")
    assert (await channel.send("once", nonce="job-1")).id == first.id
    standin.clock.advance(301)
    assert (await channel.send("once", nonce="job-1")).id != first.id
    assert await refused(channel.send("x", nonce="n" * 26)) == (400, 50035)


@pytest.mark.asyncio
async def test_history_pages_through_a_channel(standin: DiscordStandIn, bot: Puppet) -> None:
    channel = channel_of(standin, bot)
    ids = [(await channel.send(str(n))).id for n in range(5)]
    assert [m.id async for m in channel.history(limit=2)] == ids[:2:-1]
    assert [m.id async for m in channel.history(limit=2, before=discord.Object(ids[2]))] == [ids[1], ids[0]]
    assert [m.id async for m in channel.history(limit=2, after=discord.Object(ids[0]))] == ids[1:3]
    assert (await channel.fetch_message(ids[3])).content == "3"
    await channel.get_partial_message(ids[3]).delete()
    assert await refused(channel.fetch_message(ids[3])) == (404, 10008)
