"""Cogs are found by being there: no list of them can leave one out."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from discord import app_commands
from discord.ext.commands import ExtensionFailed

from bot.chat.client import VideoBot
from bot.rules.catalog import FORMS, PromptRule
from bot.settings import Settings

ROOT = Path(__file__).parents[2]
COG = """
from discord.ext import commands

async def setup(bot):
    await bot.add_cog({name}())

class {name}(commands.Cog):
    pass
"""


def bot(cogs: str = "cogs") -> VideoBot:
    return VideoBot(Settings(discord_token="x", decart_api_key="x", _env_file=None), cogs=cogs)


@pytest.mark.asyncio
async def test_every_module_of_the_package_is_loaded_as_a_cog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "features"
    package.mkdir()
    (package / "__init__.py").touch()
    for name in ("First", "Second"):
        (package / f"{name.lower()}.py").write_text(COG.format(name=name), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    made = bot("features")
    await made.load_cogs()
    assert sorted(made.cogs) == ["First", "Second"]
    for name in [name for name in sys.modules if name.startswith("features")]:
        del sys.modules[name]


@pytest.mark.asyncio
async def test_no_cog_of_ours_is_left_out() -> None:
    made = bot()
    try:
        await made.load_cogs()
    except ExtensionFailed as failed:
        pytest.fail(f"{failed}. A KeyError names a sentence that bot/wording/english.py lacks", pytrace=False)
    assert set(made.extensions) == {f"cogs.{path.stem}" for path in (ROOT / "cogs").glob("[!_]*.py")}


@pytest.mark.asyncio
async def test_a_command_that_takes_a_prompt_takes_it_first_as_words_that_are_typed_at_once_are_its() -> None:
    made = bot()
    await made.load_cogs()
    takes = {str(o): form.prompt for o, form in FORMS.items() if form.prompt is not PromptRule.ABSENT}
    for name, prompt in takes.items():
        command = made.tree.get_command(name)
        assert isinstance(command, app_commands.Command)
        [first, *others] = command.to_dict(made.tree)["options"]
        assert first["name"] == "prompt", name
        if prompt is not PromptRule.REQUIRED:
            assert not any(option.get("required") for option in (first, *others)), name
