"""A release as an operator gets it: the wheel, in a virtual environment in which it and its requirements are all."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
import sysconfig
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from bot import __version__
from sandbox.discord import DiscordStandIn
from sandbox.launch import addresses
from sandbox.queue_api import QueueStandIn
from scripts import release

PATIENCE_SECONDS = 60.0
READY = "is logged in as"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = release.build(tmp_path_factory.mktemp("dist"))
    return next(path for path in files if path.suffix == ".whl")


@pytest.fixture(scope="module")
def clapper(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The console script of a new virtual environment. What the wheel requires is lent by this one's."""
    venv = tmp_path_factory.mktemp("installed") / "venv"
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--offline", "--python", sys.executable, venv], capture_output=True, check=True)
    install: list[str | Path] = [uv, "pip", "install", "--offline", "--no-deps"]
    install += ["--python", venv / "bin" / "python", wheel]
    subprocess.run(install, capture_output=True, check=True)
    site = next((venv / "lib").glob("python*/site-packages"))
    (site / "lent.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return venv / "bin" / "clapper"


def test_the_wheel_holds_every_file_and_claims_one_name(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = Parser().parsestr(archive.read(f"clapper_bot-{__version__}.dist-info/METADATA").decode())
    assert {name.split("/")[0] for name in names} == {"clapper_bot", f"clapper_bot-{__version__}.dist-info"}
    tracked = subprocess.run(["git", "ls-files", "bot", "cogs"], cwd=release.REPO, capture_output=True, check=True)
    ours = {f"clapper_bot/{name}" for name in tracked.stdout.decode().split() if (release.REPO / name).is_file()}
    assert ours - names == set()
    assert (metadata["Name"], metadata["License-Expression"]) == ("clapper-bot", "MIT")
    required = [
        line for line in (release.REPO / "requirements" / "runtime.in").read_text().splitlines() if line[0] != "#"
    ]
    assert len([name for name in metadata.get_all("Requires-Dist", []) if "extra ==" not in name]) == len(required)


def test_two_builds_are_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    for again in release.build(tmp_path):
        assert again.read_bytes() == (wheel.parent / again.name).read_bytes(), again.name


@pytest.mark.asyncio
async def test_the_installed_bot_says_its_version_tries_its_settings_and_serves(clapper: Path, tmp_path: Path) -> None:
    # A program of somebody else's whose module has our name, in the folder that the bot is started in.
    (tmp_path / "bot.py").write_text("raise SystemExit('not ours')\n")
    async with DiscordStandIn() as discord, QueueStandIn() as service:
        environment = addresses(discord, service) | {"HTTP_PORT": "0"}

        async def start(*arguments: str) -> asyncio.subprocess.Process:
            pipe = asyncio.subprocess.PIPE
            command = (str(clapper), *arguments)
            return await asyncio.create_subprocess_exec(
                *command, cwd=tmp_path, env=environment, stdout=pipe, stderr=pipe
            )

        async def call(*arguments: str) -> str:
            process = await start(*arguments)
            out, err = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
            assert process.returncode == 0, (out, err)
            return out.decode()

        assert await call("--version") == f"clapper {__version__}\n"
        assert "MEND" not in await call("doctor")
        serving = await start()
        try:
            assert serving.stderr
            async with asyncio.timeout(PATIENCE_SECONDS):
                while READY not in (line := (await serving.stderr.readline()).decode()):
                    assert line, "it ended"
            serving.send_signal(signal.SIGTERM)
            await asyncio.wait_for(serving.communicate(), PATIENCE_SECONDS)
            assert serving.returncode == 0
        finally:
            with contextlib.suppress(ProcessLookupError):
                serving.kill()


def test_a_program_beside_it_does_not_find_our_packages(clapper: Path, tmp_path: Path) -> None:
    python = clapper.with_name("python")
    done = subprocess.run([python, "-c", "import bot"], cwd=tmp_path, capture_output=True, check=False, text=True)
    assert "No module named 'bot'" in done.stderr
