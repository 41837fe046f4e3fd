"""Replies and menus with the real bot in a real browser: the ways in that are no slash commands."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser import DROP
from tests.end_to_end.playground import page

__all__ = ["page"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def say(page: Page, text: str, *samples: str) -> None:
    for at, sample in enumerate(samples, 1):
        await page.evaluate(DROP, ["#chat", sample])
        await expect(page.locator(".preview")).to_have_count(at)
    await page.locator("#composer-input").focus()
    await page.keyboard.type(text)
    await page.keyboard.press("Enter")


async def reply(page: Page, text: str) -> None:
    """To the newest message."""
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("r")
    await say(page, text)


async def test_a_reply_to_a_picture_becomes_a_video_under_it(page: Page) -> None:
    await say(page, "look", "cat.png")
    await expect(page.locator(".message")).to_have_count(1)
    await reply(page, "/animate make it snow")
    answer = page.locator(".message").nth(2)
    await answer.locator("video").wait_for()
    await expect(answer).to_contain_text("✅ Done")
    await expect(answer).to_contain_text("make it snow")


async def test_the_apps_menu_animates_a_picture(page: Page, tmp_path: Path) -> None:
    await say(page, "look", "cat.png")
    await expect(page.locator(".message")).to_have_count(1)
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ContextMenu")
    await page.get_by_role("menuitem", name="Animate").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Prompt")
    await page.keyboard.type("it snows")
    await page.screenshot(path=str(tmp_path / "form.png"))
    await page.get_by_role("button", name="Submit").click()
    answer = page.locator(".message").nth(1)
    await answer.locator("video").wait_for()
    await expect(answer).to_contain_text("it snows")
    await expect(dialog).to_have_count(0)


async def test_of_two_pictures_one_is_chosen_under_the_reply(page: Page, tmp_path: Path) -> None:
    await say(page, "look", "cat.png", "harbour.jpg")
    await expect(page.locator(".message")).to_have_count(1)
    await reply(page, "/animate make it snow")
    answer = page.locator(".message").nth(2)
    await answer.get_by_text("Which one?").wait_for()
    await answer.get_by_text("Choose one").click()
    await page.screenshot(path=str(tmp_path / "choice.png"))
    await page.get_by_role("option", name="2. harbour.jpg").click()
    await answer.locator("video").wait_for()
    await expect(answer).not_to_contain_text("Which one?")
