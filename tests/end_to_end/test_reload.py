"""SIGHUP as members notice it: other models and other limits of the operator's, without a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.wiring.reload import reload
from tests.end_to_end.conftest import Stage, text_of


@pytest.mark.asyncio
async def test_models_and_limits_change_while_the_bot_runs(stage: Stage, tmp_path: Path) -> None:
    ada = stage.discord.member("Ada")
    models = tmp_path / "models.toml"
    models.write_text('[models."lucy-pro-t2v"]\ntitle = "Lucy renamed"\n')
    async with stage.clapper() as app:
        assert app.process is not None

        async def read_again(**changes: object) -> bool:
            assert app.process is not None
            return await reload(app.process, app.parts, stage.settings().model_copy(update=changes))

        assert await read_again(catalog_file=models)
        asked = await ada.slash("general", "t2v", prompt="a cat")
        assert "Lucy renamed" in text_of(await stage.see(asked, "pending"))

        assert await read_again(operator_limits="everyone 1 jobs day")
        refused = await stage.told_alone(await ada.slash("general", "t2v", prompt="a dog"))
        assert "set by whoever runs this bot" in text_of(refused)

        models.write_text("nonsense")
        assert not await read_again(catalog_file=models)
        assert app.parts.services.catalog.get("lucy-pro-t2v").title != "Lucy renamed", "the last reading had no file"
