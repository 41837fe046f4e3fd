"""The panel of `/settings` as an admin lives it, and everything that a member may try there in vain."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from sandbox.discord import ClientRefused, Invocation
from sandbox.discord.permissions import EMBED_LINKS, SEND_MESSAGES
from tests.end_to_end.conftest import PATIENCE_SECONDS, Stage

Json = dict[str, Any]


def told(message: Json) -> str:
    """Every text of a panel, or of a plain message."""
    return "\n".join([message["content"], *(part["content"] for part in parts(message) if part["type"] == 10)])


def parts(message: Json) -> list[Json]:
    found: list[Json] = []

    def walk(components: list[Json]) -> None:
        for part in components:
            found.append(part)
            walk(part.get("components") or [])
            walk([part["accessory"]] if part.get("accessory") else [])

    walk(message["components"])
    return found


def control(message: Json, name: str) -> str:
    """The custom id of the panel's control of that name."""
    ids = [part["custom_id"] for part in parts(message) if part.get("custom_id")]
    [found] = [one for one in ids if one.split(":")[4] == name]
    return str(found)


class Panel:
    """A panel that a member has opened, and what they do with it."""

    def __init__(self, stage: Stage, who: str, opened: Invocation) -> None:
        self.stage = stage
        self.member = stage.discord.member(who)
        self.opened = opened

    @property
    def message(self) -> Json:
        assert self.opened.message is not None
        return self.opened.message

    @property
    def text(self) -> str:
        return told(self.message)

    async def press(self, name: str, values: list[str] | None = None) -> Invocation:
        """Returns once the panel says what came of it."""
        return await self.press_id(control(self.message, name), values)

    async def press_id(self, custom_id: str, values: list[str] | None = None, *, raw: bool = False) -> Invocation:
        shown = len(self.opened.history)
        pressed = await self.member.choose(self.message, custom_id, values, raw=raw)
        assert await pressed.done(PATIENCE_SECONDS) == "answered"
        if custom_id.split(":")[4] not in {"add", "import", "export"}:
            await self.changed(shown)
        return pressed

    async def changed(self, shown: int) -> None:
        """Return once the panel has been drawn anew; `shown` versions of it were there before."""
        await self.opened.reply(lambda _: len(self.opened.history) > shown, PATIENCE_SECONDS)

    async def page(self, name: str) -> None:
        await self.press("go", [name])

    async def rules_form(self) -> Invocation:
        await self.page("prompts")
        return await self.press("add")

    async def send_rules(
        self, form: Invocation, patterns: str, *, action: str = "block", fold: str = "yes", note: str = ""
    ) -> None:
        filled = {"patterns": patterns, "action": [action], "fold": [fold]} | ({"note": note} if note else {})
        shown = len(self.opened.history)
        sent = await self.member.submit_modal(form, filled)
        assert await sent.done() == "answered"
        await self.changed(shown)


async def open_panel(stage: Stage, who: str = "Linus", where: str = "Film Club#general") -> Panel:
    opened = await stage.discord.member(who).slash(where, "settings")
    await opened.reply(timeout=PATIENCE_SECONDS)
    return Panel(stage, who, opened)


async def refusal(asked: Invocation) -> str:
    message = await asked.reply(timeout=PATIENCE_SECONDS)
    assert message["flags"] & 64, "refusals are private"
    return told(message) + "".join(e.get("description", "") for e in message["embeds"])


async def ask(stage: Stage, who: str = "Ada", where: str = "Film Club#general", **options: Any) -> Invocation:
    return await stage.discord.member(who).slash(where, "t2v", **({"prompt": "a cat playing piano"} | options))


@pytest.mark.asyncio
async def test_an_admin_allows_a_command_in_one_channel_and_members_are_sent_there(stage: Stage) -> None:
    async with stage.clapper():
        panel = await open_panel(stage)
        assert panel.message["flags"] & 64, "nobody else sees it"
        assert "Settings of Film Club" in panel.text
        await panel.page("access")
        clips = stage.discord.channel("Film Club#clips")
        await panel.press("channels", [clips.id])
        assert "Saved" in panel.text
        assert f"<#{clips.id}>" in panel.text
        assert f"<#{clips.id}>" in await refusal(await ask(stage))
        await stage.see(await ask(stage, where="Film Club#clips"), "pending")
        await stage.see(await ask(stage, where="Test Kitchen#general"), "pending")
        await panel.press("anywhere")
        await stage.see(await ask(stage, "Grace"), "pending")


