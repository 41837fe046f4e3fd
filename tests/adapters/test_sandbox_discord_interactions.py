"""The stand-in's rules of interactions: time, single answers, follow-ups, ephemerality, forms, choices."""

from __future__ import annotations

import io
from typing import Any

import discord
import pytest
from discord import ui

from sandbox.discord import ClientRefused, DiscordStandIn
from tests.adapters.sandbox_discord_bot import Interaction, Puppet, bot_fixture, standin_fixture  # noqa: F401

PLACE = "Film Club#general"


async def think(interaction: Interaction) -> None:
    await interaction.response.defer(thinking=True)


@pytest.mark.asyncio
async def test_an_answer_after_three_seconds_is_unknown_and_the_member_sees_a_failure(
    standin: DiscordStandIn, bot: Puppet
) -> None:
    async def act(interaction: Interaction) -> None:
        standin.clock.advance(3.1)
        await interaction.response.defer()

    bot.act = act
    job = await standin.member("Ada").slash(PLACE, "do")
    error = await bot.error()
    assert isinstance(error, discord.NotFound)
    assert (error.status, error.code) == (404, 10062)
    assert await job.done() == "failed"
    assert job.failed == "The application did not respond"


@pytest.mark.asyncio
async def test_a_second_answer_is_refused_as_already_acknowledged(standin: DiscordStandIn, bot: Puppet) -> None:
    async def act(interaction: Interaction) -> None:
        twin = discord.Interaction(data=_payload_of(standin), state=interaction._state)
        await interaction.response.defer()
        await twin.response.send_message("twice")

    bot.act = act
    await standin.member("Ada").slash(PLACE, "do")
    error = await bot.error()
    assert isinstance(error, discord.HTTPException)
    assert (error.status, error.code) == (400, 40060)


def _payload_of(standin: DiscordStandIn) -> Any:
    session = next(iter(standin.core.gateway.sessions.values()))
    return next(e["d"] for e in reversed(session.events) if e["t"] == "INTERACTION_CREATE")


@pytest.mark.asyncio
async def test_a_token_dies_after_fifteen_minutes_and_the_bot_token_still_edits_the_reply(
    standin: DiscordStandIn, bot: Puppet
) -> None:
    async def act(interaction: Interaction) -> None:
        await interaction.response.defer(thinking=True)
        message = await interaction.original_response()
        standin.clock.advance(14 * 60)
        await interaction.edit_original_response(content="just in time")
        standin.clock.advance(61)
        assert interaction.channel_id is not None
        late = bot.get_partial_messageable(interaction.channel_id).get_partial_message(message.id)
        await late.edit(content="by the bot", attachments=[discord.File(io.BytesIO(b"x"), filename="x.mp4")])
        await interaction.edit_original_response(content="too late")

    bot.act = act
    job = await standin.member("Ada").slash(PLACE, "do")
    error = await bot.error()
    assert (error.status, error.code) == (401, 50027)
    assert (job.message or {})["content"] == "by the bot"
    assert standin.invalid_requests == 1


@pytest.mark.asyncio
async def test_an_ephemeral_reply_is_for_its_member_alone_and_never_for_the_bot_token(
    standin: DiscordStandIn, bot: Puppet
) -> None:
    async def act(interaction: Interaction) -> None:
        await interaction.response.send_message("psst", ephemeral=True)
        message = await interaction.original_response()
        assert interaction.channel_id is not None
        await bot.get_partial_messageable(interaction.channel_id).get_partial_message(message.id).edit(content="x")

    bot.act = act
    ada, grace = standin.member("Ada"), standin.member("Grace")
    job = await ada.slash(PLACE, "do", private=True)
    message = await job.reply()
    error = await bot.error()
    assert (error.status, error.code) == (404, 10008)
    assert message["flags"] & 64
    assert [m["id"] for m in ada.sees(PLACE)] == [message["id"]]
    assert grace.sees(PLACE) == []


