"""The stand-in for fal.ai's queue misbehaves as it is told, and by the words in a prompt."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from pydantic import ValidationError

from sandbox.fal import EVER, FalStandIn, Fault
from sandbox.fal.failures import MODEL, RUNNER
from tests.adapters.queue_server import MP4
from tests.adapters.sandbox_fal import FalCaller
from tests.clock import ManualClock

NETWORK = (aiohttp.ClientError, ConnectionError)


@pytest_asyncio.fixture
async def caller(tmp_path: Path) -> AsyncIterator[FalCaller]:
    ready = tmp_path / "ready.mp4"
    ready.write_bytes(MP4)
    async with FalStandIn(clip=ready, clock=ManualClock()) as standin, aiohttp.ClientSession() as session:
        yield FalCaller(standin, session)


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", RUNNER)
async def test_an_error_around_the_model_is_told_by_the_status_and_is_the_results(caller: FalCaller, kind: str) -> None:
    job = await caller.taken({"prompt": f"a cat [runner {kind}]"})
    status, said = await caller.status(job)
    assert (status, said["status"], said["error_type"]) == (200, "COMPLETED", kind)
    status, body = await caller.result(job)
    assert (status, body["error_type"]) == (RUNNER[kind], kind)
    assert caller.standin.charged_dollars == 0


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", MODEL)
async def test_a_models_own_error_is_told_by_the_result_alone(caller: FalCaller, kind: str) -> None:
    job = await caller.taken({"prompt": f"a cat [model {kind}]"})
    _, said = await caller.status(job)
    assert (said["status"], "error" in said) == ("COMPLETED", False)
    status, body = await caller.result(job)
    assert (status, body["detail"][0]["type"]) == (MODEL[kind], kind)
    assert (caller.standin.charged_dollars > 0) == (status == 422)


@pytest.mark.asyncio
async def test_a_failed_job_gives_the_reason_that_was_asked_for(caller: FalCaller) -> None:
    job = await caller.taken({"prompt": "[fail: no cats today]"})
    assert (await caller.status(job))[1]["error"] == "no cats today"
    job = await caller.taken({"prompt": "[plain: no cats]"})
    assert await caller.result(job) == (422, {"detail": "no cats"})


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("word", "status", "text"),
    [("balance", 403, "Exhausted balance"), ("locked", 403, "Admin lock"), ("status 429", 429, "")],
)
async def test_a_submit_can_be_refused_for_ever(caller: FalCaller, word: str, status: int, text: str) -> None:
    for _ in range(3):
        answered, said = await caller.submit({"prompt": f"x [{word}]"})
        assert answered == status
        assert text in said["detail"]
    assert caller.standin.jobs == {}


@pytest.mark.asyncio
async def test_a_refusal_can_pass_and_ask_to_wait(caller: FalCaller) -> None:
    url = f"{caller.standin.url}/fal-ai/veo3.1/lite"
    asked = {"prompt": "x [status 503 x2 after 3]"}
    for status in (503, 503, 200):
        async with caller.session.post(url, json=asked, headers=caller.headers) as answer:
            assert (answer.status, answer.headers.get("Retry-After")) == (status, "3" if status == 503 else None)


@pytest.mark.asyncio
@pytest.mark.parametrize(("word", "jobs"), [("reset before", 0), ("reset after", 1)])
async def test_a_submits_connection_is_cut_before_or_after_the_job_was_taken(
    caller: FalCaller, word: str, jobs: int
) -> None:
    with pytest.raises(NETWORK):
        await caller.submit({"prompt": f"[{word}]"})
    assert len(caller.standin.jobs) == jobs
    assert len(caller.standin.submits) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("word", "expected"),
    [("odd", "WARMING_UP"), ("null", None), ("nothing", None), ("poll 500", {"detail": "Internal server error"})],
)
async def test_a_status_can_make_no_sense(caller: FalCaller, word: str, expected: Any) -> None:
    job = await caller.taken({"prompt": f"[{word}]"})
    _, said = await caller.status(job)
    assert (said["status"] if isinstance(said, dict) and "status" in said else said) == expected


@pytest.mark.asyncio
async def test_a_result_can_name_no_video_or_one_elsewhere(caller: FalCaller) -> None:
    results = {}
    for word in ("no video", "string", "foreign"):
        results[word] = (await caller.result(await caller.taken({"prompt": f"[{word}]"})))[1]
    assert "video" not in results["no video"]
    assert results["string"]["video"].startswith(caller.standin.media_url)
    assert results["foreign"]["video"]["url"].startswith("https://elsewhere.example/")


@pytest.mark.asyncio
@pytest.mark.parametrize("word", ["truncate", "corrupt", "json", "empty", "media 503 x1", "file gone"])
async def test_a_video_can_come_wrong(caller: FalCaller, word: str) -> None:
    _, result = await caller.result(await caller.taken({"prompt": f"[{word}]"}))
    try:
        async with caller.session.get(result["video"]["url"]) as file:
            assert (file.status, await file.read()) != (200, MP4)
    except NETWORK:
        pass
    if word != "file gone":
        async with caller.session.get(result["video"]["url"]) as file:
            assert await file.read() == MP4


@pytest.mark.asyncio
async def test_ids_and_addresses_can_be_odd(caller: FalCaller) -> None:
    job = await caller.taken({"prompt": "[odd id]"})
    assert "a b/../c?x=1#%2F" in job["request_id"]
    url = job["status_url"]
    from yarl import URL  # noqa: PLC0415  # to send the address as it is

    async with caller.session.get(URL(url, encoded=True), headers=caller.headers) as answer:
        assert (await answer.json())["request_id"] == job["request_id"]
    caller.standin.faults.add(Fault(on="submit", kind="foreign"), Fault(on="submit", kind="no_id", skip=1))
    job = await caller.taken()
    assert job["status_url"].startswith("https://elsewhere.example/")


@pytest.mark.asyncio
async def test_faults_and_times_are_set_over_http(caller: FalCaller) -> None:
    url = f"{caller.standin.url}/_sandbox"
    status, said = await caller.call("POST", f"{url}/faults", json={"on": "status", "kind": "html", "times": EVER})
    assert (status, said["faults"]) == (200, [{"on": "status", "kind": "html", "times": 0}])
    assert (await caller.call("POST", f"{url}/faults", json={"on": "job", "kind": "html"}))[0] == 400
    await caller.call("POST", f"{url}/faults", json={"clear": True})
    await caller.call("POST", f"{url}/times", json={"work_seconds": 50, "at_once": 1})
    assert (await caller.call("POST", f"{url}/times", json={"at_once": 0}))[0] == 400
    first, second = await caller.taken(), await caller.taken()
    assert (first["queue_position"], (await caller.status(second))[1]["queue_position"]) == (0, 0)
    _, listed = await caller.call("GET", f"{url}/jobs")
    assert [job["request_id"] for job in listed["jobs"]] == [first["request_id"], second["request_id"]]
    caller.standin.finish()
    assert (await caller.status(second))[1]["status"] == "COMPLETED"


@pytest.mark.parametrize(
    "fault",
    [
        {"on": "status", "kind": "never"},
        {"on": "job", "kind": "html"},
        {"on": "job", "kind": "runner", "problem": "nothing_known"},
        {"on": "job", "kind": "never", "more": 1},
    ],
)
def test_a_fault_that_can_not_be_is_refused(fault: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Fault.model_validate(fault)
