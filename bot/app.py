"""The composition root: builds everything in order, hands each part its collaborators, closes it all in reverse."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

import discord
from sqlalchemy.engine import URL

from bot.chat.announcer import DiscordAnnouncer
from bot.chat.client import VideoBot, rest_client
from bot.chat.noticeboard import DiscordNoticeboard
from bot.download import Downloader
from bot.errors import DatabaseUnavailable, QueueInputError, SettingsError
from bot.files import open_files
from bot.media import MediaEncoder, Normaliser
from bot.ops.downloads import Downloads
from bot.ops.health import HealthServer
from bot.ops.metrics import Metrics
from bot.queue import QueueClient, Retry
from bot.rules.catalog import Catalog, load_catalog
from bot.rules.clock import Clock, SystemClock
from bot.rules.limit_rules import operator_rules
from bot.rules.polling import AdaptivePolling, Bounds, Durations
from bot.settings import Settings
from bot.store.admission import Admission
from bot.store.database import Database, FileLock, migrate, parse_url
from bot.store.houses import Houses
from bot.store.jobs import Jobs
from bot.store.keeping import Keeping
from bot.store.notes import Notes
from bot.store.queue import WorkQueue
from bot.store.secrets import Keyring
from bot.work.availability import Availability
from bot.work.chronicle import Chronicle
from bot.work.cluster import ClusterEngine
from bot.work.drafts import Drafts
from bot.work.embedded import EmbeddedEngine
from bot.work.engine import Engine
from bot.work.farewells import Farewells
from bot.work.household import found
from bot.work.housekeeping import Housekeeping, clear_benches
from bot.work.houses import HouseKeeper
from bot.work.intake import DiscordIntake
from bot.work.limits import Limits
from bot.work.links import ResultLinks
from bot.work.membership import join, leave_no_mark
from bot.work.pipeline import Pipeline
from bot.work.shelf import Shelf
from bot.work.studio import Studio
from bot.work.tools import Tools, bench_root, results_kept

log = logging.getLogger(__name__)

DATABASE_CONNECTIONS = 5
_INTENT_REFUSED = (
    "Discord refuses the message content intent: switch it on in the developer portal (your application, Bot), "
    "or set MESSAGE_CONTENT_INTENT=auto or off"
)
GATEWAY_GRACE = timedelta(seconds=2)
"""A gateway that does not answer our farewell must not hold up the end: ten seconds are all that there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What `App` is made of, for its own steps and for tests."""

    database: Database
    jobs: Jobs
    client: discord.Client
    engine: Engine
    studio: Studio
    housekeeping: Housekeeping
    farewells: Farewells
    downloads: Downloads

    @property
    def bot(self) -> VideoBot:
        """The connection to Discord's gateway. Raises `RuntimeError` in a worker, which has none."""
        if isinstance(self.client, VideoBot):
            return self.client
        raise RuntimeError("a worker is not connected to the gateway")


