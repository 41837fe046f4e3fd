"""Starts and stops both stand-ins, the page, and the bot that talks to them."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shlex
import shutil
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from sandbox.bot_process import BotProcess
from sandbox.discord import DiscordStandIn
from sandbox.fal import FalStandIn
from sandbox.playground import add_playground
from sandbox.queue_api import QueueStandIn
from sandbox.render.pool import Worker, start_worker
from sandbox.temporary_folder import temporary_folder

DEFAULT_PORT = 8765
PORTS_TRIED = 50
READY_SECONDS = 45.0
MARK = "bot.env"
"""A file in every data folder of a playground: a folder without it is somebody else's."""


class DataFolderTaken(Exception):
    """The folder is not empty or in use by another playground; `str()` is one sentence."""


class PortTaken(Exception):
    """The port can't be listened on; `str()` is one sentence."""


class BotEnded(Exception):
    """The bot ended by itself; `str()` is a sentence, with the last lines of its log where there is a log file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to start. Times in seconds. `port` 0: any free one; None: the usual, or the next free one.

    `data` is the bot's folder, which stays, to be looked into; None: a temporary one. It begins empty, since the
    stand-ins know nothing of a former run's jobs. `service` says which video services the bot has a key for, `routes`
    which models the first one has. `quiet`: the bot's log goes into a file there. `message_content` is the portal's
    toggle. `tell` is called with a sentence when the bot ends by itself.
    """

    port: int | None = None
    pending_seconds: float = 1.5
    processing_seconds: float = 4.0
    preview_width: int | None = 640
    data: Path | None = None
    service: Literal["decart", "fal", "both"] = "decart"
    routes: Literal["all", "2026"] = "all"
    bot: bool = True
    message_content: bool = True
    quiet: bool = False
    tell: Callable[[str], None] = lambda _: None


def addresses(discord: DiscordStandIn, queue: QueueStandIn) -> dict[str, str]:
    """The environment variables that point a bot at the stand-ins, with its token and key."""
    return {
        "DISCORD_TOKEN": discord.token,
        "DISCORD_API_BASE_URL": discord.api_url,
        "DISCORD_GATEWAY_URL": discord.gateway_url,
        "DISCORD_CDN_HOSTS": discord.cdn_host,
        "DECART_API_KEY": queue.api_key,
        "DECART_BASE_URL": queue.url,
    }


def fal_addresses(fal: FalStandIn) -> dict[str, str]:
    """Those that point a bot at the second service's stand-in, with its key."""
    return {
        "FAL_KEY": fal.key,
        "FAL_BASE_URL": fal.url,
        "FAL_REST_URL": fal.rest_url,
        "FAL_MEDIA_HOSTS": fal.media_host,
    }


