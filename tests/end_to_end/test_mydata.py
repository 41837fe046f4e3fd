"""`/mydata` as a member uses it: a file that they alone see, with all that is theirs and nothing of others."""

from __future__ import annotations

import json

import aiohttp
import pytest

from tests.end_to_end.conftest import PATIENCE_SECONDS, Stage


@pytest.mark.asyncio
async def test_a_member_gets_a_copy_of_their_own_rows_without_tokens(stage: Stage) -> None:
    ada, grace = stage.discord.member("Ada"), stage.discord.member("Grace")
    async with stage.clapper():
        await stage.see(await grace.slash("general", "t2v", prompt="a dog of Grace's"), "pending")
        await stage.see(await ada.slash("general", "t2v", prompt="a cat"), "pending")
        asked = await ada.slash("general", "mydata")
        told = await asked.reply(lambda message: bool(message["attachments"]), PATIENCE_SECONDS)
        assert told["flags"] & 64
        assert "1 video," in told["content"]
        (file,) = told["attachments"]
        async with aiohttp.ClientSession() as session, session.get(file["url"]) as answer:
            text = await answer.text()
    copy = json.loads(text)
    assert copy["user_id"] == int(ada.id)
    (job,) = copy["jobs"]
    assert (job["state"], job["request"]["inputs"]["prompt"]) == ("pending", "a cat")
    assert "token" not in text
    assert "Grace" not in text