class App:
    """One process of Clapper: the whole of it, or one among many on PostgreSQL.

    `start` returns once it is logged in; `run` then lasts until it ends by itself. Whatever `start` built is closed by
    `stop`, also where `start` failed half-way.
    """

    def __init__(self, settings: Settings, clock: Clock | None = None, *, gateway: bool = True) -> None:
        """Without `gateway` it is a worker: it runs jobs and edits their replies, and nobody can ask it anything."""
        self.settings = settings
        self._gateway = gateway
        self.metrics = Metrics()
        self.http_port: int | None = None
        self._clock = clock or SystemClock()
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
            await self._build()
            await self._open()
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
            await self._build()
            await self._log_in()
            await self.parts.bot.sync_commands(force=True)
        finally:
            await self.stop()

    async def _build(self) -> None:
        settings, clock = self.settings, self._clock
        catalog = load_catalog(settings.catalog_file)
        await asyncio.to_thread(_make_folder, settings)
        files = open_files(settings.files_url, settings.data_dir)
        database = await self._open_database()
        keys = await asyncio.to_thread(Keyring.open, settings.secret_keys, settings.data_dir)
        jobs, notes = Jobs(database, keys=keys, clock=clock), Notes(database)
        if settings.clustered:
            await join(notes, files, keys, folder=bench_root(settings))
        durations = Durations()
        for model in catalog:
            durations.extend(model.name, await jobs.durations(model.name))
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # it never speaks
        client = VideoBot(settings) if self._gateway else rest_client(settings)
        availability = Availability(notes, clock=clock)
        announcer = DiscordAnnouncer(client, catalog, clock=clock)
        downloader = await self._closing.enter_async_context(Downloader(settings.discord_cdn_hosts))
        intake = DiscordIntake(downloader=downloader, normaliser=Normaliser(), files=files, settings=settings)
        keeping = Keeping(database, keys=keys)
        downloads = Downloads(files, secret=keys.derived("links"), public_url=settings.public_url, clock=clock)
        links = ResultLinks(files, downloads, lifetime=results_kept(settings), clock=clock)
        tools = Tools(
            jobs=jobs,
            queue=await self._closing.enter_async_context(queue_client(settings, catalog, clock, durations)),
            files=files,
            intake=intake,
            encoder=MediaEncoder(),
            announcer=announcer,
            catalog=catalog,
            availability=availability,
            durations=durations,
            clock=clock,
            metrics=self.metrics,
            settings=settings,
            links=links,
        )
        operator = operator_rules(settings.operator_limits)
        admission = Admission(database, catalog=catalog, operator=operator, clock=clock)
        houses = HouseKeeper(Houses(database, clock=clock))
        noticeboard = DiscordNoticeboard(client, catalog, clock=clock)
        chronicle = Chronicle(houses=houses, notes=notes, noticeboard=noticeboard)
        limits = Limits(admission=admission, jobs=jobs, announcer=announcer, chronicle=chronicle, clock=clock)
        houses.listen(limits.heed)
        pipeline = Pipeline(tools, freed=limits.freed, ended=chronicle.ended)
        engine = self._engine(pipeline, jobs, database)
        limits.attach(engine)
        drafts = Drafts(notes, previewer=intake, catalog=catalog, clock=clock)
        studio = Studio(
            catalog=catalog,
            jobs=jobs,
            notes=notes,
            engine=engine,
            files=files,
            announcer=announcer,
            availability=availability,
            clock=clock,
            metrics=self.metrics,
            houses=houses,
            limits=limits,
            shelf=Shelf(tools, keeping),
            household=found(
                catalog=catalog,
                database=database,
                jobs=jobs,
                notes=notes,
                houses=houses,
                noticeboard=noticeboard,
                announcer=announcer,
                engine=engine,
                limits=limits,
                chronicle=chronicle,
                metrics=self.metrics,
                clock=clock,
                data_dir=settings.data_dir,
            ),
            drafts=drafts,
        )
        if isinstance(client, VideoBot):
            client.attach(studio)
        housekeeping = Housekeeping(
            jobs,
            files,
            settings,
            clock=clock,
            notes=notes if settings.clustered else None,
            keeping=keeping,
            drafts=drafts,
        )
        self._parts = Parts(
            database=database,
            jobs=jobs,
            client=client,
            engine=engine,
            studio=studio,
            housekeeping=housekeeping,
            farewells=Farewells(jobs, announcer, clock=clock),
            downloads=downloads,
        )

    async def _open(self) -> None:
        """Begin to serve. `stop` goes the other way: the door, the engine, the house, then what they stand on."""
        parts, closing = self.parts, self._closing
        await clear_benches(self.settings, at_start=True)
        await self._serve_health()
        await self._log_in()
        closing.push_async_callback(_cancel, asyncio.create_task(parts.housekeeping.run()))
        closing.push_async_callback(_cancel, asyncio.create_task(parts.studio.limits.watch()))
        closing.push_async_callback(_cancel, asyncio.create_task(parts.farewells.watch()))
        closing.push_async_callback(parts.studio.limits.close)
        closing.push_async_callback(parts.studio.chronicle.close)
        closing.push_async_callback(parts.engine.close)
        closing.push_async_callback(parts.studio.close_door)
        resumed = await parts.engine.resume()
        await parts.studio.limits.move()
        await parts.studio.holds.resume()
        log.info("Clapper is logged in as %s; %d jobs go on", parts.client.user, resumed)

    async def _log_in(self) -> None:
        # From here on it can be closed: discord.py makes what its `close` needs first of all in `login`.
        self._closing.push_async_callback(_close_gateway, self.parts.client)
        await log_in(self.parts.client, self.settings)

    async def _open_database(self) -> Database:
        url = parse_url(self.settings.database)
        lock = await asyncio.to_thread(FileLock.take, url)
        self._closing.callback(lock.release)
        await bring_up_to_date(url, self._clock)
        database = Database(url, clock=self._clock, pool_size=DATABASE_CONNECTIONS)
        self._closing.push_async_callback(database.close)
        return database

    def _engine(self, pipeline: Pipeline, jobs: Jobs, database: Database) -> Engine:
        at_once = self.settings.jobs_at_once
        if not self.settings.clustered:
            return EmbeddedEngine(pipeline, jobs, clock=self._clock, jobs_at_once=at_once)
        runs_jobs = self.settings.run_jobs or not self._gateway
        queue = WorkQueue(database)
        return ClusterEngine(pipeline, queue, clock=self._clock, jobs_at_once=at_once, runs_jobs=runs_jobs)

    async def _serve_health(self) -> None:
        parts = self.parts

        async def database_answers() -> bool:
            await parts.database.check()
            return True

        async def discord_is_ready() -> bool:
            return parts.client.is_ready() and not parts.client.is_closed()

        async def cluster_knows_us() -> bool:
            return not isinstance(parts.engine, ClusterEngine) or parts.engine.in_touch

        server = HealthServer(
            host=self.settings.http_host,
            port=self.settings.http_port,
            metrics=self.metrics,
            checks={
                "database": database_answers,
                **({"discord": discord_is_ready} if self._gateway else {}),
                **({"cluster": cluster_knows_us} if self.settings.clustered else {}),
            },
            routes=parts.downloads.routes(),
        )
        self.http_port = await server.start()
        self._closing.push_async_callback(server.stop)


