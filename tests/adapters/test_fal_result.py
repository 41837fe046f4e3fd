"""Fetching results from fal.ai's queue, over real sockets: the model's own errors, and the video from its host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.errors import (
    QueueError,
    QueueJobFailedError,
    QueueJobNotFoundError,
    QueueModelUnknownError,
    QueueResultError,
)
from bot.fal import FalClient, FalJob
from bot.fal.addresses import MediaHosts
from tests.adapters.fal_bench import AT, JOB, KEY, VIDEO, clock, fal, fal_client, server, video_at
from tests.adapters.queue_server import MP4, Answering, Reply, ScriptedServer, hang_up
from tests.clock import ManualClock

__all__ = ["clock", "fal", "server"]

FILE = "/files/b/1/out.mp4"


@pytest.mark.asyncio
async def test_the_video_comes_from_its_host_without_the_key(
    server: ScriptedServer, fal: FalClient, tmp_path: Path
) -> None:
    server.on("GET", AT, video_at(server, file_size=len(MP4)))
    server.on("GET", FILE, VIDEO)
    result = await fal.result(JOB, tmp_path / "out.mp4")
    assert (result.path.read_bytes(), result.billed_units, result.seed) == (MP4, 8.0, 7)
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]
    ask, fetch = server.requests
    assert ask.headers["Authorization"] == f"Key {KEY}"
    assert "Authorization" not in fetch.headers
    assert fetch.headers["Accept-Encoding"] == "identity"


@pytest.mark.asyncio
async def test_older_models_name_the_video_in_words_alone(
    server: ScriptedServer, fal: FalClient, tmp_path: Path
) -> None:
    server.on("GET", AT, Reply(json={"video": server.url + FILE}))
    server.on("GET", FILE, VIDEO)
    result = await fal.result(JOB, tmp_path / "out.mp4")
    assert (result.path.read_bytes(), result.billed_units, result.seed) == (MP4, None, None)


@pytest.mark.asyncio
async def test_the_longer_address_is_asked_where_the_service_named_it(
    server: ScriptedServer, fal: FalClient, tmp_path: Path
) -> None:
    server.on("GET", f"{AT}/response", video_at(server))
    server.on("GET", FILE, VIDEO)
    await fal.result(FalJob(JOB.app, JOB.request_id, response=True), tmp_path / "out.mp4")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("status", "body", "problem", "reason"),
    [
        (422, {"detail": [{"loc": ["body", "prompt"], "msg": "flagged", "type": "content_policy_violation"}]},
         "content_policy_violation", "prompt: flagged"),
        (422, {"detail": "no cats today"}, None, "no cats today"),
        (400, {"detail": "bad", "error_type": "bad_request"}, "bad_request", "bad"),
        (499, {"detail": "stopped", "error_type": "client_cancelled"}, "client_cancelled", "stopped"),
        (403, {"detail": [{"msg": "not for you", "type": "feature_not_supported"}]}, "feature_not_supported",
         "not for you"),
    ],
)  # fmt: skip
async def test_a_models_own_error_is_the_jobs_end_and_asked_for_once(
    server: ScriptedServer, fal: FalClient, tmp_path: Path, status: int, body: Any, problem: str | None, reason: str
) -> None:
    server.on("GET", AT, Reply(status, json=body))
    with pytest.raises(QueueJobFailedError) as caught:
        await fal.result(JOB, tmp_path / "out.mp4")
    error = caught.value
    assert (error.http_status, error.problem, error.reason, error.job_id) == (status, problem, reason, str(JOB))
    assert len(server.requests) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("headers", "asked"), [({}, 5), ({"X-Fal-Needs-Retry": "0"}, 1), ({"X-Fal-Retryable": "false"}, 1)]
)
async def test_a_servers_error_that_may_be_the_jobs_is_asked_for_a_few_times(
    server: ScriptedServer, fal: FalClient, tmp_path: Path, headers: dict[str, str], asked: int
) -> None:
    body = {"detail": "Runner went away", "error_type": "runner_disconnected"}
    server.on("GET", AT, Reply(503, json=body, headers=headers))
    with pytest.raises(QueueJobFailedError):
        await fal.result(JOB, tmp_path / "out.mp4")
    assert len(server.requests) == asked


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Reply(404, json={"status": "NOT_FOUND"}), QueueJobNotFoundError),
        (Reply(404, json={"detail": "Path /fast/nothing not found"}), QueueModelUnknownError),
        (Reply(401, json={"detail": "Cannot access application"}), QueueResultError),
        (Reply(500), QueueResultError),
        (Reply(400, json={"detail": "Request is still in progress"}), QueueResultError),
        (Reply(json={"images": []}), QueueResultError),
        (Reply(json={"video": None}), QueueResultError),
        (Reply(json={"video": {"url": 7}}), QueueResultError),
        (Reply(body=b"<html>"), QueueResultError),
        (Reply(307, headers={"Location": "http://127.0.0.1:9/"}), QueueResultError),
    ],
)
async def test_a_result_that_can_not_be_had_is_told_by_its_kind(
    server: ScriptedServer, fal: FalClient, tmp_path: Path, answer: Answering, kind: type[QueueError]
) -> None:
    server.on("GET", AT, answer)
    with pytest.raises(QueueError) as caught:
        await fal.result(JOB, tmp_path / "out.mp4")
    assert type(caught.value) is kind
    assert list(tmp_path.iterdir()) == []


@pytest.mark.asyncio
async def test_what_may_pass_is_asked_again(server: ScriptedServer, fal: FalClient, tmp_path: Path) -> None:
    still = Reply(400, json={"detail": "Request is still in progress"})
    server.on("GET", AT, Reply(500), still, hang_up, video_at(server, file_size=len(MP4)))
    server.on("GET", FILE, Reply(503), hang_up, Reply(body=MP4[:20], headers={"Content-Type": "video/mp4"}), VIDEO)
    result = await fal.result(JOB, tmp_path / "out.mp4")
    assert result.path.read_bytes() == MP4


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/out.mp4",
        "http://127.0.0.1:1/out.mp4",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "data:video/mp4;base64,AAAA",
        "//v3.fal.media/out.mp4",
        "https://v3.fal.media@elsewhere.example/out.mp4",
        "http://v3.fal.media/out.mp4",
    ],
)
async def test_a_video_on_any_other_host_is_not_fetched(
    server: ScriptedServer, fal: FalClient, tmp_path: Path, url: str
) -> None:
    server.on("GET", AT, Reply(json={"video": {"url": url}}))
    with pytest.raises(QueueResultError, match="media hosts"):
        await fal.result(JOB, tmp_path / "out.mp4")
    assert len(server.requests) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Reply(403, body=b"<xml>AccessDenied"), QueueJobNotFoundError),
        (Reply(404), QueueJobNotFoundError),
        (Reply(410), QueueJobNotFoundError),
        (Reply(302, headers={"Location": "http://127.0.0.1:9/"}), QueueResultError),
        (Reply(json={"status": "COMPLETED"}), QueueResultError),
        (Reply(headers={"Content-Type": "video/mp4"}), QueueResultError),
        (Reply(body=b"<html>sorry</html>", headers={"Content-Type": "video/mp4"}), QueueResultError),
    ],
)
async def test_what_is_no_video_leaves_nothing_behind(
    server: ScriptedServer, fal: FalClient, tmp_path: Path, answer: Answering, kind: type[QueueError]
) -> None:
    server.on("GET", AT, video_at(server))
    server.on("GET", FILE, answer)
    with pytest.raises(QueueError) as caught:
        await fal.result(JOB, tmp_path / "out.mp4")
    assert type(caught.value) is kind
    assert list(tmp_path.iterdir()) == []


@pytest.mark.asyncio
@pytest.mark.parametrize("said", [{"file_size": 5000}, {}])
async def test_a_video_over_the_cap_is_not_kept(
    server: ScriptedServer, fal: FalClient, tmp_path: Path, said: dict[str, Any]
) -> None:
    server.on("GET", AT, video_at(server, **said))
    server.on("GET", FILE, VIDEO)
    with pytest.raises(QueueResultError) as caught:
        await fal.result(JOB, tmp_path / "out.mp4", max_bytes=len(MP4) - 1)
    assert caught.value.too_large
    assert len(server.requests) == (1 if said else 2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("https://v3.fal.media/files/a.mp4", True),
        ("https://v3b.fal.media/files/b/a.mp4", True),
        ("https://fal.media/a.mp4", True),
        ("https://storage.googleapis.com/x/a.mp4", True),
        ("https://V3.FAL.MEDIA/a.mp4", True),
        ("https://evilfal.media/a.mp4", False),
        ("https://fal.media.evil.example/a.mp4", False),
        ("https://v3.fal.media:8443/a.mp4", False),
        ("https://v3.fal.media:99999/a.mp4", False),
        ("http://v3.fal.media/a.mp4", False),
        ("https://user:pass@v3.fal.media/a.mp4", False),
        ("https://[::1/a.mp4", False),
        ("https://v3.fal.media/a\r\nX: y", False),
        ("ftp://v3.fal.media/a.mp4", False),
        ("", False),
        ("data:video/mp4;base64,AAAA", False),
        ("file:///etc/passwd", False),
        ("ftp://v3.fal.media/a", False),
        ("https://169.254.169.254/latest", False),
        ("https://.fal.media/a", False),
        ("https://a..fal.media/a", False),
        (f"https://{'a' * 64}.fal.media/a", False),
        ("https://bücher.fal.media/a", False),
        ("https://v3.fal.media\\@elsewhere.example/a", False),
    ],
)
def test_media_hosts_are_the_listed_ones_over_https(address: str, allowed: bool) -> None:
    assert MediaHosts([".fal.media", "storage.googleapis.com"]).allowed(address) is allowed


@pytest.mark.asyncio
async def test_a_listed_name_that_leads_to_this_machine_is_not_asked(
    server: ScriptedServer, clock: ManualClock, tmp_path: Path
) -> None:
    server.on("GET", AT, Reply(json={"video": {"url": "https://localhost/out.mp4"}}))
    async with fal_client(server.url, clock, media_hosts=["localhost"]) as fal:
        with pytest.raises(QueueResultError, match="localhost has no public address") as caught:
            await fal.result(JOB, tmp_path / "out.mp4")
    assert caught.value.job_id == str(JOB)


def test_plain_http_is_for_a_listed_loopback_address_with_its_port() -> None:
    hosts = MediaHosts(["127.0.0.1:8000", "example.org:8000", "[::1]:8000"])
    assert hosts.allowed("http://[::1]:8000/a")
    assert not hosts.allowed("http://[::1]:8001/a")
    assert hosts.listed_with_port == {"127.0.0.1", "example.org", "[::1]"}
    assert hosts.allowed("http://127.0.0.1:8000/a")
    assert hosts.allowed("https://example.org:8000/a")
    assert not hosts.allowed("http://127.0.0.1:8001/a")
    assert not hosts.allowed("http://example.org:8000/a")
