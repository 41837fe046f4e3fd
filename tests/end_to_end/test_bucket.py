"""Files in a bucket, on a real server that speaks S3: what is fetched, and what members are given."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from moto.server import ThreadedMotoServer

from tests.adapters.sandbox_material import picture
from tests.end_to_end.conftest import PENDING_SECONDS, PROCESSING_SECONDS, Stage, text_of

CAT = ("cat.png", picture(320, 200))
NOTHING_FITS = 15_000


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    endpoint = f"http://127.0.0.1:{port}"
    for name, value in {
        "AWS_ACCESS_KEY_ID": "a-key",
        "AWS_SECRET_ACCESS_KEY": "a-secret",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
    }.items():
        monkeypatch.setenv(name, value)
    with urllib.request.urlopen(urllib.request.Request(f"{endpoint}/videos", method="PUT")) as answer:
        assert answer.status == 200
    yield "s3://videos/of/clapper"
    server.stop()


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
