"""The storm: asks and blows at once, then calm, and everything restarted until nothing is left to do."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select, text
from sqlalchemy.engine import URL

from bot.errors import DatabaseUnavailable
from bot.rules.clock import SystemClock
from bot.rules.guild_settings import GuildSettings
from bot.rules.limit_rules import LimitBook, Rule, Scope, Window
from bot.store.database import Database, parse_url
from bot.store.guild_settings import GuildSettingsTable
from bot.store.rows import HAS_NEXT_STEP
from bot.store.tables import jobs
from bot.store.upgrade import migrate
from sandbox.discord import Invocation
from sandbox.discord.world import Channel
from tests.chaos.plan import Ask, Blow, Plan
from tests.end_to_end.scratch_postgres import ScratchServer
from tests.fleet import PATIENCE_SECONDS, TAKES_PART, Child, Fleet

REPLIES = r"/messages/[@\d]+"
LIMIT = 100_000
CALM_SECONDS = 180.0
FULL_DISK_BYTES = 16 * 1024
"""No file may grow beyond this while the disk is "full": the system itself refuses the write (RLIMIT_FSIZE)."""


@dataclass(slots=True)
class Asked:
    ask: Ask
    invocation: Invocation


@dataclass
class Storm:
    """One run. `server` is the PostgreSQL server to crash; None: everything in one process on SQLite."""

    plan: Plan
    ships: Fleet
    jobs: int
    server: ScratchServer | None = None
    workers: int = 0
    asked: list[Asked] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    failed_stops: list[str] = field(default_factory=list)
    _roles: dict[str, Child] = field(default_factory=dict)
    _side: set[asyncio.Task[None]] = field(default_factory=set)
    _away: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def database(self) -> Database:
        return Database(self._url, clock=SystemClock())

    @property
    def _url(self) -> URL:
        return parse_url(self.ships.database_url or f"sqlite:///{self.ships.folder / 'clapper.sqlite3'}")

    async def rage(self) -> None:
        """All of it. Afterwards no process runs, and the rows, the messages and the files can be looked at."""
        await self._settle_in()
        for name in ("bot", *(f"worker {number}" for number in range(self.workers))):
            await self._start(name)
            await self._roles[name].says(TAKES_PART)
        await self.ships.discord.bot_ready(PATIENCE_SECONDS)
        blowing = asyncio.create_task(self._blow_all())
        try:
            await self._ask_all()
        finally:
            blowing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await blowing  # which raises what would have ended the storm unnoticed
        await self._calm()

    # ---- processes

    async def _settle_in(self) -> None:
        self.ships.folder.mkdir(parents=True, exist_ok=True)
        clock = SystemClock()
        await migrate(self._url, clock=clock)
        rules = (Rule(scope=Scope.EVERYONE, amount=LIMIT, window=Window.DAY),)
        database = self.database
        for guild_id in self.ships.discord.world.guilds:
            guild_settings = GuildSettings().amended(limits=LimitBook(rules=rules))
            await GuildSettingsTable(database, clock=clock).replace(int(guild_id), guild_settings, expected_version=0)
        await database.close()

    async def _start(self, name: str) -> None:
        command = ("worker",) if name.startswith("worker") else ()
        changes = {"TOKEN_LIFE_SECONDS": "900", "LOG_LEVEL": "INFO"}
        self._roles[name] = await self.ships.spawn(*command, **changes)

    async def _revive(self, name: str) -> None:
        """Start what has ended, as a supervisor does."""
        if self._roles[name].code is not None:
            await self._start(name)

    def _some(self, at: float) -> tuple[str, Child]:
        roles = list(self._roles.items())
        return roles[int(at * len(roles))]

    # ---- members

    async def _ask_all(self) -> None:
        asks = iter(self.plan.asks)
        while len(self.asked) < self.jobs or await self._rows() < self.jobs:
            ask = next(asks, None)
            if ask is None:
                return
            await asyncio.sleep(ask.after_seconds)
            with contextlib.suppress(TimeoutError):  # most members ask a bot that is there, though it may just be dying
                await self.ships.discord.bot_ready(PATIENCE_SECONDS)
            member = self.ships.discord.member(ask.member)
            places: dict[str, Channel | str] = {
                "#general": "general",
                "#clips": "clips",
                "Test Kitchen": "Test Kitchen#general",
                "DM": member.dm,
            }
            invocation = await member.slash(
                places[ask.where], "t2v", prompt=ask.prompt, private=ask.private, model=ask.model
            )
            self.asked.append(Asked(ask, invocation))
            self.faults[f"service: {ask.trouble}"] += ask.trouble != "none"
            if ask.cancel_after_seconds is not None:
                self._aside(self._cancel(invocation, ask))

    async def _cancel(self, invocation: Invocation, ask: Ask) -> None:
        await asyncio.sleep(ask.cancel_after_seconds or 0)
        message = invocation.message
        if message is not None and "Cancel" in str(message["components"]):
            self.faults["member cancels"] += 1
            with contextlib.suppress(Exception):  # the button may be gone, the bot dead: as it may for any member
                await self.ships.discord.member(ask.member).press(message, "Cancel")

    async def _rows(self) -> int:
        """How many jobs were said yes to; none where the database is away."""
        database = self.database
        try:
            query = text("SELECT count(*) FROM jobs")
            return int(await database.read(lambda connection: connection.scalar(query)) or 0)
        except DatabaseUnavailable:
            return 0
        finally:
            await database.close()

    # ---- blows

    async def _blow_all(self) -> None:
        for blow in self.plan.blows:
            await asyncio.sleep(blow.after_seconds)
            acts: dict[str, Callable[[Blow], Awaitable[None]]] = {
                "kill -9": self._kill,
                "stopped for a while": self._stop_for_a_while,
                "disk full": self._fill_disk,
                "connections cut": self._cut_connections,
                "database crash": self._crash_database,
            }
            if await self._touch_discord(blow) or await self._strike(acts[blow.kind], blow):
                self.faults[blow.kind] += 1
            for name in list(self._roles):
                await self._revive(name)

    async def _strike(self, act: Callable[[Blow], Awaitable[None]], blow: Blow) -> bool:
        await act(blow)
        return True

    async def _touch_discord(self, blow: Blow) -> bool:
        discord = self.ships.discord
        match blow.kind:
            case "gateway lost":
                await discord.drop_gateway()
            case "gateway asks to reconnect":
                await discord.reconnect_gateway()
            case "session invalid":
                await discord.invalidate_session(resumable=blow.at < 0.5)
            case "events twice":
                discord.faults.duplicate_events = not discord.faults.duplicate_events
            case "Discord 500":
                discord.faults.fail("PATCH", REPLIES, 500, times=3)
            case "Discord 429":
                discord.faults.rate_limit("PATCH", REPLIES, 0.3, times=2)
            case "Discord cuts edits":
                discord.faults.reset("PATCH", REPLIES, times=2)
            case "Discord cuts edits that it made":
                discord.faults.reset("PATCH", REPLIES, times=2, late=True)
            case _:
                return False
        return True

    async def _kill(self, blow: Blow) -> None:
        name, child = self._some(blow.at)
        await child.kill()
        await self._start(name)
        with contextlib.suppress(AssertionError):
            await self._roles[name].says(TAKES_PART)

    async def _stop_for_a_while(self, blow: Blow) -> None:
        name, child = self._some(blow.at)
        if name == "bot":  # nobody could ask anything meanwhile
            return
        child.signal(signal.SIGSTOP)
        self._aside(self._wake(child, 11.0 + 4 * blow.at))

    async def _wake(self, child: Child, seconds: float) -> None:
        await asyncio.sleep(seconds)
        child.signal(signal.SIGCONT)

    async def _fill_disk(self, blow: Blow) -> None:
        for child in self._roles.values():
            _limit_files(child, FULL_DISK_BYTES)
        self._aside(self._empty_disk(1.0 + blow.at))

    async def _empty_disk(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        for child in self._roles.values():
            _limit_files(child, resource.RLIM_INFINITY)

    async def _cut_connections(self, _: Blow) -> None:
        database = self.database
        with contextlib.suppress(DatabaseUnavailable):
            cut = text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND datname = current_database()"
            )
            await database.read(lambda connection: connection.execute(cut))
        await database.close()

    async def _crash_database(self, blow: Blow) -> None:
        if self.server is not None:
            async with self._away:
                await self.server.stop("immediate")
                await asyncio.sleep(1.0 + 2 * blow.at)
                await self.server.start()

    def _aside(self, act: Awaitable[None]) -> None:
        task = asyncio.ensure_future(act)
        self._side.add(task)
        task.add_done_callback(self._side.discard)

    # ---- the end

    async def _calm(self) -> None:
        """Everything behaves again; wait until no job has a step left, stop in order, and start once more."""
        async with self._away:
            pass
        discord = self.ships.discord.faults
        discord.clear()
        discord.duplicate_events = False
        await asyncio.gather(*self._side, return_exceptions=True)
        for name, child in list(self._roles.items()):
            child.signal(signal.SIGCONT)
            _limit_files(child, resource.RLIM_INFINITY)
            await self._revive(name)
        await self._until_nothing_is_left()
        for again in (True, False):
            for name, child in list(self._roles.items()):
                if child.code is None and await child.ask_to_stop():
                    self.failed_stops.append(name)
                if again:
                    await self._start(name)
                    await self._roles[name].says(TAKES_PART)

    async def _until_nothing_is_left(self) -> None:
        live = select(func.count()).select_from(jobs).where(HAS_NEXT_STEP)
        database = self.database
        try:
            async with asyncio.timeout(CALM_SECONDS):
                while True:
                    for name in list(self._roles):
                        await self._revive(name)
                    with contextlib.suppress(DatabaseUnavailable):
                        if not await database.read(lambda connection: connection.scalar(live)):
                            return
                    await asyncio.sleep(0.2)
        except TimeoutError:
            return  # the audit says which
        finally:
            await database.close()


def _limit_files(child: Child, number_of_bytes: int) -> None:
    if child.code is None:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (number_of_bytes, resource.RLIM_INFINITY))


def leftovers(folder: Path) -> list[Path]:
    """Files of work under way."""
    return [path for path in (folder / "work").rglob("*") if path.is_file()]
