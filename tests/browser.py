"""The distribution's Chromium for tests: found, started without a network of its own, watched for what it asks for."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Browser, Page, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip
PATIENCE_MS = 60_000

DROP = """async ([selector, name]) => {
    const samples = await (await fetch("/_playground/samples")).json();
    const transfer = new DataTransfer();
    transfer.setData("application/x-clapper-sample", JSON.stringify(samples.find((one) => one.name === name)));
    for (const kind of ["dragenter", "dragover", "drop"]) {
        const event = new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true });
        document.querySelector(selector).dispatchEvent(event);
    }
}"""
"""Drags a sample of the page, named as the second argument, to the element that the first selects."""


def chromium() -> str | None:
    """The path of an installed Chromium, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def chromium_or_skip() -> str:
    """The path; skips where there is none, or fails where `CLAPPER_REQUIRE` names the browser."""
    path = chromium()
    if path is None:
        reason = f"no Chromium on this machine (looked for {', '.join(NAMES)})"
        if "browser" in os.environ.get("CLAPPER_REQUIRE", ""):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@asynccontextmanager
async def browsing(path: str) -> AsyncIterator[Browser]:
    """A browser of its own, closed at the end."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Watch:
    """What a page asked for and complained about."""

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


async def open_page(browser: Browser, url: str, *, width: int = 1280, height: int = 800, dark: bool = True) -> Page:
    """The playground, ready to be typed into."""
    page = await browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        locale="en-US",
    )
    page.set_default_timeout(PATIENCE_MS)
    await page.goto(url)
    await page.wait_for_selector("html[data-ready]")
    return page


def watch(page: Page) -> Watch:
    """Note every request, error and warning of `page` from now on."""
    seen = Watch()
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("console", lambda said: seen.complaints.append(said.text) if said.type in {"error", "warning"} else None)
    return seen
