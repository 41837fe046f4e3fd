"""Whether the service rewrites the words: the option and the settings say it, the card tells it, Again repeats it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.rules.catalog import Operation
from bot.rules.guild_settings import Defaults
from sandbox.fal import FalStandIn
from tests.end_to_end.conftest import Stage, text_of
from tests.end_to_end.material import sample
from tests.end_to_end.test_moderation import arrange
from tests.end_to_end.test_own_jobs import listed, pick

REWRITTEN, WRITTEN = "words rewritten by the service", "words as written"


@pytest.mark.asyncio
@pytest.mark.parametrize("service", ["decart", "fal"])
async def test_again_with_the_same_seed_sends_the_same_though_the_settings_have_changed(
    stage: Stage, fal: FalStandIn, service: str, tmp_path: Path
) -> None:
    stage.queue.clip = fal.queue.clip = tmp_path / "ready.mp4"
    fal.queue.clip.write_bytes(sample("ball.mp4")[1])
    if service == "decart":
        stage.changes |= {"decart_api_key": stage.queue.api_key, "fal_key": ""}
    ada, clip = stage.discord.member("Ada"), {"video": sample("ball.mp4")}

    async def restyled(**options: Any) -> str:
        return text_of(
            await stage.see_through(await ada.slash("general", "restyle", files=clip, prompt="in oil", **options))
        )

    async with stage.clapper() as app:
        assert REWRITTEN in await restyled(seed=7), "as the service does by itself"
        await arrange(stage, app, defaults={Operation.RESTYLE: Defaults(enhance_prompt=False)})
        one = await pick(stage, *await listed(stage))
        assert REWRITTEN in text_of(await stage.see_through(await ada.press(one, "Again, same seed")))
        assert WRITTEN in await restyled(seed=7), "as the server's settings say"
        assert REWRITTEN in await restyled(seed=7, enhance=True), "as the option says"
        await arrange(stage, app, defaults={})
        one = await pick(stage, *await listed(stage), at=1)
        assert WRITTEN in text_of(await stage.see_through(await ada.press(one, "Again, same seed")))
    if service == "decart":
        sent = [(submit.texts["seed"], submit.texts["enhance_prompt"] == "true") for submit in stage.queue.submits]
        assert fal.submits == []
    else:
        sent = [(str(submit.arguments["seed"]), submit.arguments["enhance_prompt"]) for submit in fal.submits]
    assert sent == [("7", rewrites) for rewrites in (True, True, False, True, False)]
