"""The processes of a benchmark: the servers, the programs that are measured, and what these cost."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import functools
import os
import signal
import subprocess
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

import aiohttp
import psutil

CHECKOUT = Path(__file__).resolve().parents[1]
STOP_SECONDS = 20.0
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH")

Json = dict[str, Any]


class BenchmarkFailed(Exception):
    """What was measured did not do what it should; `str()` says what."""


@functools.cache
def sdk_python() -> Path:
    """The Python of the environment with the SDK and discord.py. It is made from its lock where that was not done yet,
    which takes a minute. Raises `BenchmarkFailed`."""
    venv = Path(f"{sys.prefix}-decart-old")
    with Path(f"{venv}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # others may want it at the same time
        script = 'exec sh scripts/setup "$(sh scripts/newest-python)" "$0" requirements/decart-old.txt'
        command = ["sh", "-c", script, str(venv)]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchmarkFailed(f"{venv} could not be made: {done.stderr}")
    return venv / "bin" / "python"


def finish(work: Coroutine[Any, Any, Json]) -> Json | None:
    """Run the work to its end, and end its processes also where this one is told to stop. None, after saying why on
    standard error, where something could not be measured."""

    async def cancellable() -> Json:
        task = asyncio.ensure_future(work)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await task

    try:
        return asyncio.run(cancellable())
    except BenchmarkFailed as exc:
        print(exc, file=sys.stderr)
    except asyncio.CancelledError:
        print("stopped", file=sys.stderr)
    return None


def environment(settings: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """For a child: nothing of ours that could be a setting of its own."""
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return kept | {"PYTHONPATH": str(CHECKOUT), "PYTHONUNBUFFERED": "1"} | dict(settings)


async def start(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    stdout: int | IO[bytes],
    stderr: IO[bytes] | None = None,
) -> Process:
    """A new process without input; None: its errors go where this one's go."""
    return await asyncio.create_subprocess_exec(*command, env=env, cwd=cwd, stdin=DEVNULL, stdout=stdout, stderr=stderr)


class Server:
    """One of `benchmarks.load`, with its orders and reports."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self._session = session

    async def report(self) -> Json:
        return await self.ask("GET", "report")

    async def ask(self, method: str, name: str, wanted: Json | None = None) -> Json:
        """Raises `BenchmarkFailed` with the server's words."""
        async with self._session.request(method, f"{self.url}/_load/{name}", json=wanted) as response:
            found: Json = await response.json()
            if response.status != 200:
                raise BenchmarkFailed(f"{name}: {found}")
            return found


@asynccontextmanager
async def server(name: str, *options: str) -> AsyncIterator[Server]:
    """Run `benchmarks.load.<name>` until the block ends."""
    command = [sys.executable, "-m", f"benchmarks.load.{name}", *options]
    process = await start(command, env=environment(), cwd=CHECKOUT, stdout=PIPE)
    assert process.stdout is not None
    try:
        url = (await process.stdout.readline()).decode().strip()
        if not url:
            raise BenchmarkFailed(f"{name} did not start")
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
            yield Server(url, session)
    finally:
        await stop(process)


@asynccontextmanager
async def servers(clip: Path, *of_the_queue: str, discord: Sequence[str] = ()) -> AsyncIterator[tuple[Server, Server]]:
    """Run a Discord and a queue that gives the clip, with these options, until the block ends."""
    async with (
        server("discord_server", *discord) as one,
        server("queue_server", "--clip", str(clip), *of_the_queue) as two,
    ):
        yield one, two


async def stop(process: Process) -> None:
    """SIGTERM, and SIGKILL where that takes longer than `STOP_SECONDS`."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


@dataclass(frozen=True, slots=True)
class Program:
    """A bot: its command, what it is given besides the addresses, and what is run to its end before each start."""

    name: str
    command: Sequence[str]
    settings: Mapping[str, str]
    before: Sequence[str] = ()


def clapper(folder: Path, settings: Mapping[str, str] = MappingProxyType({})) -> Program:
    """`python -m bot` with its default settings, its data in `folder`. The tables are there, as at every start but the
    first one of a new version: making them takes a library of 12 MiB."""
    own = {"DATA_DIR": str(folder / "data"), "HTTP_PORT": "0", "LOG_FORMAT": "json", "OPERATOR_LIMITS": "none"}
    command = [sys.executable, "-m", "bot"]
    return Program("clapper", command, own | dict(settings), [*command, "migrate"])


def naive() -> Program:
    """`benchmarks.naive_bot` in its own environment. Raises `BenchmarkFailed` where that can't be made."""
    return Program("naive", [str(sdk_python()), "-m", "benchmarks.naive_bot"], {})


