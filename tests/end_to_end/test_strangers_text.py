"""One hostile text as a name, a prompt, a reason, a pattern or a path: nowhere is it markup, a mention or a link.

Every request of the bot to Discord is looked through, and the files, the log and the metrics that it writes.
"""

from __future__ import annotations

import io
import logging
import unicodedata
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from bot.ops.logs import set_up_logs
from bot.rules.jobs import Requester
from bot.rules.prompts import WordAction, WordRule
from tests.end_to_end.conftest import PATIENCE_SECONDS, Json, Stage
from tests.end_to_end.material import sample
from tests.end_to_end.test_moderation import HOLD, says, seen

SHORT = "**x** @everyone <@1> ||s|| \u202egnp\u2066 `c`"
HOSTILE = f"{SHORT} [l](https://evil.test/a) discord.gg/evil\n# FORGED\n2026-01-01 [error] FORGED \u2028<script>"
ALIVE = ("**x**", "@everyone", "<@1>", "||s||", "[l](https", "https://evil", "discord.gg/evil", "\n# FORGED", "`c`")
"""What it is wherever it does something."""
FORMATTED = {"content", "title", "description", "value"}
"""Fields that Discord formats; of a select's options and of files, the description is not one."""


def strings(found: Any, name: str = "", *, plain: bool = False) -> Iterator[tuple[str, str, bool]]:
    """Every text of a body, the field it is in, and whether Discord shows it as it is."""
    match found:
        case dict():
            option = plain or "label" in found or "filename" in found
            for key, value in found.items():
                yield from strings(value, key, plain=option)
        case list():
            for value in found:
                yield from strings(value, name, plain=plain)
        case str():
            yield name, found, plain or name not in FORMATTED


def moves(text: str) -> set[str]:
    """Characters that end a line, move a cursor or change the order of others; what Clapper sets itself is none."""
    return {
        c
        for c in text
        if unicodedata.category(c) in {"Cc", "Zl", "Zp", "Cs"} or c in "\u202a\u202b\u202d\u202e\u2066\u2067"
    }


def check_body(body: Any) -> int:
    """How often the hostile text is in it."""
    met = 0
    for name, text, plain in strings(body):
        met += "gnp" in text
        assert moves(text) <= ({"\n"} if not plain else set()), (name, text)
        if not plain:
            assert [mark for mark in ALIVE if mark in text] == [], (name, text)
    return met


@pytest.fixture
def console() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:], root.level = before


@pytest.mark.asyncio
async def test_a_hostile_text_does_nothing_on_any_way_out(stage: Stage, console: io.StringIO) -> None:
    stage.discord.set_message_content(True)
    mallory = stage.discord.add_user(SHORT)
    film = stage.discord.guild("Film Club")
    stage.discord.add_member(film, mallory)
    film.name = f"Film {HOSTILE}"[:100]
    role = stage.discord.add_role(film, HOSTILE[:100], to=())
    linus = stage.discord.member("Linus")
    clips = stage.discord.channel("clips")
    general = stage.discord.channel("general")
    async with stage.clapper() as app:
        set_up_logs(stage.settings().model_copy(update={"log_format": "console"}), console)
        rule = WordRule(pattern="zebra", action=WordAction.BLOCK, note=SHORT)
        chosen = {"mod_channel_id": int(clips.id), "audit_channel_id": int(clips.id), "word_rules": (HOLD, rule)}
        by = Requester(user_id=int(linus.id), name="Linus", guild_id=int(film.id), channel_id=1, admin=True)
        await app.parts.services.guilds.rework(int(film.id), by, lambda _: chosen)
        since = stage.discord.record.total

        failing = await mallory.slash(general, "t2v", prompt=f"{HOSTILE} [fail: {SHORT} of the service]")
        await stage.see(failing, "pending")
        await stage.clock.advance(600)
        await stage.see(failing, "failed")
        held = await mallory.slash(general, "t2v", prompt=f"{HOSTILE} piano")
        await held.reply(says("Waiting for a moderator"), PATIENCE_SECONDS)
        question = await seen(stage, says("May this be made?"), clips)
        form = await linus.press(question, "Refuse with a reason")
        await linus.submit_modal(form, {"reason": HOSTILE})
        await stage.see(held, "failed")
        await mallory.slash(general, "t2v", prompt=f"{HOSTILE} zebra")
        await mallory.slash(general, "motion", files={"image": sample("cat.png")}, path=HOSTILE)
        two = await mallory.say(general, "look", [(f"a{SHORT}.png", sample("cat.png")[1]), sample("harbour.jpg")])
        await mallory.say(general, f"/animate {HOSTILE}", reply_to=two)
        await mallory.say(general, f"<@{stage.discord.bot.id}> {HOSTILE}")

        for options in (
            ("set", {"scope": "role", "role": role.id, "amount": 5, "window": "day"}),
            ("block", {"member": mallory.id, "reason": HOSTILE[:200]}),
            ("show", {}),
            ("remove", {"rule": HOSTILE}),
        ):
            asked = await linus.slash(general, f"limits {options[0]}", **options[1])
            await asked.reply(timeout=PATIENCE_SECONDS)
        await mallory.slash(general, "t2v", prompt="a cat")
        choices = await linus.autocomplete(general, "limits remove", "rule", rule="")
        for name in ("stats", "settings", "usage"):
            asked = await linus.slash(general, name)
            panel = await asked.reply(timeout=PATIENCE_SECONDS)
            if name == "settings":
                await linus.choose(panel, panel_control(panel), ["prompts"])
        for name in ("jobs", "mydata", "help", "models"):
            asked = await mallory.slash(general, name)
            await asked.reply(lambda message: message["content"] or message["embeds"], PATIENCE_SECONDS)
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{app.http_port}/metrics") as answer,
        ):
            metrics = await answer.text()

    exchanges = stage.discord.record.since(since)
    assert sum(check_body(one.body) for one in exchanges if one.route != "/applications/{application_id}/commands") > 15
    check_body({"choices": [{"label": one["name"]} for one in choices]})
    assert "gnp" in str(choices)
    for one in exchanges:
        if isinstance(one.body, dict) and "content" in one.body:
            assert one.body.get("allowed_mentions", {"parse": []})["parse"] == [], one.path
    lines = console.getvalue().split("\n")
    assert not [line for line in lines if line.startswith(("2026-01-01", "# FORGED"))]
    assert moves("".join(lines)) == set()
    assert "gnp" not in metrics
    assert "FORGED" not in metrics


def panel_control(message: Json) -> str:
    """The select that turns the panel's pages."""
    found: list[str] = [one for name, one, _ in strings(message["components"]) if name == "custom_id"]
    return next(one for one in found if one.endswith(":go"))
