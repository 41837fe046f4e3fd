"""Our client beside the published SDK: the same inputs give the same request, but where ours differs on purpose.

On purpose (queue-api.md, sections 1 and 2): booleans in lower case, the trajectory as JSON, always multipart, a file's
own name and true type, our own User-Agent.
"""

from __future__ import annotations

import ast
import asyncio
import fcntl
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from bot.queue import QueueClient
from bot.rules.catalog import Operation, load_catalog
from tests.adapters.queue_server import MP4, Recorded, ScriptedServer, job

REPO = Path(__file__).parents[2]
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256))
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
POINTS = [{"frame": 0, "x": 10.0, "y": 20.5}, {"frame": 12, "x": 300.0, "y": 200.0}]
CONTENTS = {"image": ("кот 1.jpg", JPEG, "image/jpeg"), "video": ("in.mp4", MP4, "video/mp4")}

OLD = [
    "lucy-pro-t2v",
    "lucy-pro-i2v",
    "lucy-dev-i2v",
    "lucy-pro-v2v",
    "lucy-fast-v2v",
    "lucy-pro-flf2v",
    "lucy-motion",
    "lucy-restyle-v2v",
]
NEW = [
    "lucy-2.1",
    "lucy-2.5",
    "lucy-2.6",
    "lucy-vton-3.5",
    "lucy-vton-3.6",
    "lucy-restyle-2",
    "lucy-latest",
    "lucy-vton-latest",
    "lucy-restyle-latest",
    "lucy-restyle-v2v",
]


@dataclass
class Case:
    model: str
    inputs: dict[str, Any]
    files: dict[str, str]


def cases(model: str, folder: Path) -> Iterator[Case]:
    """What the model can be given: the least, everything, and the ways of restyle and edit."""
    known = load_catalog().get(model)
    files = {}
    for role, kind in known.form.files.items():
        name, content, _ = CONTENTS[kind]
        path = folder / f"{role} {name}"
        path.write_bytes(content)
        files[role.value] = str(path)
    garment = folder / "garment.png"
    garment.write_bytes(PNG)
    reference = {"reference_image": str(garment)}
    least: dict[str, Any] = (
        {"trajectory": POINTS} if known.form.trajectory else {"prompt": "ein Kätzchen 🐈\nam Klavier"}
    )
    most = least | {"seed": 4294967295, "resolution": known.resolutions[-1]}
    if known.orientations:
        most["orientation"] = "portrait"
    yield Case(model, least, files)
    yield Case(model, most, files)
    yield Case(model, least | {"seed": 0}, files)
    if known.enhance:
        yield Case(model, least | {"enhance_prompt": True}, files)
        yield Case(model, least | {"enhance_prompt": False}, files)
    if known.operation is Operation.RESTYLE:
        yield Case(model, {"seed": 5}, files | reference)
    if known.operation in {Operation.EDIT, Operation.TRY_ON}:
        yield Case(model, {"prompt": ""}, files | reference)
        yield Case(model, least, files | reference)


def sdk_python(which: str) -> Path:
    """The Python of the environment with the SDK, which is made from its lock if it is not there yet."""
    venv = Path(f"{sys.prefix}-decart-{which}")
    with Path(f"{venv}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the tests run in several processes
        if not (venv / ".made-from").exists():
            script = 'exec sh scripts/setup "$(sh scripts/newest-python)" "$0" "$1"'
            command = ["sh", "-c", script, str(venv), f"requirements/decart-{which}.txt"]
            subprocess.run(command, cwd=REPO, check=True, capture_output=True)
    return venv / "bin" / "python"


async def by_sdk(python: Path, asked: list[Case]) -> tuple[list[Recorded], list[dict[str, Any]]]:
    async with ScriptedServer() as server:
        for case in asked:
            server.on_submit(case.model, job("pending"))
        order = {"base_url": server.url, "cases": [vars(case) for case in asked]}
        process = await asyncio.create_subprocess_exec(
            str(python),
            str(Path(__file__).with_name("sdk_submit.py")),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate(json.dumps(order).encode())
        assert process.returncode == 0, err.decode()
        return server.requests, json.loads(out)


async def by_ours(asked: list[Case]) -> list[Recorded]:
    async with ScriptedServer() as server, QueueClient(api_key="the-key", base_url=server.url) as queue:
        for case in asked:
            server.on_submit(case.model, job("pending"))
            files: dict[str, Any] = {field: Path(path) for field, path in case.files.items()}
            await queue.submit(case.model, **case.inputs, **files)
        return server.requests


def text_fields(request: Recorded, files: dict[str, str]) -> dict[str, str]:
    if request.headers["Content-Type"].startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True))
    return {name: part.body.decode() for name, part in request.parts.items() if name not in files}