@pytest.mark.asyncio
async def test_a_role_can_be_asked_for_and_one_command_can_be_shut(stage: Stage) -> None:
    async with stage.clapper():
        guild = stage.discord.guild("Film Club")
        editors = next(role for role in guild.roles.values() if role.name == "Editors")
        panel = await open_panel(stage)
        await panel.page("access")
        await panel.press("pick", ["t2v"])
        await panel.press("roles", [editors.id])
        assert "Your roles" in await refusal(await ask(stage))
        stage.discord.give_role(guild, "Ada", editors)
        await stage.see(await ask(stage), "pending")
        stage.discord.install_for("Ada")
        stage.discord.kick_bot(guild)
        await stage.see(await ask(stage), "pending")  # its roles come with the event alone


@pytest.mark.asyncio
async def test_models_defaults_and_privacy_hold_for_members(stage: Stage) -> None:
    async with stage.clapper():
        panel = await open_panel(stage)
        await panel.page("defaults")
        await panel.press("resolution", ["480p"])
        assert "Saved" in panel.text
        await panel.page("habits")
        await panel.press("private")
        asked = await ask(stage)
        message = await stage.see(asked, "pending")
        assert message["flags"] & 64, "private by default, known before the first word"
        assert stage.queue.submits[-1].texts["resolution"] == "480p"
        said = await stage.see(await ask(stage, private=False), "pending")
        assert not said["flags"] & 64, "what the member says counts"
        await panel.page("models")
        await panel.press("offer", ["lucy-2.1"])
        assert "doesn't offer" in await refusal(await ask(stage))
        assert await stage.discord.member("Ada").autocomplete("Film Club#general", "t2v", "model", model="") == []
        assert await stage.discord.member("Ada").autocomplete("Test Kitchen#general", "t2v", "model", model="") != []
        await panel.press("everything")
        await stage.see(await ask(stage, "Grace"), "pending")


@pytest.mark.asyncio
async def test_a_public_card_is_in_the_servers_language_and_a_private_one_in_its_members(stage: Stage) -> None:
    async with stage.clapper():
        panel = await open_panel(stage)
        await panel.page("habits")
        await panel.press("language", ["de"])
        assert "Saved" in panel.text, "Linus reads English"
        assert "Wartet" in embed_title(await stage.see(await ask(stage, "Grace"), "pending"))
        assert "Waiting" in embed_title(await stage.see(await ask(stage, "Grace", private=True), "pending"))
        stage.discord.member("Ada").user.locale = "de"
        await panel.press("language", ["unset"])
        assert "Waiting" in embed_title(await stage.see(await ask(stage), "pending"))
        assert "Wartet" in embed_title(await stage.see(await ask(stage, private=True), "pending"))
        await panel.press_id(control(panel.message, "language"), ["xx"], raw=True)
        assert "no such language" in panel.text


def embed_title(message: Json) -> str:
    return str(message["embeds"][0]["title"])


@pytest.mark.asyncio
async def test_age_restricted_only_means_it(stage: Stage) -> None:
    async with stage.clapper():
        panel = await open_panel(stage)
        await panel.page("habits")
        await panel.press("age")
        assert "age-restricted" in await refusal(await ask(stage))
        adult = stage.discord.add_channel(stage.discord.guild("Film Club"), "late", nsfw=True)
        await stage.see(await ask(stage, where=adult.id), "pending")


@pytest.mark.asyncio
async def test_prompt_rules_are_added_used_and_removed(stage: Stage) -> None:
    async with stage.clapper():
        panel = await open_panel(stage)
        await panel.send_rules(await panel.rules_form(), "piano*\ngun*", note="No music here.")
        assert "piano" in panel.text
        assert "No music here." in await refusal(await ask(stage))
        assert "No music here." in await refusal(await ask(stage, prompt="a c a t on p1anos"))
        assert stage.queue.submits == []
        await panel.press("drop", ["0"])
        await stage.see(await ask(stage), "pending")