class Sandbox:
    """`async with Sandbox(options) as sandbox:` and everything runs; `url` is the page."""

    def __init__(self, options: Options, *, start_worker: Callable[[], Awaitable[Worker]] = start_worker) -> None:
        """`start_worker` starts a process that renders clips."""
        self._options = options
        self._exits = contextlib.AsyncExitStack()
        self.discord = DiscordStandIn(message_content=options.message_content)
        self.queue = QueueStandIn(
            pending_seconds=options.pending_seconds,
            processing_seconds=options.processing_seconds,
            preview_width=options.preview_width,
            routes=options.routes,
            start_worker=start_worker,
        )
        self.fal = FalStandIn(
            wait_seconds=options.pending_seconds,
            work_seconds=options.processing_seconds,
            preview_width=options.preview_width,
            start_worker=start_worker,
        )
        self.bot: BotProcess | None = None
        self.settings_file: Path | None = None

    @property
    def url(self) -> str:
        """Where the page is."""
        return self.discord.url

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as exits:
            folder = exits.enter_context(temporary_folder())
            data = (self._options.data or folder / "bot").resolve()
            await asyncio.to_thread(_clear, data)
            self.discord.core.files.parent = self.queue.parent = self.fal.parent = folder
            if self._options.bot:
                self.bot = self.bot_process(data)
            await exits.enter_async_context(self.queue)
            if self._options.service != "decart":
                await exits.enter_async_context(self.fal)
            add_playground(self.discord.app, (self.queue, self.fal), self.bot)
            exits.push_async_callback(self.discord.stop)
            await self._listen()
            self.settings_file = await asyncio.to_thread(_prepare, data, self.settings(data))
            if self.bot is not None:
                exits.push_async_callback(self.bot.stop)
                await self.bot.start()
            self._exits = exits.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._exits.aclose()

    async def _listen(self) -> None:
        """Raises `PortTaken`."""
        port = _usual_port() if self._options.port is None else self._options.port
        try:
            await self.discord.start(port)
        except OSError as exc:
            reason = os.strerror(exc.errno) if exc.errno else str(exc)
            raise PortTaken(f"--port {port} can't be listened on ({reason}): name another, or leave it out") from exc

    def bot_process(self, data: Path) -> BotProcess:
        """The bot that is to be started, on the folder `data`."""
        log = data / "bot.log" if self._options.quiet else None
        return BotProcess(lambda: self.settings(data), data / "empty", log=log, on_end=self._on_bot_ended)

    def _on_bot_ended(self, code: int) -> None:
        if self.bot is not None:
            self._options.tell(self.bot.describe_end(code))

    def settings(self, data: Path) -> dict[str, str]:
        """The bot's environment variables for this playground."""
        services = addresses(self.discord, self.queue)
        services |= {"DECART_API_KEY": ""} if self._options.service == "fal" else {}
        services |= fal_addresses(self.fal) if self._options.service != "decart" else {}
        return services | {
            "DATA_DIR": str(data),
            "HTTP_PORT": "0",
            "POLL_MIN_SECONDS": "0.2",
            "POLL_MAX_SECONDS": "1",
        }

    async def bot_ready(self) -> None:
        """Wait until the bot is online and has registered its commands. Raises `BotEnded`."""
        if self.bot is None:
            return
        ready = asyncio.ensure_future(self._online())
        ended = asyncio.ensure_future(self.bot.wait())
        try:
            await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED)
            if ended.done() and not ready.done():
                raise BotEnded(self.bot.describe_end(ended.result()))
            await ready
        finally:
            for task in (ready, ended):
                task.cancel()
            await asyncio.gather(ready, ended, return_exceptions=True)

    async def _online(self) -> None:
        discord = self.discord.core
        await self.discord.until(
            lambda: discord.gateway.online and discord.commands.by_scope.get(None), READY_SECONDS, "the bot's commands"
        )

    async def bot_ended(self) -> None:
        """Wait for the bot's end. Raises `BotEnded`."""
        if self.bot is not None:
            raise BotEnded(self.bot.describe_end(await self.bot.wait()))


def _usual_port() -> int:
    """`DEFAULT_PORT`, or the next one that nobody listens on; 0, which is any, where all are taken."""
    for port in range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TRIED):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    return 0


def _clear(data: Path) -> None:
    """Empty `data` if an earlier playground made it. Raises `DataFolderTaken` for another folder and for one in use."""
    if not data.is_dir() or not any(data.iterdir()):
        return
    if not (data / MARK).exists():
        raise DataFolderTaken(f"--data {data} is not empty and not a playground's: name another folder")
    lock = data / "clapper.sqlite3.lock"
    if lock.exists():
        with lock.open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise DataFolderTaken(f"--data {data} is in use by another playground: name another folder") from None
    for path in data.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _prepare(data: Path, settings: dict[str, str]) -> Path:
    """Make the bot's folder and in it a file with the settings, for starting the bot by hand; returns the file."""
    data.mkdir(parents=True, exist_ok=True)
    lines = [f"export {name}={shlex.quote(value)}" for name, value in settings.items()]
    file = data / MARK
    file.write_text("\n".join(["# The bot's settings in this playground: . bot.env", *lines, ""]))
    return file
