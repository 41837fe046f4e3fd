"""The control surface over HTTP, as the page uses it, and the CDN."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import pytest
import pytest_asyncio
from discord import ui

from sandbox.discord import DiscordStandIn
from tests.adapters.sandbox_discord_bot import Interaction, Puppet, bot_fixture, standin_fixture  # noqa: F401
from tests.openapi import document_missing

PLACE = "Film Club#general"
NEEDS_DOCUMENT = pytest.mark.skipif(document_missing() is not None, reason=document_missing() or "")


class Page:
    """What the page's script does, without the page."""

    def __init__(self, session: aiohttp.ClientSession, base: str, who: str) -> None:
        self.session = session
        self.base = base + "/_sandbox/"
        self.who = who

    async def get(self, name: str, **query: str) -> Any:
        async with self.session.get(self.base + name, params={"as": self.who} | query) as response:
            assert response.headers["Content-Type"] == "application/json"
            return await response.json()

    async def post(self, name: str, body: dict[str, Any], files: dict[str, tuple[str, bytes]] | None = None) -> Any:
        body = {"as": self.who} | body
        if files is None:
            response = await self.session.post(self.base + name, json=body)
        else:
            form = aiohttp.FormData()
            form.add_field("payload_json", json.dumps(body))
            for field, (filename, data) in files.items():
                form.add_field(field, data, filename=filename)
            response = await self.session.post(self.base + name, data=form)
        async with response:
            return response.status, await response.json()

    async def events(self, *, skip: str | None = "interaction_done") -> AsyncIterator[dict[str, Any]]:
        async with self.session.get(self.base + "events", params={"as": self.who}) as response:
            assert response.content_type == "text/event-stream"
            async for line in response.content:
                if line.startswith(b"data: ") and (event := json.loads(line[6:]))["type"] != skip:
                    yield event


@pytest_asyncio.fixture
async def page(standin: DiscordStandIn) -> AsyncIterator[Page]:
    async with aiohttp.ClientSession() as session:
        yield Page(session, standin.url, standin.member("Ada").id)


@pytest.mark.asyncio
async def test_the_page_sees_the_world_and_uses_a_command_from_end_to_end(
    standin: DiscordStandIn, bot: Puppet, page: Page
) -> None:
    async def act(interaction: Interaction) -> None:
        await interaction.response.defer(thinking=True)
        data = await interaction.extras["image"].read()
        await interaction.edit_original_response(attachments=[discord.File(io.BytesIO(data), filename="out.mp4")])

    bot.act = act
    state = await page.get("state")
    assert state["me"]["global_name"] == "Ada"
    assert [guild["name"] for guild in state["guilds"]] == ["Film Club", "Test Kitchen"]
    assert {command["name"] for command in state["commands"]} >= {"do", "Animate"}
    channel = state["guilds"][0]["channels"][0]
    assert channel["name"] == "general"
    feed = page.events(skip=None)
    assert (await anext(feed))["type"] == "ready"
    wanted = {"channel_id": channel["id"], "name": "do", "type": 1, "options": {"prompt": "snow"}}
    status, begun = await page.post("command", wanted, {"image": ("cat.png", b"cat")})
    assert status == 200, begun
    told = [await anext(feed) for _ in range(3)]
    assert [event["type"] for event in told] == ["message_create", "interaction_done", "message_update"]
    assert told[1]["interaction_id"] == begun["interaction_id"]
    assert told[2]["message"]["attachments"][0]["filename"] == "out.mp4"
    messages = await page.get("messages", channel_id=channel["id"])
    assert messages == [told[2]["message"]]
    assert standin.core.interactions.all[begun["interaction_id"]].state == "answered"


