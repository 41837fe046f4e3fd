"""The delivery ladder with small and very large results: as it is, made smaller, by a link, or a sentence."""

from __future__ import annotations

import re
import socket
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import av
import numpy as np
import pytest

from bot.app import App
from bot.chat.persistent import Verb
from sandbox.discord import Invocation
from sandbox.discord.permissions import VIEW_CHANNEL
from tests.end_to_end.bot_process import peak_bytes, running
from tests.end_to_end.conftest import PENDING_SECONDS, PROCESSING_SECONDS, Stage, text_of
from tests.end_to_end.test_forged import told_privately

Json = dict[str, Any]

LIMIT = 10_000_000
NOTHING_FITS = 15_000
"""A limit under which five seconds of video are not worth watching, but a still picture has room."""
MEMORY_SPARE = 24 * 1024**2
"""What a process may take more for 300 MB than for 60: far less than the difference."""


@pytest.fixture
def limited(stage: Stage) -> Stage:
    stage.discord.set_upload_limit(stage.discord.guild("Film Club"), LIMIT)
    return stage


async def deliver(stage: Stage, prompt: str) -> tuple[Invocation, Json]:
    asked = await stage.discord.member("Ada").slash("general", "t2v", prompt=prompt)
    await stage.see(asked, "pending")
    await stage.clock.advance(PENDING_SECONDS + PROCESSING_SECONDS)
    return asked, await stage.see(asked, "delivered")


async def size_of(stage: Stage, message: Json) -> int:
    """Bytes of the one attachment, which must be a video that plays."""
    [attachment] = message["attachments"]
    data = await stage.discord.download(attachment["url"])
    with av.open(BytesIO(data), "r") as video:
        assert video.streams.video[0].codec_context.pix_fmt == "yuv420p"
        assert next(video.decode(video=0)).width > 0
    return len(data)


def tiny_clip(path: Path) -> None:
    """About a kilobyte of video."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        stream = out.add_stream("libx264", rate=Fraction(10), options={"x264-params": "sei=0", "tune": "stillimage"})
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


@pytest.mark.asyncio
async def test_a_kilobyte_is_handed_over_as_it_is(limited: Stage, tmp_path: Path) -> None:
    clip = tmp_path / "tiny.mp4"
    tiny_clip(clip)
    limited.queue.clip = clip
    async with limited.clapper():
        _, message = await deliver(limited, "a dot")
        assert await size_of(limited, message) == clip.stat().st_size < 2048
        assert "smaller" not in text_of(message)


@pytest.mark.asyncio
async def test_what_just_fits_is_handed_over_as_it_is(limited: Stage) -> None:
    async with limited.clapper():
        _, message = await deliver(limited, "a cat [big 9.9]")
        assert await size_of(limited, message) == 9_900_000
        assert "smaller" not in text_of(message)


@pytest.mark.asyncio
@pytest.mark.parametrize(("megabytes", "was"), [("10.1", "9.6 MB"), ("60", "57.2 MB"), ("300", "286 MB")])
async def test_what_does_not_fit_is_made_smaller_and_says_so(limited: Stage, megabytes: str, was: str) -> None:
    async with limited.clapper():
        _, message = await deliver(limited, f"a cat [big {megabytes}]")
        assert await size_of(limited, message) <= LIMIT
        assert f"it was {was} and is" in text_of(message)


@pytest.mark.asyncio
async def test_a_promise_that_discord_does_not_keep_is_taken_a_rung_down(limited: Stage) -> None:
    limited.discord.faults.announce_bytes = 500 * 1024**2
    async with limited.clapper():
        _, message = await deliver(limited, "a cat [big 60]")
        assert await size_of(limited, message) <= LIMIT
        assert "it was 57.2 MB" in text_of(message)
        refused = [e for e in limited.discord.record if e.method == "PATCH" and e.status == 413]
        assert len(refused) == 1
        assert limited.discord.invalid_requests == 0


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def reachable(stage: Stage) -> None:
    """Have members reach Clapper's own server."""
    port = free_port()
    stage.changes |= {"http_port": port, "public_url": f"http://127.0.0.1:{port}"}
    stage.discord.set_upload_limit(stage.discord.guild("Film Club"), NOTHING_FITS)
    stage.queue.clip_seconds = 5.0


