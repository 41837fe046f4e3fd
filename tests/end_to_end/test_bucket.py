"""Files in a bucket, on a real server that speaks S3: what is fetched, what members are given, and its outages."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from tests.adapters.s3 import S3Server, s3_server
from tests.adapters.sandbox_material import picture
from tests.end_to_end.conftest import PENDING_SECONDS, PROCESSING_SECONDS, Stage, text_of
from tests.fleet import until

CAT = ("cat.png", picture(320, 200))
NOTHING_FITS = 15_000


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[S3Server, str]]:
    with s3_server(monkeypatch) as found:
        yield found


@pytest.fixture
def bucket(server: tuple[S3Server, str]) -> str:
    return server[1]


@pytest.mark.asyncio
async def test_what_does_not_fit_becomes_a_link_into_the_bucket(stage: Stage, bucket: str) -> None:
    stage.changes |= {"files_url": bucket, "keep_results_hours": 24 * 30}
    stage.discord.set_upload_limit(stage.discord.guild("Film Club"), NOTHING_FITS)
    stage.queue.clip_seconds = 5.0
    async with stage.clapper():
        asked = await stage.discord.member("Ada").slash("general", "t2v", prompt="a cat [big 20]")
        await stage.see(asked, "pending")
        await stage.clock.advance(PENDING_SECONDS + PROCESSING_SECONDS)
        message = await stage.see(asked, "delivered")
    assert message["embeds"][0]["image"]
    address = text_of(message).split("[Watch or save it here](")[1].split(")")[0]
    signed = parse_qs(urlsplit(address).query)
    assert signed["X-Amz-Expires"] == [str(7 * 24 * 3600)], "S3 signs for no longer"
    assert signed["X-Amz-Signature"]
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "video/mp4"
        assert len(await answer.read()) == 20_000_000


@pytest.mark.asyncio
async def test_a_job_with_a_picture_goes_through_the_bucket_and_leaves_nothing_on_the_disk(
    stage: Stage, bucket: str
) -> None:
    stage.changes["files_url"] = bucket
    async with stage.clapper():
        asked = await stage.discord.member("Ada").slash("general", "animate", prompt="snow", files={"image": CAT})
        assert len((await stage.see_through(asked))["attachments"]) == 1
    assert not (stage.folder / "files").exists()


@pytest.mark.asyncio
async def test_a_video_that_cannot_be_stored_reaches_its_member_all_the_same(
    stage: Stage, server: tuple[S3Server, str]
) -> None:
    s3, stage.changes["files_url"] = server
    async with stage.clapper() as app:
        asked = await stage.discord.member("Ada").slash("general", "t2v", prompt="a cat")
        await stage.see(asked, "pending")
        s3.stop()
        await stage.clock.advance(PENDING_SECONDS + PROCESSING_SECONDS)
        assert len((await stage.see(asked, "delivered"))["attachments"]) == 1
        s3.start()
        [job] = (await app.parts.services.own_jobs.page(int(stage.discord.member("Ada").id), 0, size=5)).jobs
        assert (job.failure, job.result) == (None, None)


@pytest.mark.asyncio
async def test_inputs_that_cannot_be_stored_wait_until_they_can(
    stage: Stage, server: tuple[S3Server, str], caplog: pytest.LogCaptureFixture
) -> None:
    s3, stage.changes["files_url"] = server
    async with stage.clapper():
        s3.stop()
        asked = await stage.discord.member("Ada").slash("general", "animate", prompt="snow", files={"image": CAT})
        await stage.see(asked, "accepted")
        await until(lambda: any("is run again in" in line for line in caplog.messages))
        assert stage.queue.submits == []
        s3.start()
        assert len((await stage.see_through(asked))["attachments"]) == 1
        assert len(stage.queue.submits) == 1