@pytest.mark.asyncio
async def test_the_first_follow_up_fills_the_loading_message_unless_that_was_deleted(
    standin: DiscordStandIn, bot: Puppet
) -> None:
    async def fill(interaction: Interaction) -> None:
        await interaction.response.defer(thinking=True)
        await interaction.followup.send("first", ephemeral=True)
        await interaction.followup.send("second")

    async def again(interaction: Interaction) -> None:
        await interaction.response.defer(thinking=True)
        await interaction.delete_original_response()
        await interaction.followup.send("new")

    ada = standin.member("Ada")
    bot.act = fill
    job = await ada.slash(PLACE, "do")
    message = await job.reply(until=lambda m: m["content"] == "first")
    assert not message["flags"] & 64
    assert (await job.followup())["content"] == "second"
    bot.act = again
    job = await ada.slash(PLACE, "do")
    assert (await job.followup())["content"] == "new"
    assert job.message is None


@pytest.mark.asyncio
async def test_a_user_install_gets_five_follow_ups_and_no_bot_token_rights(
    standin: DiscordStandIn, bot: Puppet
) -> None:
    async def act(interaction: Interaction) -> None:
        await interaction.response.send_message("hi")
        for number in range(6):
            await interaction.followup.send(str(number))

    bot.act = act
    standin.add_guild("Elsewhere", bot_installed=False)
    ada = standin.member("Ada")
    with pytest.raises(ClientRefused):
        await ada.slash("Elsewhere#general", "everywhere")
    standin.install_for(ada)
    assert [command["name"] for command in ada.commands("Elsewhere#general")] == ["everywhere", "Animate"]
    job = await ada.slash("Elsewhere#general", "everywhere")
    error = await bot.error()
    assert error.code == 40094
    assert len(job.followups) == 5
    assert job.interaction.owners == {"1": ada.id}
    assert job.interaction.context == 0
    channel = bot.get_partial_messageable(int(standin.channel("Elsewhere#general").id))
    with pytest.raises(discord.Forbidden) as caught:
        await channel.get_partial_message(int(job.message_id or 0)).edit(content="x")
    assert caught.value.code == 50001


@pytest.mark.asyncio
async def test_a_user_install_whispers_where_the_user_may_not_speak(standin: DiscordStandIn, bot: Puppet) -> None:
    async def act(interaction: Interaction) -> None:
        response = await interaction.response.send_message("hello")
        bot.results.append(response.is_ephemeral())

    bot.act = act
    guild = standin.add_guild("Elsewhere", bot_installed=False)
    ada = standin.member("Ada")
    standin.install_for(ada)
    place = standin.channel("Elsewhere#general")
    standin.set_permissions(place, guild.roles[guild.id], deny=discord.Permissions(send_messages=True).value)
    job = await ada.slash(place, "everywhere")
    assert (await job.reply())["flags"] & 64
    assert (await bot.result())[0] is True


@pytest.mark.asyncio
async def test_private_channels_say_their_context(standin: DiscordStandIn, bot: Puppet) -> None:
    seen = []

    async def act(interaction: Interaction) -> None:
        seen.append((interaction.context.dm_channel, interaction.context.private_channel, interaction.guild_id))
        await interaction.response.send_message("hi")

    bot.act = act
    ada = standin.member("Ada")
    job = await ada.slash(ada.dm, "everywhere")
    await job.reply()
    standin.install_for("Ada")
    job = await ada.slash(standin.private_group("Ada", "Grace"), "everywhere")
    await job.reply()
    assert seen == [(True, False, None), (False, True, None)]


@pytest.mark.asyncio
async def test_options_arrive_typed_and_resolved(standin: DiscordStandIn, bot: Puppet) -> None:
    seen: dict[str, Any] = {}

    async def act(interaction: Interaction) -> None:
        seen.update(interaction.extras)
        seen["bytes"] = await interaction.extras["image"].read()
        await interaction.response.send_message("ok")

    bot.act = act
    ada = standin.member("Ada")
    files = {"image": ("cat.png", b"not really a picture")}
    job = await ada.slash(
        PLACE, "do", prompt="snow", seed=7, member="Grace", role="Editors", place="clips", private=True, files=files
    )
    await job.reply()
    assert (seen["prompt"], seen["seed"], seen["private"]) == ("snow", 7, True)
    assert isinstance(seen["member"], discord.Member)
    assert seen["member"].display_name == "Grace"
    assert seen["role"].name == "Editors"
    assert seen["place"].name == "clips"
    assert seen["image"].filename == "cat.png"
    assert seen["image"].ephemeral
    assert seen["bytes"] == b"not really a picture"