def address_in(message: Json) -> str:
    return text_of(message).split("[Watch or save it here](")[1].split(")")[0]


@pytest.mark.asyncio
async def test_what_can_not_be_made_to_fit_becomes_a_link_with_a_picture(stage: Stage) -> None:
    reachable(stage)
    async with stage.clapper() as app:
        _, message = await deliver(stage, "a cat [big 60]")
        assert "57.2 MB" in text_of(message)
        assert message["embeds"][0]["image"]
        async with aiohttp.ClientSession() as session, session.get(address_in(message)) as answer:
            video = await answer.read()
            assert answer.status == 200
            assert len(video) == 60_000_000
        with av.open(BytesIO(video), "r") as clip:
            assert next(clip.decode(video=0)).width > 0
        assert 'clapper_deliveries_total{rung="link"} 1.0' in app.metrics.page().decode()
        await check_id_opens_nothing_else(stage, app, address_in(message))


async def check_id_opens_nothing_else(stage: Stage, app: App, address: str) -> None:
    """Somebody of the same server was given the link, and does not see the channel of the video."""
    [job_id] = re.findall("[0-9a-f]{32}", address)
    before, grace = await app.parts.jobs.get(job_id), stage.discord.member("Grace")
    stage.discord.set_permissions(stage.discord.channel("general"), grace.user, deny=VIEW_CHANNEL)
    said = await grace.say("clips", "hello")
    for verb in Verb:
        pressed = await grace.press(said, f"clapper:{verb}:{job_id}", raw=True)
        assert "a cat" not in await told_privately(stage, pressed), verb
    assert await app.parts.jobs.get(job_id) == before
    assert await app.parts.jobs.of_user(int(grace.id)) == []


@pytest.mark.asyncio
async def test_where_there_are_no_links_it_says_so_in_a_sentence(stage: Stage) -> None:
    reachable(stage)
    stage.changes["public_url"] = ""
    async with stage.clapper():
        asked = await stage.discord.member("Ada").slash("general", "t2v", prompt="a cat [big 60]")
        await stage.see(asked, "pending")
        await stage.clock.advance(PENDING_SECONDS + PROCESSING_SECONDS)
        assert "more than Discord takes here" in text_of(await stage.see(asked, "failed"))


async def fetched_bytes(address: str) -> int:
    """How much the link gives, of which nothing is held."""
    size = 0
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        async for piece in answer.content.iter_chunked(1024**2):
            size += len(piece)
    return size


@pytest.mark.asyncio
async def test_three_hundred_megabytes_take_no_more_memory_than_sixty(stage: Stage) -> None:
    reachable(stage)
    guild = stage.discord.guild("Film Club")
    peaks = []
    async with running(stage) as process:
        for megabytes in (60, 300):
            stage.discord.set_upload_limit(guild, 400_000_000)
            _, message = await deliver(stage, f"as it is [big {megabytes}]")
            assert message["attachments"][0]["size"] == megabytes * 1_000_000
            stage.discord.set_upload_limit(guild, LIMIT)
            _, message = await deliver(stage, f"smaller [big {megabytes}]")
            assert message["attachments"][0]["size"] < LIMIT
            stage.discord.set_upload_limit(guild, NOTHING_FITS)
            _, message = await deliver(stage, f"linked [big {megabytes}]")
            assert await fetched_bytes(address_in(message)) == megabytes * 1_000_000
            peaks.append(peak_bytes(process))
    assert peaks[1] - peaks[0] < MEMORY_SPARE, peaks
