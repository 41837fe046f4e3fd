"""Take the pictures that the pages of `/help` show: `python scripts/help_pictures.py [FOLDER]`.

Needs Chromium. Everything in them is real: both stand-ins, the page and the bot run for it. One is taken of each page
in each language that there is a catalogue of.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from PIL import Image  # noqa: E402 - the checkout is no package of its own
from playwright.async_api import Locator, Page, expect  # noqa: E402

from bot.chat.help_pages import PICTURES, HelpPage, picture_name  # noqa: E402
from bot.rules.languages import SOURCE  # noqa: E402
from bot.wording import say  # noqa: E402
from bot.wording.catalogues import catalogue_files  # noqa: E402
from sandbox.launch import Options, Sandbox  # noqa: E402
from scripts.screenshots import PATIENCE_MS, SHOW_MIDDLE, command  # noqa: E402
from tests.browser import DROP, browsing, chromium, open_page  # noqa: E402

WORDS = {"en": ("a cat playing piano", "make it snow", "as a watercolour")}
WORDS["de"] = ("eine Katze am Klavier", "lass es schneien", "als Aquarell")
WIDTH, HEIGHT, QUALITY = 620, 900, 62


async def main(folder: Path) -> None:
    """Write every picture into `folder`."""
    path = chromium()
    if path is None:
        sys.exit("No Chromium here: install it and try again.")
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    for language in (SOURCE, *(file.stem for file in catalogue_files())):
        with tempfile.TemporaryDirectory() as data:
            options = Options(port=0, pending_seconds=0.3, processing_seconds=1.0, data=Path(data), quiet=True)
            async with Sandbox(options) as sandbox, browsing(path) as browser:
                await sandbox.bot_ready()
                page = await open_page(browser, sandbox.url, width=WIDTH, height=HEIGHT)
                for shown, picture in (await pictures(page, language)).items():
                    save(picture, folder / picture_name(shown, language))


async def pictures(page: Page, language: str) -> dict[HelpPage, bytes]:
    """A PNG for each page."""
    locale = "en-US" if language == SOURCE else language
    await speak(page, locale)
    made, moved, restyled = WORDS.get(language, WORDS["en"])
    found = {}
    await page.locator("#composer-input").focus()
    await page.keyboard.type("/")
    await page.locator(".popup-row").first.wait_for()
    found[HelpPage.START] = await page.locator(".popup").screenshot()
    await page.keyboard.press("Backspace")
    card = await ask(page, "t2v", made, locale)
    found[HelpPage.WORDS] = await card.screenshot()
    found[HelpPage.CARD] = await below_the_video(page, card)
    card = await ask(page, "animate", moved, locale, sample="cat.png")
    found[HelpPage.PICTURE] = await card.screenshot()
    card = await ask(page, "restyle", restyled, locale, sample="ball.mp4")
    found[HelpPage.VIDEO] = await card.screenshot()
    await page.locator("select.who").select_option(label="Linus (admin)", force=True)
    await speak(page, locale)
    await command(page, "/settings")
    panel = page.locator(".message").last
    await expect(panel.locator(".container")).to_be_visible(timeout=PATIENCE_MS)
    found[HelpPage.ADMINS] = await panel.screenshot()
    return found


async def ask(page: Page, name: str, prompt: str, locale: str, *, sample: str | None = None) -> Locator:
    """The card with its video, once that is there and shows its middle."""
    await page.locator("#composer-input").focus()
    await page.keyboard.type(f"/{name} {prompt}")
    if sample is not None:
        await page.evaluate(DROP, ["#chat", sample])
        await page.locator(".chip.file .preview").wait_for()
        await page.locator(".chip input:not([type=file]), .chip textarea").first.focus()
    before = await page.locator(".message").count()
    await page.keyboard.press("Enter")
    await expect(page.locator(".message")).to_have_count(before + 1, timeout=PATIENCE_MS)
    card = page.locator(".message").last
    await expect(card.locator(".embed-title")).to_contain_text(say("title_delivered", locale), timeout=PATIENCE_MS)
    await card.locator("video").evaluate(SHOW_MIDDLE)
    return card


async def below_the_video(page: Page, card: Locator) -> bytes:
    """The card's words and buttons."""
    above, below = await card.locator(".embed").bounding_box(), await card.locator(".components").bounding_box()
    if above is None or below is None:
        sys.exit("The card has no words or no buttons.")
    return await page.screenshot(
        clip={
            "x": above["x"],
            "y": above["y"],
            "width": max(above["width"], below["width"]),
            "height": below["y"] + below["height"] - above["y"],
        }
    )


async def speak(page: Page, locale: str) -> None:
    """Choose the language of who is at the page."""
    toggle = page.get_by_role("button", name="Language")
    await toggle.click()
    await page.locator("#language").select_option(locale)
    await expect(page.locator("html")).to_have_attribute("lang", locale)
    await toggle.click()


def save(picture: bytes, path: Path) -> None:
    """As small as it can be read well."""
    Image.open(io.BytesIO(picture)).convert("RGB").save(path, "WEBP", quality=QUALITY, method=6)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=PICTURES)
    asyncio.run(main(parser.parse_args().folder))
