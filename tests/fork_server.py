"""Starts the bot, the sandbox, its renderer and the benchmarks' servers by forking a process that has imported what
they need already.

An interpreter that imports the bot uses more than a second of processor time before it does anything, one that imports
the renderer half a second, and the tests start each of them two hundred times. A fork server imports it once; each
program that is started is a copy of it: a process of its own, with its own id, environment, folder, arguments and
output, which can be killed and stopped as any other, and which then runs the module as `python -m` does. `spawn` starts
one; `python -m tests.fork_server FD PRELOAD …` is the server itself. Some tests start the programs without it, so that
their start by `exec` is tried, too: of the sandbox's command line those that make a video or are killed, those of its
Queue API, one benchmark, and `tests/adapters/test_cli.py` where the bot becomes ready.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import gc
import importlib
import io
import json
import logging
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Protocol

from sandbox import bot_process
from sandbox.render import pool

CHECKOUT = Path(__file__).resolve().parents[1]
_BOT = ("bot.cli", "alembic.command", "alembic.ddl.sqlite", "alembic.ddl.postgresql", "babel.messages.pofile")
_LOAD = ("benchmarks.load.serving", "benchmarks.load.world")
PRELOADED: dict[str, tuple[str, ...]] = {
    "bot": _BOT,
    pool.MODULE: ("sandbox.render.remakes",),
    "sandbox": ("sandbox.launch", "sandbox.trial", "sandbox.render.remakes"),
    "benchmarks.load.discord_server": _LOAD,
    "benchmarks.load.queue_server": _LOAD,
}
"""By the module that is run: what its fork server imports."""
_REQUEST_BYTES = 128 * 1024


Status = tuple[asyncio.StreamReader, asyncio.StreamWriter]
"""The line on which the server says a process's id and later its exit code."""


class Program(bot_process.Program, Protocol):
    """A started program: what `asyncio.subprocess.Process` and `ForkedProcess` have in common."""

    @property
    def stdout(self) -> asyncio.StreamReader | None: ...
    @property
    def stderr(self) -> asyncio.StreamReader | None: ...
    async def communicate(self) -> tuple[bytes, bytes]: ...
    def terminate(self) -> None: ...


class ForkedProcess:
    """As `asyncio.subprocess.Process`, for a process that the server started and waits for."""

    def __init__(
        self,
        pid: int,
        status: Status,
        stdin: asyncio.StreamWriter | None,
        stdout: asyncio.StreamReader | None,
        stderr: asyncio.StreamReader | None,
    ) -> None:
        self.pid = pid
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.returncode: int | None = None
        self._ending = asyncio.create_task(self._end(status))

    async def _end(self, status: Status) -> int:
        reader, writer = status
        try:
            self.returncode = int(await reader.readuntil(b"\n"))
        finally:
            writer.close()
            if self.stdin is not None:
                self.stdin.close()
        return self.returncode

    async def wait(self) -> int:
        """Its exit code once it has ended; negative for the number of a signal."""
        return await asyncio.shield(self._ending)

    async def communicate(self) -> tuple[bytes, bytes]:
        """All that it prints until its end."""
        out, err, _ = await asyncio.gather(_all(self.stdout), _all(self.stderr), self.wait())
        return out, err

    def send_signal(self, signal: int, /) -> None:
        """Raises `ProcessLookupError` where it has ended, as asyncio's does."""
        if self.returncode is not None:
            raise ProcessLookupError
        os.kill(self.pid, signal)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


async def _all(stream: asyncio.StreamReader | None) -> bytes:
    return await stream.read() if stream is not None else b""


async def spawn(
    module: str,
    *arguments: str,
    cwd: Path,
    env: Mapping[str, str],
    stdin: int = DEVNULL,
    stdout: int | IO[Any] = PIPE,
    stderr: int | IO[Any] = PIPE,
) -> ForkedProcess:
    """`python -m MODULE ARGUMENTS` in a session of its own; for the module, see `PRELOADED`.

    `stdin`, `stdout` and `stderr` are as for `asyncio.create_subprocess_exec`. A start that is cancelled ends its
    process.
    """
    request = {"module": module, "arguments": arguments, "cwd": str(cwd), "env": dict(env)}
    starting = asyncio.create_task(_start(request, stdin, stdout, stderr))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        process = await starting
        process.kill()
        await process.communicate()
        raise


async def _start(request: Mapping[str, Any], stdin: int, stdout: int | IO[Any], stderr: int | IO[Any]) -> ForkedProcess:
    control = await asyncio.to_thread(_server, PRELOADED[request["module"]])
    ours, theirs = socket.socketpair()
    with contextlib.ExitStack() as handed_over, Path(os.devnull).open("r+b", buffering=0) as nothing:
        handed_over.enter_context(theirs)
        standard_in, writer = await _input(stdin, nothing, handed_over)
        out, out_reader = await _output(stdout, nothing, handed_over)
        err, err_reader = (out, None) if stderr == STDOUT else await _output(stderr, nothing, handed_over)
        socket.send_fds(control, [json.dumps(request).encode()], [theirs.fileno(), standard_in, out, err])
    status = await asyncio.open_unix_connection(sock=ours)
    pid = int(await status[0].readuntil(b"\n"))
    return ForkedProcess(pid, status, writer, out_reader, err_reader)


