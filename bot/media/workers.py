"""The bot's side of media's processes: a warm template that is started when it is needed, and a forked child a task."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import bot

_PACKAGE_PARENT = Path(bot.__file__).resolve().parents[1]
_ANSWER_BYTES = 64 * 1024
_COMPLAINT_BYTES = 2000
_KILLED_WITHIN_SECONDS = 10.0
"""A template that has not killed a child by then does not answer any more."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a task's process ended: what it answered, None where that was too much; the last that it complained of; its
    exit code, negative for the number of a signal; how long it had a processor, or several, in all. `in_time`: it was
    not killed for taking too long."""

    answer: bytes | None
    complaint: str
    code: int | None
    processor_seconds: float = 0.0
    in_time: bool = True


class _TemplateGone(Exception):
    """The template ended before it said how the child did."""


class Workers:
    """Runs orders, each in a process of its own that is forked from a process that has imported the decoders.

    A fresh process for each file, so that nothing of one stranger's is left where the next one's is opened. The
    template opens no file, starts with the first order, ends `idle_seconds` after the last, and is started again if it
    dies.
    `tasks` is the module with the tasks.
    """

    def __init__(self, *, tasks: str = "bot.media.tasks", idle_seconds: float = 60.0) -> None:
        self._tasks = tasks
        self._idle_seconds = idle_seconds
        self._template: _TemplateProcess | None = None
        self._busy = 0
        self._ending: asyncio.TimerHandle | None = None

    @property
    def busy(self) -> int:
        """How many tasks are being done."""
        return self._busy

    @property
    def template_pid(self) -> int | None:
        """None while there is none."""
        return self._template.pid if self._template is not None else None

    async def run(self, order: bytes, *, wall_seconds: float) -> Ended:
        """Carry out an order: one line of JSON, see `bot.media.child`.

        Raises `OSError` for what is the machine's fault: no room for a process, or no template that lives.
        """
        self._busy += 1
        if self._ending is not None:
            self._ending.cancel()
        try:
            with contextlib.suppress(_TemplateGone):
                return await self._run(order, wall_seconds)
            try:
                return await self._run(order, wall_seconds)
            except _TemplateGone:
                raise OSError("the process that media's tasks are forked from does not stay alive") from None
        finally:
            self._busy -= 1
            if not self._busy:
                self._ending = asyncio.get_running_loop().call_later(self._idle_seconds, self._rest)

    async def close(self) -> None:
        """End the template, and with it every task."""
        if self._ending is not None:
            self._ending.cancel()
        if self._template is not None:
            await asyncio.to_thread(self._template.end)
            self._template = None

    def _rest(self) -> None:
        if self._template is not None and not self._busy:
            self._template.end()
            self._template = None

    async def _run(self, order: bytes, wall_seconds: float) -> Ended:
        if self._template is None or self._template.ended:
            self._template = _TemplateProcess(self._tasks)
        template = self._template
        task = _Child(template)
        try:
            return await task.carry_out(order, wall_seconds)
        except _TemplateGone:
            if self._template is template:
                self._template = None
            raise
        finally:
            await asyncio.shield(task.end())


class _TemplateProcess:
    """The running template. It ends with this object."""

    def __init__(self, tasks: str) -> None:
        self._control, theirs = socket.socketpair()
        self._control.setblocking(False)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  # ourselves
                # -P: never import from the folder with strangers' files
                [sys.executable, "-P", "-m", "bot.media.template", str(theirs.fileno()), tasks],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={
                    "PATH": os.defpath,
                    "LANG": "C.UTF-8",
                    "PYTHONPATH": str(_PACKAGE_PARENT),
                    "OPENBLAS_NUM_THREADS": "1",
                },
                cwd="/",
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self.end = weakref.finalize(self, _end_template, self._process, self._control)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def fork(self, descriptors: list[int]) -> None:
        """Raises `OSError` where it can't be asked."""
        socket.send_fds(self._control, [b"\0"], descriptors)

    def kill(self) -> None:
        self._process.kill()
        self.end()


