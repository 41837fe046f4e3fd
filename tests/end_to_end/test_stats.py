"""`/stats` as a moderator sees it: the numbers as text, the same numbers as a picture."""

from __future__ import annotations

import csv
import io
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from sandbox.discord import ClientRefused, Invocation
from tests.end_to_end.conftest import PATIENCE_SECONDS, Stage, text_of

Json = dict[str, Any]


def has_chart(message: Json) -> bool:
    return bool(message["attachments"])


def fields(message: Json) -> dict[str, str]:
    [embed] = message["embeds"]
    return {field["name"]: field["value"] for field in embed["fields"]}


@pytest.mark.asyncio
async def test_a_moderator_sees_the_numbers_and_the_chart(stage: Stage) -> None:
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        done = await ada.slash("Film Club#general", "t2v", prompt="a cat playing piano")
        await stage.see_through(done)
        failed = await ada.slash("Film Club#general", "t2v", prompt="a dog [fail: no dogs]")
        await stage.see(failed, "pending")
        await stage.clock.advance(200)
        await stage.see(failed, "failed")
        elsewhere = await stage.discord.member("Grace").slash("Test Kitchen#general", "t2v", prompt="a soup")
        await stage.see(elsewhere, "pending")
        broken = {"image": ("cat.png", bytes(64))}  # its member's to mend: no job to anybody
        refused = await ada.slash("Film Club#general", "animate", files=broken, prompt="snow")
        assert "zeros" in text_of(await stage.told_alone(refused))

        asked = await stage.discord.member("Linus").slash("Film Club#general", "stats", days=7)
        message = await asked.reply(timeout=PATIENCE_SECONDS)
        assert fields(message)["By command"] == "/t2v: 2 · 5 s · $0.40", "the numbers do not wait for the chart"
        message = await asked.reply(has_chart, PATIENCE_SECONDS)
        assert message["flags"] & 64
        told = fields(message)
        assert "Film Club" in message["embeds"][0]["title"]
        assert "2 in all" in text_of(message)
        assert told["Outcomes"].splitlines() == ["done: 1", "failed: 1", "cancelled: 0", "under way: 0"]
        assert told["By command"] == "/t2v: 2 · 5 s · $0.40"
        assert told["By model"] == "Lucy Pro (text): 2 · 5 s · $0.40"
        assert told["Who asked most"] == f"{ada.mention}: 2 · 5 s · $0.40"
        assert ": 2 · 5 s · $0.40" in told["Latest days (UTC)"]
        assert "half within" in told["From command to video"]
        [chart] = message["attachments"]
        assert chart["description"], "for who can't see it"
        with Image.open(BytesIO(await stage.discord.download(chart["url"]))) as picture:
            assert picture.format == "PNG"
            assert picture.size == (1280, 816)

        pressed = await stage.discord.member("Linus").press(message, "As a file (CSV)")
        answer = await pressed.reply(has_chart, PATIENCE_SECONDS)
        assert answer["flags"] & 64
        [file] = answer["attachments"]
        assert file["filename"] == "clapper-stats.csv"
        text = (await stage.discord.download(file["url"])).decode("utf-8-sig")
        _, row = csv.reader(io.StringIO(text))
        assert row[1:] == ["/t2v", "Lucy Pro (text)", "Ada", ada.mention, "1", "1", "0", "0", "5.0", "0.4"]
        forged = await ada.choose(done.message or {}, "clapper:stats-file:7", None, raw=True)
        denied = await forged.reply(timeout=PATIENCE_SECONDS)
        assert "manage messages" in text_of(denied)
        assert not denied["attachments"]


@pytest.mark.asyncio
async def test_a_server_without_jobs_has_numbers_too(stage: Stage) -> None:
    async with stage.clapper():
        asked = await stage.discord.member("Linus").slash("Film Club#general", "stats")
        message = await asked.reply(has_chart, PATIENCE_SECONDS)
        assert "0 in all" in text_of(message)
        assert fields(message)["By command"] == "Nothing yet"
        assert len(message["attachments"]) == 1


@pytest.mark.asyncio
async def test_usage_draws_a_members_own_numbers_and_nobody_elses(stage: Stage) -> None:
    async with stage.clapper():
        ada, linus = stage.discord.member("Ada"), stage.discord.member("Linus")
        await stage.see_through(await ada.slash("Film Club#general", "t2v", prompt="a cat playing piano"))
        await stage.see(await ada.slash("Test Kitchen#general", "t2v", prompt="a soup"), "pending")
        await stage.see(
            await stage.discord.member("Grace").slash("Film Club#general", "t2v", prompt="a dog"), "pending"
        )

        async def seen(asked: Invocation) -> Json:
            message = await asked.reply(timeout=PATIENCE_SECONDS)
            assert message["flags"] & 64
            return message

        asked = await ada.slash("Film Club#general", "usage")
        one = "/t2v: 1 · 5 s · $0.40"
        assert fields(await seen(asked))["By command"] == one, "the numbers do not wait for the chart"
        message = await asked.reply(has_chart, PATIENCE_SECONDS)
        assert "2 of 200" in text_of(message), "the rules stay first"
        told = fields(message)
        assert told["Outcomes"].splitlines() == [
            "1 in the last 30 days", "5 s of video, $0.40",
            "done: 1", "failed: 0", "cancelled: 0", "under way: 0",
        ]  # fmt: skip
        assert told["By command"] == one
        assert "half within" in told["From command to video"]
        assert "Who asked most" not in told
        [chart] = message["attachments"]
        assert chart["description"], "for who can't see it"
        with Image.open(BytesIO(await stage.discord.download(chart["url"]))) as picture:
            assert picture.size == (1280, 816)

        assert (
            fields(await seen(await linus.slash("Film Club#general", "usage", member="Ada")))["By command"]
            == "/t2v: 1 · 5 s · $0.40"
        )
        assert fields(await seen(await ada.slash(ada.dm, "usage")))["By command"] == "/t2v: 2 · 10 s · $0.80", (
            "in a direct message: from everywhere"
        )
        nobody = await seen(await linus.slash("Film Club#general", "usage"))
        assert not nobody["attachments"], "there is nothing to draw"


@pytest.mark.asyncio
async def test_members_are_refused_the_numbers(stage: Stage) -> None:
    async with stage.clapper():
        ada = stage.discord.member("Ada")
        with pytest.raises(ClientRefused):
            await ada.slash("Film Club#general", "stats")
        forged = await ada.slash("Film Club#general", "stats", raw=True)
        message = await forged.reply(timeout=PATIENCE_SECONDS)
        assert "manage messages" in text_of(message)
        assert message["flags"] & 64
