"""Clapper as real processes, as many as wanted, against stand-ins in this one: to be killed, stopped and started."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from asyncio.subprocess import STDOUT
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy.engine import URL

from bot.rules.clock import SystemClock
from bot.rules.limit_rules import LimitBook
from bot.store.database import Database, parse_url
from bot.store.guild_settings import GuildSettingsTable
from bot.store.upgrade import migrate
from sandbox.discord import DiscordStandIn, Invocation
from sandbox.fal import FalStandIn
from sandbox.launch import addresses, fal_addresses
from sandbox.queue_api import QueueStandIn
from tests.cards import state_of
from tests.fork_server import CHECKOUT, Program, spawn, start_renderer

PATIENCE_SECONDS = 60.0
TAKES_PART = "jobs go on"
TAKEN_FROM_A_SILENT_ONE = "is taken from a worker that is silent"
NOT_IN_TIME = "not everything was closed in time"
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH")

Json = dict[str, Any]


class Child:
    """One process of Clapper, and all that it has printed. Only its own id is ever sent a signal."""

    def __init__(self, process: Program, name: str) -> None:
        self.name = name
        self.lines: list[str] = []
        self._process = process
        self._news = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code; None while it lives."""
        return self._process.returncode

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    async def says(self, words: str, *, times: int = 1) -> None:
        """Return once it has printed the words so often. Raises `AssertionError` if it ends before, or never does."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._news:
                await self._news.wait_for(
                    lambda: sum(words in line for line in self.lines) >= times or self._reading_is_over()
                )
        except TimeoutError:
            raise AssertionError(f"{self.name} has not said {words!r} but:\n{self.output}") from None
        assert words in self.output, f"{self.name} ended without saying {words!r} but:\n{self.output}"

    def signal(self, number: signal.Signals) -> None:
        if self.code is None:
            self._process.send_signal(number)

    async def kill(self) -> None:
        """kill -9, also where it is stopped."""
        self.signal(signal.SIGKILL)
        await self.ended()

    async def ask_to_stop(self) -> int:
        """SIGTERM; gives the exit code."""
        self.signal(signal.SIGTERM)
        return await self.ended()

    async def ended(self) -> int:
        """Its exit code, once it has one."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            code = await self._process.wait()
        await self._reading
        return code

    def _reading_is_over(self) -> bool:
        return bool(self.lines) and self.lines[-1] == ""

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            await self._add(line.decode(errors="replace").rstrip())
        await self._add("")

    async def _add(self, line: str) -> None:
        async with self._news:
            self.lines.append(line)
            self._news.notify_all()


class Fleet:
    """The stand-ins, one database, one folder, and the processes on them; `close` ends whichever still lives."""

    def __init__(
        self,
        discord: DiscordStandIn,
        queue: QueueStandIn,
        folder: Path,
        database_url: str,
        fal: FalStandIn | None = None,
    ) -> None:
        self.discord = discord
        self.queue = queue
        self.fal = fal
        self.folder = folder
        self.database_url = database_url
        self.children: list[Child] = []
        self.secret_keys = Fernet.generate_key().decode()

    @property
    def files(self) -> Path:
        return self.folder / "files"

    def environment(self, **changes: str) -> dict[str, str]:
        """Quick settings that name the stand-ins; `changes` come on top, by their names in the environment."""
        return {
            **addresses(self.discord, self.queue),
            **(fal_addresses(self.fal) if self.fal is not None else {}),
            "DATA_DIR": str(self.folder),
            "DATABASE_URL": self.database_url,
            "FILES_URL": f"file://{self.files}",
            "SECRET_KEYS": self.secret_keys,
            "HTTP_PORT": "0",
            "OPERATOR_LIMITS": "none",
            "POLL_MIN_SECONDS": "0.2",
            "POLL_MAX_SECONDS": "0.5",
            "LOG_FORMAT": "json",
        } | changes

    async def spawn(self, *command: str, **changes: str) -> Child:
        """`python -m bot COMMAND`; does not wait for it to get anywhere."""
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        environment = inherited | {"PYTHONPATH": str(CHECKOUT), "PYTHONUNBUFFERED": "1"} | self.environment(**changes)
        self.folder.mkdir(parents=True, exist_ok=True)
        process = await spawn("bot", *command, cwd=self.folder, env=environment, stderr=STDOUT)
        child = Child(process, " ".join(("bot", *command, str(len(self.children)))))
        self.children.append(child)
        return child

    async def bot(self, **changes: str) -> Child:
        """A bot that is connected to the gateway."""
        child = await self.spawn(**changes)
        await child.says(TAKES_PART)
        await self.discord.bot_ready(PATIENCE_SECONDS)
        return child

    async def worker(self, **changes: str) -> Child:
        """A worker that takes part."""
        child = await self.spawn("worker", **changes)
        await child.says(TAKES_PART)
        return child

    async def without_limits(self) -> None:
        """Make the tables, and let members ask for as much as they like."""
        clock = SystemClock()
        self.folder.mkdir(parents=True, exist_ok=True)
        await migrate(self._database_address(), clock=clock)
        for guild_id in self.discord.world.guilds:
            await self.set_settings(guild_id, limits=LimitBook(rules=()))

    async def set_settings(self, guild_id: str, **changes: object) -> None:
        """Write a server's settings, as its admins would."""
        clock = SystemClock()
        database = Database(self._database_address(), clock=clock)
        table = GuildSettingsTable(database, clock=clock)
        before = await table.get(int(guild_id))
        await table.replace(int(guild_id), before.amended(**changes), expected_version=before.version)
        await database.close()

    def _database_address(self) -> URL:
        return parse_url(self.database_url or f"sqlite:///{self.folder / 'clapper.sqlite3'}")

    async def close(self) -> None:
        for child in self.children:
            if child.code is None:
                await child.kill()