@pytest.mark.asyncio
async def test_the_page_is_told_why_a_command_was_not_sent(standin: DiscordStandIn, bot: Puppet, page: Page) -> None:
    place = standin.channel(PLACE).id
    for body in (
        {"channel_id": place, "name": "nothing"},
        {"channel_id": place, "name": "do", "options": {"prompt": "x" * 1001}},
        {"channel_id": place, "name": "admin"},
        {"channel_id": "1", "name": "do"},
        {"name": "do"},
        {"channel_id": place, "name": "do", "as": "1"},
        {"channel_id": place, "name": "do", "as": standin.bot.id},
    ):
        status, answer = await page.post("command", body)
        assert status == 400
        assert answer["error"]


@pytest.mark.asyncio
async def test_buttons_forms_choices_messages_and_deletion_go_over_http(
    standin: DiscordStandIn, bot: Puppet, page: Page
) -> None:
    view = ui.View(timeout=None)
    view.add_item(ui.Button(label="Ask", custom_id="ask"))

    async def act(interaction: Interaction) -> None:
        await interaction.response.send_message("hello", view=view, ephemeral=True)

    async def press(interaction: Interaction) -> None:
        form = ui.Modal(title="Ask", custom_id="form")
        form.add_item(ui.Label(text="Words", component=ui.TextInput(custom_id="words")))
        await interaction.response.send_modal(form)

    async def submit(interaction: Interaction) -> None:
        await interaction.response.edit_message(content="thanks", view=None)

    bot.act, bot.on_press, bot.on_submit = act, press, submit
    place = standin.channel(PLACE).id
    feed = page.events()
    await anext(feed)
    await page.post("command", {"channel_id": place, "name": "do"})
    message = (await anext(feed))["message"]
    assert message["flags"] & 64
    grace = Page(page.session, standin.url, standin.member("Grace").id)
    assert await grace.get("messages", channel_id=place) == []
    assert (await grace.post("component", {"message_id": message["id"], "custom_id": "ask"}))[0] == 400
    assert (await page.post("component", {"message_id": message["id"], "custom_id": "ask"}))[0] == 200
    opened = await anext(feed)
    assert opened["type"] == "modal"
    assert opened["modal"]["title"] == "Ask"
    body = {"interaction_id": opened["interaction_id"], "values": {"words": "hi"}}
    assert (await page.post("modal", body))[0] == 200
    assert (await anext(feed))["message"]["content"] == "thanks"
    query = {"channel_id": place, "name": "do", "options": {"model": "l"}, "focused": "model", "nonce": "n1"}
    await page.post("autocomplete", query)
    choices = await anext(feed)
    assert (choices["type"], choices["nonce"], len(choices["choices"])) == ("autocomplete", "n1", 25)
    status, said = await page.post("message", {"channel_id": place, "content": "hey"}, {"files": ("a.png", b"a")})
    assert (status, said["attachments"][0]["filename"]) == (200, "a.png")
    await anext(feed)
    status, reply = await page.post("message", {"channel_id": place, "content": "yes", "reply_to": said["id"]})
    assert reply["referenced_message"]["id"] == said["id"]
    await anext(feed)
    assert (await grace.post("delete", {"message_id": said["id"]}))[0] == 400
    assert (await page.post("delete", {"message_id": said["id"]}))[0] == 200
    gone = await anext(feed)
    assert (gone["type"], gone["message_id"]) == ("message_delete", said["id"])
    seen = await page.get("messages", channel_id=place)
    assert seen[-1]["referenced_message"] is None


@pytest.mark.asyncio
async def test_faults_and_the_clock_are_set_over_http(standin: DiscordStandIn, bot: Puppet, page: Page) -> None:
    place = standin.channel(PLACE).id
    feed = page.events()
    await anext(feed)
    await page.post("command", {"channel_id": place, "name": "do"})
    before = standin.clock.now()
    status, answer = await page.post("clock", {"advance_seconds": 3600})
    assert status == 200
    assert (standin.clock.now() - before).total_seconds() >= 3600
    failed = await anext(feed)
    assert failed["type"] == "interaction_failed"
    assert failed["reason"] == "The application did not respond"
    fault = {"method": "POST", "path": "/channels", "status": 403, "code": 50013}
    status, answer = await page.post("faults", {"rest": [fault], "announce_bytes": 5, "gateway": "drop"})
    assert (status, answer["announce_bytes"], len(answer["rest"])) == (200, 5, 1)
    await standin.until(lambda: not standin.core.gateway.online)
    status, answer = await page.post("faults", {"clear": True})
    assert answer["rest"] == []
    assert answer["announce_bytes"] is None


