"""Take the pictures of the playground that the documents show: `python scripts/screenshots.py [FOLDER]`.

Needs Chromium. Everything in them is real: both stand-ins, the page and the bot run for it.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from playwright.async_api import Browser, Locator, Page, expect  # noqa: E402 - the checkout is no package of its own

from bot.wording import say  # noqa: E402
from sandbox.launch import Options, Sandbox  # noqa: E402
from tests.browser import browsing, chromium, open_page  # noqa: E402

PROMPT = "a cat playing piano"
PATIENCE_MS = 60_000
SHOW_MIDDLE = """async (video) => {
    const heard = (name) => new Promise((done) => video.addEventListener(name, done, { once: true }));
    if (video.readyState < video.HAVE_ENOUGH_DATA) await heard("canplaythrough");
    const sought = heard("seeked");
    video.currentTime = video.duration / 2;
    await sought;
    await new Promise((done) => setTimeout(done, 1000)); // for the browser's own spinner to fade
}"""


async def main(folder: Path) -> None:
    """Write every picture into `folder`."""
    path = chromium()
    if path is None:
        sys.exit("No Chromium here: install it and try again.")
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        options = Options(port=0, pending_seconds=0.5, processing_seconds=2.0, data=Path(data), quiet=True)
        async with Sandbox(options) as sandbox, browsing(path) as browser:
            await sandbox.bot_ready()
            await desktop(browser, sandbox, folder)
            await phone(browser, sandbox, folder)
            await members(browser, sandbox, folder)
            await admins(browser, sandbox, folder)


@asynccontextmanager
async def opened(browser: Browser, sandbox: Sandbox, *, width: int, height: int, dark: bool) -> AsyncIterator[Page]:
    page = await open_page(browser, sandbox.url, width=width, height=height, dark=dark)
    try:
        yield page
    finally:
        await page.close()


async def ask(page: Page, prompt: str) -> None:
    await page.locator("#composer-input").focus()
    await page.keyboard.type(f"/t2v {prompt}")
    await page.keyboard.press("Enter")


async def until(page: Page, state: str) -> None:
    """Until the newest card has that state's title."""
    title = say(f"title_{state}", "en-US")
    await expect(page.locator(".message .embed-title").last).to_contain_text(title, timeout=PATIENCE_MS)


async def desktop(browser: Browser, sandbox: Sandbox, folder: Path) -> None:
    """The main job from the empty channel to the film and to a failure, and the list of commands."""
    async with opened(browser, sandbox, width=1280, height=800, dark=True) as page:
        await page.screenshot(path=folder / "empty.png")
        await page.keyboard.type("/")
        await page.locator(".popup-row").first.wait_for()
        await page.screenshot(path=folder / "commands.png")
        await page.keyboard.press("Backspace")
        await page.keyboard.type(f"/t2v {PROMPT}")
        await page.screenshot(path=folder / "options.png")
        await page.keyboard.press("Enter")
        await until(page, "processing")
        await page.screenshot(path=folder / "working.png")
        await until(page, "delivered")
        await page.locator(".message video").evaluate(SHOW_MIDDLE)
        await page.screenshot(path=folder / "done.png")
        await ask(page, "a cat on the moon [fail: The moon is closed today.]")
        await until(page, "failed")
        await page.screenshot(path=folder / "failed.png")
    async with opened(browser, sandbox, width=1280, height=800, dark=False) as page:
        await page.locator(".message video").evaluate(SHOW_MIDDLE)
        await page.get_by_role("button", name="Samples").click()
        await page.screenshot(path=folder / "light.png")


async def phone(browser: Browser, sandbox: Sandbox, folder: Path) -> None:
    """The same on a phone's width, dark and light."""
    for dark in (True, False):
        async with opened(browser, sandbox, width=375, height=740, dark=dark) as page:
            await page.get_by_role("button", name="Servers and channels").click()
            await page.get_by_role("button", name="clips").click()
            if dark:
                await ask(page, PROMPT)
                await until(page, "delivered")
            await page.locator(".message video").evaluate(SHOW_MIDDLE)
            await page.screenshot(path=folder / f"phone-{'dark' if dark else 'light'}.png")


async def members(browser: Browser, sandbox: Sandbox, folder: Path) -> None:
    """What is left to a member, and what they made, by `/usage`."""
    async with opened(browser, sandbox, width=1280, height=1000, dark=True) as page:
        await command(page, "/usage")
        await expect(page.locator(".message").last).to_contain_text("left", timeout=PATIENCE_MS)
        await page.locator(".message img").last.evaluate("(picture) => picture.decode()")
        await page.screenshot(path=folder / "usage.png")


async def admins(browser: Browser, sandbox: Sandbox, folder: Path) -> None:
    """The panel of `/settings` with a prompt rule in it, and the numbers of `/stats`."""
    async with opened(browser, sandbox, width=1280, height=1000, dark=True) as page:
        await page.locator("select.who").select_option(label="Linus (admin)")
        await command(page, "/settings")
        panel = page.locator(".message").last
        await expect(panel).to_contain_text("Settings of", timeout=PATIENCE_MS)
        await choose(page, panel, "Prompt rules")
        await panel.get_by_role("button", name="Add rules").click()
        await page.get_by_label("Words and patterns").fill("gun*\nsome brand")
        await page.get_by_role("button", name="Submit").click()
        await expect(panel).to_contain_text("Saved.", timeout=PATIENCE_MS)
        await expect(page.get_by_label("Words and patterns")).to_have_count(0)
        await page.screenshot(path=folder / "settings-prompts.png")
        await choose(page, panel, "Answers")
        await expect(panel).to_contain_text("Private by default", timeout=PATIENCE_MS)
        await page.screenshot(path=folder / "settings.png")
        await command(page, "/stats")
        await expect(page.locator(".message").last).to_contain_text("in all", timeout=PATIENCE_MS)
        await page.locator(".message img").last.evaluate("(picture) => picture.decode()")
        await page.screenshot(path=folder / "stats.png")
    async with opened(browser, sandbox, width=1280, height=1000, dark=False) as page:
        await page.locator("select.who").select_option(label="Linus (admin)")
        await page.locator(".message img").last.evaluate("(picture) => picture.decode()")
        await page.screenshot(path=folder / "stats-light.png")


async def command(page: Page, name: str) -> None:
    """Use a command without options."""
    await page.locator("#composer-input").focus()
    await page.keyboard.type(name)
    await page.locator(".popup-row").first.wait_for()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")


async def choose(page: Page, panel: Locator, label: str) -> None:
    """Choose in the panel's first select."""
    await panel.get_by_role("combobox").first.click()
    await page.get_by_role("option", name=label).click()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=CHECKOUT / "docs" / "screenshots")
    asyncio.run(main(parser.parse_args().folder))