@pytest.mark.asyncio
async def test_the_client_refuses_what_discords_would_unless_it_is_forged(standin: DiscordStandIn, bot: Puppet) -> None:
    ada = standin.member("Ada")
    for options in ({"prompt": ""}, {"prompt": "x" * 1001}, {"seed": 101}, {"seed": "many"}, {"unknown": 1},
                    {"member": "Nobody"}):  # fmt: skip
        with pytest.raises(ClientRefused):
            await ada.slash(PLACE, "do", **options)
    with pytest.raises(ClientRefused):
        await ada.slash(PLACE, "limits")
    with pytest.raises(ClientRefused):
        await ada.slash(PLACE, "limits set")
    with pytest.raises(ClientRefused):
        await ada.slash(PLACE, "do", files={"image": ("big.png", bytes(20 * 1024 * 1024 + 1))})
    bot.act = think
    job = await ada.slash(PLACE, "do", seed=1000, raw=True)
    await job.done()
    assert job.interaction.data["options"] == [{"name": "seed", "type": 4, "value": 1000}]


@pytest.mark.asyncio
async def test_commands_are_offered_by_permission_age_and_group(standin: DiscordStandIn, bot: Puppet) -> None:
    bot.act = think
    ada, linus = standin.member("Ada"), standin.member("Linus")
    names = {command["name"] for command in ada.commands(PLACE)}
    assert names == {"do", "everywhere", "limits", "Animate", "Who"}
    assert {command["name"] for command in linus.commands(PLACE)} == names | {"admin"}
    cellar = standin.add_channel(standin.guild("Film Club"), "cellar", nsfw=True)
    assert "adults" in {command["name"] for command in ada.commands(cellar)}
    with pytest.raises(ClientRefused):
        await ada.slash(PLACE, "admin")
    await (await ada.slash(PLACE, "admin", raw=True)).done()
    await (await linus.slash(PLACE, "limits set", amount=3)).done()
    assert not bot.errors


@pytest.mark.asyncio
async def test_choices_while_typing_are_25_at_most(standin: DiscordStandIn, bot: Puppet) -> None:
    ada = standin.member("Ada")
    choices = await ada.autocomplete(PLACE, "do", "model", model="luc")
    assert len(choices) == 25
    assert choices[0] == {"name": "luc-0", "value": "0"}


class Ask(ui.Modal, title="Animate"):
    prompt: ui.Label[Any] = ui.Label(text="Prompt", component=ui.TextInput(custom_id="prompt", max_length=10))
    files: ui.Label[Any] = ui.Label(
        text="Reference", component=ui.FileUpload(custom_id="files", required=False, max_values=2)
    )
    style: ui.Label[Any] = ui.Label(
        text="Style",
        component=ui.Select(custom_id="style", required=False, options=[discord.SelectOption(label="Ink")]),
    )


@pytest.mark.asyncio
async def test_a_menu_opens_a_form_whose_values_and_files_come_back(standin: DiscordStandIn, bot: Puppet) -> None:
    seen: dict[str, Any] = {}

    class Asked(Ask):
        async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
            for name in ("prompt", "files", "style"):
                component: Any = getattr(self, name).component
                seen[name] = component.value if name == "prompt" else component.values
            await interaction.response.defer(thinking=True)
            await interaction.edit_original_response(content="on it")

    async def act(interaction: Interaction) -> None:
        target: discord.Message = interaction.extras["target"]
        seen["content"] = target.content
        seen["names"] = [attachment.filename for attachment in target.attachments]
        await interaction.response.send_modal(Asked())

    bot.act = act
    ada, grace = standin.member("Ada"), standin.member("Grace")
    target = await ada.say(PLACE, "look at my cat", [("cat.png", b"cat")])
    opened = await grace.menu(target, "Animate")
    with pytest.raises(ClientRefused, match="too long"):
        await grace.submit_modal(opened, {"prompt": "x" * 11})
    with pytest.raises(ClientRefused, match="filled in"):
        await grace.submit_modal(opened)
    files = {"files": [("a.png", b"a"), ("b.png", b"b")]}
    job = await grace.submit_modal(opened, {"Prompt": "snow", "style": ["Ink"]}, files)
    assert (await job.reply())["content"] == "on it"
    assert (seen["content"], seen["names"]) == ("look at my cat", ["cat.png"])
    assert (seen["prompt"], seen["style"]) == ("snow", ["Ink"])
    assert [file.filename for file in seen["files"]] == ["a.png", "b.png"]
    assert not bot.errors