def _end_template(process: subprocess.Popen[bytes], control: socket.socket) -> None:
    control.close()
    try:
        process.wait(_KILLED_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class _Child:
    """One task's process, seen from here. `end` must be called, whatever `carry_out` does."""

    def __init__(self, template: _TemplateProcess) -> None:
        self._template = template
        with _pairs(3) as (ours, theirs):
            self._line, self._complaint, self._status = ours
            try:
                template.fork([end.fileno() for end in theirs])
            except (BrokenPipeError, ConnectionResetError):
                pass  # the status will end at once, which says so
            except OSError:
                for end in ours:
                    end.close()
                raise

    async def carry_out(self, order: bytes, wall_seconds: float) -> Ended:
        """Raises `_TemplateGone`, and `OSError` where no process could be forked."""
        said: list[bytes | None] = []

        async def converse() -> None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it ended at once: its code will say
                await asyncio.get_running_loop().sock_sendall(self._line, order + b"\n")
            said.append(await _first(self._line, _ANSWER_BYTES))
            if said[0] is None:  # nobody reads on, and it would wait for that
                self._kill()

        complaint = asyncio.ensure_future(_last(self._complaint, _COMPLAINT_BYTES))
        talk = asyncio.ensure_future(converse())
        try:
            async with asyncio.timeout(wall_seconds):
                told = await self._told()
                await asyncio.gather(talk, complaint)
        except TimeoutError:
            return Ended(None, "", None, await self._killed(), in_time=False)
        finally:
            for reading in (talk, complaint):
                reading.cancel()
            await asyncio.gather(talk, complaint, return_exceptions=True)
        if not told:
            raise _TemplateGone
        word, number = told
        if word == "fork":
            raise OSError(int(number), os.strerror(int(number)))
        complained = complaint.result().decode(errors="replace").strip()[-300:]
        return Ended(said[0], complained, int(word), int(number) / 1000)

    async def end(self) -> None:
        """Kill the process, if it still is one, and wait until it is gone."""
        with contextlib.ExitStack() as ends:
            for end in (self._line, self._complaint, self._status):
                ends.enter_context(end)
            await self._killed()

    async def _killed(self) -> float:
        """End the process; how long it had a processor, in seconds, 0 where nobody says."""
        self._kill()
        try:
            async with asyncio.timeout(_KILLED_WITHIN_SECONDS):
                told = await self._told()
        except TimeoutError:
            self._template.kill()
            return 0.0
        return int(told[1]) / 1000 if told else 0.0

    async def _told(self) -> list[str]:
        """Two words on how the process ended, once it has, or "fork" and why there was none; nothing if the template is
        gone, or has said it before."""
        return (await _last(self._status, 64)).decode(errors="replace").split()

    def _kill(self) -> None:
        with contextlib.suppress(OSError):
            self._status.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def _pairs(number: int) -> Iterator[tuple[list[socket.socket], list[socket.socket]]]:
    """Pairs of connected sockets: our ends, which stay open, and theirs, which are closed after the block."""
    with contextlib.ExitStack() as theirs:
        pairs = [socket.socketpair() for _ in range(number)]
        for our, their in pairs:
            our.setblocking(False)
            theirs.enter_context(their)
        yield [our for our, _ in pairs], [their for _, their in pairs]


async def _first(connection: socket.socket, most: int) -> bytes | None:
    """All that comes; None, at once, where that is more than `most`."""
    found = b""
    while chunk := await _received(connection, most):
        found += chunk
        if len(found) > most:
            return None
    return found


async def _last(connection: socket.socket, most: int) -> bytes:
    """The end of all that comes."""
    found = b""
    while chunk := await _received(connection, 64 * 1024):
        found = (found + chunk)[-most:]
    return found


async def _received(connection: socket.socket, most: int) -> bytes:
    with contextlib.suppress(ConnectionResetError):
        return await asyncio.get_running_loop().sock_recv(connection, most)
    return b""
