"""The benchmarks work, with a few jobs each. The times that they find on a machine that runs tests say nothing."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import psutil
import pytest

from benchmarks import bot, client, growth, material, processes, start
from benchmarks.processes import Program, Running
from tests.adapters.sandbox_material import clip as draw_clip
from tests.fork_server import CHECKOUT, PRELOADED, spawn


@pytest.fixture(autouse=True)
def quick_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clip that is drawn in no time, and children that are forked, as other tests' are: the benchmarks start thirty,
    which is most of what they cost. Those that count what they do are started by `exec`, which they need."""
    by_exec = processes.start

    async def fork(
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        stdout: int | IO[bytes],
        stderr: IO[bytes] | None = None,
    ) -> Any:
        python, _, module, *arguments = command
        if python != sys.executable or module not in PRELOADED or env["PYTHONPATH"] != str(CHECKOUT):
            return await by_exec(command, env=env, cwd=cwd, stdout=stdout, stderr=stderr)
        errors = stderr or sys.__stderr__ or DEVNULL
        return await spawn(module, *arguments, cwd=cwd, env=env, stdout=stdout, stderr=errors)

    monkeypatch.setattr(processes, "start", fork)
    monkeypatch.setattr(material, "_clip", lambda: draw_clip(64, 36, seconds=1, sound=False))


def result_of(main: Callable[[Sequence[str]], int], folder: Path) -> dict[str, Any]:
    """The numbers of a quick run."""
    file = folder / "result.json"
    assert main(["--quick", "--json", str(file)]) == 0
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def test_each_benchmark_is_a_program_that_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for benchmark in (bot, client, growth, start):
        with pytest.raises(SystemExit) as ended:
            benchmark.main(["--help"])
        assert ended.value.code == 0
        assert f"python -m {benchmark.__name__} " in capsys.readouterr().out


@pytest.mark.asyncio
async def test_a_benchmark_runs_as_a_program(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    nothing = ("--in-flight", "", "--rows", "", "--steady", "0")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.growth", *nothing, "--json", str(file)), cwd=CHECKOUT, stdout=PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    assert b"to reach" in out
    assert json.loads(file.read_text())["steady"] == {}


def test_clapper_and_the_naive_bot_do_the_same_jobs_side_by_side(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = result_of(bot.main, tmp_path)
    [burst] = found["bursts"]
    for name in ("naive", "clapper"):
        assert burst[name]["unfinished"] == 0
        assert burst[name]["private"] == 0
        assert burst[name]["discord_kinds"]["POST callback"] == burst["commands"]
        assert burst[name]["queue_kinds"]["submit"] == burst["commands"]
    assert burst["ratios"]["processor_ms"] > 0
    assert found["counts"]["transactions"] > 0
    assert found["counts"]["statements"] > 0
    assert "acknowledged p99 (ms)" in capsys.readouterr().out


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


def test_both_queue_clients_do_instant_text_and_file_jobs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = result_of(client.main, tmp_path)
    assert [case["case"] for case in found["cases"]] == ["instant", "text", "files"]
    for case in found["cases"]:
        for name in ("sdk", "ours"):
            assert case[name]["requests"] >= 3
            assert case[name]["lag_mean_s"] >= 0
    assert "jobs a second" in capsys.readouterr().out


def test_the_cost_of_a_job_is_measured_among_many_and_after_many(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = result_of(growth.main, tmp_path)
    assert [size["unfinished"] for kind in ("in_flight", "history") for size in found[kind].values()] == [0, 0]
    assert "to reach" in capsys.readouterr().out


def test_a_start_is_measured_and_every_unfinished_job_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = result_of(start.main, tmp_path)
    assert found["resumed"]["resumed"] == found["resumed"]["jobs"] == 5
    assert found["ready"]["clapper"]["answered_s"] > found["ready"]["clapper"]["identified_s"] > 0
    assert "to the gateway" in capsys.readouterr().out
