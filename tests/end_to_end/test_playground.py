"""The main job in a real browser: type a command, watch the one reply, play the video."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from tests.end_to_end.playground import page, visiting

__all__ = ["page"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PLAY = """async (video) => {
    await video.play();
    const moved = () => new Promise((done) => video.addEventListener("timeupdate", done, { once: true }));
    while (video.currentTime < 0.2) await moved();
    video.pause();
    return { at: video.currentTime, width: video.videoWidth, height: video.videoHeight };
}"""
"""Plays until a fifth of a second has been shown; hangs, and so fails, for a video that does not move."""


async def test_typing_t2v_ends_with_a_video_that_plays_in_the_page(browser: Browser, tmp_path: Path) -> None:
    async with visiting(browser, tmp_path) as visit:
        page = visit.page
        await page.keyboard.type("/t2v a cat playing piano")
        await page.keyboard.press("Enter")
        reply = page.locator(".message", has_text="a cat playing piano")
        video = reply.locator("video")
        await video.wait_for()
        muted = await video.evaluate("video => [video.muted, video.autoplay, video.controls]")
        played = await video.evaluate(PLAY)
        await page.screenshot(path=str(tmp_path / "done.png"))
        assert await page.locator(".message").count() == 1
        assert "✅ Done" in await reply.inner_text()
        assert muted == [True, False, True]
        assert played["at"] >= 0.2
        assert (played["width"], played["height"]) == (320, 176)
        assert (tmp_path / "done.png").stat().st_size > 10_000
        assert [url for url in visit.seen.requests if not url.startswith((visit.url, "blob:"))] == []


async def test_a_failed_job_says_the_services_reason_in_the_page(page: Page) -> None:
    hostile = "**bold** @everyone https://evil.test/x <img src=x onerror=\"document.title='broken'\">"
    await page.keyboard.type(f"/t2v prompt:a cat [fail: the camera ran out of film {hostile}]")
    await page.keyboard.press("Enter")
    await page.locator(".embed", has_text="That didn't work").wait_for()
    told = re.sub("[\u200b\u2060]", "", await page.locator(".embed").inner_text())
    assert told.count(f"the camera ran out of film {hostile}") == 2, "in the prompt, and as the service's reason"
    alive = await page.locator(".embed :is(a, strong, img, script, .mention)").all_inner_texts()
    assert alive == ["Lucy Pro"], "what Clapper says itself"
    assert "broken" not in await page.title()
    assert await page.locator(".message video").count() == 0


async def test_the_second_services_model_makes_a_video_in_the_page_and_the_pages_faults_reach_it(
    browser: Browser, tmp_path: Path
) -> None:
    async with visiting(browser, tmp_path, service="fal") as visit:
        page = visit.page
        await page.keyboard.type("/t2v a cat playing piano")
        await page.keyboard.press("Enter")
        reply = page.locator(".message", has_text="a cat playing piano")
        await reply.locator("video").wait_for()
        played = await reply.locator("video").evaluate(PLAY)
        assert (played["width"], played["height"]) == (320, 180)
        assert "Veo 3.1 Lite" in await reply.inner_text()
        await page.get_by_role("button", name="Misbehave").click()
        await page.get_by_role("button", name="Fail the next job").click()
        await page.get_by_text("The next job will fail, with a reason.").wait_for()
        await page.locator("#composer-input").click()
        await page.keyboard.type("/t2v a dog")
        await page.keyboard.press("Enter")
        failed = page.locator(".message", has_text="a dog")
        await failed.locator(".embed", has_text="That didn't work").wait_for()
        assert "The camera ran out of film." in await failed.inner_text()