async def start_renderer() -> ForkedProcess:
    """A worker for a `QueueStandIn`."""
    return await spawn(pool.MODULE, cwd=CHECKOUT, env=os.environ, stdin=PIPE, stderr=sys.__stderr__ or DEVNULL)


async def _input(
    where: int, nothing: IO[Any], handed_over: contextlib.ExitStack
) -> tuple[int, asyncio.StreamWriter | None]:
    """The descriptor to hand over, and for a pipe the end to write to."""
    if where != PIPE:
        return nothing.fileno(), None
    reading, writing = os.pipe()
    handed_over.callback(os.close, reading)
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.streams.FlowControlMixin(loop), os.fdopen(writing, "wb", buffering=0)
    )
    return reading, asyncio.StreamWriter(transport, protocol, None, loop)


async def _output(
    where: int | IO[Any], nothing: IO[Any], handed_over: contextlib.ExitStack
) -> tuple[int, asyncio.StreamReader | None]:
    """The descriptor to hand over, and for a pipe the end to read from."""
    if where == DEVNULL:
        return nothing.fileno(), None
    if where != PIPE:
        return where if isinstance(where, int) else where.fileno(), None
    reading, writing = os.pipe()
    handed_over.callback(os.close, writing)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(reading, "rb", buffering=0)
    )
    return writing, reader


@functools.cache
def _server(preload: tuple[str, ...]) -> socket.socket:
    """The line to this process's server, which is started with the first call and ends with this process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        server = subprocess.Popen(
            [sys.executable, "-W", "error::ResourceWarning", "-m", __name__, str(theirs.fileno()), *preload],
            cwd=CHECKOUT, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], start_new_session=True,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # a process with threads can't be forked safely
        )  # fmt: skip

    def end() -> None:
        ours.close()
        server.wait()

    atexit.register(end)
    return ours


def main(control: socket.socket, preload: Sequence[str]) -> None:
    """Serve until the tests close their end, then kill what still runs. In a forked child it becomes the program."""
    outcome: list[int] = []
    atexit.register(_leave, outcome)  # the first, and so the last that is called
    for module in preload:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()  # so that collections in the children leave the shared pages alone
    request = _serve(control)
    if request is None:
        control.close()
    else:
        control.detach()  # its descriptor belongs to the program by now
        _become(request, outcome)


def _leave(outcome: list[int]) -> None:
    """End a program without taking all its modules apart, which costs a twentieth of a second of processor time."""
    if outcome:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(outcome[0])


def _serve(control: socket.socket) -> dict[str, Any] | None:
    """Returns in each child with the request that it is for, and None in the server at its end."""
    waking, woken = socket.socketpair()
    waking.setblocking(False)
    woken.setblocking(False)
    signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([control, waking], [], [])
        if waking in ready:
            waking.recv(4096)
            _tell_ends(running)
        if control not in ready:
            continue
        message, descriptors, _, _ = socket.recv_fds(control, _REQUEST_BYTES, 4)
        if not message:
            break
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setsid()
            for number, descriptor in enumerate(descriptors[1:]):
                os.dup2(descriptor, number)
            for connection in (*running.values(), waking, woken):
                connection.detach()
            os.closerange(3, os.sysconf("SC_OPEN_MAX"))
            request: dict[str, Any] = json.loads(message)
            return request
        for descriptor in descriptors[1:]:
            os.close(descriptor)
        running[pid] = socket.socket(fileno=descriptors[0])
        try:
            running[pid].sendall(b"%d\n" % pid)
        except OSError:  # who asked for it has gone
            os.kill(pid, signal.SIGKILL)
    for pid in running:
        os.kill(pid, signal.SIGKILL)
    for connection in (*running.values(), waking, woken):
        connection.close()
    return None


def _tell_ends(running: dict[int, socket.socket]) -> None:
    """Say to each waiting test with what code its program has ended."""
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with running.pop(pid) as connection:
            try:
                connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
            except OSError:  # the test has gone on without waiting
                continue


def _become(request: dict[str, Any], outcome: list[int]) -> None:
    """Run the module as `python -m` does. Its exit ends this process, with the code that is noted in `outcome`."""
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    at_once = bool(os.environ.get("PYTHONUNBUFFERED"))
    for number, name, errors in ((1, "stdout", "strict"), (2, "stderr", "backslashreplace")):
        raw = io.FileIO(number, "w")
        buffer = raw if at_once else io.BufferedWriter(raw)
        stream = io.TextIOWrapper(buffer, "utf-8", errors, line_buffering=number == 2, write_through=at_once)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.argv = [request["module"], *request["arguments"]]
    sys.path[:1] = [request["cwd"], *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    try:
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
    except SystemExit as exc:
        outcome.append(exc.code if isinstance(exc.code, int) else int(exc.code is not None))
        raise
    outcome.append(0)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:])