@pytest.mark.asyncio
@pytest.mark.parametrize("pattern", ["(a+)+$", "*", "x" * 81, "@@@", " ".join("abcdefghi")])
async def test_a_bad_pattern_is_a_sentence_and_changes_nothing(stage: Stage, pattern: str) -> None:
    async with stage.clapper():
        panel = await open_panel(stage)
        await panel.send_rules(await panel.rules_form(), f"fine\n{pattern}")
        assert "can't be used" in panel.text
        assert "No rules yet" in panel.text
        assert "Version 0." in panel.text


@pytest.mark.asyncio
async def test_holding_prompts_needs_a_channel_where_moderators_decide(stage: Stage) -> None:
    async with stage.clapper():
        panel = await open_panel(stage)
        await panel.send_rules(await panel.rules_form(), "piano", action="hold")
        assert "choose a moderators' channel first" in panel.text
        assert "Version 0." in panel.text
        assert not re.search(r"word_rules|mod_channel", panel.text)
        again = await panel.rules_form()
        parts = {one["component"]["custom_id"]: one["component"] for one in (await again.opened_modal())["components"]}
        assert parts["patterns"]["value"] == "piano", "what was written comes back"
        assert [one["value"] for one in parts["action"]["options"] if one.get("default")] == ["hold"]
        clips = stage.discord.channel("Film Club#clips")
        await panel.press("mods", [clips.id])
        await panel.send_rules(await panel.rules_form(), "piano", action="hold")
        assert "Saved" in panel.text
        await panel.press("mods", [])
        assert "remove the rules that hold prompts first" in panel.text
        empty = (await (await panel.rules_form()).opened_modal())["components"][0]["component"]
        assert not empty.get("value"), "what is saved does not come back"


@pytest.mark.asyncio
async def test_a_channel_in_which_the_bot_may_not_write_is_told_when_it_is_chosen(stage: Stage) -> None:
    async with stage.clapper():
        clips = stage.discord.channel("Film Club#clips")
        panel = await open_panel(stage)
        await panel.page("channels")
        await panel.press("audit", [clips.id])
        assert "lack permissions" not in panel.text
        stage.discord.set_permissions(clips, stage.discord.core.world.bot, deny=SEND_MESSAGES | EMBED_LINKS)
        await panel.press("refresh")
        assert "Send Messages, Embed Links" in panel.text


@pytest.mark.asyncio
async def test_two_admins_do_not_overwrite_each_other_unseen(stage: Stage) -> None:
    async with stage.clapper():
        first, second = await open_panel(stage), await open_panel(stage)
        await first.page("habits")
        await second.page("habits")
        await first.press("private")
        await second.press("age")
        assert "Somebody else changed" in second.text
        assert "only** is off" in second.text, "nothing was saved"
        assert "default** is on" in second.text, "it shows what the other one did"
        await second.press("age")
        assert "only** is on" in second.text
        assert "default** is on" in second.text


@pytest.mark.asyncio
async def test_a_panel_and_an_open_form_outlive_a_restart(stage: Stage) -> None:
    async with stage.clapper():
        panel = await open_panel(stage)
        form = await panel.rules_form()
    async with stage.clapper():
        await panel.send_rules(form, "piano", fold="no")
        assert "exact letters" in panel.text
        await panel.page("habits")
        await panel.press("ping")
        assert "jobs** is off" in panel.text


@pytest.mark.asyncio
async def test_a_member_tries_every_way_to_the_settings_and_is_refused(stage: Stage) -> None:
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        with pytest.raises(ClientRefused):
            await ada.slash("Film Club#general", "settings")
        forged = await ada.slash("Film Club#general", "settings", raw=True)
        assert "Only members who may manage" in await refusal(forged)
        carrier = await stage.see(await ask(stage), "pending")
        for page, name, values in (
            ("overview", "go", ["access"]), ("overview", "refresh", None), ("overview", "export", None),
            ("overview", "import", None), ("overview", "apply", None), ("overview", "file", None),
            ("access", "channels", []), ("access", "roles", []), ("access", "anywhere", None),
            ("models", "offer", ["lucy-2.1"]), ("models", "everything", None), ("defaults", "model", ["lucy-2.1"]),
            ("defaults", "resolution", ["480p"]), ("habits", "private", None), ("habits", "ping", None),
            ("habits", "age", None), ("habits", "full", None), ("prompts", "add", None), ("prompts", "rules", None),
            ("prompts", "drop", ["0"]), ("channels", "audit", []), ("channels", "mods", []),
            ("channels", "retry", None),
        ):  # fmt: skip
            pressed = await ada.choose(carrier, f"clapper:settings:0:{page}:{name}", values, raw=True)
            assert "Only members who may manage" in await refusal(pressed), name
        panel = await open_panel(stage)
        assert "Version 0." in panel.text


