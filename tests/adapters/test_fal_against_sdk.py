"""fal.ai's published client runs against the stand-in, and ours sends what it sends, but where ours differs on purpose.

On purpose (fal-queue-api.md, sections 1, 3 and 5): uploads as the JavaScript client does them, streamed; no
`?logs=false`; the result at an address of our own making where the service's is not below its base.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.fal import FalClient
from bot.rules.polling import FixedPolling
from bot.rules.services import Cancellation
from sandbox.fal import Call, FalStandIn
from tests.adapters.queue_server import MP4
from tests.adapters.sandbox_material import clip, picture

REPO = Path(__file__).parents[2]
PROMPT = "ein Kätzchen 🐈\nam Klavier"


@pytest_asyncio.fixture
async def standin(tmp_path: Path) -> AsyncIterator[FalStandIn]:
    ready = tmp_path / "ready.mp4"
    ready.write_bytes(MP4)
    async with FalStandIn(clip=ready) as running:
        yield running


@pytest.fixture(scope="session")
def sdk_python() -> Path:
    """The Python of the environment with the client, which is made from its lock if it is not there yet."""
    venv = Path(f"{sys.prefix}-fal")
    with Path(f"{venv}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the tests run in several processes
        if not (venv / ".made-from").exists():
            script = 'exec sh scripts/setup "$(sh scripts/newest-python)" "$0" "$1"'
            command = ["sh", "-c", script, str(venv), "requirements/fal.txt"]
            subprocess.run(command, cwd=REPO, check=True, capture_output=True)
    return venv / "bin" / "python"


def case(endpoint: str, arguments: dict[str, Any], files: dict[str, Path] | None = None, **more: Any) -> dict[str, Any]:
    named = {field: str(path) for field, path in (files or {}).items()}
    return {"endpoint": endpoint, "arguments": arguments, "files": named} | more


async def by_sdk(python: Path, standin: FalStandIn, cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    order = {"key": standin.key, "queue": standin.url, "rest": standin.rest_url, "media": standin.media_url}
    process = await asyncio.create_subprocess_exec(
        str(python),
        str(Path(__file__).with_name("fal_sdk_calls.py")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(json.dumps(order | {"cases": cases}).encode())
    assert process.returncode == 0, err.decode()
    return list(json.loads(out))


def ours(standin: FalStandIn) -> FalClient:
    return FalClient(
        key=standin.key,
        base_url=standin.url,
        rest_url=standin.rest_url,
        media_hosts=[standin.media_host],
        polling=FixedPolling(0.02),
    )


async def by_ours(standin: FalStandIn, asked: dict[str, Any], folder: Path) -> str:
    """Do the same; gives the request's id."""
    files = {field: Path(path) for field, path in asked["files"].items()}
    seconds = asked.get("start_timeout")
    start_within = None if seconds is None else timedelta(seconds=seconds)
    async with ours(standin) as fal:
        taken = await fal.submit(asked["endpoint"], asked["arguments"], files=files, start_within=start_within)
        news = [news async for news in fal.watch(taken.job, last=taken)]
        assert news[-1].status == "completed"
        await fal.result(taken.job, folder / "result.mp4")
    return taken.job.request_id


def sent(calls: list[Call], action: str) -> list[Call]:
    return [call for call in calls if call.action == action]


def without_addresses(call: Call, standin: FalStandIn) -> dict[str, Any]:
    """A submit's input, with one word for every address of an upload."""
    return {
        name: "an upload" if str(value).startswith(f"{standin.media_url}/files/") else value
        for name, value in call.arguments.items()
    }


