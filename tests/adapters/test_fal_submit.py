"""Submitting to fal.ai's queue, over real sockets: what is sent where, with the key or without, and never twice."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.errors import FileEmpty, QueueOutOfCreditsError
from bot.fal import FalClient, FalJob
from bot.queue import QueueInputError, QueueModelUnknownError, QueueSubmitError, Retry, Upload
from tests.adapters.fal_bench import KEY, T2V, clock, fal, fal_client, server, taken
from tests.adapters.queue_server import MP4, Answering, Recorded, Reply, ScriptedServer, hang_up
from tests.clock import ManualClock

__all__ = ["clock", "fal", "server"]

JPEG = b"\xff\xd8\xff\xe0" + bytes(100)
I2V = "fal-ai/veo3.1/lite/image-to-video"


def by_path(server: ScriptedServer, start: str) -> list[Recorded]:
    return [request for request in server.requests if request.raw_path.startswith(start)]


def offer_storage(server: ScriptedServer, *, upload: str = "/put/1?sig=a", file: str = "/files/1") -> None:
    place = Reply(json={"upload_url": server.url + upload, "file_url": server.url + file})
    server.on("POST", "/storage/upload/initiate", place)
    server.on("POST", "/storage/upload/initiate-multipart", place)
    server.on("PUT", upload.partition("?")[0], Reply())


@pytest.mark.asyncio
async def test_a_job_is_the_models_own_input_as_json_with_the_key_and_a_name_of_our_own(
    server: ScriptedServer, fal: FalClient
) -> None:
    server.on("POST", f"/{T2V}", taken(server))
    news = await fal.submit(T2V, {"prompt": "ein Kätzchen 🐈", "generate_audio": False, "duration": "8s"})
    assert (news.job, news.status, news.place) == (FalJob("fal-ai/veo3.1", "req-1"), "pending", 3)
    [request] = server.requests
    assert json.loads(request.body) == {"prompt": "ein Kätzchen 🐈", "generate_audio": False, "duration": "8s"}
    assert request.headers["Authorization"] == f"Key {KEY}"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"].startswith("Clapper/")
    assert not {"X-API-KEY", "Cookie", "X-Fal-Request-Timeout"} & set(request.headers)


@pytest.mark.asyncio
async def test_the_service_is_told_by_when_a_job_must_begin(server: ScriptedServer, fal: FalClient) -> None:
    server.on("POST", f"/{T2V}", taken(server))
    await fal.submit(T2V, {"prompt": "x"}, start_within=timedelta(minutes=15))
    assert server.requests[0].headers["X-Fal-Request-Timeout"] == "900"


@pytest.mark.asyncio
async def test_a_file_is_uploaded_without_the_key_and_its_address_goes_into_its_field(
    server: ScriptedServer, fal: FalClient, tmp_path: Path
) -> None:
    server.on("POST", f"/{I2V}", taken(server))
    offer_storage(server)
    (tmp_path / "кот.jpg").write_bytes(JPEG)
    await fal.submit(I2V, {"prompt": "snow"}, files={"image_url": tmp_path / "кот.jpg"})
    ask, put, submit = server.requests
    assert ask.raw_path == "/storage/upload/initiate?storage_type=fal-cdn-v3"
    assert ask.headers["Authorization"] == f"Key {KEY}"
    assert json.loads(ask.headers["X-Fal-Object-Lifecycle"]) == {"expiration_duration_seconds": 86400}
    assert json.loads(ask.body) == {"content_type": "image/jpeg", "file_name": "кот.jpg"}
    assert (put.method, put.raw_path, put.body) == ("PUT", "/put/1?sig=a", JPEG)
    assert (put.headers["Content-Type"], put.headers["Content-Length"]) == ("image/jpeg", str(len(JPEG)))
    assert "Authorization" not in put.headers
    assert json.loads(submit.body) == {"prompt": "snow", "image_url": f"{server.url}/files/1"}


@pytest.mark.asyncio
async def test_a_large_file_goes_in_parts_streamed_from_disk(
    server: ScriptedServer, fal: FalClient, tmp_path: Path
) -> None:
    ten_megabytes = 10 * 1024**2
    with (tmp_path / "in.mp4").open("wb") as file:
        file.write(MP4)
        file.seek(9 * ten_megabytes)
        file.write(b"the end")
    server.on("POST", f"/{I2V}", taken(server))
    offer_storage(server)
    for number in range(1, 10):
        server.on("PUT", f"/put/1/{number}", Reply(json={"partNumber": number, "etag": f"e{number}"}))
    server.on("PUT", "/put/1/10", Reply(503), Reply(headers={"ETag": "e10"}))
    server.on("POST", "/put/1/complete", Reply(json={}))
    await fal.submit(I2V, {"prompt": "snow"}, files={"video_url": tmp_path / "in.mp4"})
    assert by_path(server, "/storage")[0].raw_path.startswith("/storage/upload/initiate-multipart?")
    parts = [request for request in by_path(server, "/put/1/") if request.method == "PUT"]
    assert [part.raw_path for part in parts] == [f"/put/1/{number}?sig=a" for number in (*range(1, 11), 10)]
    assert {part.size for part in parts[:9]} == {ten_megabytes}
    assert parts[0].body.startswith(MP4)
    assert [part.body for part in parts[9:]] == [b"the end"] * 2
    complete = by_path(server, "/put/1/complete?sig=a")[0]
    etags = [{"partNumber": number, "etag": f"e{number}"} for number in range(1, 11)]
    assert json.loads(complete.body) == {"parts": etags}
    assert all("Authorization" not in request.headers for request in [*parts, complete])
    assert max(part.largest_chunk for part in parts) < ten_megabytes


@pytest.mark.asyncio
async def test_an_upload_is_tried_again_for_it_costs_nothing(server: ScriptedServer, fal: FalClient) -> None:
    server.on("POST", f"/{I2V}", taken(server))
    offer_storage(server)
    server.on("POST", "/storage/upload/initiate", hang_up, Reply(500), Reply(body=b"<html>"), Reply(
        json={"upload_url": f"{server.url}/put/1?sig=a", "file_url": f"{server.url}/files/1"}
    ))  # fmt: skip
    server.on("PUT", "/put/1", hang_up, Reply(503, headers={"Retry-After": "3"}), Reply())
    await fal.submit(I2V, {"prompt": "x"}, files={"image_url": Upload(io.BytesIO(JPEG), "a.jpg")})
    assert [request.body for request in by_path(server, "/put/1")][1:] == [JPEG, JPEG]
    assert server.count("POST", f"/{I2V}") == 1


@pytest.mark.asyncio
async def test_an_upload_whose_connection_breaks_is_sent_as_often_as_was_said(
    server: ScriptedServer, clock: ManualClock
) -> None:
    offer_storage(server)
    server.on("PUT", "/put/1", hang_up)
    async with fal_client(server.url, clock, retry=Retry(attempts=1, submit_attempts=1)) as fal:
        with pytest.raises(QueueSubmitError) as caught:
            await fal.submit(I2V, {"prompt": "x"}, files={"image_url": Upload(io.BytesIO(JPEG), "a.jpg")})
    assert caught.value.taken is False
    assert len(by_path(server, "/put/1")) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("place", "status"),
    [
        ({"upload_url": "https://elsewhere.example/put", "file_url": "{}/files/1"}, 200),
        ({"upload_url": "{}/put/1", "file_url": "https://elsewhere.example/f"}, 200),
        ({"upload_url": "http://localhost/put/1", "file_url": "{}/files/1"}, 200),
        ({"upload_url": "file:///etc/passwd", "file_url": "{}/files/1"}, 200),
        ({"detail": "Forbidden"}, 403),
        ({"detail": "gone"}, 307),
    ],
)
async def test_a_file_goes_to_the_listed_hosts_alone_and_no_job_is_made_where_it_can_not(
    server: ScriptedServer, fal: FalClient, place: dict[str, str], status: int
) -> None:
    answer = {name: text.format(server.url) for name, text in place.items()}
    server.on("POST", "/storage/upload/initiate", Reply(status, json=answer))
    with pytest.raises(QueueSubmitError) as caught:
        await fal.submit(I2V, {"prompt": "x"}, files={"image_url": io.BytesIO(JPEG)})
    assert caught.value.taken is False
    assert [request.method for request in server.requests] == ["POST"]


@pytest.mark.asyncio
@pytest.mark.parametrize("answer", [Reply(429), Reply(503, headers={"Retry-After": "2"})])
async def test_a_job_that_was_not_taken_is_sent_again(
    server: ScriptedServer, fal: FalClient, clock: ManualClock, answer: Reply
) -> None:
    server.on("POST", f"/{T2V}", answer, answer, taken(server))
    await fal.submit(T2V, {"prompt": "x"})
    assert server.count("POST", f"/{T2V}") == 3
    assert all(seconds >= (2 if answer.status == 503 else 0) for seconds in clock.slept)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "answer",
    [
        hang_up,
        Reply(500),
        Reply(502),
        Reply(504),
        Reply(409),
        Reply(499),
        Reply(307, headers={"Location": "http://127.0.0.1:9/"}),
        Reply(json={"status": "IN_QUEUE"}),
        Reply(body=b"<html>"),
        Reply(json=None, body=b"null"),
        Reply(json={"request_id": ".."}),
        Reply(json={"request_id": "a\0b"}),
        Reply(json={"request_id": "\ud800"}),
        Reply(json={"request_id": "x" * 3000}),
    ],
)
async def test_a_job_that_may_have_arrived_is_never_sent_again(
    server: ScriptedServer, fal: FalClient, answer: Answering
) -> None:
    server.on("POST", f"/{T2V}", answer, taken(server))
    with pytest.raises(QueueSubmitError) as caught:
        await fal.submit(T2V, {"prompt": "x"})
    assert caught.value.taken is None
    assert server.count("POST", f"/{T2V}") == 1


@pytest.mark.asyncio
async def test_a_service_that_is_not_there_took_no_job(clock: ManualClock) -> None:
    async with ScriptedServer() as gone:
        url = gone.url
    async with fal_client(url, clock, retry=Retry(submit_attempts=2)) as fal:
        with pytest.raises(QueueSubmitError) as caught:
            await fal.submit(T2V, {"prompt": "x"})
    assert (caught.value.taken, caught.value.may_pass, caught.value.http_status) == (False, True, None)
    assert len(clock.slept) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, {"detail": 'Application "veo9" not found'}, QueueModelUnknownError),
        (405, {"detail": "Method Not Allowed"}, QueueModelUnknownError),
        (403, {"detail": "User is locked. Reason: Exhausted balance. Top up."}, QueueOutOfCreditsError),
        (402, {"detail": "Payment required"}, QueueOutOfCreditsError),
        (401, {"detail": "Cannot access application"}, QueueSubmitError),
        (403, {"detail": "Forbidden"}, QueueSubmitError),
        (404, None, QueueSubmitError),
        (
            422,
            {"detail": [{"loc": ["body", "prompt"], "msg": "too long", "type": "sequence_too_long"}]},
            QueueSubmitError,
        ),
    ],
)
async def test_a_refusal_is_told_by_its_kind(
    server: ScriptedServer, fal: FalClient, status: int, body: Any, kind: type[QueueSubmitError]
) -> None:
    server.on("POST", f"/{T2V}", Reply(status, json=body, body=b"<html>not found"))
    with pytest.raises(QueueSubmitError) as caught:
        await fal.submit(T2V, {"prompt": "x"})
    error = caught.value
    assert (type(error), error.taken, error.http_status) == (kind, False, status)
    assert error.problem == ("sequence_too_long" if status == 422 else None)
    assert server.count("POST", f"/{T2V}") == 1
    assert KEY not in str(error)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("addresses", "job"),
    [
        ({"status_url": "https://evil.example/fal-ai/veo3.1/requests/req-1/status"}, "fal-ai/veo3.1/requests/req-1"),
        ({"status_url": "{}/other/app/requests/req-1/status"}, "other/app/requests/req-1"),
        ({"status_url": "{}/other/app/requests/somebody-elses/status"}, "fal-ai/veo3.1/requests/req-1"),
        ({"status_url": "{}/other/../app/requests/req-1/status"}, "fal-ai/veo3.1/requests/req-1"),
        ({"status_url": "{}/other/app/requests/req-1/status?token=1"}, "fal-ai/veo3.1/requests/req-1"),
        ({"status_url": 7}, "fal-ai/veo3.1/requests/req-1"),
        ({"response_url": "{}/fal-ai/veo3.1/requests/req-1/response"}, "fal-ai/veo3.1/requests/req-1/response"),
        ({"response_url": "{}0/fal-ai/veo3.1/requests/req-1/response"}, "fal-ai/veo3.1/requests/req-1"),
    ],
)
async def test_the_services_own_addresses_are_followed_below_its_base_alone(
    server: ScriptedServer, fal: FalClient, addresses: dict[str, Any], job: str
) -> None:
    said = {name: url.format(server.url) if isinstance(url, str) else url for name, url in addresses.items()}
    server.on("POST", f"/{T2V}", taken(server, **said))
    assert str((await fal.submit(T2V, {"prompt": "x"})).job) == job


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "endpoint", ["veo3", "", "/fal-ai/veo3", "fal-ai/../x", "fal-ai/veo3?x=1", "a b/c", "fal-ai//x"]
)
async def test_what_is_no_endpoint_is_refused(server: ScriptedServer, fal: FalClient, endpoint: str) -> None:
    with pytest.raises(QueueInputError):
        await fal.submit(endpoint, {"prompt": "x"})
    assert server.requests == []


@pytest.mark.asyncio
async def test_an_empty_file_and_an_input_that_is_no_json_are_refused_before_anything_is_sent(
    server: ScriptedServer, fal: FalClient, tmp_path: Path
) -> None:
    (tmp_path / "good.jpg").write_bytes(JPEG)
    with pytest.raises(QueueInputError) as caught:
        await fal.submit(I2V, {}, files={"image_url": tmp_path / "good.jpg", "end_image_url": io.BytesIO()})
    assert isinstance(caught.value.__cause__, FileEmpty)
    for bad in ({"seed": float("nan")}, {"prompt": "\ud800"}, {"x": object()}):
        with pytest.raises(QueueInputError):
            await fal.submit(I2V, bad, files={"image_url": tmp_path / "good.jpg"})
    assert server.requests == []


@pytest.mark.parametrize("key", ["", "a b", "ключ", "a\nb"])
def test_a_key_that_can_not_be_one_is_refused(key: str) -> None:
    with pytest.raises(QueueInputError):
        FalClient(key=key)


@pytest.mark.parametrize("base", ["ftp://x", "queue.fal.run", "https://", "https://x?y", "https://u@x", "https://x:0"])
def test_an_address_that_can_not_be_one_is_refused(base: str) -> None:
    with pytest.raises(QueueInputError):
        FalClient(key=KEY, base_url=base)
    with pytest.raises(QueueInputError):
        FalClient(key=KEY, rest_url=base)
