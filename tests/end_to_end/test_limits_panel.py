"""Limits in the panel of `/settings`: what an admin sees, sets, takes back, and what a member then meets."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.discord import Invocation
from sandbox.discord.permissions import ATTACH_FILES
from tests.end_to_end.conftest import PATIENCE_SECONDS, Stage, text_of
from tests.end_to_end.test_limits import admin, refused
from tests.end_to_end.test_settings import Panel, ask, control, open_panel, parts, refusal

Json = dict[str, Any]


async def limits_page(stage: Stage) -> Panel:
    panel = await open_panel(stage)
    await panel.page("limits")
    return panel


async def opened_form(panel: Panel, name: str, values: list[str] | None = None) -> Invocation:
    pressed = await panel.member.choose(panel.message, control(panel.message, name), values)
    await pressed.opened_modal()
    return pressed


async def send(panel: Panel, form: Invocation, *, raw: bool = False, **filled: Any) -> None:
    shown = len(panel.opened.history)
    sent = await panel.member.submit_modal(form, filled, raw=raw)
    assert await sent.done() == "answered"
    await panel.changed(shown)


async def filled_in(form: Invocation) -> dict[str, Any]:
    """What a form begins with, by its parts."""
    found: dict[str, Any] = {}
    for label in (await form.opened_modal())["components"]:
        part = label["component"]
        chosen = [option["value"] for option in part.get("options") or [] if option.get("default")]
        found[part["custom_id"]] = (
            part.get("value") or [str(v["id"]) for v in part.get("default_values") or []] or chosen
        )
    return found


def values_of(panel: Panel, name: str) -> list[str]:
    [select] = [part for part in parts(panel.message) if part.get("custom_id") == control(panel.message, name)]
    return [option["value"] for option in select["options"]]


@pytest.mark.asyncio
async def test_a_limit_is_added_changed_removed_and_brought_back(stage: Stage) -> None:
    async with stage.clapper():
        panel = await limits_page(stage)
        assert "- each member: 20 videos a day" in panel.text
        form = await opened_form(panel, "limit", ["everyone"])
        await send(panel, form, amount="1", window=["hour"], unit=["jobs"])
        assert "Saved. each member: 1 video an hour" in panel.text
        assert "each member: 1 video an hour" in await admin(stage, "show", where="Film Club#general")
        await stage.see_through(await ask(stage))
        assert "Each member may make 1 video an hour, and you have made 1" in await refused(stage)

        [value] = [value for value in values_of(panel, "amount") if value.startswith("ejh:")]
        form = await opened_form(panel, "amount", [value])
        assert await filled_in(form) == {"amount": "1"}
        await send(panel, form, amount="2")
        assert "Saved. each member: 2 videos an hour" in panel.text
        await panel.press("undo")
        assert "Undone" in panel.text
        assert "- each member: 1 video an hour" in panel.text
        await panel.press("unlimit", ["ejh", "ejd"])
        assert "Removed. each member: 1 video an hour, each member: 20 videos a day" in panel.text
        await stage.see_through(await ask(stage))
        await panel.press("undo")
        for line in ("- each member: 1 video an hour", "- each member: 20 videos a day"):
            assert line in panel.text
        assert "an hour" in await refused(stage)


@pytest.mark.asyncio
async def test_a_limit_that_can_not_be_saved_comes_back_filled(stage: Stage) -> None:
    async with stage.clapper():
        editors = next(role for role in stage.discord.guild("Film Club").roles.values() if role.name == "Editors")
        panel = await limits_page(stage)
        form = await opened_form(panel, "limit", ["role"])
        await send(panel, form, target=[editors.id], amount="many", window=["week"], unit=["cost"])
        assert "many is no amount for a limit. Please choose a whole number" in panel.text
        again = await opened_form(panel, "limit", ["role"])
        assert await filled_in(again) == {
            "target": [editors.id], "amount": "many", "window": ["week"], "unit": ["cost"]
        }  # fmt: skip
        await send(panel, again, target=[editors.id], amount="2,50", window=["week"], unit=["cost"])
        assert f"Saved. each member with <@&{editors.id}>: 2.50 US dollars a week" in panel.text
        assert not (await filled_in(await opened_form(panel, "limit", ["role"])))["amount"], "what is saved is gone"
        without = await opened_form(panel, "limit", ["role"])
        await send(panel, without, raw=True, amount="5", window=["day"], unit=["jobs"])
        assert "Choose a role, too" in panel.text


@pytest.mark.asyncio
async def test_a_channels_limit_says_at_once_what_i_lack_there(stage: Stage) -> None:
    async with stage.clapper():
        clips = stage.discord.channel("Film Club#clips")
        stage.discord.set_permissions(clips, stage.discord.core.world.bot, deny=ATTACH_FILES)
        panel = await limits_page(stage)
        form = await opened_form(panel, "limit", ["channel"])
        await send(panel, form, target=[clips.id], amount="3", window=["day"], unit=["jobs"])
        assert f"Saved. <#{clips.id}> together: 3 videos a day" in panel.text
        assert f"I lack permissions in <#{clips.id}>: Attach Files" in panel.text
        said = await admin(
            stage, "set", where="Film Club#general", scope="channel", channel="clips", amount=4, window="day"
        )
        assert f"I lack permissions in <#{clips.id}>: Attach Files" in said
        await panel.page("access")
        await panel.press("channels", [clips.id])
        assert f"I lack permissions in <#{clips.id}>: Attach Files" in panel.text


@pytest.mark.asyncio
async def test_a_preset_is_explained_applied_at_once_and_undone(stage: Stage) -> None:
    async with stage.clapper():
        panel = await limits_page(stage)
        await panel.press("preset", ["big"])
        assert "For thousands" in panel.text
        assert "- each member: 60 s between two videos" in panel.text
        assert "each member: 20 videos a day → 5 videos a day" in panel.text, "what it would change"
        assert "the whole server together: 200 videos a day → no limit" in panel.text
        await panel.press("cancel")
        assert "Version 0." in panel.text
        await panel.press("preset", ["big"])
        await panel.press("usepreset")
        assert "Version 1." in panel.text, "all of it is one change"
        assert "The limits are now those of “Big server”" in panel.text
        assert "- each member: 5 videos a day" in panel.text
        await panel.press("undo")
        assert "- each member: 20 videos a day" in panel.text
        assert "60 s" not in panel.text


@pytest.mark.asyncio
async def test_a_preset_is_not_applied_over_what_another_admin_changed(stage: Stage) -> None:
    async with stage.clapper():
        panel = await limits_page(stage)
        await panel.press("preset", ["friends"])
        await admin(stage, "set", where="Film Club#general", scope="everyone", amount=7, window="day")
        await panel.press("usepreset")
        assert "Somebody else changed" in panel.text
        assert "- each member: 7 videos a day" in panel.text


@pytest.mark.asyncio
async def test_a_panel_of_a_removed_limit_says_so(stage: Stage) -> None:
    async with stage.clapper():
        panel = await limits_page(stage)
        [value] = [value for value in values_of(panel, "amount") if value.startswith("ejd:")]
        form = await opened_form(panel, "amount", [value])
        await admin(stage, "remove", where="Film Club#general", rule="everyone jobs day")
        await send(panel, form, amount="9")
        assert "There is no such limit, or not any more" in panel.text
        assert "each member: 9" not in panel.text
        assert "each member: 20 videos a day" not in panel.text
        await panel.press_id(control(panel.message, "unlimit"), ["ejd"], raw=True)
        assert "There is no such limit, or not any more" in panel.text


@pytest.mark.asyncio
async def test_an_undo_after_somebody_elses_change_is_a_sentence(stage: Stage) -> None:
    async with stage.clapper():
        panel = await limits_page(stage)
        await panel.press("full")
        assert "refuse" in panel.text
        await admin(stage, "set", where="Film Club#general", scope="everyone", amount=7, window="day")
        await panel.press("undo")
        assert "can't be undone any more" in panel.text
        assert "- each member: 7 videos a day" in panel.text


@pytest.mark.asyncio
async def test_roles_are_exempt_and_members_blocked_from_the_panel(stage: Stage) -> None:
    async with stage.clapper():
        guild = stage.discord.guild("Film Club")
        editors = next(role for role in guild.roles.values() if role.name == "Editors")
        ada = stage.discord.member("Ada")
        await admin(stage, "set", where="Film Club#general", scope="everyone", amount=0, window="day")
        panel = await open_panel(stage)
        await panel.page("people")
        assert "Exempt roles: none" in panel.text
        assert "No member is blocked." in panel.text
        await panel.press("exempt", [editors.id])
        assert f"Exempt roles: <@&{editors.id}>" in panel.text
        await refused(stage)
        stage.discord.give_role(guild, "Ada", editors)
        await stage.see(await ask(stage), "pending")

        form = await opened_form(panel, "block")
        await send(panel, form, member=[ada.user.id], reason="spam", length=["1 day"])
        assert f"Saved. {ada.mention} is blocked until" in panel.text
        assert "The reason they gave: “spam”" in await refusal(await ask(stage))
        await panel.press("unblock", [ada.user.id])
        assert f"{ada.mention} may make videos again." in panel.text
        await stage.see(await ask(stage), "pending")
        await panel.press("undo")
        assert "can't make videos here" in await refusal(await ask(stage))


@pytest.mark.asyncio
async def test_nobody_but_admins_moves_the_limits_of_the_panel(stage: Stage) -> None:
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        carrier = await stage.see(await ask(stage), "pending")
        for page, name, values in (
            ("limits", "limit", ["everyone"]), ("limits", "amount", ["ejd:20"]), ("limits", "unlimit", ["ejd"]),
            ("limits", "preset", ["big"]), ("limits", "usepreset:big", None), ("limits", "full", None),
            ("limits", "newlimit:everyone", None), ("limits", "newamount:ejd", None), ("limits", "undo", None),
            ("people", "exempt", []), ("people", "block", None), ("people", "newblock", None),
            ("people", "unblock", ["1"]),
        ):  # fmt: skip
            pressed = await ada.choose(carrier, f"clapper:settings:0:{page}:{name}", values, raw=True)
            assert "Only members who may manage" in await refusal(pressed), name
        panel = await limits_page(stage)
        assert "Version 0." in panel.text
        for name, values in (("limit", ["bot"]), ("amount", ["xyz:1"]), ("preset", ["huge"]), ("unlimit", ["xyz"])):
            pressed = await panel.member.choose(panel.message, control(panel.message, name), values, raw=True)
            assert await pressed.done(PATIENCE_SECONDS) == "answered"
            if name in {"preset", "unlimit"}:  # what they say comes after the first response
                continue
            message = await pressed.reply(lambda m: bool(m["flags"] & 64), timeout=PATIENCE_SECONDS)
            assert "Please" in text_of(message), name
        assert "Version 0." in await told_again(panel)


async def told_again(panel: Panel) -> str:
    await panel.press("refresh")
    return panel.text