@pytest.mark.asyncio
async def test_forged_presses_by_an_admin_are_sentences_and_change_nothing(stage: Stage) -> None:
    async with stage.clapper():
        panel = await open_panel(stage)
        elsewhere = stage.discord.channel("Test Kitchen#general").id
        message = panel.message
        for custom_id in ("clapper:settings:x", "clapper:settings:0:nowhere:go", "clapper:settings:0:habits:burn"):
            pressed = await panel.member.choose(message, custom_id, None, raw=True)
            assert "another version" in await refusal(pressed)
        for custom_id, value in (
            ("channels:audit", elsewhere), ("channels:mods", "12"),
            ("access:roles", elsewhere), ("access:channels", "x"),
        ):  # fmt: skip
            page, _, kind = custom_id.partition(":")
            await panel.page(page)
            await panel.press_id(control(panel.message, kind), [value], raw=True)
            assert "not in this server" in panel.text, custom_id
        await panel.page("overview")
        assert "Version 0." in panel.text


async def exported(panel: Panel) -> bytes:
    pressed = await panel.press("export")
    message = await pressed.reply(timeout=PATIENCE_SECONDS)
    assert message["flags"] & 64
    [file] = message["attachments"]
    return await panel.stage.discord.download(file["url"])


async def import_file(panel: Panel, text: bytes) -> None:
    form = await panel.press("import")
    shown = len(panel.opened.history)
    sent = await panel.member.submit_modal(form, {}, {"file": ("settings.json", text)})
    assert await sent.done() == "answered"
    await panel.changed(shown)


@pytest.mark.asyncio
async def test_settings_go_out_as_a_file_and_come_back_after_a_look_at_the_changes(stage: Stage) -> None:
    async with stage.clapper():
        panel = await open_panel(stage)
        await panel.page("habits")
        await panel.press("private")
        text = await exported(panel)
        document = json.loads(text)
        assert document["private_by_default"] is True
        await panel.press("private")
        await import_file(panel, text)
        assert "Private by default**: no → yes" in panel.text
        await panel.press("cancel")
        await panel.page("habits")
        assert "default** is off" in panel.text, "a look changes nothing"
        await import_file(panel, text)
        await panel.press("apply")
        assert "Saved." in panel.text
        await panel.page("habits")
        assert "default** is on" in panel.text
        await import_file(panel, text)
        assert "Nothing" in panel.text


@pytest.mark.asyncio
async def test_a_file_of_another_server_or_with_unknown_keys_is_refused_whole(stage: Stage) -> None:
    async with stage.clapper():
        panel = await open_panel(stage)
        await panel.page("channels")
        await panel.press("audit", [stage.discord.channel("Film Club#clips").id])
        foreign = await exported(panel)
        other = await open_panel(stage, where="Test Kitchen#general")
        await import_file(other, foreign)
        assert "is not in this server" in other.text
        for text, reason in (
            (b'{"format": 1, "colour": "red"}', "no such setting"), (b"{", "not JSON"), (b"\xff\xfe", "couldn't read"),
            (b'{"format": 1, "private_by_default": true, "limits": {"rules": -1}}', "can't be set like that"),
        ):  # fmt: skip
            await import_file(other, text)
            assert reason in other.text, text
        assert "Version 0." in other.text


@pytest.mark.asyncio
async def test_a_deleted_channel_is_told_and_does_not_open_the_server(stage: Stage) -> None:
    async with stage.clapper():
        clips = stage.discord.channel("Film Club#clips")
        panel = await open_panel(stage)
        await panel.page("access")
        await panel.press("channels", [clips.id])
        stage.discord.delete_channel(clips)
        await panel.press("refresh")
        assert "not in this server any more" in panel.text
        assert "isn't allowed" in await refusal(await ask(stage))
        await panel.press("anywhere")
        await stage.see(await ask(stage), "pending")