def _processor_seconds(process: psutil.Process) -> float:
    """What a process has used, its ended threads included, and of its children those that it has waited for.

    Raises `psutil.NoSuchProcess`.
    """
    times = process.cpu_times()
    children: float = times.children_user + times.children_system
    if not sys.platform.startswith("linux"):
        return float(times.user + times.system) + children
    # psutil's numbers are whole ticks of 10 ms there, which a few jobs may not fill. This is the clock that
    # clock_getcpuclockid(3) gives for another process, which Python has no function for.
    try:
        return time.clock_gettime(~process.pid << 3 | 2) + children
    except OSError as exc:
        raise psutil.NoSuchProcess(process.pid) from exc


class Running:
    """A program that runs, with its descendants."""

    def __init__(self, program: Program, process: Process, log: Path, begun: float) -> None:
        self.program = program
        self.process = process
        self.begun = begun
        self.peak_bytes = 0
        self._log = log
        self._root = psutil.Process(process.pid)

    def _family(self) -> list[psutil.Process]:
        return [self._root, *self._root.children(recursive=True)]

    def processor_seconds(self) -> float:
        """Of all its processes, those that have ended included."""
        total = 0.0
        for each in self._family():
            with contextlib.suppress(psutil.NoSuchProcess):
                total += _processor_seconds(each)
        return total

    def memory_bytes(self) -> int:
        """What the first process has in memory, and what each of its descendants has that no other process shares."""
        total = 0
        for each in self._family():
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                total += each.memory_info().rss if each is self._root else each.memory_full_info().uss
        self.peak_bytes = max(self.peak_bytes, total)
        return total

    def check(self) -> None:
        """Raises `BenchmarkFailed` with the end of its log where it has ended."""
        if self.process.returncode is not None:
            raise BenchmarkFailed(f"{self.program.name} ended:\n{self.last_lines()}")

    def last_lines(self, count: int = 20) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-count:])


@asynccontextmanager
async def running(program: Program, discord: Server, queue: Server, folder: Path) -> AsyncIterator[Running]:
    """Run the program against the servers until the block ends. It is online when the block begins."""
    addresses = {
        "DISCORD_TOKEN": "load.test.token",
        "DISCORD_API_BASE_URL": f"{discord.url}/api/v10",
        "DISCORD_GATEWAY_URL": f"{discord.url.replace('http', 'ws', 1)}/gateway",
        "DECART_API_KEY": "load-key",
        "DECART_BASE_URL": queue.url,
    }
    log = folder / f"{program.name}.log"
    settings = {**program.settings, **addresses}
    settings["PYTHONPATH"] = ":".join([*filter(None, [program.settings.get("PYTHONPATH")]), str(CHECKOUT)])
    with log.open("ab") as output:

        async def begin(command: Sequence[str]) -> Process:
            return await start(command, env=environment(settings), cwd=folder, stdout=output, stderr=output)

        if program.before and await (await begin(program.before)).wait():
            raise BenchmarkFailed(f"{program.name} could not be prepared:\n{log.read_text()}")
        begun = time.monotonic()
        process = await begin(program.command)
    try:
        found = Running(program, process, log, begun)
        await until_online(found, discord)
        yield found
    finally:
        await stop(process)


async def until_online(program: Running, discord: Server, seconds: float = 60.0) -> None:
    """Raises `BenchmarkFailed`."""
    for _ in range(round(seconds / 0.05)):
        program.check()
        state = await discord.ask("GET", "state")
        if state["online"] and (state["identified"] or 0) > program.begun and "t2v" in state["commands"]:
            return
        await asyncio.sleep(0.05)
    raise BenchmarkFailed(f"{program.program.name} did not come online:\n{program.last_lines()}")


async def until(bot: Running, discord: Server, what: str, count: int, seconds: float = 60.0) -> None:
    """Return once so many commands are `acknowledged`, or `visible`. Raises `BenchmarkFailed` where some are not."""
    patience = time.monotonic() + seconds
    while (await discord.ask("GET", "state"))[what] < count:
        bot.check()
        if time.monotonic() > patience:
            texts = [reply[-1] for reply in (await discord.report())["replies"] if reply[-1]]
            raise BenchmarkFailed(f"not all of {count} became {what}: {texts[:2]}\n{bot.last_lines(5)}")
        await asyncio.sleep(0.05)
