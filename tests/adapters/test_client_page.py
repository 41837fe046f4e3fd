"""Each example of docs/client.md does what it says, against the stand-in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.fal import FalClient
from bot.queue import CompletedJob, QueueClient, QueueResultError
from bot.rules.clock import SystemClock
from sandbox.fal import FalStandIn
from sandbox.queue_api import QueueStandIn
from tests.adapters.sandbox_material import clip, picture
from tests.fork_server import start_renderer

PAGE = Path(__file__).parents[2] / "docs" / "client.md"
EXAMPLE = re.compile(r"(?P<mark><!-- not run -->\n)?```python\n(?P<code>.*?)```", re.DOTALL)


def examples() -> Iterator[Any]:
    """Every example with the heading that it is under."""
    text = PAGE.read_text(encoding="utf-8")
    for number, found in enumerate(EXAMPLE.finditer(text)):
        heading = re.findall(r"^#+ (.+)$", text[: found.start()], re.MULTILINE)[-1]
        if not found["mark"]:
            yield pytest.param(found["code"], id=f"{number} {heading}")


EXPECTED = {200, 202, 400, 404}
"""What the examples let the second service answer: 404 is what they ask for, 400 a cancel that came too late."""


def fal_client(standin: FalStandIn, clock: SystemClock) -> FalClient:
    return FalClient(
        key=standin.key,
        base_url=standin.url,
        rest_url=standin.rest_url,
        media_hosts=[standin.media_host],
        clock=clock,
    )


class Quick(SystemClock):
    """Waits for a hundredth of what it is asked to."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / 100)


@pytest.mark.asyncio
@pytest.mark.parametrize("code", list(examples()))
async def test_an_example_runs_as_it_stands(code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video, image = tmp_path / "in.mp4", tmp_path / "in.png"
    video.write_bytes(clip(seconds=0.4))
    image.write_bytes(picture())
    clock = Quick()
    async with (
        QueueStandIn(preview_width=96, clip_seconds=2.0, workers=1, start_worker=start_renderer) as standin,
        FalStandIn(preview_width=96, clip_seconds=2.0, workers=1, start_worker=start_renderer) as second,
        QueueClient(api_key=standin.api_key, base_url=standin.url, clock=clock) as queue,
        fal_client(second, clock) as fal,
    ):
        job = await queue.submit("lucy-2.5", prompt="in winter", data=video)
        async for _ in queue.watch(job.job_id):
            pass
        names = {
            "queue": queue, "fal": fal, "job": job, "video": video, "picture": image,
            "folder": tmp_path, "pause": clock.sleep,
        }  # fmt: skip
        made = compile(code, str(PAGE), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        running = eval(made, names)  # our own page
        if running is not None:
            await running
        assert all(call.status in EXPECTED for call in second.requests)
    assert "no video" not in capsys.readouterr().out


@pytest.mark.asyncio
async def test_what_is_held_in_memory_has_a_bound(tmp_path: Path) -> None:
    ready = tmp_path / "ready.mp4"
    ready.write_bytes(clip(seconds=0.4))
    async with (
        QueueStandIn(clip=ready) as standin,
        QueueClient(api_key=standin.api_key, base_url=standin.url) as queue,
    ):
        done = await queue.submit_and_poll("lucy-pro-t2v", prompt="a cat")
        assert isinstance(done, CompletedJob)
        assert (done.data, done.path) == (ready.read_bytes(), None)
        with pytest.raises(QueueResultError) as caught:
            await queue.result(done.job_id, max_bytes=100)
    assert caught.value.too_large
