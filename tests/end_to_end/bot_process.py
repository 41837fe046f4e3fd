"""The bot as a program of its own against a test's stand-ins, to be killed and started again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any

from pydantic import SecretStr

from sandbox.bot_process import BotProcess, Program
from sandbox.discord import Invocation
from tests.end_to_end.conftest import PATIENCE_SECONDS, PENDING_SECONDS, PROCESSING_SECONDS, Stage
from tests.fork_server import spawn


class ForkedBot(BotProcess):
    """The bot as the sandbox starts it, but by the fork server."""

    async def _spawn(self, output: IO[Any]) -> Program:
        return await spawn("bot", cwd=self._home, env=self.environment, stdout=output, stderr=output)


def environment(stage: Stage) -> dict[str, str]:
    """The stage's settings as a process reads them: those that differ from the defaults."""
    found = {}
    for name, value in stage.settings():
        if value == type(stage.settings()).model_fields[name].default:
            continue
        match value:
            case SecretStr():
                found[name.upper()] = value.get_secret_value()
            case tuple():
                found[name.upper()] = ",".join(str(part) for part in value)
            case bool():
                found[name.upper()] = json.dumps(value)
            case _:
                found[name.upper()] = str(value)
    return found


@asynccontextmanager
async def running(stage: Stage) -> AsyncIterator[BotProcess]:
    """`python -m bot`, connected; asked to stop at the end of the block, if it still runs."""
    process = ForkedBot(lambda: environment(stage), stage.folder.parent / "empty", log=stage.folder.parent / "bot.log")
    await process.start()
    try:
        ready = asyncio.ensure_future(stage.discord.bot_ready(PATIENCE_SECONDS))
        ended = asyncio.ensure_future(process.wait())
        await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED)
        assert not ended.done(), process.describe_end(ended.result())
        ended.cancel()
        await ready
        yield process
    finally:
        await process.stop()


async def kill(process: BotProcess, stage: Stage) -> None:
    """kill -9, and wait until the gateway has seen it."""
    process.kill()
    await process.wait()
    await stage.discord.until(lambda: not stage.discord.core.gateway.online, PATIENCE_SECONDS, "the end of the bot")


async def kill_after_the_upload(process: BotProcess, stage: Stage, asked: Invocation) -> None:
    """Let the job, which is pending, be made, and kill once the edit with the video is done: its answer is a long time
    coming, so that the row does not say so."""
    await stage.clock.advance(PENDING_SECONDS)
    await stage.see(asked, "processing")
    slow = stage.discord.faults.slow("PATCH", "/webhooks/", 60, late=True)
    await stage.clock.advance(PROCESSING_SECONDS)
    await holds(lambda: slow.times == 0)
    await kill(process, stage)
    stage.discord.faults.clear()


async def holds(condition: Callable[[], bool]) -> None:
    """Wait until it holds: what a stand-in of a video service sees rings no bell. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():
            await asyncio.sleep(0.02)


def peak_bytes(process: BotProcess) -> int:
    """The most memory that it has held so far."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return int(kilobytes) * 1024