@asynccontextmanager
async def fleet(
    folder: Path,
    database_url: str = "",
    *,
    clip: Path | None = None,
    pending_seconds: float | Callable[[Any], float] = 0.0,
    processing_seconds: float | Callable[[Any], float] = 0.0,
    seed: int = 0,
    second_service: bool = False,
    answer_in: timedelta = timedelta(seconds=PATIENCE_SECONDS),
) -> AsyncIterator[Fleet]:
    """Stand-ins that keep real time, with nothing started yet. `clip` spares the rendering; `second_service`: the bot
    has fal.ai's key besides the other, at a stand-in with the same times.

    `answer_in`: the stand-in's time for the first response, long enough for a busy machine where it is not what a test
    is about.
    """
    async with (
        DiscordStandIn() as discord,
        QueueStandIn(
            pending_seconds=pending_seconds, processing_seconds=processing_seconds, preview_width=160,
            clip_seconds=2.0, clip=clip, workers=1, start_worker=start_renderer, seed=seed,
        ) as queue,
        AsyncExitStack() as closing,
    ):  # fmt: skip
        discord.core.interactions.answer_in = answer_in
        fal = None
        if second_service:
            fal = await closing.enter_async_context(
                FalStandIn(
                    wait_seconds=pending_seconds, work_seconds=processing_seconds, at_once=8, preview_width=160,
                    clip_seconds=2.0, clip=clip, workers=1, start_worker=start_renderer, seed=seed,
                )
            )  # fmt: skip
        ships = Fleet(discord, queue, folder, database_url, fal)
        try:
            yield ships
        finally:
            await ships.close()


async def until(condition: Callable[[], Any], *, seconds: float = PATIENCE_SECONDS, what: str = "it") -> Any:
    """What `condition` gives once it is true. For what nobody announces; it is asked twenty times a second."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"{what} never came to be")
        await asyncio.sleep(0.05)
    return found


async def seen(asked: Invocation, *states: str, seconds: float = PATIENCE_SECONDS) -> Json:
    """The reply, once its card shows one of these states."""
    return await asked.reply(lambda message: state_of(message) in states, seconds)


def uploads_of(ships: Fleet, message_id: str) -> int:
    """How often a file was sent into the message."""
    return sum(
        bool(exchange.files) and exchange.path.endswith(f"/messages/{message_id}") and exchange.status == 200
        for exchange in ships.discord.record
    )


def submits_of(ships: Fleet, prompt: str) -> int:
    """How many jobs the service took with this prompt."""
    return sum(call.texts.get("prompt") == prompt and call.status == 200 for call in ships.queue.submits)
