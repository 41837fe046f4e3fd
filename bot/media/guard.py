"""The guarded child process in which media is opened, and how the bot talks to it.

Each task is one process: it is given a folder, a task as JSON on its standard input and an environment that holds no
secret; it limits itself (memory, processor time, file size, open files) before it reads a byte of the file, and is
killed, with whatever it started, when its wall-clock time is up or the bot is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import logging
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bot
from bot import errors
from bot.errors import InputRejected, ResultInvalid

log = logging.getLogger(__name__)

_PACKAGE_PARENT = Path(bot.__file__).resolve().parents[1]
_ANSWER_BYTES = 64 * 1024
_COMPLAINT_BYTES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one task may use. Address space is far more than resident memory: x264's threads reserve it.

    `cpu_seconds` counts every thread, of which decoders and encoders have two or more.
    """

    wall_seconds: float = 240.0
    cpu_seconds: int = 480
    memory_bytes: int = 3 * 1024**3
    file_bytes: int = 2 * 1024**3


class ChildFailed(Exception):
    """The child ended without an answer: killed, out of memory or time, or broken by what it read."""


class Guard:
    """Runs tasks, at most `at_once` at a time: encoding uses whole processor cores.

    `child` is the module that is run; it is told its limits as arguments and its order on standard input.
    """

    def __init__(self, *, at_once: int = 2, bounds: Bounds | None = None, child: str = "bot.media.child") -> None:
        self._slots = asyncio.Semaphore(at_once)
        self._bounds = bounds or Bounds()
        self._child = child

    async def run(self, task: str, folder: Path, **arguments: Any) -> dict[str, Any]:
        """The task's answer. Raises the `InputRejected` or `ResultInvalid` that it names, or `ChildFailed`.

        `OSError` is for what is the machine's fault and not the file's: a full disk, or no room for a process.
        """
        async with self._slots:
            answer = await self._ask(_order(task, arguments), _absolute(folder))
        error = answer.get("error")
        if error is None:
            return answer
        if error == "DiskFull":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
        kind = getattr(errors, str(error), None)
        if isinstance(kind, type) and issubclass(kind, InputRejected | ResultInvalid):
            log.info("a media child refused a file: %s (%s)", error, str(answer.get("why"))[:300])
            raise kind(**answer.get("facts", {}))
        raise ChildFailed(str(error)[:200])

    async def _ask(self, order: str, folder: str) -> dict[str, Any]:
        bounds = self._bounds
        limits = (bounds.memory_bytes, bounds.cpu_seconds, bounds.file_bytes)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-P", "-m", self._child, *map(str, limits)),  # -P: never import from the folder with strangers' files
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={
                "PATH": os.defpath,
                "LANG": "C.UTF-8",
                "PYTHONPATH": str(_PACKAGE_PARENT),
                "TMPDIR": folder,
                "MPLCONFIGDIR": folder,
            },
            cwd=folder,
            start_new_session=True,
        )
        try:
            out, complaint = await asyncio.wait_for(_converse(process, order.encode()), bounds.wall_seconds)
        except TimeoutError:
            raise ChildFailed(f"over {bounds.wall_seconds:g} s") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # the session's leader and whatever it started
            await asyncio.shield(_ended(process))
        try:
            answer = json.loads(out.decode().splitlines()[-1])
        except (ValueError, IndexError):
            last = complaint.decode(errors="replace").strip()[-300:]
            log.warning("a media child ended with %s: %s", process.returncode, last)
            raise ChildFailed(f"exit code {process.returncode}") from None
        if not isinstance(answer, dict):
            raise ChildFailed("no answer")
        return answer


def _order(task: str, arguments: dict[str, Any]) -> str:
    """As the child reads it; places in full, because the child works in its own folder."""
    places = {name: _absolute(Path(arguments[name])) for name in ("path", "to") if name in arguments}
    return json.dumps({"task": task, **arguments, **places})


def _absolute(path: Path) -> str:
    return str(path.absolute())


async def _converse(process: asyncio.subprocess.Process, order: bytes) -> tuple[bytes, bytes]:
    """Hand over the order; gives what came on both outputs, of which a child gone wild can't fill our memory."""
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise ChildFailed("no pipes")
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it ended at once: its exit code will say
        process.stdin.write(order + b"\n")
        await process.stdin.drain()
    # Left open until it has answered: the child ends itself where the bot dies and this end closes with it.
    said = await asyncio.gather(_first(process.stdout, _ANSWER_BYTES), _last(process.stderr, _COMPLAINT_BYTES))
    process.stdin.close()
    await process.wait()
    return said


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Wait for a killed child. asyncio's own `wait` returns only once both outputs are read to their end, and a flood
    of which the rest was left unread would hold it up for ever."""
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            with contextlib.suppress(RuntimeError):  # somebody still reads it, and will to its end
                while await stream.read(64 * 1024):
                    pass
    await process.wait()


async def _first(stream: asyncio.StreamReader, most: int) -> bytes:
    """All of it; more than `most` is no answer."""
    found = b""
    while chunk := await stream.read(most):
        found += chunk
        if len(found) > most:
            raise ChildFailed(f"an answer of more than {most} bytes")
    return found


async def _last(stream: asyncio.StreamReader, most: int) -> bytes:
    found = b""
    while chunk := await stream.read(64 * 1024):
        found = (found + chunk)[-most:]
    return found
