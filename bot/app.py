"""One process of Clapper, from its start to its end; what it is made of is put together in `bot.wiring`."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack

import discord

from bot.chat.client import VideoBot
from bot.errors import SettingsError
from bot.ops.job_fields import JOB_FIELDS
from bot.ops.loop_lag import watch_loop_lag
from bot.ops.metrics import Metrics
from bot.rules.catalog import load_catalog
from bot.rules.clock import Clock, SystemClock
from bot.rules.limit_rules import operator_rules
from bot.rules.unencrypted import unencrypted
from bot.rules.unlimited import unlimited
from bot.settings import Settings
from bot.wiring.chat import log_in, open_chat
from bot.wiring.context import job_context
from bot.wiring.health import health_server
from bot.wiring.looks import look_before_pages
from bot.wiring.media import open_media
from bot.wiring.process import Process
from bot.wiring.reload import reload
from bot.wiring.store import open_store
from bot.wiring.work import Parts, put_to_work
from bot.work.working_folders import clear_working_folders

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
        self.process: Process | None = None

    @property
    def parts(self) -> Parts:
        """Raises `RuntimeError` before `start`."""
        if self._parts is None:
            raise RuntimeError("the app has not been started")
        return self._parts

    async def start(self) -> None:
        """Raises `SettingsError` with one line for the operator where something must be set or mended."""
        try:
            process = self.process = self._process()
            self._parts = await self._build(process)
            await self._open(process, self._parts)
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
        if self._parts is not None:
            await self._parts.services.acceptance.close()
            log.info("Clapper is stopping: nothing new is accepted")
        await self._closing.aclose()

    async def reload(self) -> None:
        """Read the settings again and heed those that can change meanwhile; nothing before `start` is over."""
        if self._parts is not None and self.process is not None:
            await reload(self.process, self._parts)

    async def sync(self) -> None:
        """Send the commands to Discord though they may not have changed, and do nothing else. Raises as `start`."""
        try:
            parts = await self._build(self._process())
            await log_in(parts.client, self.settings, self._closing)
            await parts.bot.sync_commands(force=True)
        finally:
            await self.stop()

    def _process(self) -> Process:
        catalog = load_catalog(self.settings.catalog_file, self.settings.services)
        self.metrics.prepare(catalog, self.settings.services)
        return Process(
            settings=self.settings,
            catalog=catalog,
            clock=self._clock,
            metrics=self.metrics,
            gateway=self._gateway,
        )

    async def _build(self, process: Process) -> Parts:
        """Build the layers, each from those below it. The stack closes them in reverse."""
        store = await open_store(process, self._closing)
        chat = open_chat(process)
        media = await open_media(process, store, self._closing)
        context = await job_context(process, store, chat, media, self._closing)
        look_before_pages(
            process.metrics, database=store.database, client=chat.client, workers=media.workers, clock=process.clock
        )
        return put_to_work(process, store, chat, media, context)

    async def _open(self, process: Process, parts: Parts) -> None:
        """Begin to serve. `stop` goes the other way: new jobs, periodic tasks, jobs, then what they all need."""
        await clear_working_folders(self.settings, at_start=True)
        for line in unencrypted(self.settings.keyed_addresses):
            log.warning("%s", line)
        server = health_server(process, parts)
        self.http_port = await server.start()
        self._closing.push_async_callback(server.stop)
        lag = asyncio.create_task(watch_loop_lag(process.metrics.loop_lag))
        self._closing.callback(lag.cancel)
        await log_in(parts.client, self.settings, self._closing)
        JOB_FIELDS.shard_count = parts.client.shard_count
        services = parts.services
        for close in (services.background.close, parts.engine.close, parts.periodic.close, services.acceptance.close):
            self._closing.push_async_callback(close)
        await services.guilds.refresh()
        await services.availability.refresh()
        for line in unlimited(operator_rules(self.settings.operator_limits), services.catalog):
            log.warning("%s", line)
        resumed = await parts.engine.resume()
        parts.periodic.start()
        if parts.model_check is not None and not self.settings.clustered:  # there, another process may have its turn
            await parts.model_check.wait_for_first()
        if self._gateway:
            log.info("Clapper is logged in as %s; %d jobs go on", parts.client.user, resumed)
        else:
            log.info("this worker takes jobs; %d jobs go on", resumed)