@pytest.mark.asyncio
@pytest.mark.timeout(600)  # the environment may have to be made first
async def test_the_same_jobs_give_the_same_calls_as_the_published_client(
    sdk_python: Path, standin: FalStandIn, tmp_path: Path
) -> None:
    first, last, source = tmp_path / "first.png", tmp_path / "last.png", tmp_path / "source.mp4"
    first.write_bytes(picture())
    last.write_bytes(picture(process=(1, 2, 3)))
    source.write_bytes(clip(seconds=3.2))
    ends = {"first_frame_url": first, "last_frame_url": last}
    veo = {"prompt": PROMPT, "duration": "4s", "generate_audio": False, "seed": 7}
    asked = [
        case("fal-ai/veo3.1/lite", veo, start_timeout=60),
        case("fal-ai/veo3.1/lite/image-to-video", {"prompt": PROMPT}, {"image_url": first}),
        case("fal-ai/veo3.1/lite/first-last-frame-to-video", {"prompt": "x"}, ends),
        case("decart/lucy-restyle", {"prompt": "x", "enhance_prompt": False}, {"video_url": source}),
        case("fal-ai/wan/v2.2-a14b/text-to-video/turbo", {"prompt": "x", "resolution": "480p"}),
    ]
    outcomes = await by_sdk(sdk_python, standin, asked)
    assert [outcome.get("error") for outcome in outcomes] == [None] * len(asked)
    assert all(outcome["statuses"][-1] == "Completed" for outcome in outcomes)
    theirs, count = list(standin.requests), len(standin.requests)
    ids = [await by_ours(standin, one, tmp_path) for one in asked]
    our_calls = standin.requests[count:]

    for one, their, our in zip(asked, sent(theirs, "submit"), sent(our_calls, "submit"), strict=True):
        assert (our.method, our.path) == (their.method, their.path) == ("POST", f"/{one['endpoint']}")
        assert without_addresses(our, standin) == without_addresses(their, standin)
        for name in ("Authorization", "Content-Type"):
            assert our.headers[name] == their.headers[name]
        start_within = [float(call.headers.get("X-Fal-Request-Timeout", 0)) for call in (their, our)]
        assert start_within == [one.get("start_timeout", 0)] * 2
    for outcome, our_id in zip(outcomes, ids, strict=True):
        for action in ("status", "result"):
            their_path = {call.path for call in sent(theirs, action) if call.job_id == outcome["request_id"]}
            our_path = {call.path for call in sent(our_calls, action) if call.job_id == our_id}
            assert {path.replace(outcome["request_id"], our_id).partition("?")[0] for path in their_path} == our_path
    uploads = [sorted(call.size_bytes for call in sent(calls, "upload")) for calls in (theirs, our_calls)]
    assert uploads[0] == uploads[1]
    assert all("Authorization" not in call.headers for call in our_calls if call.action in {"upload", "media"})
    keyed = {"submit", "status", "result", "initiate"}
    assert {call.headers["Authorization"] for call in our_calls if call.action in keyed} == {f"Key {standin.key}"}


@pytest.mark.asyncio
@pytest.mark.timeout(600)
async def test_both_clients_cancel_alike_and_the_published_one_meets_the_stand_ins_errors(
    sdk_python: Path, standin: FalStandIn
) -> None:
    standin.queue.line.at_once, standin.queue.work_seconds = 1, 3600.0
    async with ours(standin) as fal:
        blocking = await fal.submit("fal-ai/veo3.1/lite", {"prompt": "first"})
        waiting = await fal.submit("fal-ai/veo3.1/lite", {"prompt": "second"})
        assert waiting.place == 0
        assert await fal.cancel(waiting.job) is Cancellation.CANCELLED
        [outcome] = await by_sdk(sdk_python, standin, [case("fal-ai/veo3.1/lite", {"prompt": "third"}, cancel=True)])
        assert outcome["cancelled"]
        assert outcome["statuses"][-1] == "Completed"
        assert "cancelled" in outcome["error"]
        assert await fal.cancel(blocking.job) is Cancellation.REQUESTED
    cancels = sent(standin.requests, "cancel")
    assert {call.method for call in cancels} == {"PUT"}
    assert {call.path.replace(str(call.job_id), "ID") for call in cancels} == {"/fal-ai/veo3.1/requests/ID/cancel"}
    standin.queue.work_seconds = 0.0
    refused, flagged = await by_sdk(
        sdk_python,
        standin,
        [case("fal-ai/veo9", {"prompt": "x"}), case("fal-ai/veo3.1/lite", {"prompt": "x [policy]"})],
    )
    assert "not found" in refused["error"]
    assert "flagged" in flagged["error"]
