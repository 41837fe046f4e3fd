"""One process of Clapper, from its start to its end; what it is made of is put together in `bot.wiring`."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack

import discord

from bot.chat.client import VideoBot
from bot.errors import SettingsError
from bot.ops.metrics import Metrics
from bot.rules.catalog import load_catalog
from bot.rules.clock import Clock, SystemClock
from bot.settings import Settings
from bot.wiring.chat import log_in, open_chat
from bot.wiring.ground import Ground
from bot.wiring.health import health_server
from bot.wiring.media import open_media
from bot.wiring.store import open_store
from bot.wiring.tools import gather_tools
from bot.wiring.work import Parts, put_to_work
from bot.work.housekeeping import clear_benches

log = logging.getLogger(__name__)

_INTENT_REFUSED = (
    "Discord refuses the message content intent: switch it on in the developer portal (your application, Bot), "
    "or set MESSAGE_CONTENT_INTENT=auto or off"
)


class App:
    """The whole of Clapper, or one among many processes on PostgreSQL.

    `start` returns once it is logged in; `run` then lasts until it ends by itself. Whatever `start` built is closed by
    `stop`, also where `start` failed half-way.
    """

    def __init__(self, settings: Settings, clock: Clock | None = None, *, gateway: bool = True) -> None:
        """Without `gateway` it is a worker: it runs jobs and edits their replies, and nobody can ask it anything."""
        self.settings = settings
        self.metrics = Metrics()
        self.http_port: int | None = None
        self._clock = clock or SystemClock()
        self._gateway = gateway
        self._closing = AsyncExitStack()
        self._parts: Parts | None = None

    @property
    def parts(self) -> Parts:
        """Raises `RuntimeError` before `start`."""
        if self._parts is None:
            raise RuntimeError("the app has not been started")
        return self._parts

    async def start(self) -> None:
        """Raises `SettingsError` with one line for the operator where something must be set or mended."""
        try:
            ground = self._ground()
            self._parts = await self._build(ground)
            await self._open(ground, self._parts)
        except BaseException:
            await self.stop()
            raise

    async def run(self) -> None:
        """Serve Discord until `stop`. Raises `SettingsError` where Discord refuses an intent."""
        client = self.parts.client
        if not isinstance(client, VideoBot):
            await asyncio.Event().wait()
            return
        try:
            await client.connect()
        except discord.PrivilegedIntentsRequired:
            raise SettingsError(_INTENT_REFUSED) from None

    async def stop(self) -> None:
        """Refuse what is new, let submits under way finish, leave the rows to the next start, and close everything."""
        await self._closing.aclose()

    async def sync(self) -> None:
        """Send the commands to Discord though they may not have changed, and do nothing else. Raises as `start`."""
        try:
            parts = await self._build(self._ground())
            await log_in(parts.client, self.settings, self._closing)
            await parts.bot.sync_commands(force=True)
        finally:
            await self.stop()

    def _ground(self) -> Ground:
        return Ground(
            settings=self.settings,
            catalog=load_catalog(self.settings.catalog_file),
            clock=self._clock,
            metrics=self.metrics,
            gateway=self._gateway,
        )

    async def _build(self, ground: Ground) -> Parts:
        """Each floor on those below it; what must be closed goes on the stack, and is closed in reverse."""
        store = await open_store(ground, self._closing)
        chat = open_chat(ground)
        media = await open_media(ground, store, self._closing)
        tools = await gather_tools(ground, store, chat, media, self._closing)
        return put_to_work(ground, store, chat, media, tools)

    async def _open(self, ground: Ground, parts: Parts) -> None:
        """Begin to serve. `stop` goes the other way: the door, the engine, the house, then what they stand on."""
        await clear_benches(self.settings, at_start=True)
        server = health_server(ground, parts)
        self.http_port = await server.start()
        self._closing.push_async_callback(server.stop)
        await log_in(parts.client, self.settings, self._closing)
        studio = parts.studio
        for watch in (parts.housekeeping.run, studio.limits.watch, parts.farewells.watch):
            self._closing.push_async_callback(_cancel, asyncio.create_task(watch()))
        for close in (studio.limits.close, studio.chronicle.close, parts.engine.close, studio.close_door):
            self._closing.push_async_callback(close)
        resumed = await parts.engine.resume()
        await studio.limits.move()
        await studio.holds.resume()
        log.info("Clapper is logged in as %s; %d jobs go on", parts.client.user, resumed)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
