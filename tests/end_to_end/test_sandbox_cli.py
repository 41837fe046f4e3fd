"""`python -m sandbox` and `python -m sandbox try`, as programs: what they print and how they end."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import psutil
import pytest

from sandbox.clip import inspect
from sandbox.command_text import parse
from sandbox.control_client import ControlClient, attachment_of
from tests.fork_server import CHECKOUT, Program, spawn

PATIENCE_SECONDS = 90.0
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}},
    "PYTHONPATH": str(CHECKOUT),
    # Somebody's real bot, which nothing here may touch.
    "DISCORD_TOKEN": "a-real-token",
    "DECART_API_KEY": "a-real-key",
    "DECART_BASE_URL": "http://127.0.0.1:9",
}


async def by_exec(*arguments: str, folder: Path) -> Program:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", *arguments, cwd=folder, env=ENVIRONMENT, stdout=PIPE, stderr=PIPE,
        start_new_session=True,
    )  # fmt: skip


@asynccontextmanager
async def started(*arguments: str, folder: Path, fork: bool = False) -> AsyncIterator[Program]:
    """`python -m sandbox …` in `folder`, where a developer's `.env` lies; ended with its children if it still runs."""
    (folder / ".env").write_text("DISCORD_TOKEN=from-the-file\nDECART_BASE_URL=http://127.0.0.1:9\nSPELT_WRONG=1\n")
    process = await (
        spawn("sandbox", *arguments, cwd=folder, env=ENVIRONMENT) if fork else by_exec(*arguments, folder=folder)
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            family = psutil.Process(process.pid).children(recursive=True)
            process.terminate()
            _, alive = await asyncio.to_thread(psutil.wait_procs, family, timeout=PATIENCE_SECONDS)
            for child in alive:
                child.kill()
        await process.communicate()


async def outcome(*arguments: str, folder: Path, fork: bool = True) -> tuple[int | None, list[str], str]:
    """Exit code, lines of standard output, standard error."""
    async with started(*arguments, folder=folder, fork=fork) as process:
        out, err = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    return process.returncode, out.decode().splitlines(), err.decode()


@pytest.mark.asyncio
async def test_try_prints_each_state_once_and_saves_a_clip_that_plays(tmp_path: Path) -> None:
    line = "/t2v prompt:a cat playing piano"
    code, lines, err = await outcome("try", line, "--out", "out/cat.mp4", folder=tmp_path, fork=False)
    assert (code, err) == (0, "")
    assert lines[:3] == ["pending", "processing", "delivered"]
    assert re.fullmatch(r"out/cat\.mp4: h264 yuv420p 640x352, \d\.\d s, \d+ frames", lines[3])
    assert inspect(tmp_path / "out/cat.mp4").seconds > 1


@pytest.mark.asyncio
async def test_a_failed_job_prints_the_services_reason_and_ends_with_1(tmp_path: Path) -> None:
    code, lines, err = await outcome("try", "/t2v prompt:a cat [fail: no film left]", folder=tmp_path)
    assert (code, lines[-1]) == (1, "failed")
    assert "no film left" in err
    assert "Traceback" not in err


@pytest.mark.asyncio
async def test_what_is_no_command_ends_with_2(tmp_path: Path) -> None:
    code, lines, err = await outcome("try", "t2v a cat", folder=tmp_path)
    assert (code, lines) == (2, [])
    assert "slash" in err
    assert "Traceback" not in err


@pytest.mark.asyncio
async def test_the_playground_says_where_it_is_ends_with_all_its_children_and_the_next_begins_anew(
    tmp_path: Path,
) -> None:
    for _ in range(2):
        async with started("--port", "0", "--fast", "--data", "kept", folder=tmp_path) as process:
            url = await opened(process)
            async with aiohttp.ClientSession() as session:
                async with session.get(url) as page:
                    assert "playground" in await page.text()
                async with session.get(f"{url}/_sandbox/state") as answer:
                    world = await answer.json()
            assert "t2v" in {command["name"] for command in world["commands"]}
            children = psutil.Process(process.pid).children(recursive=True)
            assert any("bot" in child.cmdline() for child in children)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), PATIENCE_SECONDS) == 0
            assert psutil.wait_procs(children, timeout=PATIENCE_SECONDS)[1] == []


