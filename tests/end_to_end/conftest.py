"""A whole Clapper against both stand-ins, in this process, over real sockets.

The service's time is moved by hand, so that each state lasts until a test has seen it; Clapper's own is the machine's.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from bot.app import App
from bot.chat.replies import accepting
from bot.settings import Settings
from bot.wiring import media
from bot.work.engines.embedded import EmbeddedEngine
from sandbox.discord import DiscordStandIn, Invocation
from sandbox.fal import FalStandIn
from sandbox.queue_api import QueueStandIn
from tests.adapters.databases import migrated_file
from tests.browser import browsing, chromium_or_skip
from tests.cards import state_of
from tests.clock import ManualClock, ShiftedClock
from tests.fork_server import start_renderer
from tests.media_workers import shared_workers
from tests.openapi import all_faults, document_missing

__all__ = ["browser", "chromium", "clapper", "fal", "migrated_file", "stage", "state_of"]

PENDING_SECONDS = 30.0
PROCESSING_SECONDS = 60.0
PATIENCE_SECONDS = 60.0
"""How long something real may take on a busy machine before a test calls it missing."""

Json = dict[str, Any]


@dataclass
class Stage:
    """Both stand-ins, and Clapper as often as a test starts it."""

    discord: DiscordStandIn
    queue: QueueStandIn
    clock: ManualClock
    folder: Path
    wall: ShiftedClock = field(default_factory=ShiftedClock)
    changes: dict[str, Any] = field(default_factory=dict)

    def settings(self) -> Settings:
        """Quick ones, that name the stand-ins; `changes` come on top."""
        chosen: Json = {
            "discord_token": self.discord.token,
            "discord_api_base_url": self.discord.api_url,
            "discord_gateway_url": self.discord.gateway_url,
            "discord_cdn_hosts": (self.discord.cdn_host,),
            "decart_api_key": self.queue.api_key,
            "decart_base_url": self.queue.url,
            "data_dir": self.folder,
            "http_port": 0,
            "check_models_hours": 0,
            "poll_min_seconds": 0.02,
            "poll_max_seconds": 0.1,
            "_env_file": None,
        }
        return Settings(**chosen | self.changes)

    @asynccontextmanager
    async def clapper(self) -> AsyncIterator[App]:
        """The bot, connected; stopped cleanly at the end of the block, its data kept."""
        app = App(self.settings(), self.wall)
        await app.start()
        running = asyncio.create_task(app.run())
        try:
            await self.discord.bot_ready(PATIENCE_SECONDS)
            yield app
        finally:
            await app.stop()
            await running

    def pass_time(self, seconds: float) -> None:
        """On Clapper's wall clock and in Discord; the service's time stands still meanwhile."""
        self.wall.put_forward(seconds)
        self.discord.clock.advance(seconds)

    async def see(self, asked: Invocation, state: str) -> Json:
        """The reply, once its card shows that state."""
        return await asked.reply(lambda message: state_of(message) == state, PATIENCE_SECONDS)

    async def settled(self, app: App) -> None:
        """Until nothing runs for any job: its row says a moment later what its reply says already."""
        assert isinstance(app.parts.engine, EmbeddedEngine)
        await asyncio.gather(*app.parts.engine._tasks.values())

    async def told_alone(self, asked: Invocation) -> Json:
        """What the member alone was told, as the reply or after a public reply was taken away."""
        private: list[Json] = []

        def look() -> Json | None:
            assert asked.state != "failed", f"the interaction failed: {asked.failed}"
            shown = [*asked.followups, *([asked.message] if asked.message is not None else [])]
            private[:] = [message for message in shown if message["flags"] & 64 and not message["flags"] & 128]
            return private[0] if private else None

        told: Json = await self.discord.core.bus.until(look, PATIENCE_SECONDS, "a private answer")
        assert asked.message is None or asked.message["flags"] & 64, "the public reply is taken away"
        return told

    async def see_through(self, asked: Invocation) -> Json:
        """Let the service's time pass and give the reply with its video."""
        await self.see(asked, "pending")
        await self.clock.advance(PENDING_SECONDS)
        await self.see(asked, "processing")
        await self.clock.advance(PROCESSING_SECONDS)
        return await self.see(asked, "delivered")


def states_of(asked: Invocation) -> list[str]:
    """Every state that the reply has shown, in order, repetitions included."""
    return [state for version in asked.history if (state := state_of(version.message))]


def text_of(message: Json) -> str:
    """All that the message says."""
    parts = [message["content"]]
    for embed in message["embeds"]:
        parts += [embed.get("title", ""), embed.get("description", "")]
    return "\n".join(parts)


def buttons_of(message: Json) -> list[str]:
    """The labels of its buttons, in order."""
    return [part["label"] for row in message["components"] for part in row["components"]]


@pytest_asyncio.fixture
async def stage(tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """On a machine that is as busy as it likes: Discord waits for the first response, and Clapper for the row, as long
    as a test waits at all. `test_database_away.py` is about the windows themselves."""
    monkeypatch.setattr(accepting, "CARD_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(media, "Workers", shared_workers)
    clock = ManualClock()
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copyfile(migrated_file, folder / migrated_file.name)
    async with (
        DiscordStandIn() as discord,
        QueueStandIn(
            pending_seconds=PENDING_SECONDS,
            processing_seconds=PROCESSING_SECONDS,
            preview_width=160,
            clip_seconds=2.0,
            workers=1,
            start_worker=start_renderer,
            clock=clock,
        ) as queue,
    ):
        discord.core.interactions.answer_in = timedelta(seconds=PATIENCE_SECONDS)
        yield Stage(discord, queue, clock, folder)
        if not document_missing():
            assert all_faults(discord.record) == []


@pytest.fixture
def clapper(stage: Stage) -> Callable[[], AbstractAsyncContextManager[App]]:
    """Start it as often as needed: `async with clapper():`."""
    return stage.clapper


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One browser for all tests of this process; they run in the session's event loop, as it does."""
    async with browsing(chromium_or_skip()) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def browser(chromium: Browser) -> AsyncIterator[Browser]:
    """The browser, of which nothing is left open after the test."""
    yield chromium
    for context in chromium.contexts:
        await context.close()


@pytest_asyncio.fixture
async def fal(stage: Stage) -> AsyncIterator[FalStandIn]:
    """Its stand-in, whose key is the only one that Clapper has."""
    times = {"wait_seconds": PENDING_SECONDS, "work_seconds": PROCESSING_SECONDS}
    async with FalStandIn(clock=stage.clock, preview_width=160, start_worker=start_renderer, **times) as standin:  # type: ignore[arg-type]  # all are seconds
        stage.changes |= {
            "decart_api_key": "",
            "fal_key": standin.key,
            "fal_base_url": standin.url,
            "fal_rest_url": standin.rest_url,
            "fal_media_hosts": (standin.media_host,),
        }
        yield standin