def as_ours(fields: dict[str, str]) -> dict[str, Any]:
    """The SDK's fields with the two ways of writing that ours mends."""
    mended: dict[str, Any] = dict(fields)
    if "enhance_prompt" in mended:
        mended["enhance_prompt"] = {"True": "true", "False": "false"}[mended["enhance_prompt"]]
    if "trajectory" in mended:
        mended["trajectory"] = ast.literal_eval(mended["trajectory"])
    return mended


def compare(case: Case, theirs: Recorded, ours: Recorded) -> None:
    assert (ours.method, ours.raw_path) == (theirs.method, theirs.raw_path)
    assert ours.headers["X-API-KEY"] == theirs.headers["X-API-KEY"] == "the-key"
    assert "Authorization" not in ours.headers
    assert "Authorization" not in theirs.headers
    our_fields: dict[str, Any] = text_fields(ours, case.files)
    if "trajectory" in our_fields:
        our_fields["trajectory"] = json.loads(our_fields["trajectory"])
    assert our_fields == as_ours(text_fields(theirs, case.files))
    if case.files:
        sent = {name: part.body for name, part in theirs.parts.items() if name in case.files}
        assert {name: part.body for name, part in ours.parts.items() if name in case.files} == sent
    for name, path in case.files.items():
        part = ours.parts[name]
        kind = {JPEG: "image/jpeg", PNG: "image/png", MP4: "video/mp4"}[part.body]
        assert (part.filename, part.content_type) == (Path(path).name, kind)
    assert ours.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert int(ours.headers["Content-Length"]) == ours.size


@pytest.mark.asyncio
@pytest.mark.timeout(600)  # the environment may have to be made first
@pytest.mark.parametrize(("which", "models"), [("new", NEW), ("old", OLD)])
async def test_the_same_inputs_give_the_same_request_as_the_published_sdk(
    which: str, models: list[str], tmp_path: Path
) -> None:
    asked = [case for model in models for case in cases(model, tmp_path)]
    theirs, outcomes = await by_sdk(await asyncio.to_thread(sdk_python, which), asked)
    assert outcomes == [{"job_id": "job-1"}] * len(asked)
    ours = await by_ours(asked)
    assert len(theirs) == len(ours) == len(asked) >= 3 * len(models)
    for case, their, our in zip(asked, theirs, ours, strict=True):
        compare(case, their, our)


@pytest.mark.asyncio
@pytest.mark.timeout(600)
async def test_an_edit_with_only_a_reference_sends_the_empty_prompt_that_the_sdk_wants(tmp_path: Path) -> None:
    *_, with_reference, _ = cases("lucy-2.1", tmp_path)
    assert with_reference.inputs == {"prompt": ""}
    without_prompt = Case("lucy-2.1", {}, with_reference.files)
    theirs, outcomes = await by_sdk(await asyncio.to_thread(sdk_python, "new"), [with_reference, without_prompt])
    assert outcomes == [{"job_id": "job-1"}, {"error": "InvalidInputError"}]
    [ours] = await by_ours([without_prompt])
    compare(without_prompt, theirs[0], ours)
    assert ours.parts["prompt"].body == b""
