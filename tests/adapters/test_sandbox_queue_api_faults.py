"""Each misbehaviour of the stand-in, once over the wire: asked for by code, and by the words in a prompt."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
import pytest_asyncio
from yarl import URL

from sandbox.queue_api import EVER, Fault, QueueStandIn
from sandbox.queue_api.faults import read_words
from tests.adapters.sandbox_material import Caller, clip
from tests.clock import ManualClock

pytestmark = pytest.mark.xdist_group("faults")  # its stand-in is started once

READY = clip(seconds=0.4)
CLOCK = ManualClock(auto=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Caller]:
    ready = Path(tmp_path_factory.mktemp("ready")) / "ready.mp4"
    ready.write_bytes(READY)
    async with QueueStandIn(clip=ready, clock=CLOCK) as standin, aiohttp.ClientSession() as session:
        yield Caller(standin, session)


@pytest_asyncio.fixture(loop_scope="module")
async def caller(shared: Caller) -> Caller:
    """The stand-in with nothing wrong, and no memory of other tests."""
    standin = shared.standin
    standin.faults.clear()
    standin.faults.fired.clear()
    standin.jobs.clear()
    standin.requests.clear()
    return shared


async def fetch(caller: Caller, path: str) -> tuple[int, str, bytes]:
    """Status, content type and bytes; not following redirects."""
    url = f"{caller.standin.url}/v1/jobs/{path}"
    async with caller.session.get(url, headers=caller.headers, allow_redirects=False) as response:
        return response.status, response.content_type, await response.read()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("on", ["submit", "status", "content"])
@pytest.mark.parametrize("code", [400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504])
async def test_any_call_can_be_answered_with_any_status(caller: Caller, on: Any, code: int) -> None:
    job_id = await caller.taken("lucy-pro-t2v", {"prompt": "a cat"})
    caller.standin.faults.add(Fault(on=on, kind="code", code=code))
    path = {"status": job_id, "content": f"{job_id}/content"}
    status, said = await (caller.submit("lucy-pro-t2v", {"prompt": "b"}) if on == "submit" else caller.get(path[on]))
    assert status == code
    assert isinstance(said["detail"], str)
    assert len(caller.standin.jobs) == 1
    assert caller.standin.faults.fired[0][0].code == code
    assert (await caller.get(job_id))[0] == 200


@pytest.mark.asyncio(loop_scope="module")
async def test_retry_after_and_bodies_are_as_asked(caller: Caller) -> None:
    url = f"{caller.standin.url}/v1/jobs/lucy-pro-t2v"
    wanted: list[tuple[Any, str, str]] = [
        (None, "application/json", '{"detail": "Too many requests"}'),
        ({"error": "slow down"}, "application/json", '{"error": "slow down"}'),
        ("slow down", "text/plain", "slow down"),
        ("<html>slow</html>", "text/html", "<html>slow</html>"),
    ]
    for body, kind, text in wanted:
        fault = Fault(on="submit", kind="code", code=429, retry_after=1.5, body=body, early=True)
        caller.standin.faults.add(fault)
        async with caller.session.post(url, data={"prompt": "x"}, headers=caller.headers) as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "1.5")
            assert (response.content_type, await response.text()) == (kind, text)
    caller.standin.faults.add(Fault(on="submit", kind="code", retry_after="Sun, 22 Nov 2026 12:00:09 GMT"))
    async with caller.session.post(url, data={"prompt": "x"}, headers=caller.headers) as response:
        assert response.headers["Retry-After"] == "Sun, 22 Nov 2026 12:00:09 GMT"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("taken", "early", "jobs"), [(False, False, 0), (False, True, 0), (True, False, 1)])
async def test_a_submits_connection_can_be_cut_before_or_after_the_job_is_taken(
    caller: Caller, taken: bool, early: bool, jobs: int
) -> None:
    caller.standin.faults.add(Fault(on="submit", kind="reset", taken=taken, early=early))
    with pytest.raises(aiohttp.ClientConnectionError):
        await caller.submit("lucy-pro-t2v", {"prompt": "a cat"})
    assert (len(caller.standin.jobs), len(caller.standin.submits)) == (jobs, 1)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_job_can_be_taken_and_its_answer_spoilt(caller: Caller) -> None:
    caller.standin.faults.add(Fault(on="submit", kind="code", code=502, taken=True))
    assert (await caller.submit("lucy-pro-t2v", {"prompt": "a cat"}))[0] == 502
    assert len(caller.standin.jobs) == 1


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("on", ["status", "content"])
async def test_a_read_can_be_cut(caller: Caller, on: Any) -> None:
    job_id = await caller.taken("lucy-pro-t2v", {"prompt": "a cat"})
    caller.standin.faults.add(Fault(on=on, kind="reset", job=job_id, times=EVER))
    with pytest.raises(aiohttp.ClientConnectionError):
        await fetch(caller, job_id if on == "status" else f"{job_id}/content")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("html", ("text/html", b"<!DOCTYPE html>")),
        ("text", ("text/plain", b"upstream")),
        ("null", ("application/json", b"null")),
        ("nothing", ("application/json", b"")),
        ("odd", ("application/json", b'"status": "warming_up"')),
    ],
)
@pytest.mark.parametrize("on", ["submit", "status"])
async def test_a_document_can_be_something_else(
    caller: Caller, on: Any, kind: Any, expected: tuple[str, bytes]
) -> None:
    if on == "submit":
        caller.standin.faults.add(Fault(on=on, kind=kind, taken=True))
        url = f"{caller.standin.url}/v1/jobs/lucy-pro-t2v"
        async with caller.session.post(url, data={"prompt": "x"}, headers=caller.headers) as response:
            status, content_type, data = response.status, response.content_type, await response.read()
    else:
        job_id = await caller.taken("lucy-pro-t2v", {"prompt": "a cat"})
        caller.standin.faults.add(Fault(on=on, kind=kind, job=job_id))
        status, content_type, data = await fetch(caller, job_id)
    assert (status, content_type) == (200, expected[0])
    assert expected[1] in data
    assert bool(data) == bool(expected[1])


@pytest.mark.asyncio(loop_scope="module")
async def test_a_result_can_be_something_else(caller: Caller) -> None:
    path = await caller.taken("lucy-pro-t2v", {"prompt": "a cat"}) + "/content"
    caller.standin.faults.add(
        Fault(on="content", kind="corrupt"),
        Fault(on="content", kind="json"),
        Fault(on="content", kind="nothing"),
        Fault(on="content", kind="wrong_type"),
        Fault(on="content", kind="redirect", location="http://127.0.0.1:9/elsewhere"),
    )
    status, kind, data = await fetch(caller, path)
    assert (status, kind, len(data)) == (200, "video/mp4", len(READY))
    assert b"ftyp" not in data[:12]
    assert (await fetch(caller, path))[1] == "application/json"
    assert await fetch(caller, path) == (200, "video/mp4", b"")
    assert await fetch(caller, path) == (200, "text/plain", READY)
    assert (await fetch(caller, path))[0] == 307
    assert await fetch(caller, path) == (200, "video/mp4", READY)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_result_can_break_off_or_come_without_a_length(caller: Caller) -> None:
    job_id = await caller.taken("lucy-pro-t2v", {"prompt": "a cat"})
    caller.standin.faults.add(Fault(on="content", kind="truncate"), Fault(on="content", kind="chunked"))
    with pytest.raises(aiohttp.ClientPayloadError):
        await fetch(caller, f"{job_id}/content")
    url = f"{caller.standin.url}/v1/jobs/{job_id}/content"
    async with caller.session.get(url, headers=caller.headers) as response:
        assert response.content_length is None
        assert await response.read() == READY


@pytest.mark.asyncio(loop_scope="module")
async def test_a_result_can_come_slowly_by_the_clock(caller: Caller) -> None:
    job_id = await caller.taken("lucy-pro-t2v", {"prompt": "a cat"})
    before = CLOCK.monotonic()
    caller.standin.faults.add(Fault(on="content", kind="drip", bytes_per_second=500))
    assert (await fetch(caller, f"{job_id}/content"))[2] == READY
    assert CLOCK.monotonic() - before == pytest.approx(len(READY) / 500, rel=0.05)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_result_can_stop_coming(caller: Caller) -> None:
    job_id = await caller.taken("lucy-pro-t2v", {"prompt": "a cat"})
    caller.standin.faults.add(Fault(on="content", kind="stall"))
    url = f"{caller.standin.url}/v1/jobs/{job_id}/content"
    async with caller.session.get(url, headers=caller.headers) as response:
        assert await response.content.readexactly(len(READY) // 2) == READY[: len(READY) // 2]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(response.content.readany(), 0.05)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_job_fails_with_its_reason_under_any_of_the_keys(caller: Caller) -> None:
    for key in ("error", "message", "detail", "failure_reason"):
        job_id = await caller.taken("lucy-pro-t2v", {"prompt": f"[fail {key}: no cats: today]"})
        assert (await caller.get(job_id))[1] == {"job_id": job_id, "status": "failed", key: "no cats: today"}
        assert (await caller.get(f"{job_id}/content"))[0] == 409
    caller.standin.faults.add(Fault(on="job", kind="fail", reason={"code": 7}, model="lucy-pro-t2v"))
    job_id = await caller.taken("lucy-pro-t2v", {"prompt": "a cat"})
    assert (await caller.get(job_id))[1]["error"] == {"code": 7}


@pytest.mark.asyncio(loop_scope="module")
async def test_words_make_a_job_slow_endless_or_gone(caller: Caller) -> None:
    slow = await caller.taken("lucy-pro-t2v", {"prompt": "[wait 5] and [slow 30]"})
    never = await caller.taken("lucy-pro-t2v", {"prompt": "[never]"})
    late = await caller.taken("lucy-pro-t2v", {"prompt": "[timeout]"})
    gone = await caller.taken("lucy-pro-t2v", {"prompt": "[expire]"})
    assert [(await caller.get(job))[1]["status"] for job in (slow, gone)] == ["pending", "completed"]
    assert (await caller.get(gone))[0] == (await caller.get(f"{gone}/content"))[0] == 404
    await CLOCK.advance(34)
    assert (await caller.get(slow))[1]["status"] == "processing"
    await CLOCK.advance(1)
    assert (await caller.get(slow))[1]["status"] == "completed"
    await CLOCK.advance(3000)
    assert [(await caller.get(job))[1]["status"] for job in (never, late)] == ["processing", "failed"]


@pytest.mark.asyncio(loop_scope="module")
async def test_words_answer_calls_as_often_as_they_say(caller: Caller) -> None:
    prompt = {"prompt": "[status 429 x2 after 3] [poll 500 x1] [result 503 x1]"}
    assert [(await caller.submit("lucy-pro-t2v", prompt))[0] for _ in range(2)] == [429, 429]
    job_id = await caller.taken("lucy-pro-t2v", prompt)
    assert [(await caller.get(job_id))[0] for _ in range(2)] == [500, 200]
    assert (await caller.get(f"{job_id}/content"))[0] == 503
    assert await caller.result(job_id) == READY
    for _ in range(3):
        assert (await caller.submit("lucy-pro-t2v", {"prompt": "[status 402]"}))[0] == 402


def test_every_word_of_the_table_is_understood() -> None:
    words = "fail: why|fail message: why|fail|slow 30|wait 0.5|never|timeout|expire|big 60|heavy 60|odd id|status 429|"
    words += "status 429 x2 after 3|poll 500 x3|result 503 x2|reset before|reset after|reset poll|reset result|html|"
    words += "null|odd|nothing|truncate|corrupt|json|empty|drip 1000|stall"
    for word in words.split("|"):
        assert len(read_words(f"a cat [{word}] on a mat")) == 1, word
    assert read_words("a [red] cat, [status 999], [slow] and [ ]") == []


@pytest.mark.asyncio(loop_scope="module")
async def test_an_odd_id_is_reached_only_by_its_escaped_path(caller: Caller) -> None:
    job_id = await caller.taken("lucy-pro-t2v", {"prompt": "[odd id] [html]"})
    assert {"/", "?", " ", "#", "%"} <= set(job_id)
    url = f"{caller.standin.url}/v1/jobs/{quote(job_id, safe='')}"
    kinds = []
    for _ in range(2):
        async with caller.session.get(URL(url, encoded=True), headers=caller.headers) as response:
            kinds.append(response.content_type)
            assert response.status == 200
    assert kinds == ["text/html", "application/json"]
    async with caller.session.get(URL(f"{url}/content", encoded=True), headers=caller.headers) as response:
        assert await response.read() == READY


@pytest.mark.asyncio(loop_scope="module")
async def test_a_rate_strikes_its_share_and_the_same_calls_each_time(caller: Caller) -> None:
    job_id = await caller.taken("lucy-pro-t2v", {"prompt": "a cat"})
    runs = []
    for _ in range(2):
        caller.standin.faults.clear()
        caller.standin.faults.seed(7)
        caller.standin.faults.add(Fault(on="status", kind="code", code=503, rate=0.3))
        runs.append([(await caller.get(job_id))[0] for _ in range(60)])
    assert runs[0] == runs[1]
    assert 8 < runs[0].count(503) < 30


@pytest.mark.asyncio(loop_scope="module")
async def test_a_fault_can_wait_its_turn_and_mean_one_model_or_prompt(caller: Caller) -> None:
    caller.standin.faults.add(
        Fault(on="submit", kind="code", code=503, skip=1, times=2, model="lucy-pro-t2v"),
        Fault(on="submit", kind="code", code=409, prompt="dog", times=EVER),
    )
    codes = [
        (await caller.submit("lucy-pro-t2v", {"prompt": p}))[0] for p in ("cat", "cat", "cat", "cat", "dog", "dog")
    ]
    assert codes == [200, 503, 503, 200, 409, 409]