async def bring_up_to_date(url: URL, clock: Clock) -> None:
    """Migrate; raises `SettingsError` where the database can't be reached."""
    try:
        await migrate(url, clock=clock)
    except DatabaseUnavailable as exc:
        raise SettingsError(
            f"the database at {url.render_as_string(hide_password=True)} can't be used: {exc} "
            "(see DATABASE_URL and DATA_DIR)"
        ) from exc


async def forget_marks(url: URL, clock: Clock) -> None:
    """Let the next process of the cluster say anew which files and keys belong to the database."""
    database = Database(url, clock=clock)
    try:
        await leave_no_mark(Notes(database))
    finally:
        await database.close()


async def log_in(bot: discord.Client, settings: Settings) -> None:
    """Raises `SettingsError` where Discord refuses the token or can't be reached."""
    try:
        await bot.login(settings.discord_token.get_secret_value())
    except discord.LoginFailure:
        raise SettingsError(
            "Discord refuses DISCORD_TOKEN: copy it anew from the developer portal (your application, Bot, Reset Token)"
        ) from None
    except (OSError, discord.DiscordServerError) as exc:
        raise SettingsError(f"Discord can't be reached at {settings.discord_api_base_url}: {exc}") from exc


def queue_client(settings: Settings, catalog: Catalog, clock: Clock, durations: Durations) -> QueueClient:
    """The pipeline decides when to submit again, since in between the row must say that nothing is under way."""
    bounds = Bounds(
        poll_min=settings.poll_min_seconds, poll_max=max(settings.poll_min_seconds, settings.poll_max_seconds)
    )
    try:
        return QueueClient(
            api_key=settings.decart_api_key.get_secret_value(),
            base_url=settings.decart_base_url,
            catalog=catalog,
            clock=clock,
            polling=AdaptivePolling(durations, bounds),
            retry=Retry(submit_attempts=1),
        )
    except QueueInputError as exc:
        raise SettingsError(f"DECART_API_KEY or DECART_BASE_URL can't be used: {exc}") from exc


def _make_folder(settings: Settings) -> None:
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise SettingsError(f"DATA_DIR {settings.data_dir} can't be made: {exc.strerror}") from exc


async def _close_gateway(bot: discord.Client) -> None:
    try:
        await asyncio.wait_for(bot.close(), GATEWAY_GRACE.total_seconds())
    except TimeoutError:
        log.warning("Discord did not answer our farewell in time")


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
