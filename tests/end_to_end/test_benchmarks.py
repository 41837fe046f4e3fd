"""The benchmarks work, with a few jobs each. The times that they find on a machine that runs tests say nothing."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchmarks.processes import Program, Running

REPO = Path(__file__).parents[2]


async def result_of(name: str, folder: Path) -> tuple[dict[str, Any], str]:
    """The JSON and the text of a quick run."""
    file = folder / "result.json"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"benchmarks.{name}", "--quick", "--json", str(file)),
        cwd=REPO, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return json.loads(file.read_text()), out.decode()


@pytest.mark.asyncio
async def test_clapper_and_the_naive_bot_do_the_same_jobs_side_by_side(tmp_path: Path) -> None:
    found, text = await result_of("bot", tmp_path)
    [burst] = found["bursts"]
    for name in ("naive", "clapper"):
        assert burst[name]["unfinished"] == 0
        assert burst[name]["private"] == 0
        assert burst[name]["discord_kinds"]["POST callback"] == burst["commands"]
        assert burst[name]["queue_kinds"]["submit"] == burst["commands"]
    assert burst["ratios"]["processor_ms"] > 0
    assert found["counts"]["transactions"] > 0
    assert found["counts"]["statements"] > 0
    assert "acknowledged p99 (ms)" in text


@pytest.mark.asyncio
async def test_what_a_program_uses_between_two_looks_is_measured_however_little_it_is(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "for line in open(0): print('heard', flush=True)")
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        program = Running(Program("listener", command, {}), process, tmp_path / "listener.log", begun=0.0)
        seen = []
        for _ in range(20):
            process.stdin.write(b"a word\n")
            assert await process.stdout.readline() == b"heard\n"
            seen.append(program.processor_seconds())
        whole = psutil.Process(process.pid).cpu_times()
        assert seen == sorted(set(seen))
        assert seen[-1] == pytest.approx(whole.user + whole.system, abs=0.1)
    finally:
        process.kill()
        await process.wait()


@pytest.mark.asyncio
async def test_both_queue_clients_do_instant_text_and_file_jobs(tmp_path: Path) -> None:
    found, text = await result_of("client", tmp_path)
    assert [case["case"] for case in found["cases"]] == ["instant", "text", "files"]
    for case in found["cases"]:
        for name in ("sdk", "ours"):
            assert case[name]["requests"] >= 3
            assert case[name]["lag_mean_s"] >= 0
    assert "jobs a second" in text


@pytest.mark.asyncio
async def test_the_cost_of_a_job_is_measured_among_many_and_after_many(tmp_path: Path) -> None:
    found, text = await result_of("growth", tmp_path)
    assert [size["unfinished"] for kind in ("in_flight", "history") for size in found[kind].values()] == [0, 0]
    assert "to reach" in text


@pytest.mark.asyncio
async def test_a_start_is_measured_and_every_unfinished_job_goes_on(tmp_path: Path) -> None:
    found, text = await result_of("start", tmp_path)
    assert found["resumed"]["resumed"] == found["resumed"]["jobs"] == 5
    assert found["ready"]["clapper"]["answered_s"] > found["ready"]["clapper"]["identified_s"] > 0
    assert "to the gateway" in text
