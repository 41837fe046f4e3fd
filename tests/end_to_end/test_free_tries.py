"""Files that can't be used, one after the other, as their member lives it: some are free, then none is fetched."""

from __future__ import annotations

import re

import pytest

from bot.rules.limits import FREE_TRIES, FREE_TRIES_IN
from sandbox.discord import Invocation
from tests.end_to_end.conftest import PATIENCE_SECONDS, Stage, text_of
from tests.end_to_end.material import sample
from tests.end_to_end.test_path_cost import quiet, transactions

NO_PICTURE = ("cat.png", b"no picture at all")


async def animate(stage: Stage, picture: tuple[str, bytes], locale: str = "en-US") -> Invocation:
    ada = stage.discord.member("Ada")
    ada.user.locale = locale
    return await ada.slash("general", "animate", files={"image": picture}, prompt="snow")


@pytest.mark.asyncio
async def test_after_the_free_tries_a_file_is_refused_at_once_and_told_when_it_works_again(stage: Stage) -> None:
    async with stage.clapper() as app:
        await quiet(app)
        began = stage.discord.clock.now().timestamp()
        for _ in range(FREE_TRIES):
            assert "saved as JPEG or PNG" in text_of(await stage.told_alone(await animate(stage, NO_PICTURE)))

        await stage.settled(app)
        with transactions(app.parts.database) as begun:
            asked = await animate(stage, sample("cat.png"))
            told = text_of(await stage.told_alone(asked))
        assert len(begun) == 1, begun
        assert asked.followups == [], "it is the first response"
        assert f"{FREE_TRIES} of your files could not be used" in told
        [frees_at] = re.findall(r"<t:(\d+):R>", told)
        assert abs(int(frees_at) - began - FREE_TRIES_IN.total_seconds()) < PATIENCE_SECONDS
        german = text_of(await stage.told_alone(await animate(stage, sample("cat.png"), "de")))
        assert "unbrauchbar" in german
        assert stage.queue.submits == []

        await stage.see(await stage.discord.member("Ada").slash("general", "t2v", prompt="a cat"), "pending")
        stage.pass_time(FREE_TRIES_IN.total_seconds() + 1)
        await stage.see(await animate(stage, sample("cat.png")), "pending")