@pytest.mark.asyncio
async def test_forms_are_bounded(standin: DiscordStandIn, bot: Puppet) -> None:
    async def act(interaction: Interaction) -> None:
        await interaction.response.send_modal(Ask(title="x" * 46))

    bot.act = act
    await standin.member("Ada").slash(PLACE, "do")
    error = await bot.error()
    assert (error.status, error.code) == (400, 50035)
    assert "title" in str(error)


@pytest.mark.asyncio
async def test_buttons_and_selects_update_the_message_they_are_on(standin: DiscordStandIn, bot: Puppet) -> None:
    view = ui.View(timeout=None)
    view.add_item(ui.Button(label="Again", custom_id="clapper:again:1"))
    view.add_item(ui.Button(label="Off", custom_id="off", disabled=True))
    view.add_item(ui.Select(custom_id="pick", options=[discord.SelectOption(label=n) for n in "abc"]))

    async def act(interaction: Interaction) -> None:
        await interaction.response.send_message("choose", view=view)

    async def press(interaction: Interaction) -> None:
        data: Any = interaction.data
        await interaction.response.edit_message(content=f"{data['custom_id']} {data.get('values')}", view=None)

    bot.act, bot.on_press = act, press
    ada, grace = standin.member("Ada"), standin.member("Grace")
    job = await ada.slash(PLACE, "do")
    message = await job.reply()
    with pytest.raises(ClientRefused):
        await ada.press(message, "Off")
    with pytest.raises(ClientRefused):
        await ada.choose(message, "pick", ["z"])
    pressed = await grace.press(message, "Again")
    assert (await pressed.reply(until=lambda m: m["content"] != "choose"))["id"] == message["id"]
    assert (job.message or {})["content"] == "clapper:again:1 None"
    assert (job.message or {})["components"] == []
    job = await ada.slash(PLACE, "do")
    message = await job.reply()
    pressed = await ada.choose(message, "pick", ["b"])
    assert (await pressed.reply(until=lambda m: m["content"] != "choose"))["content"] == "pick ['b']"


@pytest.mark.asyncio
async def test_a_press_gives_a_new_token_for_an_ephemeral_message(standin: DiscordStandIn, bot: Puppet) -> None:
    view = ui.View(timeout=None)
    view.add_item(ui.Button(label="Get it", custom_id="get"))

    async def act(interaction: Interaction) -> None:
        await interaction.response.send_message("wait", view=view, ephemeral=True)

    async def press(interaction: Interaction) -> None:
        await interaction.response.defer()
        file = discord.File(io.BytesIO(b"x"), filename="x.mp4")
        await interaction.edit_original_response(content="here", attachments=[file])

    bot.act, bot.on_press = act, press
    ada = standin.member("Ada")
    job = await ada.slash(PLACE, "do")
    message = await job.reply()
    standin.clock.advance(3600)
    with pytest.raises(ClientRefused):
        await standin.member("Grace").press(message, "Get it")
    await ada.press(message, "Get it")
    message = await job.reply(until=lambda m: m["attachments"])
    assert "/ephemeral-attachments/" in message["attachments"][0]["url"]
    assert await standin.download(message["attachments"][0]["url"]) == b"x"


@pytest.mark.asyncio
async def test_an_offline_bot_lets_interactions_fail_by_themselves(standin: DiscordStandIn) -> None:
    standin.core.commands.overwrite(None, [{"name": "do", "description": "x"}])
    job = await standin.member("Ada").slash(PLACE, "do")
    standin.clock.advance(3)
    assert await job.done() == "failed"
    with pytest.raises(AssertionError, match="did not respond"):
        await job.reply()


@pytest.mark.asyncio
async def test_a_user_menu_names_its_member(standin: DiscordStandIn, bot: Puppet) -> None:
    async def act(interaction: Interaction) -> None:
        await interaction.response.send_message(interaction.extras["target"].display_name)

    bot.act = act
    job = await standin.member("Ada").user_menu(PLACE, standin.member("Grace"), "Who")
    assert (await job.reply())["content"] == "Grace"