async def opened(process: Program) -> str:
    """The page's address, once it is said."""
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), PATIENCE_SECONDS)).decode()
    found = re.fullmatch(r"open (http://127\.0\.0\.1:\d+)\n", line)
    assert found, line
    return found[1]


@pytest.mark.asyncio
async def test_ctrl_c_which_reaches_every_process_of_the_terminal_ends_all_without_a_traceback(tmp_path: Path) -> None:
    async with started("--port", "0", "--fast", folder=tmp_path) as process:
        await delivered(await opened(process), "/t2v prompt:a cat")
        children = psutil.Process(process.pid).children(recursive=True)
        assert any("sandbox.render.worker" in child.cmdline() for child in children)
        os.killpg(process.pid, signal.SIGINT)
        _, err = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    assert (process.returncode, b"Traceback" in err) == (0, False), err.decode()
    assert psutil.wait_procs(children, timeout=PATIENCE_SECONDS)[1] == []


async def delivered(url: str, line: str) -> None:
    """Use the command as the first member and wait for its clip."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE_SECONDS):
        member = ControlClient(session, url)
        await member.become("Ada")
        world = await member.world()
        async for event in member.events():
            if event["type"] == "open":
                await member.command(parse(line, world["commands"]), world["guilds"][0]["channels"][0]["id"])
            if "message" in event and attachment_of(event["message"]) is not None:
                return


@pytest.mark.asyncio
async def test_a_folder_with_somebody_elses_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    code, _, err = await outcome("--port", "0", "--data", "mine", folder=tmp_path)
    assert (code, err.count("\n")) == (2, 1)
    assert "not a playground's" in err
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


@pytest.mark.asyncio
async def test_a_bot_that_dies_is_reported_in_a_plain_line_can_be_started_again_and_ends_with_a_killed_playground(
    tmp_path: Path,
) -> None:
    async with started("--port", "0", "--data", "kept", folder=tmp_path) as process:
        assert process.stderr is not None
        url = await opened(process)
        bot = next(c for c in psutil.Process(process.pid).children() if c.cmdline()[-1] == "bot")
        bot.kill()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await process.stderr.readline() != b"The bot was killed by signal 9.\n":
                pass
        async with aiohttp.ClientSession() as session:
            async with session.post(f"{url}/_playground/bot", json={"action": "start"}) as answer:
                assert answer.status == 200
            online = False
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not online:
                    async with session.get(f"{url}/_sandbox/state") as answer:
                        online = (await answer.json())["online"]
        assert (tmp_path / "kept" / "bot.env").read_text().count("export ") >= 8
        children = psutil.Process(process.pid).children(recursive=True)
        assert any("bot" in child.cmdline() for child in children)
        process.kill()
        await process.wait()
        _, alive = await asyncio.to_thread(psutil.wait_procs, children, timeout=PATIENCE_SECONDS)
        assert alive == []


@pytest.mark.asyncio
async def test_a_taken_port_gives_the_next_one_or_where_it_is_asked_for_one_line(tmp_path: Path) -> None:
    async with started("--no-bot", folder=tmp_path, fork=True) as first:
        one = await opened(first)
        async with started("--no-bot", folder=tmp_path, fork=True) as second:
            two = await opened(second)
        port = one.rpartition(":")[2]
        code, _, err = await outcome("--no-bot", "--port", port, folder=tmp_path)
    assert one.startswith("http://127.0.0.1:87")
    assert two.startswith("http://127.0.0.1:87")
    assert one != two
    assert (code, err.count("\n")) == (2, 1)
    assert f"--port {port} can't be listened on" in err