@pytest.mark.asyncio
async def test_files_are_served_in_ranges_until_their_address_expires(standin: DiscordStandIn, page: Page) -> None:
    ada = standin.member("Ada")
    message = await ada.say(PLACE, "", [("clip.mp4", bytes(range(100)))])
    url = message["attachments"][0]["url"]
    async with page.session.get(url, headers={"Range": "bytes=10-19"}) as response:
        assert (response.status, response.content_type) == (206, "video/mp4")
        assert await response.read() == bytes(range(10, 20))
    async with page.session.get(url.replace("hm=", "hm=0")) as response:
        assert response.status == 403
    async with page.session.get(url.partition("?")[0]) as response:
        assert response.status == 403
    standin.clock.advance(24 * 3600)
    async with page.session.get(url) as response:
        assert (response.status, await response.text()) == (404, "This content is no longer available.")
    fresh = standin.message(message["id"])["attachments"][0]["url"]
    assert fresh != url
    assert await standin.download(fresh) == bytes(range(100))
    headers = {"Authorization": f"Bot {standin.token}"}
    body = {"attachment_urls": [url]}
    async with page.session.post(standin.api_url + "/attachments/refresh-urls", json=body, headers=headers) as response:
        pair = (await response.json())["refreshed_urls"][0]
    assert pair["original"] == url
    assert await standin.download(pair["refreshed"]) == bytes(range(100))
    standin.delete_message(message["id"])
    async with page.session.get(fresh) as response:
        assert response.status == 404


@pytest.mark.asyncio
async def test_uploads_lie_in_a_folder_that_is_gone_after_the_stop() -> None:
    standin = await DiscordStandIn().start()
    folder = standin.core.files.folder
    await standin.member("Ada").say(PLACE, "", [("a.png", b"a")])
    assert list(folder.iterdir())
    await standin.stop()
    assert not folder.exists()


@pytest.mark.asyncio
async def test_a_stop_ends_open_streams_at_once() -> None:
    standin = await DiscordStandIn().start()
    async with aiohttp.ClientSession() as session:
        page = Page(session, standin.url, standin.member("Ada").id)
        feed = page.events()
        assert (await anext(feed))["type"] == "offline"
        await asyncio.wait_for(standin.stop(), 60)
        with pytest.raises((StopAsyncIteration, aiohttp.ClientError)):
            await anext(feed)


@NEEDS_DOCUMENT
@pytest.mark.asyncio
async def test_the_validator_sees_what_is_wrong(standin: DiscordStandIn, bot: Puppet) -> None:
    from tests.openapi import answer_faults, request_faults  # noqa: PLC0415

    channel = bot.get_channel(int(standin.channel(PLACE).id))
    assert isinstance(channel, discord.TextChannel)
    await channel.send("hello")
    (exchange,) = standin.record.of("POST", "/channels/{channel_id}/messages")
    assert not request_faults(exchange)
    assert not answer_faults(exchange)
    good = exchange.answer
    exchange.answer = good | {"author": {"id": "1"}}
    assert answer_faults(exchange)
    exchange.answer = good
    exchange.body = {"content": ["no text"]}
    assert request_faults(exchange)
    exchange.body, exchange.route = {}, "/nowhere"
    assert request_faults(exchange)
    exchange.body, exchange.route = {"content": "hello"}, "/channels/{channel_id}/messages"
