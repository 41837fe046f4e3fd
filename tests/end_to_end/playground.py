"""The playground with the real bot, in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest_asyncio
from playwright.async_api import Browser, Page

from sandbox.bot_process import BotProcess
from sandbox.launch import Options, Sandbox
from tests.browser import Watch, open_page, watch
from tests.end_to_end.bot_process import ForkedBot
from tests.fork_server import start_renderer


class ForkingSandbox(Sandbox):
    """A sandbox whose bot and whose renderers are started by fork servers."""

    def __init__(self, options: Options) -> None:
        super().__init__(options, start_worker=start_renderer)

    def bot_process(self, data: Path) -> BotProcess:
        return ForkedBot(lambda: self.settings(data), data / "empty", log=data / "bot.log")


@dataclass
class Visit:
    """Somebody at the page; `seen` is what it asked for and complained about."""

    page: Page
    url: str
    seen: Watch


@asynccontextmanager
async def visiting(
    browser: Browser, folder: Path, service: Literal["decart", "fal", "both"] = "decart"
) -> AsyncIterator[Visit]:
    """The page must not have complained in the end."""
    options = Options(
        port=0, pending_seconds=0.2, processing_seconds=0.3, preview_width=320, data=folder, quiet=True, service=service
    )
    async with ForkingSandbox(options) as sandbox:
        await sandbox.bot_ready()
        page = await open_page(browser, sandbox.url)
        visit = Visit(page, sandbox.url, watch(page))
        yield visit
        assert visit.seen.complaints == []


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, tmp_path: Path) -> AsyncIterator[Page]:
    async with visiting(browser, tmp_path) as visit:
        yield visit.page
