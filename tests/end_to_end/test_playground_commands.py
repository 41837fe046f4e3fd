"""Commands with files in a real browser: a file picker, the motion preview, forms with text, a choice and a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from tests.end_to_end.material import sample
from tests.end_to_end.playground import page

__all__ = ["page"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PATIENCE_MS = 60_000


async def attach(page: Page, where: Locator, name: str, folder: Path) -> None:
    """By the file picker, as with a mouse."""
    (folder / name).write_bytes(sample(name)[1])
    async with page.expect_file_chooser() as chooser:
        await where.click()
    await (await chooser.value).set_files(folder / name)


async def shown(page: Page, words: str) -> Locator:
    message = page.locator(".message", has_text=words)
    await expect(message.first).to_be_visible(timeout=PATIENCE_MS)
    return message.first


async def test_a_motion_path_is_looked_at_changed_and_made(page: Page, tmp_path: Path) -> None:
    await page.keyboard.type("/motion ")
    await attach(page, page.locator(".chip.file"), "harbour.jpg", tmp_path)
    await expect(page.locator(".chip.file")).to_contain_text("harbour.jpg")
    path = page.get_by_role("combobox", name="path")
    await path.focus()
    await page.keyboard.type("left to")
    await expect(page.locator(".popup-row.active")).to_contain_text("left to right")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    preview = await shown(page, "This is the way it will move")
    await expect(preview.locator(".only-you")).to_be_visible()
    await expect(preview.locator("img").last).to_be_visible()
    before = await preview.locator("img").last.get_attribute("src")
    await preview.get_by_role("button", name="Change").click()
    form = page.get_by_role("dialog")
    await expect(form.locator("textarea")).to_have_value("left to right")
    await form.locator("textarea").fill("circle ease in out")
    await form.get_by_role("button", name="Submit").click()
    changed = await shown(page, "circle ease in out")
    await expect(changed.locator("img").last).not_to_have_attribute("src", before or "")
    await page.screenshot(path=str(tmp_path / "preview.png"))
    await changed.get_by_role("button", name="Go").click()
    card = await shown(page, "✅ Done")
    await expect(card.locator("video")).to_be_visible(timeout=PATIENCE_MS)
    await expect(page.locator(".message", has_text="This is the way it will move")).to_have_count(0)


async def test_a_video_is_used_again_by_a_form_with_a_choice_and_a_file(page: Page, tmp_path: Path) -> None:
    await page.keyboard.type("/v2v prompt:as a drawing ")
    await attach(page, page.locator(".chip.file"), "ball.mp4", tmp_path)
    await page.locator(".chip input, .chip textarea").last.press("Enter")
    card = await shown(page, "✅ Done")
    await card.get_by_role("button", name="Use this").click()
    form = page.get_by_role("dialog")
    await expect(form).to_contain_text("Use this video")
    await form.get_by_role("combobox").click()
    await page.get_by_role("option", name="/restyle").click()
    await attach(page, form.locator(".dropzone"), "painting.png", tmp_path)
    await expect(form.locator(".preview")).to_contain_text("painting.png")
    await page.screenshot(path=str(tmp_path / "form.png"))
    await form.get_by_role("button", name="Submit").click()
    second = page.locator(".message", has_text="✅ Done").nth(1)
    await expect(second.locator("video")).to_be_visible(timeout=PATIENCE_MS)
    await expect(second).to_contain_text("Lucy Restyle 2")


async def test_a_file_of_another_kind_is_not_taken_by_an_option(page: Page, tmp_path: Path) -> None:
    await page.keyboard.type("/motion ")
    chooser = page.locator(".chip.file input")
    assert ".heic" in (await chooser.get_attribute("accept") or "")
    (tmp_path / "notes.txt").write_text("no picture")
    await chooser.set_input_files(tmp_path / "notes.txt")
    await expect(page.locator(".composer-problem")).to_contain_text("image doesn't take files such as notes.txt")
    await expect(page.locator(".chip.file .preview")).to_have_count(0)
